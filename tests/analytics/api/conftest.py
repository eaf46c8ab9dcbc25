"""The API as its own process would run it, on a real database that the real writer filled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.writer import Delivery, write
from motcua.edge.messages import Message, dump, topic
from motcua.onebox.api_cli import server_config
from motcua.onebox.child import free_port

PASSWORD = "correct horse battery"
OFFICES = [
    {"office_id": "vl-86", "name": "Trung tâm tỉnh", "level": "province", "lat": 10.25, "lon": 105.97},
    {"office_id": "vl-1", "name": "Xã Hoà Hiệp", "level": "commune", "parent_id": "vl-86", "lat": 10.1, "lon": 106.0},
    {"office_id": "vl-2", "name": "Phường Long Châu", "level": "commune", "parent_id": "vl-86", "lat": 10.2, "lon": 106.1},
    {"office_id": "DEMO", "name": "Demo", "level": "demo"},
    {"office_id": "old", "name": "Cũ", "level": "commune", "valid_to": "2025-07-01"},
]


@dataclass
class Api:
    """A running API and its database."""

    url: str
    dsn: str

    def client(self, username: str | None = None, password: str = PASSWORD) -> httpx.Client:
        """A browser, logged in if a name is given."""
        client = httpx.Client(base_url=self.url, timeout=10)
        if username:
            answer = client.post("/api/v1/auth/login", json={"username": username, "password": password})
            assert answer.status_code == 200, answer.text
        return client

    def write(self, *messages: Message) -> None:
        """What the ingestor would do."""
        with db.connect(self.dsn) as conn:
            write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), datetime.now(UTC)) for m in messages])


@pytest.fixture
def api(migrated: str, eventually: Callable[..., object]) -> Iterator[Api]:
    with db.connect(migrated) as conn:
        store.import_offices(conn, OFFICES)
        for name, role, office in [
            ("boss", "admin", None),
            ("chief", "supervisor", "vl-86"),
            ("local", "supervisor", "vl-1"),
            ("clerk", "officer", "vl-1"),
        ]:
            accounts.add(conn, name, role, PASSWORD, office)
    port = free_port()
    settings = ApiSettings(dsn=migrated, port=port, public_per_minute=1000, logins_per_minute=20)  # type: ignore[arg-type]
    server = uvicorn.Server(server_config(settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield Api(f"http://127.0.0.1:{port}", migrated)
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive(), "the server did not stop"
