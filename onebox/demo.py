"""The whole product on one machine: database, broker, ingest, API, staff pages, simulator, and an agent on a video."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.settings import DbSettings
from motcua.map.offices import todays_offices
from motcua.models.fetch import fetch, fetched
from motcua.onebox import broker as brokers
from motcua.onebox import demo_ratings, postgres
from motcua.onebox.child import free_port, port_is_free
from motcua.onebox.children import Children, wait_for
from motcua.onebox.places import data_folder
from motcua.onebox.video import FPS, sample_video

log = logging.getLogger("motcua.demo")

DEMO_OFFICE = {
    "office_id": "DEMO",
    "name": "Văn phòng thử nghiệm (video phát lại)",
    "unit_name": "Văn phòng thử nghiệm",
    "level": "demo",
    "source": "sample video",
}
ZONES = Path(__file__).parent / "data" / "demo_zones.json"
HISTORY = timedelta(hours=6)
ACCOUNT = "admin"


class DemoError(RuntimeError):
    """The demo cannot run; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    for_s: float | None = None
    json_file: Path | None = None
    video: str | None = None
    fps: float | None = None
    zones: Path | None = None
    api_port: int = 8000
    dashboard_port: int = 8050
    offices: int = 40


@dataclass(slots=True)
class Servers:
    """What runs underneath, and how to reach it."""

    database: postgres.Postgres
    dsn: str
    broker: brokers.Broker
    passwords: dict[str, str]
    api_port: int
    dashboard_port: int

    def check_alive(self) -> None:
        """Raises DemoError when the database or the broker has ended: nothing works without them."""
        for name, process in (("PostgreSQL", self.database.process), ("the MQTT broker", self.broker.process)):
            if process.poll() is not None:
                raise DemoError(f"{name} ended by itself ({process.returncode}): see its log in {data_folder() / 'demo'}")

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/"

    @property
    def staff_url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}/"


def run(options: Options, stop: threading.Event, console: Console) -> dict[str, Any] | None:
    """Start everything, tell the addresses, run until stopped or for ``for_s`` seconds. Returns the counts of a timed run.

    Raises DemoError, PostgresError, BrokerError, VideoError, ModelError, ChildError: each one sentence.
    """
    began = time.monotonic()
    folder = data_folder() / "demo"
    if options.json_file is not None and not os.access(options.json_file.absolute().parent, os.W_OK):
        raise DemoError(f"{options.json_file} cannot be written: name a file in a folder of yours")
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        video = _video(options, console)
        servers = _start_servers(folder, options, stack, console)
        password = _fill(servers.dsn)
        asking = _fill_ratings(servers)
        children = Children(folder / "logs")
        stack.callback(children.stop)
        stack.callback(lambda: console.print("stopping …"))
        _start_children(children, servers, options, video, folder)
        _wait_until_ready(children, servers, stop, console)
        if stop.is_set():
            return None
        ready_at = datetime.now(UTC)
        console.print(f"ready after {time.monotonic() - began:.1f} s")
        _tell(servers, password, asking, console, options)
        _watch(children, servers, options, stop)
        return _counts(servers, children, ready_at) if options.for_s is not None else None


def write_json(path: Path, counts: dict[str, Any]) -> None:
    """The counts of a timed run."""
    path.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demo at a time in a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DemoError(f"{folder} cannot be written ({error.strerror}): set MOTCUA_DATA to a folder of yours") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(f"another demo is running in {folder}: stop it first, or set MOTCUA_DATA") from error
        yield


def _video(options: Options, console: Console) -> str:
    """The video's address; weights and sample video are fetched at first use."""
    with console.status("fetching the detector's weights (12 MB, the first time only)") as status:
        if not fetched("ssdlite"):
            fetch("ssdlite")
        console.print("✓ detector's weights")
        if options.video is not None:
            if "://" not in options.video and not options.video.isdigit() and not Path(options.video).is_file():
                raise DemoError(
                    f"the video {options.video} is not there: give a file, an rtsp:// address or a camera's number"
                )
            return options.video if "://" in options.video or options.video.isdigit() else str(Path(options.video).resolve())
        status.update("fetching the sample video (the first time only)")

        def progress(done: int, total: int | None) -> None:
            part = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
            status.update(f"fetching the sample video: {part} (the first time only)")

        path = sample_video(progress)
    console.print("✓ sample video")
    return str(path)


