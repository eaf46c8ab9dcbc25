"""Real servers for the tests: one PostgreSQL for the whole run; a fresh database and a fresh broker for each test that asks."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from hypothesis import settings

from motcua.analytics import db
from motcua.onebox import broker as brokers
from motcua.onebox import postgres

settings.register_profile("no timings", deadline=None)  # how long an example takes says nothing on a shared machine
settings.load_profile("no timings")

T = TypeVar("T")
_names = itertools.count(1)


def _eventually(condition: Callable[[], T], timeout: float = 20.0) -> T:
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {condition}"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def eventually() -> Callable[..., object]:
    """``eventually(condition, timeout=20)`` polls until the condition gives something true, and returns it."""
    return _eventually


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A folder that an unprivileged user may pass through, unlike pytest's own: servers do not run as root."""
    with tempfile.TemporaryDirectory(prefix="motcua-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A fresh folder for the files of a server."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def pg_server() -> Iterator[postgres.Postgres]:
    """The embedded PostgreSQL."""
    with _open_folder() as folder:
        server = postgres.start(folder)
        yield server
        server.stop()


@pytest.fixture
def pg_dsn(pg_server: postgres.Postgres) -> Iterator[str]:
    """The address of a fresh, empty database."""
    name = f"test_{next(_names)}"
    yield pg_server.create(name)
    with psycopg.connect(pg_server.dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)".encode())


@pytest.fixture(scope="session")
def pg_template(pg_server: postgres.Postgres) -> str:
    """A database with our schema that nobody is connected to: a copy costs a tenth of migrating anew."""
    name = "template_of_tests"
    with db.connect(pg_server.create(name)) as conn:
        db.migrate(conn)
    return name


@pytest.fixture
def migrated(pg_server: postgres.Postgres, pg_template: str) -> Iterator[str]:
    """The address of a fresh database on plain PostgreSQL with our schema."""
    name = f"test_{next(_names)}"
    with psycopg.connect(pg_server.dsn, autocommit=True) as conn:
        conn.execute(f"create database {name} template {pg_template}".encode())
    yield pg_server.database_dsn(name)
    with psycopg.connect(pg_server.dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def broker() -> Iterator[brokers.Broker]:
    """The best broker there is, with nothing kept from another test: ``host``, ``port``; user ``ingest``, and ``edge`` for any source, with password ``secret``."""
    users = [brokers.ingest_user("secret"), brokers.source_user("edge", "secret", "+", "+")]
    with _open_folder() as folder:
        running = brokers.start(folder / "broker", users)
        yield running
        running.stop()
