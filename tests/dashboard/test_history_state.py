"""The state of the page of history and its address: there and back, presets, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.dashboard.history_state import LAST, MOST_DAYS, PRESETS, STEPS, AddressError, State, parse, question, search
from motcua.dashboard.pages.history import asked
from motcua.dashboard.words import words

TODAY = date(2026, 3, 2)
days = st.dates(date(2001, 1, 1), LAST - timedelta(days=MOST_DAYS))
spans = st.tuples(days, st.integers(0, MOST_DAYS - 1)).map(lambda t: (t[0], t[0] + timedelta(days=t[1])))
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True)
states = st.builds(
    lambda preset, free, vs, free_vs, offices, step: State(
        preset=None if free else preset,
        free=free,
        vs=vs,
        free_vs=free_vs if vs == "free" else None,
        offices=tuple(offices),
        step=step,
    ),
    st.sampled_from(PRESETS),
    st.none() | spans,
    st.sampled_from(("none", "before", "year", "free")),
    spans,
    st.lists(ids, max_size=6, unique=True),
    st.sampled_from(STEPS),
)


@given(states)
def test_an_address_gives_its_state_back(state: State) -> None:
    assert parse(search(state)) == state
    first, last = state.span(TODAY)
    assert f"since={first}&until={last + timedelta(days=1)}" in question(state, TODAY)


@given(st.text(max_size=200))
def test_any_text_is_a_state_or_told_in_words_of_both_languages(text: str) -> None:
    key = told(text)
    assert key is None or all(f"hist_bad_{key}" in words(lang).texts for lang in ("vi", "en"))


def told(text: str) -> str | None:
    """What is wrong about an address; None: nothing."""
    try:
        parse(text)
    except AddressError as error:
        return error.key
    return None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("?from=2026-02-30&to=2026-03-01", "no_day"),
        ("?from=２０２６-01-01&to=2026-03-01", "no_day"),
        ("?from=2026-03-01", "day_missing"),
        ("?from=2026-03-02&to=2026-03-01", "backwards"),
        ("?from=2000-01-01&to=2026-03-01", "too_long"),
        ("?period=30d&period=7d", "twice"),
        ("?period=<script>", "no_choice"),
        ("?vs=always", "no_choice"),
        ("?step=second", "no_choice"),
        ("?office=a%27;--", "no_office"),
        ("?" + "&".join(f"office=o{i}" for i in range(7)), "too_many_offices"),
        ("?" + "x=1&" * 61, "unreadable"),
        ("?office=%ff", "unreadable"),
    ],
)
def test_what_an_address_may_not_say_has_a_sentence_of_its_own(text: str, key: str) -> None:
    assert told(text) == key


def span_of(text: str) -> list[str]:
    state = parse(text)
    return [d.isoformat() for d in (*state.span(TODAY), *(state.versus(TODAY) or ()))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["2026-02-01", "2026-03-02"]),
        ("?period=today", ["2026-03-02", "2026-03-02"]),
        ("?period=7d&vs=before", ["2026-02-24", "2026-03-02", "2026-02-17", "2026-02-23"]),
        ("?period=this_month&vs=before", ["2026-03-01", "2026-03-02", "2026-02-01", "2026-02-02"]),
        ("?period=last_month&vs=before", ["2026-02-01", "2026-02-28", "2026-01-01", "2026-01-31"]),
        ("?period=this_quarter&vs=before", ["2026-01-01", "2026-03-02", "2025-10-01", "2025-11-30"]),
        ("?period=last_year&vs=year", ["2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"]),
        ("?from=2024-02-29&to=2024-02-29&vs=year", ["2024-02-29", "2024-02-29", "2023-02-28", "2023-02-28"]),
        ("?vs_from=2025-01-01&vs_to=2025-01-31", ["2026-02-01", "2026-03-02", "2025-01-01", "2025-01-31"]),
    ],
)
def test_presets_and_comparisons_are_days_of_viet_nam(text: str, expected: list[str]) -> None:
    assert span_of(text) == expected


def test_the_controls_keep_a_preset_until_its_days_are_changed() -> None:
    def go(**more: Any) -> str:
        given = {
            "first": "2026-02-24",
            "last": "2026-03-02",
            "vs": "none",
            "vs_first": "",
            "vs_last": "",
            "step": "auto",
            "offices": [],
        }
        return search(asked("?period=7d", TODAY, **(given | more)))

    assert go() == "?period=7d"
    assert go(offices=["vl-1"], vs="before") == "?period=7d&vs=before&office=vl-1"
    assert go(first="2026-02-20") == "?from=2026-02-20&to=2026-03-02"
    assert go(vs="free", vs_first="2025-01-01", vs_last="2025-01-02") == "?period=7d&vs_from=2025-01-01&vs_to=2025-01-02"


def test_every_computed_word_of_history_exists() -> None:
    have = words("vi").texts.keys()
    computed = {f"hist_{p}" for p in PRESETS} | {f"hist_step_{s}" for s in STEPS} | {f"weekday_{d}" for d in range(1, 8)}
    computed |= {f"hist_vs_{v}" for v in ("none", "before", "year", "free", "from", "to")}
    for metric in ("wait_mean_s", "handling_mean_s", "satisfaction_share", "files_per_person_year"):
        computed |= {f"kpi_{metric}", f"def_kpi_{metric}"}
    computed |= {
        f"kpi_{s}" for s in ("met", "missed", "open", "too_few", "unknown", "withheld", "no_target", "not_applicable")
    }
    computed |= {f"kpi_why_{r}" for r in ("level", "fewer_files", "per_office", "switched_off")}
    computed |= {f"wall_state_{s}" for s in ("too_few", "stale", "blind", "closed", "unknown", "missing")}
    computed |= {f"kpi_of_{o}" for o in ("files", "visits")} | {f"kpi_by_{o}" for o in ("roster", "counters")}
    assert computed - have == set()
