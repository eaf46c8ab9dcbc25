"""How an ingestor is, for supervisors and Prometheus: ``/healthz`` and ``/metrics`` on 127.0.0.1."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IngestState:
    """problem: why nothing is committed now, in a sentence; None while all is well. stored_at: monotonic seconds of the last commit."""

    problem: str | None
    messages: int
    dead: int
    waiting: int
    window: int
    stored_at: float | None

    def metrics(self) -> str:
        """Prometheus' text format."""
        age_s = float("nan") if self.stored_at is None else time.monotonic() - self.stored_at
        values = {
            ("motcua_ingest_up", "gauge"): int(self.problem is None),
            ("motcua_ingest_messages_total", "counter"): self.messages,
            ("motcua_ingest_dead_letters_total", "counter"): self.dead,
            ("motcua_ingest_waiting", "gauge"): self.waiting,
            ("motcua_ingest_window", "gauge"): self.window,
            ("motcua_ingest_last_commit_age_seconds", "gauge"): f"{age_s:.1f}",
            ("motcua_ingest_resident_bytes", "gauge"): _resident_bytes(),
        }
        return "".join(f"# TYPE {name} {kind}\n{name} {value}\n" for (name, kind), value in values.items())


@contextmanager
def serving(port: int | None, state: Callable[[], IngestState]) -> Iterator[int | None]:
    """Answer while the block runs; the port (0 takes a free one), None where none is wanted. Raises OSError."""
    if port is None:
        yield None
        return

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = state()
            if self.path == "/healthz":
                body = json.dumps({"status": "ok" if now.problem is None else "degraded", "problem": now.problem})
                self._send(200 if now.problem is None else 503, "application/json", body)
            elif self.path == "/metrics":
                self._send(200, "text/plain; version=0.0.4", now.metrics())
            else:
                self._send(404, "text/plain", "ask for /healthz or /metrics\n")

        def _send(self, code: int, kind: str, body: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    thread = threading.Thread(target=server.serve_forever, name="status", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
