"""Nothing is lost, nothing comes twice, whatever dies in whatever order; and the suite notices where that is not so."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from chaos.catch_up import catch_up
from chaos.rig import Plan, Rig, random_plan, report

SEED = int(os.environ.get("MOTCUA_CHAOS_SEED", "0")) or secrets.randbelow(2**31)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="motcua-chaos-") as name:
        Path(name).chmod(0o711)
        with closing(Rig(Path(name))) as made:
            yield made


@pytest.mark.parametrize("number", range(10))
def test_nothing_is_lost_whatever_goes_wrong(rig: Rig, number: int) -> None:
    verdict = rig.run(random_plan(SEED + number))
    assert verdict.wrong == [], verdict
    assert verdict.stored > 0


@pytest.mark.chaos
def test_an_outbox_that_does_not_sync_is_found_out(rig: Rig) -> None:
    """The suite can fail: without fsync a power cut loses what was promised."""
    cuts = [("link_down", 0.1, 1.2), ("power_cut", 0.7, 0.1)]
    wrong = [rig.run(Plan(seed, cuts, 1.4, sabotage="no sync")).wrong for seed in range(3)]
    assert any("lost" in text or "damaged" in text for texts in wrong for text in texts), wrong


@pytest.mark.chaos
def test_an_ingestor_that_confirms_before_it_commits_is_found_out(rig: Rig) -> None:
    verdict = rig.run(Plan(1, [("kill_ingestor", 0.5, 0.1)], 1.4, sabotage="no commit"))
    assert any("messages were lost" in text for text in verdict.wrong), verdict


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_many_runs(rig: Rig) -> None:
    """MOTCUA_CHAOS_RUNS (200), MOTCUA_CHAOS_SEED, MOTCUA_CHAOS_JSON: a report; progress goes to standard error."""
    count = int(os.environ.get("MOTCUA_CHAOS_RUNS", "200"))
    verdicts = []
    for number in range(count):
        verdicts.append(rig.run(random_plan(SEED + number)))
        told = "ok" if not verdicts[-1].wrong else f"WRONG {verdicts[-1].wrong}"
        os.write(2, f"chaos {number + 1}/{count} seed {SEED + number}: {told}\n".encode())
        if path := os.environ.get("MOTCUA_CHAOS_JSON"):
            Path(path).write_text(json.dumps({"seed": SEED, **report(verdicts)}, indent=1))
    assert [v for v in verdicts if v.wrong] == []


@pytest.mark.chaos
def test_backlogs_of_an_hour_do_not_hold_up_what_is_live(rig: Rig) -> None:
    """The figures go to standard error; docs/data-path.md has those of one machine."""
    figures = catch_up(rig, 20)
    os.write(2, f"catch-up {json.dumps(figures)}\n".encode())
    assert figures["left"] == 0
    assert figures["committed"] == figures["backlog"] + figures["live"]


@pytest.mark.chaos
def test_a_link_that_is_down_for_a_minute(rig: Rig) -> None:
    verdict = rig.run(Plan(SEED, [("link_down", 0.5, 60.0), ("power_cut", 20.0, 1.0), ("kill_database", 40.0, 5.0)], 62.0))
    assert verdict.wrong == [], verdict
