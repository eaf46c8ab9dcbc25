"""Real servers for the tests: one PostgreSQL and one broker for the whole run, a fresh database for each test that asks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg
import pytest

from motcua.onebox import broker as brokers
from motcua.onebox import postgres

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


@pytest.fixture(scope="session")
def pg_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Postgres]:
    """The embedded PostgreSQL."""
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents):
        if parent.owner() == folder.owner() and parent.name.startswith(("pytest", "postgres")):
            parent.chmod(0o711)  # the server runs as an unprivileged user when root runs the tests
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
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Broker]:
    """The best broker there is: ``host``, ``port``; user ``ingest``, and ``edge`` for any source, with password ``secret``."""
    folder = tmp_path_factory.mktemp("broker")
    for parent in (folder, *folder.parents):
        if parent.name.startswith(("pytest", "broker")):
            parent.chmod(0o711)
    users = [brokers.ingest_user("secret"), brokers.source_user("edge", "secret", "+", "+")]
    running = brokers.start(folder, users)
    yield running
    running.stop()
