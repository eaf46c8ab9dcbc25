"""No pixel of a face leaves the agent: faces as canaries before its camera, and every byte that its processes write is searched.

The search itself is tested on planted leaks. What it cannot see: pixels changed beyond the forms of ``canary.py``, so the second line
of defence is that nothing is written to where nothing has to be.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from canary import Canaries
from edge_tools import OwnBroker, Province
from photographs import Image, frame, person
from traced import Traced, read_trace, traced

from motcua.edge.faces import FaceFinder
from motcua.models.fetch import fetch

PLANTED = {
    "raw-native", "jpeg.jpg", "png.png", "rgb-in-pieces", "scaled", "floats", "base64", "base64-jpeg", "hex", "deflated", "one-row",
    "child",
}  # fmt: skip
SETTINGS = """
office_id = "vl-1"
outbox = "outbox"
[broker]
port = {port}
username = "edge"
password_file = "secret"
[[cameras]]
source_id = "cam-1"
url = "film.avi"
zones = "zones.json"
loop = true
sample_s = 0.5
[cameras.sight]
enabled = false
[sentiment]
enabled = true
notice = "Ở đây có đo cảm xúc, không nhận dạng."
lawful_basis = "Quyết định thử"
"""
ZONES = (
    '{"version": 1, "zones": [{"name": "q1", "role": "service", "counter_id": "q1", '
    '"polygon": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}]}'
)


def test_every_planted_leak_is_found_and_figures_are_not(tmp_path: Path) -> None:
    face = person("astronaut", face_px=100)[60:200, 180:320]
    cv2.imwrite(str(tmp_path / "face.png"), face)
    (tmp_path / "out").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = Path(__file__).with_name("leaks.py")
        command = [sys.executable, str(script), str(tmp_path / "face.png"), str(tmp_path / "out"), str(port)]
        assert traced(command, tmp_path / "trace").wait(60) == 0
    trace, canaries = read_trace(tmp_path / "trace"), Canaries([(face, (0, 0, *face.shape[1::-1]))])
    found = {Path(where).name: canaries.found_in(data) for where, data in trace.written.items()}
    assert {name for name in PLANTED if not found.get(name)} == set()
    assert found["nothing"] == set()
    lines = {where: forms for where, forms in found.items() if where.startswith(("TCP", "UDP", "socket"))}
    assert any("jpeg" in forms for forms in lines.values()), found
    assert any("pixels" in forms for forms in lines.values()), found
    assert str(tmp_path / "out" / "mapped") in trace.mapped
    assert canaries.found_in((tmp_path / "out" / "mapped").read_bytes()) == {"pixels"}


def film(folder: Path) -> list[Image]:
    """Two people at a counter, one after the other, as the agent will see them."""
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (640, 480))
    for name in ("astronaut", "hopper"):
        for step in range(15):
            image, _ = frame((person(name, face_px=84), 120 + 2 * step))
            writer.write(image)
    writer.release()
    capture, images = cv2.VideoCapture(str(folder / "film.avi")), []
    while (got := capture.read())[0]:
        images.append(np.asarray(got[1], dtype=np.uint8))
    return images


def canaries_of(images: list[Image]) -> Canaries:
    finder, faces = FaceFinder(fetch("blazeface")), []
    for image in images[::3]:
        face = finder.find(image)
        assert face is not None
        faces.append((image, face.box.tolist()))
    return Canaries(faces)


def look(trace: Traced, canaries: Canaries, folder: Path) -> dict[str, set[str]]:
    """Where canaries stand: in what was written, and in files that are there now."""
    kept = {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    places = trace.written | {f"{path} (on disk)": data for path, data in kept.items()}
    return {where: forms for where, data in places.items() if (forms := canaries.found_in(data))}


def run_agent(command: list[str], folder: Path, broker: OwnBroker, eventually: Callable[..., object]) -> tuple[Traced, str]:
    """The agent before the film until faces were read and the broker was lost and found again; its trace and what it said of faces."""
    (folder / "secret").write_text(broker.password)
    (folder / "edge.toml").write_text(SETTINGS.format(port=broker.port))
    (folder / "zones.json").write_text(ZONES)
    province = Province(broker)
    agent = traced(command, folder.parent / "trace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: len(province.seqs("queue")) >= 8, timeout=90)
        broker.kill()
        broker.start()

        def told() -> list[str]:
            return [m.detail for m in province.got if m.type == "health" and re.match(r"faces: [1-9]", m.detail)]

        eventually(told, timeout=60)
    finally:
        children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
        for pid in children:
            subprocess.run(["kill", f"-{signal.SIGTERM.value}", pid], check=False)
        output = agent.communicate(timeout=60)[0]
        province.close()
    assert agent.returncode == 0, output.decode()
    return read_trace(folder.parent / "trace"), told()[-1]


def test_no_pixel_of_a_face_leaves_the_agents_processes(
    open_folder: Path, own_broker: OwnBroker, weights: None, eventually: Callable[..., object]
) -> None:
    fetch("fer")
    folder = open_folder / "agent"
    folder.mkdir()
    images = film(folder)
    command = [sys.executable, "-m", "motcua.onebox.cli", "edge", "run", "--config", str(folder / "edge.toml")]
    trace, said = run_agent(command, folder, own_broker, eventually)
    canaries = canaries_of(images)
    (folder / "film.avi").unlink()
    # The trace has teeth only if it saw what really left, and if faces were really read.
    sent = b"".join(data for where, data in trace.written.items() if where.startswith(("TCP", "socket")))
    assert said.encode() in sent
    assert b'"type":"queue"' in sent
    assert look(trace, canaries, folder) == {}
    assert trace.unseen == []
    elsewhere = {where for where in trace.opened if not where.startswith((str(folder / "outbox"), "/dev/"))}
    assert {where for where in elsewhere if not re.match(r"(/tmp|/dev/shm)/pym-|.*\.pyc|.*__pycache__", where)} == set()


@pytest.mark.slow
def test_a_leak_planted_in_the_agent_itself_is_found(
    open_folder: Path, own_broker: OwnBroker, weights: None, eventually: Callable[..., object]
) -> None:
    fetch("fer")
    folder = open_folder / "agent"
    folder.mkdir()
    images = film(folder)
    script = Path(__file__).with_name("leaking_agent.py")
    trace, _ = run_agent(
        [sys.executable, str(script), str(folder / "edge.toml"), str(folder)], folder, own_broker, eventually
    )
    canaries = canaries_of(images)
    (folder / "film.avi").unlink()
    found = look(trace, canaries, folder)
    assert "png" in found[str(folder / "debug.png")]
    assert any("hex of pixels" in forms for where, forms in found.items() if where.startswith("pipe:"))
    assert str(folder / "debug.png") in trace.opened
