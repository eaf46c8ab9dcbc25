"""What the demo shows of ratings: simulated answers, a roster, one open proposal, a kiosk, a QR address. All of it is marked as simulated."""

from __future__ import annotations

import random
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from motcua.analytics import attitude_store, rating_store, store
from motcua.analytics.api import accounts
from motcua.analytics.api.kiosk import address_of
from motcua.analytics.attitude import assess
from motcua.analytics.roster import Shift
from motcua.analytics.rule import DEFAULT, FROM_THE_START
from motcua.analytics.store import Connection
from motcua.edge.messages import Rating, uuid7

DAYS, COUNTERS, A_DAY = 45, 4, 5
NAMES = ("Nguyễn Thị Lan", "Trần Văn Hoà", "Lê Thị Mai", "Phạm Minh Tâm")
OFFICER, HR = "demo-officer", "demo-hr"
KIOSK = "demo-kiosk"


@dataclass(frozen=True, slots=True)
class Told:
    """What the demo says at its start."""

    officer_password: str
    hr_password: str
    kiosk_path: str
    qr_url: str


def fill(conn: Connection, office_id: str, now: datetime, base_url: str, secret: str) -> Told:
    """Fill what is not there yet, and give fresh passwords, a fresh kiosk token and a fresh QR address."""
    if not conn.execute("select 1 from shift where office_id = %s limit 1", [office_id]).fetchone():
        _history(conn, office_id, now)
    passwords = {name: secrets.token_urlsafe(9) for name in (OFFICER, HR)}
    known = {name for name, *_ in accounts.listed(conn)}
    for name, role in ((OFFICER, "officer"), (HR, "hr")):
        if name in known:
            accounts.set_password(conn, name, passwords[name])
        else:
            accounts.add(conn, name, role, passwords[name], office_id if role == "officer" else None)
    attitude_store.link_account(conn, f"{office_id}-1", OFFICER)
    token = rating_store.add_kiosk(conn, office_id, KIOSK, "q1", "simulated")
    url = address_of(base_url, secret, office_id, "q1", now, simulated=True)
    return Told(passwords[OFFICER], passwords[HR], f"kiosk#{token}", url)


def _history(conn: Connection, office_id: str, now: datetime) -> None:
    """Six weeks of shifts and answers, and a proposal about the first officer from them."""
    chance = random.Random(7)
    begin, _ = store.span_of(store.day_of(now) - timedelta(days=DAYS))
    shifts, ratings = [], []
    for i, name in enumerate(NAMES[:COUNTERS], start=1):
        skill = chance.gauss(0, 0.25)
        for day in range(DAYS):
            start = begin + timedelta(days=day, hours=7, minutes=30)
            shifts.append(Shift(f"{office_id}-{i}", name, office_id, f"q{i}", start, start + timedelta(hours=9)))
            ratings += [
                _rating(office_id, i, start + timedelta(minutes=chance.uniform(0, 530)), skill, chance) for _ in range(A_DAY)
            ]
    with conn.transaction():
        attitude_store.add_shifts(conn, "demo", shifts)
        rating_store.add(conn, ratings)
        first, last = store.day_of(begin), store.day_of(now)
        cells, unassigned = attitude_store.cells(conn, [office_id], *attitude_store.span(first, last), ["simulated"])
        found = next(a for a in assess(cells, DEFAULT)[0] if a.officer_id == f"{office_id}-1")
        row: dict[str, Any] = asdict(found) | {"name": NAMES[0], "office_name": "Văn phòng thử nghiệm"}
        none = {"state": "unknown"}
        evidence = {
            "attitude": row, "rule": DEFAULT.model_dump(mode="json"), "by_wait": [], "office_satisfaction": none,
            "office_sentiment": {"state": "off"}, "provenance": "simulated", "unassigned": unassigned,
        }  # fmt: skip
        attitude_store.propose(conn, found.officer_id, office_id, (first, last), "simulated", evidence, FROM_THE_START, HR)
        accounts.audit(conn, None, "demo.ratings", office_id=office_id)


def _rating(office_id: str, counter: int, at: datetime, skill: float, chance: random.Random) -> Rating:
    score = min(5, max(1, round(4.2 + skill + chance.gauss(0, 0.9))))
    message = {"id": uuid7(at), "epoch": 0, "seq": 1, "at": at, "office_id": office_id, "source_id": KIOSK}
    return Rating(**message, provenance="simulated", counter_id=f"q{counter}", score=score, channel="kiosk")
