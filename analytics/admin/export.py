"""Records as files that an import reads back without a change: CSV, and GeoJSON for offices. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from motcua.analytics.admin.kinds import Kind, Value, Values

_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")


def as_csv(kind: Kind, rows: Iterable[Values]) -> str:
    """UTF-8 with a byte order mark, so that spreadsheets read Vietnamese; no cell begins like a formula."""
    return table([f.name for f in kind.fields], ([_cell(row.get(f.name)) for f in kind.fields] for row in rows))


def table(heading: list[str], lines: Iterable[list[str]]) -> str:
    """Lines as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([guarded(cell) for cell in line] for line in lines)
    return "\ufeff" + out.getvalue()


def as_geojson(rows: Iterable[Values]) -> str:
    """A FeatureCollection in WGS 84; ``lat`` and ``lon`` are the geometry."""
    features = [
        {
            "type": "Feature",
            "id": row["office_id"],
            "geometry": None if row["lat"] is None else {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
            "properties": {k: v for k, v in row.items() if k not in ("lat", "lon")},
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "name": "offices", "features": features}, ensure_ascii=False)


def guarded(text: str) -> str:
    """A cell that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() | int():
            return repr(value)
        case _:
            return str(value)
