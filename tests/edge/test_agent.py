from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import children
import psutil
import pytest
from edge_tools import OwnBroker, Province, free_port, wait_for
from painted import run_painted, write_film
from scenes import OFFICE, OUT, QUEUE, A, walk

from motcua.edge.agent import Patience, Supervisor
from motcua.edge.messages import Offline
from motcua.edge.outbox import Outbox
from motcua.edge.process import run_camera
from motcua.edge.settings import BrokerSettings, CameraSettings, EdgeSettings, load_settings

HASTY = Patience(hung_s=8.0, first_s=0.05, longest_s=0.2, good_run_s=60, stop_s=6)


@pytest.fixture
def supervise() -> Iterator[Callable[..., tuple[Supervisor, threading.Event, threading.Thread]]]:
    running: list[tuple[threading.Event, threading.Thread]] = []

    def start(targets: dict[str, Any], patience: Patience = HASTY) -> tuple[Supervisor, threading.Event, threading.Thread]:
        supervisor, asked = Supervisor(targets, patience), threading.Event()
        thread = threading.Thread(target=supervisor.run, args=(asked,))
        thread.start()
        running.append((asked, thread))
        return supervisor, asked, thread

    yield start
    for asked, thread in running:
        asked.set()
        thread.join(30)
        assert not thread.is_alive()


def test_what_fails_is_started_again_and_disturbs_nobody(tmp_path: Path, supervise: Any) -> None:
    names = ("well", "crashes", "killed")
    supervise({name: (getattr(children, name), (tmp_path,)) for name in names})
    wait_for(lambda: children.starts(tmp_path, "crashes") >= 3 and children.starts(tmp_path, "killed") >= 3, within_s=60)
    assert children.starts(tmp_path, "well") == 1


