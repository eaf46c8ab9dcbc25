"""What an import would change."""

from motcua.map.changes import changes
from motcua.map.offices import todays_offices


def test_new_changed_and_unchanged_are_told_apart() -> None:
    first, second, third = todays_offices()[:3]
    existing = [first.row(), second.row() | {"phone": None, "updated_at": "2026-01-01"}]
    found = changes(existing, [first, second, third])
    assert found.new == (third.office_id,)
    assert found.unchanged == (first.office_id,)
    assert found.changed == {second.office_id: {"phone": (None, "+842703860556")}}


def test_a_second_import_of_the_same_file_changes_nothing() -> None:
    offices = todays_offices()
    found = changes([office.row() for office in offices], offices)
    assert (found.new, found.changed, len(found.unchanged)) == ((), {}, 125)
