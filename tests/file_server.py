"""A file server that can be told to misbehave, a cache of one's own, and entries of the registry for one test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from motcua.models.registry import REGISTRY, Weights


@dataclass
class FileServer:
    """Serves ``body`` at any path. ``plan`` says what the next answers do, one each: a status to send, or after how many bytes
    the connection is cut; then everything is served. ``asked`` holds the Range header of each request."""

    body: bytes
    address: str = ""
    ranges: bool = True
    plan: list[str | int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    server = FileServer(bytes(range(256)) * 1000)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            server.asked.append(wanted)
            step = server.plan.pop(0) if server.plan else None
            if isinstance(step, str):
                self.send_error(int(step))
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
            if start >= len(server.body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(server.body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(server.body) - start))
            self.end_headers()
            self.wfile.write(server.body[start : None if step is None else start + step])

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    server.address = f"http://127.0.0.1:{http.server_port}/weights.bin"
    yield server
    http.shutdown()
    http.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MOTCUA_CACHE", str(folder))
    return folder


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[[Weights], None]:
    """Puts an entry into the registry for one test."""
    return lambda weights: monkeypatch.setitem(REGISTRY, weights.name, weights)
