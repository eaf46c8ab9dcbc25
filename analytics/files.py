"""CSV files of people: read by line, every error told with its line, nothing guessed. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
MOST_BYTES = 5_000_000
MOST_LINES = 100_000
_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


class FileRefused(ValueError):
    """A file that cannot be read at all; one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: its line (the heading is line 1) and what is wrong, without repeating what may be personal."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of a file: only the columns that were asked for; the others' names in ``dropped``, their cells unread."""

    lines: tuple[tuple[int, dict[str, str]], ...]
    dropped: tuple[str, ...]


def sheet(data: bytes, needed: tuple[str, ...], known: tuple[str, ...]) -> Sheet:
    """Read a CSV file in UTF-8, separated by comma, semicolon or tab. Raises FileRefused."""
    if len(data) > MOST_BYTES:
        raise FileRefused(f"the file has {len(data)} bytes, at most {MOST_BYTES}: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused("the file is not UTF-8: save it as 'CSV UTF-8'") from error
    if "\0" in text:
        raise FileRefused("the file holds zero bytes: it is no CSV file")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        return _sheet(rows, needed, known)
    except csv.Error as error:
        raise FileRefused(f"the file cannot be read as CSV ({error})") from error


def _sheet(rows: Iterator[list[str]], needed: tuple[str, ...], known: tuple[str, ...]) -> Sheet:
    heading = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in needed if name not in heading]
    if missing:
        raise FileRefused(f"the heading lacks {', '.join(missing)}: the first line names the columns")
    if len(set(heading)) < len(heading):
        raise FileRefused("a column stands twice in the heading")
    keep = [(i, name) for i, name in enumerate(heading) if name in known]
    lines: list[tuple[int, dict[str, str]]] = []
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(lines) >= MOST_LINES:
            raise FileRefused(f"the file has more than {MOST_LINES} lines: split it")
        lines.append((number, {name: row[i].strip() if i < len(row) else "" for i, name in keep}))
    return Sheet(tuple(lines), tuple(name for name in heading if name and name not in known))


def instant(text: str) -> datetime:
    """ISO 8601 with an offset, or Viet Nam's time as ``02/03/2026 14:05`` or ``2026-03-02 14:05``. Raises ValueError."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=VIET_NAM).astimezone(UTC)
        except ValueError:
            continue
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=VIET_NAM)).astimezone(UTC)