def _start_servers(folder: Path, options: Options, stack: ExitStack, console: Console) -> Servers:
    ports = [_port(options.api_port, "--api-port", console), _port(options.dashboard_port, "--dashboard-port", console)]
    with console.status("starting PostgreSQL"):
        server = postgres.start(folder / "postgres")
    stack.callback(server.stop)
    console.print(f"✓ PostgreSQL {server.major}")
    passwords = {name: secrets.token_urlsafe(24) for name in ("ingest", "simulator", "demo-camera", "ratings")}
    users = [
        brokers.ingest_user(passwords["ingest"]),
        brokers.source_user("simulator", passwords["simulator"], "+", "+"),
        brokers.source_user("demo-camera", passwords["demo-camera"], "DEMO", "demo-camera"),
    ]
    broker = brokers.start(folder / "broker", users)
    stack.callback(broker.stop)
    note = "" if broker.kind == "mosquitto" else ": no rights per user, for the demo only"
    console.print(f"✓ MQTT broker ({broker.kind}{note})")
    return Servers(server, server.create("motcua"), broker, passwords, *ports)


def _port(wanted: int, option: str, console: Console) -> int:
    if port_is_free(wanted):
        return wanted
    other = free_port()
    console.print(f"! port {wanted} is in use: taking {other} instead (choose one with {option})")
    return other


def _fill(dsn: str) -> str:
    """Schema, offices, the first account; returns its fresh password."""
    password = secrets.token_urlsafe(9)
    with db.connect(dsn) as conn:
        db.migrate(conn, DbSettings(dsn=dsn))
        store.import_offices(conn, [*(o.row() for o in todays_offices()), DEMO_OFFICE])
        if any(name == ACCOUNT for name, *_ in accounts.listed(conn)):
            accounts.set_password(conn, ACCOUNT, password)
        else:
            accounts.add(conn, ACCOUNT, "admin", password)
    return password


def _fill_ratings(servers: Servers) -> demo_ratings.Told:
    """Simulated answers, a roster, a proposal, a kiosk and a QR address of the demo's office."""
    with db.connect(servers.dsn) as conn:
        return demo_ratings.fill(
            conn, str(DEMO_OFFICE["office_id"]), datetime.now(UTC), servers.public_url, servers.passwords["ratings"]
        )


def _start_children(children: Children, servers: Servers, options: Options, video: str, folder: Path) -> None:
    broker, passwords = servers.broker, servers.passwords
    children.start(
        "ingest",
        ["ingest"],
        {
            "MOTCUA_INGEST_DSN": servers.dsn,
            "MOTCUA_INGEST_BROKER_PORT": str(broker.port),
            "MOTCUA_INGEST_BROKER_PASSWORD": passwords["ingest"],
        },
    )
    children.start(
        "api",
        ["api"],
        {
            "MOTCUA_API_DSN": servers.dsn,
            "MOTCUA_API_PORT": str(servers.api_port),
            "MOTCUA_API_RATING_SECRET": passwords["ratings"],
        },
    )
    children.start(
        "dashboard",
        ["dashboard"],
        {
            "MOTCUA_DASHBOARD_API_URL": f"http://127.0.0.1:{servers.api_port}",
            "MOTCUA_DASHBOARD_PORT": str(servers.dashboard_port),
        },
    )
    children.start(
        "alerts",
        ["alerts", "run"],
        {"MOTCUA_ALERTS_DSN": servers.dsn, "MOTCUA_ALERTS_STAFF_URL": servers.staff_url},
    )
    config = _edge_config(folder / "edge", servers, options, video)
    children.start("edge", ["edge", "run", "--config", str(config)], {})
    if options.offices:
        arguments = ["simulate", "live", "--offices", str(options.offices), "--history", f"{_history(servers.dsn):.0f}"]
        arguments += ["--halls", "1"] if options.offices > 1 else []
        port = ["--broker-port", str(broker.port), "--seed", str(int(time.time()))]
        children.start("simulate", [*arguments, *port], {"MOTCUA_SIMULATE_PASSWORD": passwords["simulator"]})


