"""Files of hours, holidays, access and procedures: what is right is read, what is wrong is told with its line."""

from datetime import date, time
from pathlib import Path

import pytest

from motcua.map.facts import Access, Holiday, Hours, Procedure, check_facts, takers, weekdays
from motcua.map.formats import FileRefused

LEVELS = {"vl-86": "province", "vl-1": "commune", "vl-2": "commune", "DEMO": "demo"}


def file(folder: Path, text: str, name: str = "facts.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_hours_of_a_week(tmp_path: Path) -> None:
    path = file(tmp_path, "office_id;weekday;opens;closes\nvl-1;T2-T6;7:30;11h30\nvl-1;1-5;13:30;17:00\nvl-2;6;8h;11:00\n")
    checked = check_facts(Hours, path, LEVELS)
    assert checked.problems == ()
    rows = [row for hours in checked.facts for row in hours.rows()]
    assert len(rows) == 11
    assert rows[0] == {"office_id": "vl-1", "weekday": 1, "opens": time(7, 30), "closes": time(11, 30), "source": None}
    assert (rows[-1]["weekday"], rows[-1]["opens"]) == (6, time(8, 0))


def test_every_error_has_its_line_and_the_right_lines_stay(tmp_path: Path) -> None:
    lines = [
        "office_id,weekday,opens,closes",
        "vl-1,1-5,07:30,11:30",
        "vl-9,1,07:30,11:30",
        "vl-1,8,07:30,11:30",
        "vl-1,6,25:00,11:30",
        "vl-1,6,11:30,07:30",
        "vl-1,5,11:00,12:00",
        "vl-1,6,07:30,",
    ]
    checked = check_facts(Hours, file(tmp_path, "\n".join(lines)), LEVELS)
    assert [h.office_id for h in checked.facts] == ["vl-1"]
    told = [str(problem) for problem in checked.problems]
    assert [t.split(",")[0].split(":")[0] for t in told] == [f"line {n}" for n in range(3, 9)]
    for text, part in zip(
        told,
        (
            "no office 'vl-9'",
            "not a day of the week",
            "not a time of day",
            "not after 11:30",
            "overlaps with the hours of line 2",
            "is missing",
        ),
        strict=True,
    ):
        assert part in text


@pytest.mark.parametrize(
    ("written", "days"), [("1", (1,)), ("T2-T6", (1, 2, 3, 4, 5)), ("CN", (7,)), ("6-7", (6, 7)), ("t7", (6,))]
)
def test_days_of_the_week(written: str, days: tuple[int, ...]) -> None:
    assert weekdays(written) == days


@pytest.mark.parametrize("written", ["", None, "0", "8", "5-1", "1-2-3", "Monday", "1-", "<script>"])
def test_what_is_no_day_of_the_week_is_refused(written: str | None) -> None:
    with pytest.raises(ValueError, match="not a day of the week"):
        weekdays(written)


def test_holidays_of_everybody_and_of_one_office(tmp_path: Path) -> None:
    text = "day,name,office_id,opens,closes\n2026-09-02,Quốc khánh,,,\n2026-09-05,Làm bù,vl-1,07:30,11:30\n2026-09-02,Quốc khánh,,,\n2026-13-01,?,,,\n"
    checked = check_facts(Holiday, file(tmp_path, text), LEVELS)
    assert [(h.office_id, h.day, h.opens) for h in checked.facts] == [
        ("*", date(2026, 9, 2), None),
        ("vl-1", date(2026, 9, 5), time(7, 30)),
    ]
    assert ["stands already in line 2" in str(checked.problems[0]), "YYYY-MM-DD" in str(checked.problems[1])] == [True, True]


def test_access_that_is_not_told_stays_unknown(tmp_path: Path) -> None:
    text = "office_id,wheelchair,priority_lane,appointment_link\nvl-1,có,,https://dat-hen.example/1\nvl-2,maybe,,\nvl-86,,,javascript:alert(1)\n"
    checked = check_facts(Access, file(tmp_path, text), LEVELS)
    (access,) = checked.facts
    assert (access.wheelchair, access.priority_lane, access.appointment_link) == (True, None, "https://dat-hen.example/1")
    assert ["neither yes nor no" in str(checked.problems[0]), "begins with https://" in str(checked.problems[1])] == [
        True,
        True,
    ]


def test_procedures_say_who_takes_them(tmp_path: Path) -> None:
    text = "procedure_id,name,field,link,offices\n1.001,Đăng ký khai sinh,Hộ tịch,,commune\n1.002,Cấp bản sao,,,vl-86 vl-2\n1.003,Chưa rõ,,,\n1.004,X,,,vl-77\n1.001,Lặp,,,\n"
    checked = check_facts(Procedure, file(tmp_path, text), LEVELS)
    assert [takers(p, LEVELS) for p in checked.facts] == [["vl-1", "vl-2"], ["vl-2", "vl-86"], []]
    assert takers(checked.facts[0].model_copy(update={"offices": "all"}), LEVELS) == ["vl-1", "vl-2", "vl-86"]
    assert [p.where for p in checked.problems] == ["line 5", "line 6"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("facts.json", "{}", "not a .csv file"),
        ("facts.csv", "name\nx\n", "no column procedure_id"),
        ("facts.csv", 'procedure_id,name\n"x', "not a valid CSV"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, text: str, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        check_facts(Procedure, file(tmp_path, text, name), LEVELS)
