"""Files of offices, GeoJSON or CSV, as raw rows. What a row means is decided in `office` and `offices`."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 20_000_000
"""Every commune of the country fits four times."""


class FileRefused(ValueError):
    """The whole file cannot be read; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    """One office as it stands in the file: `where` is "feature 3" or "line 4"; `fault` is set when it is no office at all."""

    where: str
    values: dict[str, Any]
    fault: str | None = None


def read_rows(path: Path) -> list[Row]:
    """The rows of a .geojson, .json or .csv file. Raises FileRefused."""
    kind = path.suffix.lower()
    if kind not in (".geojson", ".json", ".csv"):
        raise FileRefused(f"{path.name} is neither .geojson nor .csv; offices are read from these two.")
    text = _text(path)
    return list(_csv_rows(path.name, text, "office_id") if kind == ".csv" else _geojson_rows(path.name, text))


def read_table(path: Path, key: str) -> list[Row]:
    """The rows of a .csv file whose first line names the column `key`. Raises FileRefused."""
    if path.suffix.lower() != ".csv":
        raise FileRefused(f"{path.name} is not a .csv file.")
    return list(_csv_rows(path.name, _text(path), key))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileRefused(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB; split it by province.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileRefused(f"{path} does not exist.") from None
    except UnicodeDecodeError:
        raise FileRefused(f"{path.name} is not text in UTF-8; save it as UTF-8 and try again.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error


def _geojson_rows(name: str, text: str) -> Iterator[Row]:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise FileRefused(f"{name} is not valid JSON{place}.") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        raise FileRefused(f"{name} is JSON, but not a GeoJSON FeatureCollection.")
    for number, feature in enumerate(features, start=1):
        yield _feature_row(f"feature {number}", feature)


def _feature_row(where: str, feature: object) -> Row:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        return Row(where, {}, "is not a GeoJSON Feature with properties")
    values = dict(feature["properties"])
    geometry = feature.get("geometry")
    if geometry is None:
        return Row(where, values)
    point = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    numbers = isinstance(point, list) and len(point) in (2, 3)
    if not numbers or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in point or ()):
        return Row(where, values, "geometry is not a Point with longitude and latitude")
    assert point is not None
    return Row(where, values | {"lon": point[0], "lat": point[1]})


def _csv_rows(name: str, text: str, key: str) -> Iterator[Row]:
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        if key not in (reader.fieldnames or ()):
            raise FileRefused(f"{name} has no column {key} in its first line.")
        for values in reader:
            where = f"line {reader.line_num}"
            if None in values:
                yield Row(where, {}, "has more cells than the first line has columns")
            else:
                yield Row(where, {key: value or None for key, value in values.items()})
    except csv.Error as error:
        raise FileRefused(f"{name} is not a valid CSV file near line {reader.line_num + 1}: {error}.") from error
