"""Databases for the storage tests: plain PostgreSQL, and a real TimescaleDB."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from motcua.onebox.child import free_port, stop

TOOLS = Path(__file__).parents[1] / "tools" / "timescale"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on TimescaleDB, so that ``make test-timescale`` runs all of it and nothing else."""
    for item in items:
        if {"timescale_dsn", "each_dsn"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("timescale")


def _package_folder() -> Path:
    spec = importlib.util.spec_from_file_location("timescale_install", TOOLS / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder: Path = module.package_folder()
    return folder


def _empty(conn: psycopg.Connection) -> None:
    """Drop every table and function of the public schema that no extension owns; continuous aggregates go with their tables."""
    ours = "not exists (select from pg_depend d where d.objid = x.oid and d.deptype = 'e')"
    for statement in (
        (
            f"select format('drop table if exists %s cascade', x.oid::regclass) from pg_class x "
            f"where relnamespace = 'public'::regnamespace and relkind = 'r' and {ours}"
        ),
        (
            f"select format('drop function if exists %s cascade', x.oid::regprocedure) from pg_proc x "
            f"where pronamespace = 'public'::regnamespace and {ours}"
        ),
    ):
        for (drop,) in conn.execute(statement.encode()).fetchall():
            conn.execute(drop.encode())


@pytest.fixture
def timescale_dsn(tmp_path: Path, eventually: Callable[..., object]) -> Iterator[str]:
    """A fresh TimescaleDB: the server in MOTCUA_TEST_TIMESCALE_DSN (what is in its public schema is dropped), else WebAssembly."""
    if given := os.environ.get("MOTCUA_TEST_TIMESCALE_DSN"):
        with psycopg.connect(given, autocommit=True) as conn:
            _empty(conn)
        yield given
        return
    node = shutil.which("node")
    assert node, "Node.js is not installed: make test installs it where it may"
    port = free_port()
    with (tmp_path / "timescale.log").open("w+") as log:
        process = subprocess.Popen(
            [node, str(TOOLS / "server.mjs"), str(_package_folder()), str(port)], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            path = Path(log.name)
            eventually(lambda: "ready" in path.read_text() or process.poll() is not None, timeout=90)
            assert process.poll() is None, path.read_text()
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
        finally:
            stop(process)


@pytest.fixture(params=["plain", "timescale"])
def each_dsn(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database on each back end in turn."""
    name = "pg_dsn" if request.param == "plain" else "timescale_dsn"
    dsn: str = request.getfixturevalue(name)
    return dsn
