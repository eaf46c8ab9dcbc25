"""One API with its database for a whole file of tests; each test begins with the same offices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port
from motcua.onebox.postgres import Postgres

PASSWORD = "correct horse battery"
CSRF = {"X-Motcua-Csrf": "1"}
OFFICES = [
    {"office_id": "vl-86", "name": "Trung tâm tỉnh", "level": "province", "lat": 10.25, "lon": 105.97},
    {"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune", "parent_id": "vl-86", "lat": 10.1, "lon": 106.0},
    {"office_id": "vl-2", "name": "Phường Long Châu", "level": "commune", "parent_id": "vl-86", "lat": 10.2, "lon": 106.1},
    {"office_id": "DEMO", "name": "Demo", "level": "demo"},
    {"office_id": "old", "name": "Cũ", "level": "commune", "valid_to": "2025-07-01"},
]
ACCOUNTS = [
    ("boss", "admin", None),
    ("unit", "admin", "vl-1"),
    ("chief", "supervisor", "vl-86"),
    ("clerk", "officer", "vl-1"),
]
_TABLES = "counter opening_hours holiday office_access office_procedure procedure_taken device office"


@dataclass
class Site:
    """A running API."""

    url: str
    dsn: str
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    mark: int = 0

    def reset(self) -> None:
        """The offices as at the beginning; the log is read from here on."""
        with db.connect(self.dsn) as conn:
            for table in _TABLES.split():
                conn.execute(f"delete from {table}".encode())
            store.import_offices(conn, OFFICES)
            row = conn.execute("select chain_no from audit_head").fetchone()
            assert row is not None
            self.mark = row[0]

    def client(self, name: str | None = None) -> httpx.Client:
        """A browser, logged in once if a name is given; its changes carry the header."""
        if name is None:
            return httpx.Client(base_url=self.url, timeout=20)
        if name not in self._clients:
            client = httpx.Client(base_url=self.url, timeout=20, headers=CSRF)
            answer = client.post("/api/v1/auth/login", json={"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self._clients[name] = client
        return self._clients[name]

    def audit(self, like: str = "%") -> list[tuple[str, str, dict[str, Any]]]:
        """Who did what since the test began."""
        with db.connect(self.dsn) as conn:
            return conn.execute(
                "select username, action, detail from audit where action like %s and chain_no > %s order by chain_no",
                [like, self.mark],
            ).fetchall()

    def everything(self) -> str:
        """All that an administrator may have changed."""
        with db.connect(self.dsn) as conn:
            return str([conn.execute(f"select * from {t} order by 1, 2".encode()).fetchall() for t in _TABLES.split()])


@contextmanager
def running(server: Postgres, name: str) -> Iterator[Site]:
    """A migrated database and an API on it."""
    dsn = server.create(name)
    with db.connect(dsn) as conn:
        db.migrate(conn)
        store.import_offices(conn, OFFICES)
        for username, role, office in ACCOUNTS:
            accounts.add(conn, username, role, PASSWORD, office)
    port = free_port()
    settings = ApiSettings(dsn=dsn, port=port, public_per_minute=10_000, logins_per_minute=1000)  # type: ignore[arg-type]
    api = uvicorn.Server(server_config(settings))
    thread = threading.Thread(target=api.run)
    thread.start()
    while not api.started:
        thread.join(0.02)
        assert thread.is_alive(), "the API did not start"
    yield Site(f"http://127.0.0.1:{port}", dsn)
    api.should_exit = True
    thread.join(10)
