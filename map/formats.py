"""Files of offices, GeoJSON or CSV, as raw rows. What a row means is decided in `office` and `offices`."""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 20_000_000
"""Every commune of the country fits four times."""
MAX_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")


class FileRefused(ValueError):
    """The whole file cannot be read; the message says why in one sentence, `code` names the reason."""

    def __init__(self, message: str, code: str = "file_other") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in the file: `where` is "feature 3" or "line 4"; `fault` is set when it is no record at all."""

    where: str
    values: dict[str, Any]
    fault: str | None = None
    code: str = "other"


def read_rows(path: Path) -> list[Row]:
    """The rows of a .geojson, .json or .csv file. Raises FileRefused."""
    return rows_of(path.name, _bytes(path), "office_id")


def read_table(path: Path, key: str) -> list[Row]:
    """The rows of a .csv file whose first line names the column `key`. Raises FileRefused."""
    if path.suffix.lower() != ".csv":
        raise FileRefused(f"{path.name} is not a .csv file.", "file_kind")
    return rows_of(path.name, _bytes(path), key)


def rows_of(name: str, data: bytes, key: str, *, geojson: bool = True) -> list[Row]:
    """The rows of a file that is already here; its name says what it is. `geojson`: whether it may be GeoJSON. Raises FileRefused."""
    kind = Path(name).suffix.lower()
    if kind not in ((".geojson", ".json", ".csv") if geojson else (".csv",)):
        wanted = "neither .geojson nor .csv; offices are read from these two" if geojson else "not a .csv file"
        raise FileRefused(f"{name} is {wanted}.", "file_kind")
    if len(data) > MAX_BYTES:
        raise FileRefused(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; split it by province.", "file_large")
    text = _text(name, data)
    found: list[Row] = []
    for row in _csv_rows(name, text, key) if kind == ".csv" else _geojson_rows(name, text):
        found.append(row)
        if len(found) > MAX_ROWS:
            raise FileRefused(f"{name} has more than {MAX_ROWS} records; split it by province.", "file_long")
    return found


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileRefused(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB; split it by province.", "file_large")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileRefused(f"{path} does not exist.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error


def _text(name: str, data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileRefused(f"{name} is not text in UTF-8 but in UTF-16; save it as 'CSV UTF-8' and try again.", "file_utf16")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefused(f"{name} is not text in UTF-8; save it as UTF-8 and try again.", "file_utf8") from None
    if "\0" in text:
        raise FileRefused(f"{name} is not text: it holds zero bytes.", "file_binary")
    return text


def _geojson_rows(name: str, text: str) -> Iterator[Row]:
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise FileRefused(f"{name} is not valid JSON: it is nested too deeply.", "file_deep") from error
    except ValueError as error:  # also a number of thousands of digits
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise FileRefused(f"{name} is not valid JSON{place}.", "file_json") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        raise FileRefused(f"{name} is JSON, but not a GeoJSON FeatureCollection.", "file_geojson")
    system = data.get("crs")
    if system is not None and not re.search(r"CRS84|EPSG:{1,2}4326", json.dumps(system)):
        raise FileRefused(f"{name} is not in WGS 84 (its member crs says so); export it as EPSG:4326.", "file_crs")
    for number, feature in enumerate(features, start=1):
        yield _feature_row(f"feature {number}", feature)


def _feature_row(where: str, feature: object) -> Row:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        return Row(where, {}, "is not a GeoJSON Feature with properties", "not_feature")
    values = dict(feature["properties"])
    if "geometry" not in feature:
        return Row(where, values)
    geometry = feature["geometry"]
    if geometry is None:
        return Row(where, values | {"lon": None, "lat": None})
    point = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    numbers = isinstance(point, list) and len(point) in (2, 3)
    if not numbers or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in point or ()):
        return Row(where, values, "geometry is not a Point with longitude and latitude", "not_point")
    assert point is not None
    return Row(where, values | {"lon": point[0], "lat": point[1]})


def _csv_rows(name: str, text: str, key: str) -> Iterator[Row]:
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        if key not in columns:
            raise FileRefused(f"{name} has no column {key} in its first line.", "file_column")
        if len(set(columns)) < len(columns):
            raise FileRefused(f"{name} names a column twice in its first line.", "file_twice")
        for values in reader:
            where = f"line {reader.line_num}"
            if None in values:
                yield Row(where, {}, "has more cells than the first line has columns", "too_many_cells")
            elif any(value and value.strip() for value in values.values()):
                yield Row(where, {key: plain(value) for key, value in values.items() if key})
    except csv.Error as error:
        raise FileRefused(f"{name} is not a valid CSV file near line {reader.line_num + 1}: {error}.", "file_csv") from error


def plain(text: str | None) -> str | None:
    """A cell without the apostrophe that an export puts before what a spreadsheet would take for a formula; empty is None."""
    if text and text[0] == "'" and text[1:].startswith(_FORMULA):
        text = text[1:]
    return text or None