def _history(dsn: str) -> float:
    """Seconds of simulated past to tell: what the database does not have yet."""
    with db.connect(dsn) as conn:
        row = conn.execute("select max(at) from visit where provenance = 'simulated'").fetchone()
    newest = row[0] if row else None
    return min(HISTORY, datetime.now(UTC) - newest).total_seconds() if newest else HISTORY.total_seconds()


def _edge_config(folder: Path, servers: Servers, options: Options, video: str) -> Path:
    """The agent's settings, as a technician would write them."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "broker-password"
    secret.touch(mode=0o600)
    secret.write_text(servers.passwords["demo-camera"])
    is_file = "://" not in video and not video.isdigit()
    fps = options.fps or (FPS if options.video is None else None)
    lines = [
        'office_id = "DEMO"',
        'outbox = "outbox"',
        "[broker]",
        f"port = {servers.broker.port}",
        'username = "demo-camera"',
        'password_file = "broker-password"',
        "[[cameras]]",
        'source_id = "demo-camera"',
        f"url = {json.dumps(video)}",
        f"zones = {json.dumps(str((options.zones or ZONES).resolve()))}",
        *([f"fps = {fps}"] if fps else []),
        *(["loop = true"] if is_file else []),
    ]
    path = folder / "edge.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _wait_until_ready(children: Children, servers: Servers, stop: threading.Event, console: Console) -> None:
    """The pages answer, and a message of the camera has gone the whole way."""

    def answers(url: str) -> bool:
        try:
            return httpx.get(url, timeout=5, follow_redirects=True).status_code == 200
        except httpx.HTTPError:
            return False

    since = datetime.now(UTC)

    def fresh() -> bool:
        with db.connect(servers.dsn) as conn:
            return any(row["at"] >= since for row in store.queue_now(conn, "DEMO"))

    for what, condition in (
        ("API and public map", lambda: answers(f"{servers.public_url}readyz") and answers(servers.public_url)),
        ("staff pages", lambda: answers(servers.staff_url)),
        ("camera to database", fresh),
    ):
        with console.status(f"waiting for: {what}"):
            wait_for(lambda condition=condition: stop.is_set() or condition(), children, 60, what)
        if stop.is_set():
            return
        console.print(f"✓ {what}")


def _tell(servers: Servers, password: str, asking: demo_ratings.Told, console: Console, options: Options) -> None:
    console.print()
    console.print(f"  Staff pages   {servers.staff_url}", highlight=False)
    console.print(f"  Public map    {servers.public_url}", highlight=False)
    console.print(f"  Log in with   {ACCOUNT} / {password}", highlight=False, markup=False)
    for name, secret in ((demo_ratings.HR, asking.hr_password), (demo_ratings.OFFICER, asking.officer_password)):
        console.print(f"                {name} / {secret}", highlight=False, markup=False)
    console.print(f"  Kiosk         {servers.public_url}{asking.kiosk_path}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"  QR page       {asking.qr_url}", highlight=False, markup=False, soft_wrap=True)
    console.print()
    if options.video is None:
        console.print("The office DEMO shows a recorded video (phát lại).", highlight=False)
    if options.offices:
        console.print(f"{options.offices} other offices are simulated (mô phỏng).", highlight=False)
    console.print("Ratings, roster and the proposal of DEMO are simulated (mô phỏng).", highlight=False)
    console.print("None of this ever appears on the public map. Ctrl-C stops everything.", highlight=False)


def _watch(children: Children, servers: Servers, options: Options, stop: threading.Event) -> None:
    end = None if options.for_s is None else time.monotonic() + options.for_s
    while not stop.wait(0.2):
        now = time.monotonic()
        if end is not None and now >= end:
            return
        servers.check_alive()
        told = len(children.errors)
        children.look_after(now)
        for error in children.errors[told:]:
            log.error("%s; starting it again", error)


def _counts(servers: Servers, children: Children, since: datetime) -> dict[str, Any]:
    errors = list(children.errors)
    with db.connect(servers.dsn) as conn:
        counts = store.demo_counts(conn, since)
        for letter in store.dead_letters(conn):
            if letter["last_at"] >= since:
                errors.append(f"dead letter on {letter['topic']}: {letter['reason']}")
    p95 = counts["p95_camera_to_database_ms"]
    return {**counts, "p95_camera_to_database_ms": None if p95 is None else round(float(p95), 1), "errors": errors}
