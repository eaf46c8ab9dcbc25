"""Records that administrators keep, on both back ends: what is written is what is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from motcua.analytics import db
from motcua.analytics.admin import store
from motcua.analytics.admin.kinds import KINDS
from motcua.analytics.admin.plan import plan
from motcua.map.records import KINDS as MODELS
from motcua.map.records import Records

TODAY = date(2026, 3, 2)
GIVEN: dict[str, dict[str, Any]] = {
    "offices": {"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune", "lat": 10.1, "lon": 105.97, "valid_from": "2025-07-01"},
    "counters": {"office_id": "vl-1", "counter_id": "q1", "name": "Quầy 1", "lanes": "ordinary priority"},
    "hours": {"office_id": "vl-1", "mon": "07:30-11:30 13:30-17:00", "sat": "07:30-11:30", "source": "Quyết định"},
    "holidays": {"office_id": "*", "day": "2026-04-30", "name": "Nghỉ lễ", "opens": "08:00", "closes": "10:00"},
    "access": {"office_id": "vl-1", "wheelchair": True, "priority_lane": False, "appointment_link": "https://hen.example"},
    "procedures": {"procedure_id": "1.001", "name": "Khai sinh", "offices": "vl-1", "valid_to": "2027-01-01"},
    "taken": {"office_id": "vl-1", "procedures": "1.001"},
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    values: dict[str, Any]
    where: str = "form"
    fault: str | None = None
    code: str = "other"


def test_what_is_written_is_read_back_and_a_second_time_changes_nothing(each_dsn: str) -> None:
    records = Records()
    with db.connect(each_dsn) as conn:
        db.migrate(conn)
        for name, values in GIVEN.items():
            kind = KINDS[name]
            made = plan(kind, [Row(values)], store.known(conn, kind, None, TODAY), records)
            assert made.problems == ()
            with conn.transaction():
                store.write(conn, made, "test")
            found = store.records(conn, kind, TODAY)[kind.key_of(values)]
            assert {k: v for k, v in found.items() if v is not None} == values
            again = plan(kind, [Row(values)], store.known(conn, kind, None, TODAY), records)
            assert (again.new, again.changed, again.unchanged) == ((), (), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_forms_have_the_fields_that_the_checks_know(kind: str) -> None:
    extra = {"headquarters", "replaced_by", "coordinate_note", "phone_note", "licence"} if kind == "offices" else set()
    assert {f.name for f in KINDS[kind].fields} == set(MODELS[kind].model_fields) - extra
