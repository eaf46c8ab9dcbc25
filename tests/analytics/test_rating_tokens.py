"""Tokens that nobody can forge, comments without numbers, files without names."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from builders import NOON
from hypothesis import given
from hypothesis import strategies as st

from motcua.analytics.call_backs import call_backs
from motcua.analytics.files import FileRefused, sheet
from motcua.analytics.rating_tokens import TokenError, Visited, cleaned, read, sign

SECRET = b"a secret of the tests, thirty-two!"
VISITED = Visited("vl-1", "q1", NOON, simulated=False, nonce="abc")
WEEK = timedelta(days=7)


def test_a_token_gives_back_what_it_vouches_for() -> None:
    assert read(sign(VISITED, SECRET), SECRET, NOON + timedelta(days=6), WEEK) == VISITED


@pytest.mark.parametrize(("after", "why"), [(timedelta(days=8), "expired"), (timedelta(minutes=-6), "expired")])
def test_a_token_has_its_time(after: timedelta, why: str) -> None:
    with pytest.raises(TokenError, match=why):
        read(sign(VISITED, SECRET), SECRET, NOON + after, WEEK)


@given(st.integers(0, 120), st.characters())
def test_no_changed_token_counts(at: int, to: str) -> None:
    token = sign(VISITED, SECRET)
    i = at % len(token)
    changed = token[:i] + to + token[i + 1 :]
    if changed != token:
        with pytest.raises(TokenError, match="forged"):
            read(changed, SECRET, NOON, WEEK)


def test_another_secret_forges_nothing() -> None:
    with pytest.raises(TokenError, match="forged"):
        read(sign(VISITED, b"another secret, as long as theirs"), SECRET, NOON, WEEK)
    for nonsense in ("", ".", "a.b", "é" * 30, "x" * 5000):
        with pytest.raises(TokenError, match="forged"):
            read(nonsense, SECRET, NOON, WEEK)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Rất tốt, gọi tôi 0912 345 678 nhé", "Rất tốt, gọi tôi *** nhé"),
        ("CCCD 086201001234.", "CCCD ***."),
        ("thư: a.b@vinhlong.gov.vn", "thư: ***"),
        ("chờ 45 phút\x00\n\n quầy 3", "chờ 45 phút quầy 3"),
        (" \n ", None),
    ],
)
def test_a_comment_loses_numbers_of_people(said: str, kept: str | None) -> None:
    assert cleaned(said) == kept


GOOD = "at;office_id;score;ho_ten;so_dien_thoai;counter_id;survey\n"


def test_names_and_telephone_numbers_stay_outside() -> None:
    data = (GOOD + "02/03/2026 08:00;vl-1;5;Nguyễn Văn A;0912345678;q1;77\n").encode()
    found = call_backs(data, {"vl-1"}, NOON)
    assert found.dropped == ("ho_ten", "so_dien_thoai")
    assert found.problems == ()
    text = found.ratings[0].model_dump_json()
    assert "Nguyễn" not in text
    assert "0912" not in text
    assert '"77"' not in text
    assert found.ratings[0].at.isoformat() == "2026-03-02T01:00:00+00:00", "Viet Nam's time"
    assert (found.ratings[0].provenance, found.ratings[0].channel) == ("import", "call_back")


def test_errors_are_told_by_line_and_repeat_nothing() -> None:
    lines = [
        "02/03/2026 08:00;vl-1;6;;;;",
        "gestern;vl-1;5;;;;",
        "02/03/2026 08:00;other;5;;;;",
        "02/03/2027 08:00;vl-1;5;;;;",
        "02/03/2026 08:00;vl-1;0912345678;;;;",
        "02/03/2026 08:00;vl-1;4;;;0912 345 678;",
        "02/03/2026 08:00;vl-1;4;;;q1;",
    ]
    found = call_backs((GOOD + "\n".join(lines)).encode(), {"vl-1"}, NOON)
    assert [p.line for p in found.problems] == [2, 3, 4, 5, 6, 7]
    assert "0912" not in " ".join(p.message for p in found.problems)
    assert len(found.ratings) == 1


def test_equal_lines_are_two_answers_and_the_same_file_twice_is_one() -> None:
    data = (GOOD + "02/03/2026 08:00;vl-1;5;;;;\n" * 2).encode()
    one, two = call_backs(data, {"vl-1"}, NOON), call_backs(data, {"vl-1"}, NOON)
    assert len({r.id for r in one.ratings}) == 2
    assert [r.id for r in one.ratings] == [r.id for r in two.ratings]


@pytest.mark.parametrize("data", [b"", b"at;score\n", b"\xff\xfe", b"at,at,office_id,score\n", b"at,office_id,score\n\0"])
def test_what_is_no_such_file_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(FileRefused):
        sheet(data, ("at", "office_id", "score"), ("at", "office_id", "score"))


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    with contextlib.suppress(FileRefused):
        call_backs(b"at,office_id,score\n" + data, {"vl-1"}, NOON)
