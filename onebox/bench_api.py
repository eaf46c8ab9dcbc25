"""``motcua bench api``: requests a second of the public offices, beside a bare endpoint of the same server, in turns."""

from __future__ import annotations

import asyncio
import statistics
import time
from urllib.parse import urlsplit

from motcua.onebox.bench_server import bench_server

CONNECTIONS, TURNS = 16, 5


def bench_api(seconds: float) -> dict[str, float]:
    """``requests_per_s`` and ``bare_requests_per_s`` (medians over the turns), the ``ratio`` of the two within each turn (median), ``p99_ms``."""
    with bench_server() as url:
        asyncio.run(_load(url, "/bare", 0.5))
        asyncio.run(_load(url, "/api/v1/public/offices", 0.5))
        turns = [
            (asyncio.run(_load(url, "/bare", seconds)), asyncio.run(_load(url, "/api/v1/public/offices", seconds)))
            for _ in range(TURNS)
        ]
    times = sorted(t for _, api in turns for t in api)
    return {
        "requests_per_s": round(statistics.median(len(api) for _, api in turns) / seconds, 1),
        "bare_requests_per_s": round(statistics.median(len(bare) for bare, _ in turns) / seconds, 1),
        "ratio": round(statistics.median(len(api) / len(bare) for bare, api in turns), 3),
        "p99_ms": round(1000 * times[int(0.99 * len(times))], 2),
    }


async def _load(url: str, path: str, seconds: float) -> list[float]:
    """Seconds of each answer, from several connections that ask as fast as they are answered."""
    where = urlsplit(url)
    ask = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    times: list[float] = []
    until = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        while (began := time.perf_counter()) < until:
            writer.write(ask)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path} answered {head[:40]!r}")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return times
