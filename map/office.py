"""One office as a checked record.

Instants do not occur here; days are ISO dates, coordinates WGS 84 degrees, None means unknown.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

LEVELS = ("province", "district", "commune")
DIRECTION_QUALITIES = frozenset({"survey", "building", "street"})
"""Qualities of a point that are good enough to send somebody there."""

_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
# Viet Nam with its islands, in degrees.
SOUTH, NORTH, WEST, EAST = 6.0, 24.0, 102.0, 118.0


def tidy(value: object) -> object:
    """Text in NFC without spaces around it, empty as None; refuses control characters and those that turn the direction."""
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value).strip()
        if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _TURNS for c in value):
            raise PydanticCustomError("control", "has a line break or another control character; write it on one line")
        return value or None
    return value


def _phone(value: str | None) -> str | None:
    """A number as +84…; short numbers such as 1022 and 1900… stay as they are."""
    if value is None:
        return None
    digits = re.sub(r"[\s.()-]", "", value)
    if re.fullmatch(r"0\d{9,10}", digits):
        digits = "+84" + digits[1:]
    if not re.fullmatch(r"\+\d{8,15}|1\d{2,9}", digits):
        raise PydanticCustomError(
            "phone", "{shown} is not a phone number; write it as 0270 3860 556 or +842703860556", {"shown": repr(value)}
        )
    return digits


Text = Annotated[str | None, Field(max_length=300), BeforeValidator(tidy)]
Name = Annotated[str, Field(min_length=1, max_length=300), BeforeValidator(tidy)]
OfficeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"), BeforeValidator(tidy)]
Day = Annotated[date | None, BeforeValidator(tidy)]


class Office(BaseModel):
    """What is known of one office. `lat` and `lon` in degrees, both or neither."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    office_id: OfficeId
    name: Name
    level: Annotated[Literal["province", "district", "commune"], BeforeValidator(tidy)]
    code_gso: Annotated[str | None, Field(pattern=r"^\d{1,8}$"), BeforeValidator(tidy)] = None
    unit_name: Text = None
    parent_id: Annotated[OfficeId | None, BeforeValidator(tidy)] = None
    address: Text = None
    phone: Annotated[str | None, AfterValidator(_phone), BeforeValidator(tidy)] = None
    opening_hours: Text = None
    headquarters: Text = None
    replaces: Text = None
    replaced_by: Text = None
    lat: Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(tidy)] = None
    lon: Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(tidy)] = None
    coordinate_quality: Annotated[
        Literal["survey", "building", "street", "centroid", "approximate"] | None, BeforeValidator(tidy)
    ] = None
    coordinate_note: Text = None
    phone_note: Text = None
    valid_from: Day = None
    valid_to: Day = None
    source: Text = None
    licence: Text = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("point_pair", "needs both a latitude and a longitude, or neither")
        if self.lat is not None and self.lon is not None:
            _in_country(self.lat, self.lon)
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise PydanticCustomError(
                "ends_before",
                "ends on {ends}, before it begins on {begins}",
                {"ends": str(self.valid_to), "begins": str(self.valid_from)},
            )
        return self

    def row(self) -> dict[str, object]:
        """The columns of the table `office`, ready for the store's `import_offices`."""
        return self.model_dump(exclude={"headquarters", "replaced_by", "coordinate_note", "phone_note", "licence"})


def _in_country(lat: float, lon: float) -> None:
    """Refuse a point outside Viet Nam, and name the usual reason."""
    if SOUTH <= lat <= NORTH and WEST <= lon <= EAST:
        return
    given = {"lat": lat, "lon": lon}
    if SOUTH <= lon <= NORTH and WEST <= lat <= EAST:
        raise PydanticCustomError(
            "swapped", "latitude {lat} and longitude {lon} are swapped; GeoJSON puts the longitude first", given
        )
    if abs(lat) > 90 or abs(lon) > 180:
        raise PydanticCustomError(
            "metres", "latitude {lat}, longitude {lon} is not in Viet Nam; these are no degrees: export as WGS 84", given
        )
    raise PydanticCustomError("abroad", "latitude {lat}, longitude {lon} is not in Viet Nam", given)
