"""An API, the staff pages and a database with a month of the past: roster, answers, comments, officers' expression."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from builders import health, officer_expression, rating
from dashboard_api import running

from motcua.analytics import db, officer_modes, rating_store, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.attitude_store import add_shifts, link_account
from motcua.analytics.batch import Delivery
from motcua.analytics.roster import Shift
from motcua.analytics.writer import write
from motcua.dashboard.app import build
from motcua.dashboard.settings import DashboardSettings
from motcua.edge.messages import Message, OfficerMode, dump, topic
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port

PASSWORD = "correct horse battery"
NAMES = {"lan": "Nguyễn Thị Phương Lan", "hoa": "Trần Hoà", "mai": "Lê Công Huyền Tôn Nữ Tuyết Mai"}
LONG = "Trung tâm Phục vụ hành chính công xã Hoà Hiệp (điểm tiếp nhận số 2)"


@dataclass(frozen=True)
class Places:
    """Where the staff pages and the API answer, and the database."""

    pages: str
    api: str
    dsn: str


@contextmanager
def serving(dsn: str, eventually: Callable[..., object]) -> Iterator[Places]:
    """Both servers on a filled database."""
    fill(dsn)
    port = free_port()
    settings: Any = {"dsn": dsn, "port": port, "rating_secret": "a secret of the tests that is long enough"}
    server = uvicorn.Server(server_config(ApiSettings(**settings)))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    with running(build(DashboardSettings(api_url=f"http://127.0.0.1:{port}"))) as url:
        yield Places(url, f"http://127.0.0.1:{port}", dsn)
    server.should_exit = True
    thread.join(10)


def put(dsn: str, *messages: Message) -> None:
    """What the ingestor would do."""
    with db.connect(dsn) as conn:
        write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), datetime.now(UTC)) for m in messages])


def past_month() -> datetime:
    """07:00 in Viet Nam on the first day of the last month."""
    first = store.day_of(datetime.now(UTC)).replace(day=1)
    return store.span_of((first - timedelta(days=1)).replace(day=1))[0] + timedelta(hours=7)


def fill(dsn: str) -> None:
    """Three officers, twenty shifts each, eighty answers each, comments, accounts of every role."""
    shifts, ratings = [], []
    for place, who in enumerate(NAMES, start=1):
        for day in range(20):
            start = past_month() + timedelta(days=day)
            shifts.append(Shift(who, NAMES[who], "vl-1", f"q{place}", start, start + timedelta(hours=8)))
            ratings += [
                rating(
                    office_id="vl-1", counter_id=f"q{place}", source_id=f"k{place}", at=start + timedelta(hours=i),
                    score=max(1, min(5, 5 - place % 3 + (i + day) % 3 - 1)), provenance="simulated",
                )
                for i in range(4)
            ]  # fmt: skip
    words = ("Cán bộ hướng dẫn rõ ràng.", "Chờ lâu, thiếu ghế ngồi. " * 8, "<b>=1+1</b>", "Gọi tôi: ***", "Cảm ơn!")
    said = [
        rating(
            office_id="vl-1",
            source_id="qr",
            channel="qr",
            at=past_month() + timedelta(days=3, hours=h),
            score=4,
            provenance="simulated",
        )
        for h in range(len(words))
    ]
    with db.connect(dsn) as conn:
        db.migrate(conn)
        store.import_offices(
            conn,
            [
                {"office_id": "vl-1", "name": LONG, "level": "commune"},
                {"office_id": "vl-2", "name": "Phường Long Châu", "level": "commune"},
            ],
        )
        for name, role, office in (
            ("hr1", "hr", None), ("boss", "admin", None), ("chief", "supervisor", "vl-1"), ("a-lan", "officer", "vl-1"),
        ):  # fmt: skip
            accounts.add(conn, name, role, PASSWORD, office)
        add_shifts(conn, "test", shifts)
        assert link_account(conn, "lan", "a-lan") is None
        rating_store.add(conn, said)
        for one, text in zip(said, words, strict=True):
            conn.execute(
                "insert into rating_comment (rating_id, at, office_id, comment) values (%s, %s, 'vl-1', %s)",
                [one.id, one.at, text],
            )
    put(dsn, *ratings, health(office_id="vl-1", officer_faces="off", sentiment_on=False))


def long_since(dsn: str, mode: OfficerMode) -> None:
    """A mode that has held for years, and last month's sums."""
    with db.connect(dsn) as conn:
        key = officer_modes.ask(
            conn, "vl-1", mode, "Quyết định số 12/QĐ-UBND ngày 02/03/2026 của Ủy ban nhân dân tỉnh", "hr1"
        )
        (change,) = officer_modes.open_changes(conn, change_id=key)
        officer_modes.confirm(conn, change, "boss")
        conn.execute("alter table officer_mode disable trigger user")
        conn.execute("update officer_mode set valid_from = valid_from - interval '3 years'")
        conn.execute("alter table officer_mode enable trigger user")
    rows = []
    for place in range(1, 4):
        for day in range(20):
            begin = past_month() + timedelta(days=day, hours=1)
            rows.append(
                officer_expression(
                    office_id="vl-1", counter_id=f"q{place}", mode=mode, period_start=begin, period_end=begin + timedelta(hours=1),
                    at=begin + timedelta(hours=1), n=6, valence_sum=1.2 + place * (day % 3) / 10, valence_sum2=1.5,
                    provenance="simulated",
                )
            )  # fmt: skip
    put(dsn, *rows)
