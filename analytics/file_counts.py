"""Files that offices received by day, as the one-stop system counts them, from CSV into the table ``file_day``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from motcua.analytics.files import Problem, instant, sheet
from motcua.analytics.store import Connection, day_of

NEEDED = ("office_id", "day", "received")
MOST_A_DAY = 100_000


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What a file holds: (office, day, files received), errors by line, columns that were dropped unread."""

    lines: int
    days: tuple[tuple[str, date, int], ...]
    problems: tuple[Problem, ...]
    dropped: tuple[str, ...]


def file_counts(data: bytes, offices: Collection[str], today: date) -> FileCounts:
    """Read a file; ``offices``: those that the importer may write to. Raises FileRefused."""
    found = sheet(data, NEEDED, NEEDED)
    days: dict[tuple[str, date], int] = {}
    problems = []
    for number, cells in found.lines:
        try:
            office, day, received = _line(cells, offices, today)
        except ValueError as error:
            problems.append(Problem(number, str(error)))
            continue
        if (office, day) in days:
            problems.append(Problem(number, "day: this office and day stand in the file already"))
        days[office, day] = received
    return FileCounts(len(found.lines), tuple((o, d, n) for (o, d), n in days.items()), tuple(problems), found.dropped)


def store_counts(conn: Connection, counts: FileCounts, source: str, username: str) -> int:
    """Keep them; what was known of an office and day is replaced. Returns how many."""
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into file_day (office_id, day, received, source, set_by) values (%s, %s, %s, %s, %s) "
            "on conflict (office_id, day) do update set received = excluded.received, source = excluded.source, "
            "set_by = excluded.set_by, set_at = now()",
            [(*row, source, username) for row in counts.days],
        )
    return len(counts.days)


def _line(cells: dict[str, str], offices: Collection[str], today: date) -> tuple[str, date, int]:
    if cells["office_id"] not in offices:
        raise ValueError("office_id: no such office, or not one of yours")
    try:
        day = day_of(instant(cells["day"]))
    except (ValueError, OverflowError) as error:
        raise ValueError("day: a day such as 02/03/2026 is needed") from error
    if not date(2000, 1, 1) <= day <= today:
        raise ValueError("day: lies in the future, or before 2000")
    if not cells["received"].isascii() or not cells["received"].isdigit() or int(cells["received"][:9]) > MOST_A_DAY:
        raise ValueError(f"received: a whole number from 0 to {MOST_A_DAY} is needed")
    return cells["office_id"], day, int(cells["received"])
