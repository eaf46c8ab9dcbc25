"""The API and the public page in a process of their own, on a fresh database with a figure at every office, for benches."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from motcua.onebox.child import free_port, spawn, stop


class BenchError(RuntimeError):
    """A bench cannot run; the message is one sentence."""


@contextmanager
def bench_server() -> Iterator[str]:
    """The address of a running server; it answers `/bare` with the bytes of the public offices and nothing between."""
    from motcua.analytics import db, store
    from motcua.analytics.batch import Delivery
    from motcua.analytics.writer import write
    from motcua.edge.messages import Queue, dump, topic, uuid7
    from motcua.map.offices import todays_offices
    from motcua.onebox import postgres

    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = postgres.start(folder / "pg")
        try:
            dsn = server.create("bench")
            at = datetime.now(UTC)
            with db.connect(dsn) as conn:
                db.migrate(conn)
                offices = [o.row() for o in todays_offices()]
                store.import_offices(conn, offices)
                messages = [
                    Queue(
                        id=uuid7(at), at=at, office_id=str(o["office_id"]), source_id="bench", epoch=1, seq=n + 1, provenance="camera",
                        state="ok", waiting=4, in_service=2, open_counters=2, n=12, expected_wait_s=480.0 + 10 * n, low_s=300.0, high_s=2400.0,
                    )
                    for n, o in enumerate(offices)
                ]  # fmt: skip
                write(conn, [Delivery(topic(m.office_id, m.source_id, m.type), dump(m), at) for m in messages])
            port = free_port()
            environment = {**os.environ, "MOTCUA_API_DSN": dsn, "MOTCUA_API_PORT": str(port)}
            environment |= {"MOTCUA_API_PUBLIC_PER_MINUTE": "100000000", "MOTCUA_API_STALE_AFTER_S": "3600"}
            child = spawn([sys.executable, "-m", "motcua.onebox.bench_server"], log=subprocess.DEVNULL, env=environment)
            try:
                url = f"http://127.0.0.1:{port}"
                _ready(url)
                yield url
            finally:
                stop(child)
        finally:
            server.stop()


def _ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/bare", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise BenchError("the server of the bench did not answer within a minute: try again on a machine with less to do")


def main() -> None:
    """Serve until stopped; settings come from the environment."""
    import uvicorn
    from fastapi import FastAPI, Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from motcua.analytics.api.settings import ApiSettings
    from motcua.onebox.api_cli import server_config

    config = server_config(ApiSettings())
    whole: ASGIApp = config.app  # type: ignore[assignment]
    answers = config.app.state.context.public_answers  # type: ignore[union-attr]
    bare, bytes_ = FastAPI(openapi_url=None), bytearray()

    @bare.get("/bare")
    async def send() -> Response:
        if not bytes_:
            bytes_.extend(answers.offices.get(datetime.now(UTC))[1].compressed)
        return Response(bytes(bytes_), media_type="application/json", headers={"Content-Encoding": "gzip"})

    async def both(scope: Scope, receive: Receive, send_: Send) -> None:
        await (bare if scope.get("path") == "/bare" else whole)(scope, receive, send_)

    config.app = both
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
