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


def _package_folder() -> Path:
    spec = importlib.util.spec_from_file_location("timescale_install", TOOLS / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder: Path = module.package_folder()
    return folder


@pytest.fixture
def timescale_dsn(tmp_path: Path, eventually: Callable[..., object]) -> Iterator[str]:
    """A fresh TimescaleDB: the server in MOTCUA_TEST_TIMESCALE_DSN (its public schema is dropped), else WebAssembly."""
    if given := os.environ.get("MOTCUA_TEST_TIMESCALE_DSN"):
        with psycopg.connect(given, autocommit=True) as conn:
            conn.execute("drop extension if exists timescaledb cascade")
            conn.execute("drop schema public cascade")
            conn.execute("create schema public")
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