def test_what_hangs_is_ended_and_started_again(tmp_path: Path, supervise: Any, caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience(hung_s=3.0, first_s=0.05, stop_s=0.5)
    supervise({"hangs": (children.hangs, (tmp_path,)), "well": (children.well, (tmp_path,))}, patience)
    wait_for(lambda: children.starts(tmp_path, "hangs") >= 2, within_s=60)
    assert children.starts(tmp_path, "well") == 1
    assert "hangs: no sign of life for" in caplog.text


def test_the_wait_between_starts_grows_to_its_limit(
    tmp_path: Path, supervise: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    supervise({"crashes": (children.crashes, (tmp_path,))}, Patience(first_s=0.1, longest_s=0.3))
    wait_for(lambda: caplog.text.count("started again") >= 4, within_s=60)
    waits = [record.args[2] for record in caplog.records if "started again" in record.msg and isinstance(record.args, tuple)]
    assert waits[:4] == [0.1, 0.2, 0.3, 0.3]


def test_who_does_not_stop_when_asked_is_stopped(tmp_path: Path, supervise: Any) -> None:
    supervisor, asked, thread = supervise({"deaf": (children.deaf, (tmp_path,))}, Patience(stop_s=0.5))
    wait_for(lambda: children.starts(tmp_path, "deaf"))
    process = supervisor.children["deaf"]
    asked.set()
    thread.join(20)
    assert process.exitcode == -signal.SIGKILL


def test_it_ends_when_everybody_is_done(tmp_path: Path, supervise: Any) -> None:
    _, _, thread = supervise({"over": (children.over, (tmp_path,))})
    thread.join(30)
    assert not thread.is_alive()
    assert children.starts(tmp_path, "over") == 1


STORY = walk(1, (0.5, OUT), (1.5, QUEUE), (2.5, A), (1, OUT)) + walk(2, (9, (0.4, 0.6)))
QUICK = {"min_dwell_s": 0.5, "min_service_s": 1.0, "grace_s": 0.5, "bridge_s": 0.3}


@pytest.fixture
def office(tmp_path: Path) -> Callable[..., EdgeSettings | None]:
    """Writes the zones; given cameras, makes settings."""
    zones = {"version": 1, "zones": [_as_json(z) for z in OFFICE.zones]}
    (tmp_path / "zones.json").write_text(json.dumps(zones))

    def make(*cameras: dict[str, Any], broker: BrokerSettings | None = None) -> EdgeSettings | None:
        common = {
            "zones": tmp_path / "zones.json",
            "visits": QUICK,
            "sample_s": 0.5,
            "analysis_fps": 10,
            "sight": {"enabled": False},
        }
        if not cameras:
            return None
        return EdgeSettings(
            office_id="vl-1",
            outbox=tmp_path / "outbox",
            broker=broker or BrokerSettings(port=free_port()),
            cameras=tuple(CameraSettings.model_validate(common | c) for c in cameras),
        )

    return make


def _as_json(zone: Any) -> dict[str, Any]:
    fields = {"name": zone.name, "role": zone.role, "polygon": [list(p) for p in zone.polygon]}
    return fields | ({"counter_id": zone.counter_id} if zone.counter_id else {})


def _messages(settings: EdgeSettings, source_id: str) -> list[dict[str, Any]]:
    """What a stopped camera's outbox holds."""
    outbox = Outbox(settings.outbox / f"{source_id}.db", now=datetime.now(UTC))
    rows = [json.loads(row.body) for row in outbox.pending(10_000)]
    outbox.close()
    return rows


def test_a_film_becomes_messages_beside_a_camera_that_is_not_there(
    tmp_path: Path, office: Any, supervise: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    film = write_film(tmp_path / "film.avi", STORY, seconds=7, fps=10)
    settings = office({"source_id": "film", "url": str(film)}, {"source_id": "gone", "url": str(tmp_path / "none.avi")})
    before = datetime.now(UTC)
    _, asked, thread = supervise({c.source_id: (run_painted, (settings, c)) for c in settings.cameras})
    wait_for(lambda: "film: ended" in caplog.text and "gone: stopped" in caplog.text, within_s=60)
    asked.set()
    thread.join(30)
    messages = _messages(settings, "film")
    visits = [m for m in messages if m["type"] == "visit"]
    assert [(v["outcome"], v.get("counter_id")) for v in visits] == [("served", "A"), ("lost", None)]
    start, begun, end = (datetime.fromisoformat(visits[0][k]) for k in ("arrival_at", "service_start_at", "departure_at"))
    assert (begun - start).total_seconds() == pytest.approx(1.5, abs=0.35)  # frames may be left out on a busy machine
    assert (end - begun).total_seconds() == pytest.approx(2.4, abs=0.35)
    assert before < start < end < datetime.now(UTC)
    assert [m["status"] for m in messages if m["type"] == "health"][-1] == "stopping"
    assert len([m for m in messages if m["type"] == "queue"]) >= 8
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    last_words = [m["detail"] for m in _messages(settings, "gone") if m["type"] == "health"]
    assert any("is not there: name an existing file" in detail for detail in last_words)


def test_a_killed_camera_comes_back_with_a_new_epoch_and_all_it_had_said(
    tmp_path: Path, office: Any, supervise: Any, own_broker: OwnBroker
) -> None:
    film = write_film(tmp_path / "film.avi", STORY, seconds=2.5, fps=10)
    settings = office({"source_id": "film", "url": str(film), "loop": True}, broker=own_broker.edge_settings())
    province = Province(own_broker, confirms=False)
    supervisor, _, _ = supervise({"film": (run_painted, (settings, settings.cameras[0]))})
    wait_for(lambda: province.seqs("visit"), within_s=60)
    supervisor.children["film"].kill()
    epochs = sorted({m.epoch for m in province.got})
    wait_for(lambda: any(m.epoch > epochs[-1] for m in province.got if m.type == "visit"), within_s=60)
    assert any(isinstance(m, Offline) for m in province.got)
    killed = [m.seq for m in province.got if m.type != "offline" and m.epoch == epochs[-1]]
    assert sorted(set(killed)) == list(range(1, max(killed) + 1))
    province.close()


RUN = """
import sys
from pathlib import Path
from motcua.edge.agent import run_agent
from motcua.edge.logs import log_to_stderr
from motcua.edge.settings import load_settings
from painted import run_painted
if __name__ == "__main__":
    log_to_stderr()
    run_agent(load_settings(Path(sys.argv[1])), run_painted)
"""


@pytest.fixture
def agent(tmp_path: Path, office: Any, own_broker: OwnBroker) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a whole agent on a looped film, as a process of its own."""
    office()  # writes the zones
    write_film(tmp_path / "film.avi", STORY, seconds=7, fps=10)
    (tmp_path / "edge.toml").write_text(
        f"""office_id = "vl-1"
outbox = "outbox"
broker = {{ port = {own_broker.port}, username = "edge" }}
[[cameras]]
source_id = "film"
url = "film.avi"
loop = true
zones = "zones.json"
sample_s = 0.5
sight = {{ enabled = false }}
"""
    )
    (tmp_path / "run.py").write_text(RUN)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
        "MOTCUA_EDGE_BROKER__PASSWORD": own_broker.password,
    }
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "edge.toml")]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_says_goodbye(number: signal.Signals, agent: Any, tmp_path: Path, own_broker: OwnBroker) -> None:
    province = Province(own_broker)
    one = agent()
    wait_for(lambda: len(province.seqs("queue")) > 3, within_s=60)
    if number == signal.SIGINT:
        os.killpg(one.pid, number)  # Ctrl-C reaches the whole group
    else:
        one.send_signal(number)
    _, said = one.communicate(timeout=30)
    assert one.returncode == 0
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1].endswith("office vl-1: stopped")
    late = Province(own_broker)
    wait_for(lambda: late.got)
    assert [m.status for m in late.got] == ["stopping"]
    assert not _messages(load_settings(tmp_path / "edge.toml"), "film")
    province.close()
    late.close()


def test_cameras_do_not_outlive_a_killed_agent(agent: Any, own_broker: OwnBroker) -> None:
    province = Province(own_broker)
    one = agent()
    wait_for(lambda: province.seqs("queue"), within_s=60)
    (camera,) = [p for p in psutil.Process(one.pid).children() if "resource_tracker" not in " ".join(p.cmdline())]
    one.kill()
    camera.wait(20)
    wait_for(lambda: province.got[-1].type == "health" and province.got[-1].status == "stopping")
    province.close()


def test_the_real_pipeline_runs_in_a_process(
    tmp_path: Path, office: Any, own_broker: OwnBroker, supervise: Any, weights: None
) -> None:
    film = write_film(tmp_path / "film.avi", [], seconds=5, fps=10)
    settings = office({"source_id": "film", "url": str(film), "loop": True}, broker=own_broker.edge_settings())
    province = Province(own_broker)
    supervise({"film": (run_camera, (settings, settings.cameras[0]))})
    wait_for(lambda: any(m.type == "queue" and m.waiting == 0 for m in province.got), within_s=60)
    assert {m.model.name for m in province.got if m.type == "queue"} == {"ssdlite"}
    province.close()
