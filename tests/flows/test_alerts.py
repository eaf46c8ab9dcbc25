"""Alerts end to end: a real database, the real runner, real receivers."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alert_feed import channels_file, fill, mail_receiver, send, waiting, web_receiver
from builders import NOON

from motcua.analytics import alert_notices, alert_store, db
from motcua.analytics.alert_rules import Telling, WaitOver
from motcua.analytics.alert_runner import Runner
from motcua.analytics.settings import AlertSettings
from motcua.onebox import postgres
from motcua.onebox.child import stop

SPEED = 300.0
FIRST = date(2026, 1, 1)


def rules(conn: psycopg.Connection, per_hour: int = 3) -> None:
    alert_store.add_setting(conn, "*", FIRST, WaitOver(raise_for_s=0, clear_for_s=60), "chief")
    alert_store.add_setting(conn, "*", FIRST, Telling(per_hour=per_hour, quiet=()), "chief")


@contextmanager
def running(settings: AlertSettings, clock: Callable[[], datetime]) -> Iterator[None]:
    done = threading.Event()
    runner = Runner(settings, done, clock)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("hours", [0.25, pytest.param(3.0, marks=pytest.mark.slow)])
def test_a_flapping_feed_makes_no_storm(hours: float, pg_dsn: str, tmp_path: Path) -> None:
    """A queue that jumps over the target and back every two minutes, on a clock that runs 300 times as fast."""
    fill(pg_dsn)
    began = time.monotonic()

    def clock() -> datetime:
        return NOON + timedelta(seconds=SPEED * (time.monotonic() - began))

    with web_receiver() as web, db.connect(pg_dsn) as conn:
        rules(conn)
        address = f"json://127.0.0.1:{web.port}/"
        file = channels_file(tmp_path, {"name": "hook", "address": address, "internal": True})
        settings = AlertSettings(dsn=pg_dsn, every_s=0.1, stale_after_s=600, channels_file=file)  # type: ignore[arg-type]
        with running(settings, clock):
            while (at := clock()) < NOON + timedelta(hours=hours):
                over = int((at - NOON).total_seconds() // 120) % 2 == 0
                send(conn, waiting("vl-1", 30.0 if over else 3.0, at))
                time.sleep(0.05)
        (alert,) = alert_store.alerts(conn)
        events = [h for h in alert_store.history(conn, alert["alert_id"]) if h["event"] in ("raised", "cleared")]
        told = [row[0] for row in conn.execute("select at from alert_notice order by at").fetchall()]
    assert len(events) >= 10 * hours, "the feed flapped, and the history has it all"
    assert all(a["event"] != b["event"] for a, b in itertools.pairwise(events))
    for at in told:
        assert sum(at <= other < at + timedelta(hours=1) for other in told) <= 3
    assert 2 <= len(web.got) <= 3 * (1 + int(hours))


def test_a_dead_channel_and_a_slow_one_hold_up_nobody(
    pg_dsn: str, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    fill(pg_dsn)
    now = [NOON]
    with web_receiver() as good, web_receiver() as slow, web_receiver() as dead, mail_receiver() as box:
        slow.hold, dead.status = threading.Event(), 500
        file = channels_file(
            tmp_path,
            {"name": "good", "address": f"json://127.0.0.1:{good.port}/", "internal": True},
            {"name": "slow", "address": f"json://127.0.0.1:{slow.port}/?rto=60", "internal": True},
            {"name": "dead", "address": f"json://127.0.0.1:{dead.port}/", "internal": True},
            {"name": "inside", "address": f"json://127.0.0.1:{good.port}/"},
            {
                "name": "mail",
                "address": f"mailto://127.0.0.1:{box.port}?from=a@x.vn&to=b@x.vn&mode=insecure",
                "internal": True,
            },
        )
        settings = AlertSettings(dsn=pg_dsn, every_s=0.1, channels_file=file)  # type: ignore[arg-type]
        with db.connect(pg_dsn) as conn:
            rules(conn)
            send(conn, waiting("vl-1", 30.0, NOON))
            with running(settings, lambda: now[0]):
                eventually(lambda: len(good.got) == 1 and len(box.mails) == 1)

                def state(name: str) -> tuple[int, str | None]:
                    return next((c["failures"], c["error"]) for c in alert_notices.channels(conn) if c["channel"] == name)

                eventually(lambda: (state("dead"), state("inside")) == ((1, "status:500"), (1, "internal")))
                send(conn, waiting("vl-2", 30.0, NOON))
                now[0] = NOON + timedelta(seconds=20)
                send(conn, waiting("vl-1", 30.0, now[0]))
                eventually(lambda: state("dead")[0] == 2)  # after its pause of 15 s, both messages as one
                assert len(good.got) == 1, "the next message waits for its gap"
                dead.status = 200
                now[0] = NOON + timedelta(seconds=70)
                eventually(lambda: len(good.got) == 2 and len(dead.got) == 1)
                assert dead.got[0]["title"] == "2 nơi: 2 cảnh báo"
                eventually(lambda: state("dead") == (0, None))
                slow.hold.set()
                eventually(lambda: len(slow.got) >= 1)
            channels = {r[0] for r in conn.execute("select detail ->> 'channel' from alert_event where event = 'notified'")}
    assert {"good", "dead", "mail"} <= channels


def begin(dsn: str, log: Path, *more: str) -> subprocess.Popen[bytes]:
    """``motcua alerts run`` as its own process."""
    environment = {**os.environ, "MOTCUA_ALERTS_DSN": dsn, "MOTCUA_ALERTS_EVERY_S": "0.2"} | dict(
        pair.split("=", 1) for pair in more
    )
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "motcua.onebox.cli", "alerts", "run"], env=environment, stdout=out, stderr=out
        )


def test_the_process_survives_a_lost_connection_and_a_kill(
    pg_dsn: str, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    fill(pg_dsn)
    log = tmp_path / "log"
    first = begin(pg_dsn, log)
    second = None
    try:
        with db.connect(pg_dsn) as conn:
            rules(conn)

            def feed(office: str) -> bool:
                send(conn, waiting(office, 30.0, datetime.now(UTC)))
                return any(a["office_id"] == office for a in alert_store.alerts(conn))

            eventually(lambda: feed("vl-1"))
            conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'motcua alerts'")
            eventually(lambda: feed("vl-2"))
            second = begin(pg_dsn, log)
            eventually(lambda: "standing by" in log.read_text())
            first.send_signal(signal.SIGKILL)
            first.wait(10)
            eventually(lambda: feed("vl-86"))
            assert [a["times"] for a in alert_store.alerts(conn)] == [1, 1, 1], "nothing was raised twice"
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
    finally:
        for process in (first, second):
            if process is not None:
                stop(process)


@pytest.mark.slow
def test_the_process_waits_for_a_database_that_restarts(open_folder: Path, eventually: Callable[..., object]) -> None:
    server = postgres.start(open_folder)
    dsn = server.create("motcua")
    fill(dsn)
    process = begin(dsn, open_folder / "log")
    try:
        with db.connect(dsn) as conn:
            rules(conn)
            send(conn, waiting("vl-1", 30.0, datetime.now(UTC)))
            eventually(lambda: len(alert_store.alerts(conn)) == 1)
        port = server.port
        server.stop()
        eventually(lambda: "waiting for it" in (open_folder / "log").read_text())
        server = postgres.start(open_folder, port=port)
        assert process.poll() is None

        def seen() -> bool:
            with db.connect(dsn) as conn:
                send(conn, waiting("vl-2", 30.0, datetime.now(UTC)))
                return len(alert_store.alerts(conn)) == 2

        eventually(seen, timeout=40)
    finally:
        stop(process)
        server.stop()
