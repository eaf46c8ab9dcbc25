"""The addresses of the administration: ours, and the API's behind them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

RECORDS = ("offices", "counters", "hours", "holidays", "access", "procedures", "taken")
OTHERS = ("cameras", "devices", "users", "targets", "audit")
API = "/api/v1/admin"
LOG_FILTERS = ("user", "action", "text", "since", "until")

View = Literal["overview", "list", "new", "edit", "import", "missing"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are: the kind of record, what is done with it, and its key."""

    view: View
    kind: str = ""
    key: str = ""


def place(path: str) -> Place:
    """The place of an address; ``missing`` where there is none."""
    match path.strip("/").split("/"):
        case ["admin"]:
            return Place("overview")
        case ["admin", kind] if kind in (*RECORDS, *OTHERS):
            return Place("list", kind)
        case ["admin", kind, "new"] if kind in (*RECORDS, "devices", "users", "targets"):
            return Place("new", kind)
        case ["admin", kind, "import"] if kind in RECORDS:
            return Place("import", kind)
        case ["admin", kind, "edit", key] if kind in (*RECORDS, "devices", "users") and key:
            return Place("edit", kind, key)
        case _:
            return Place("missing")


def edit(kind: str, key: str) -> str:
    """The page of one record."""
    return f"/admin/{kind}/edit/{quote(key, safe='*~@')}"


def record(kind: str, key: str) -> str:
    """The API's address of one record."""
    return f"{API}/records/{kind}/{quote(key, safe='*~')}"


def file_path(name: str, asked: Mapping[str, str]) -> str | None:
    """The API's address of a file to download; None where there is none. ``asked``: filters of the log."""
    if name == "audit.csv":
        return f"{API}/audit/file.csv?{urlencode({k: v for k, v in asked.items() if k in LOG_FILTERS and v})}"
    found = re.fullmatch(r"([a-z]+)\.(csv|geojson)", name)
    return f"{API}/records/{found[1]}/file.{found[2]}" if found and found[1] in RECORDS else None
