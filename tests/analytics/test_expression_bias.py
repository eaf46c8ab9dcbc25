"""Strata and slopes from sums: equal to what single visits give, intervals that cover, and nothing of too few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from motcua.analytics.expression_bias import Condition, Row, band, slopes, strata

SIZES = ((0.0, 64.0), (64.0, 96.0), (96.0, float("inf")))
Visits = Sequence[tuple[float, float]]  # light, valence


def row(
    visits: Visits, *, camera: str = "c1", day: int = 0, hour: int | None = 9, counter: str = "q1", face: float = 80
) -> Row:
    light, valence = np.array(visits).T
    return Row(
        camera,
        counter,
        f"2026-03-{day + 1:02}",
        hour,
        len(visits),
        float(valence.sum()),
        Condition(float(light.sum()), float((light**2).sum()), float((light * valence).sum())),
        Condition(face * len(visits), face * face * len(visits), face * float(valence.sum())),
    )


def world(rng: np.random.Generator, *, effect: float = 0.0, days: int = 25) -> list[tuple[str, int, float, np.ndarray]]:
    """(camera, day, light of the day, visits as light and valence): each camera has its own level, each of its days a mood."""
    found = []
    for camera, level in (("c1", -0.2), ("c2", 0.3)):
        for day in range(days):
            light, mood = rng.choice([0.3, 0.5]), rng.normal(0, 0.15)
            lights = np.clip(light + rng.normal(0, 0.02, 12), 0.26, 0.58)
            values = np.clip(level + mood + effect * (light > 0.4) + rng.normal(0, 0.3, 12), -1, 1)
            found.append((camera, day, light, np.stack([lights, values], axis=1)))
    return found


def rows_of(given: list[tuple[str, int, float, np.ndarray]]) -> list[Row]:
    return [row(v[:6].tolist(), camera=c, day=d, hour=9) for c, d, _, v in given] + [
        row(v[6:].tolist(), camera=c, day=d, hour=10) for c, d, _, v in given
    ]


def test_the_slope_is_that_of_single_visits_with_each_camera_around_its_own_mean() -> None:
    given = world(np.random.default_rng(1), effect=0.4)
    (light, face) = slopes(rows_of(given))
    x = np.concatenate([v[:, 0] - np.mean([w[:, 0] for b, _, _, w in given if b == c]) for c, _, _, v in given])
    y = np.concatenate([v[:, 1] - np.mean([w[:, 1] for b, _, _, w in given if b == c]) for c, _, _, v in given])
    assert light.slope is not None
    assert light.slope.value == pytest.approx(0.1 * float(x @ y / (x @ x)))
    assert light.slope.low > 0
    assert (face.state, face.slope) == ("few", None), "all faces are as wide: there is no slope"


def test_a_stratum_is_compared_with_all_others() -> None:
    given = world(np.random.default_rng(2), effect=0.4)
    found = {(s.dimension, s.stratum): s for s in strata(rows_of(given))}
    bright = found["light", "0.4-0.6"]
    values = {b: np.concatenate([v[:, 1] for *_, light, v in given if (light > 0.4) == b]) for b in (True, False)}
    assert bright.mean is not None
    assert bright.gap is not None
    assert bright.n == len(values[True])
    assert bright.mean.value == pytest.approx(values[True].mean())
    assert bright.gap.value == pytest.approx(values[True].mean() - values[False].mean())
    assert bright.differs
    assert found["camera", "c2"].differs
    assert found["hour", "09"].gap is not None
    assert not found["hour", "09"].differs
    assert found["face_px", "64-96"].gap is None, "nothing stands beside it"


def test_intervals_of_differences_cover_the_truth() -> None:
    """Days have moods, so that visits are not independent: 100 worlds whose light changes nothing."""
    rng, hits, told = np.random.default_rng(3), 0, 0
    for _ in range(100):
        found = [s for s in strata(rows_of(world(rng, days=30))) if s.dimension == "hour" and s.gap]
        hits += sum(not s.differs for s in found[:1])
        told += len(found[:1])
    assert told == 100
    assert 0.88 <= hits / told <= 1


def test_few_visits_few_days_and_few_counters_say_nothing() -> None:
    five = [(0.5, 0.1)] * 5
    (few, *_) = strata([row(five, day=d) for d in range(9)])
    assert (few.state, few.n, few.mean, few.gap) == ("few", 45, None, None)
    enough = [row(five, day=d, counter=f"q{d % 2}") for d in range(12)]
    assert strata(enough)[0].state == "ok"
    withheld = strata(enough, least_counters=3)
    assert {(s.state, s.mean) for s in withheld} == {("withheld", None)}
    assert {s.state for s in slopes(enough, least_counters=3)} == {"withheld"}
    three = [row(five, day=d, counter=f"q{d % 3}") for d in range(12)]
    assert strata(three, least_counters=3)[0].state == "ok"


def test_what_stands_beside_is_withheld_too() -> None:
    """Three counters in the dark and one in the light: their difference would tell of the one."""
    dark = [row([(0.3, 0.1)] * 5, day=d, counter=f"q{d % 3}") for d in range(15)]
    light = [row([(0.5, 0.9)] * 5, day=d, counter="q9") for d in range(15)]
    found = {s.stratum: s for s in strata(dark + light, least_counters=3) if s.dimension == "light"}
    assert (found["0.4-0.6"].state, found["0.4-0.6"].mean) == ("withheld", None)
    assert found["0.25-0.4"].mean is not None
    assert found["0.25-0.4"].gap is None


def test_rows_of_more_than_an_hour_belong_to_no_hour_and_older_rows_have_no_conditions() -> None:
    old = Row("c1", "q1", "2026-03-01", None, 60, 6.0, None, None)
    assert {s.dimension for s in strata([old])} == {"camera"}
    assert {s.state for s in slopes([old])} == {"few"}
    assert [band(v, SIZES) for v in (63.9, 64, 500)] == ["0-64", "64-96", "96+"]
