"""The advice where to go: known answers, and one algorithm in two languages."""

import json
import random
import subprocess
from importlib.resources import files
from typing import Any

import pytest

from motcua.map.advice import CALM_S, WORTH_S, Option, advise, at_arrival, options, travel_s

HERE = (10.1, 106.0)


def office(name: str, north_km: float, wait_s: float | None, **fields: Any) -> dict[str, Any]:
    state = "unknown" if wait_s is None else "ok"
    wait = {"state": state, "expected_wait_s": wait_s, "low_s": None, "high_s": None, "provenance": "camera"}
    return {"office_id": name, "lat": HERE[0] + north_km / 111.195, "lon": HERE[1], "wait": wait} | fields


def chosen(found: list[dict[str, Any]], chance: float = 0.0) -> str | None:
    advice = advise(options(found, *HERE), chance)
    return advice and advice.chosen.office_id


def test_a_longer_way_pays_where_the_wait_is_short() -> None:
    found = [office("near", 1, 2400), office("far", 6, 60)]
    advice = advise(options(found, *HERE), 0.0)
    assert advice is not None
    assert (advice.nearest.office_id, advice.chosen.office_id) == ("near", "far")
    assert advice.further_s == pytest.approx(travel_s(5000), rel=1e-3)
    assert advice.less_wait_s == 2340


def test_little_to_save_is_not_worth_the_way() -> None:
    assert chosen([office("near", 1, 400), office("far", 2, 0)]) == "near"


def test_nobody_is_sent_into_another_queue() -> None:
    assert chosen([office("near", 1, 7200), office("far", 2, CALM_S + 1)]) == "near"
    assert chosen([office("near", 1, 7200), office("far", 2, CALM_S)]) == "far"


def test_unknown_waits_are_not_taken_for_zero() -> None:
    assert chosen([office("near", 1, 2400), office("far", 2, None)]) is None
    assert chosen([office("near", 1, None), office("far", 2, 60)]) is None
    replayed = office("far", 2, 60)
    replayed["wait"]["provenance"] = "replay"
    assert chosen([office("near", 1, 2400), replayed]) is None
    assert advise([], 0.5) is None


def test_shut_offices_and_those_without_a_point_are_no_choice() -> None:
    found = [
        office("near", 1, 2400),
        office("shut", 2, 0, open_now=False),
        office("nowhere", 2, 0, lat=None),
        office("far", 3, 60),
    ]
    assert [o.office_id for o in options(found, *HERE)] == ["near", "far"]


def test_near_ties_are_spread_and_most_stay() -> None:
    found = options([office("near", 1, 3600), office("a", 3, 60), office("b", 3.1, 60)], *HERE)
    went = [advise(found, n / 1000).chosen.office_id for n in range(1000)]  # type: ignore[union-attr]
    assert went.count("near") == 750
    assert 120 <= went.count("b") <= went.count("a") <= 130


def test_a_long_way_fades_what_is_seen_now() -> None:
    assert at_arrival(600, None, 3600) == 600
    assert at_arrival(600, 0, 0) == 600
    assert at_arrival(600, 1200, 1e9) == 1200
    (far,) = options([office("far", 0, 0) | {"usual_wait_s": 600.0}], *HERE, travel={"far": 3600.0})
    assert far.wait_s == pytest.approx(600 * (1 - 0.36787944))


def cases() -> list[dict[str, Any]]:
    """Seeded places of every kind: unknown waits, shut offices, ties, usual waits, given travel times."""
    chance = random.Random(7)
    made = []
    for _ in range(200):
        found = []
        for n in range(chance.randint(0, 16)):
            wait = chance.choice([None, 0.0, 60.0, chance.uniform(0, 4000)])
            fields: dict[str, Any] = {
                "open_now": chance.choice([None, True, True, False]),
                "usual_wait_s": chance.choice([None, 300.0]),
            }
            one = office(f"o-{n}", chance.uniform(0, 12), wait, **fields)
            if wait is not None and chance.random() < 0.7:
                one["wait"] |= {"low_s": wait / 2, "high_s": wait * 2 + 60}
            one["wait"]["provenance"] = chance.choice(["camera", "camera", "camera", "simulated"])
            found.append(one)
        travel = {o["office_id"]: chance.uniform(60, 3000) for o in found if chance.random() < 0.2}
        made.append({"offices": found, "travel": travel, "chance": chance.random() * 0.4})
    return made


def test_the_phone_advises_as_the_evaluated_algorithm_does() -> None:
    given = cases()
    script = str(files("motcua.map.web") / "advice.js")
    code = (
        f"const a = require({json.dumps(script)}); const cases = JSON.parse(require('fs').readFileSync(0));"
        f"console.log(JSON.stringify(cases.map((c) => {{ const found = a.options(c.offices, {HERE[0]}, {HERE[1]}, c.travel);"
        "return { found, advice: a.advise(found, c.chance) }; })))"
    )
    ran = subprocess.run(["node", "-e", code], input=json.dumps(given), capture_output=True, text=True, check=True)
    kinds = set()
    for case, script_says in zip(given, json.loads(ran.stdout), strict=True):
        found = options(case["offices"], *HERE, travel=case["travel"])
        assert len(script_says["found"]) == len(found)
        for mine, theirs in zip(found, script_says["found"], strict=True):
            same(mine, theirs)
        advice = advise(found, case["chance"])
        kinds.add(None if advice is None else advice.chosen is advice.nearest)
        assert (advice is None) == (script_says["advice"] is None)
        if advice is not None:
            same(advice.chosen, script_says["advice"]["chosen"])
            assert script_says["advice"]["less_wait_s"] == pytest.approx(advice.less_wait_s, abs=1e-6)
    assert kinds == {None, True, False}


def same(mine: Option, theirs: dict[str, Any]) -> None:
    assert mine.office_id == theirs["office_id"]
    for key in ("travel_s", "wait_s", "low_s", "high_s"):
        assert getattr(mine, key) == (None if theirs[key] is None else pytest.approx(theirs[key], abs=1e-6)), key


def test_what_is_worth_it_is_more_than_the_error_of_the_advice() -> None:
    assert WORTH_S >= 300
