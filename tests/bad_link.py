"""A network between a camera and its agent that can be cut, stalled, left half open, garbled or made slow: a TCP proxy."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import Literal, Self

Mode = Literal["pass", "cut", "stall", "half_open", "garble", "slow"]


class BadLink:
    """Carries TCP to ``target`` on the loopback.

    cut: connections are reset and new ones refused. stall: nothing moves, nothing is lost (the sockets' buffers fill). half_open:
    new connections are taken and never answered. garble: one byte in ``every`` towards the agent is another one. slow: at most
    ``bytes_per_s`` towards the agent.
    """

    def __init__(self, target: int) -> None:
        self.mode: Mode = "pass"
        self.every, self.bytes_per_s = 4000, 20_000
        self._target = target
        self._listener = _listening(0)
        self.port: int = self._listener.getsockname()[1]
        self._closed = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket | None]] = []
        self._random = random.Random(7)
        self._accepting: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._accept()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._drop()

    def turn(self, mode: Mode) -> None:
        """From now on the link behaves like this."""
        before, self.mode = self.mode, mode
        if mode == "cut":
            self._drop()
        elif before == "cut":
            self._listener = _listening(self.port)
            self._accept()
        if before == "half_open":  # what was never answered stays so
            self._pairs = [pair for pair in self._pairs if pair[1] is not None]

    def _drop(self) -> None:
        # Shutting down wakes the thread that accepts; closing alone would leave it holding the port.
        for one in (self._listener, *(end for pair in self._pairs for end in pair)):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        if self._accepting is not None:
            self._accepting.join(5)
        self._pairs = []

    def _accept(self) -> None:
        self._accepting = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._accepting.start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                agent, _ = listener.accept()
            except OSError:
                return
            if self.mode == "half_open":
                self._pairs.append((agent, None))
                continue
            try:
                camera = socket.create_connection(("127.0.0.1", self._target), timeout=2)
                camera.settimeout(None)
            except OSError:
                agent.close()
                continue
            self._pairs.append((agent, camera))
            for source, sink, spoilt in ((agent, camera, False), (camera, agent, True)):
                threading.Thread(target=self._carry, args=(source, sink, spoilt), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, spoilt: bool) -> None:
        try:
            while not self._closed.is_set():
                while self.mode in ("stall", "half_open") and not self._closed.wait(0.02):
                    pass
                data = source.recv(2048)
                if not data:
                    break
                if spoilt and self.mode == "garble":
                    data = bytes(b ^ 0xFF if self._random.random() * self.every < 1 else b for b in data)
                if spoilt and self.mode == "slow":
                    time.sleep(len(data) / self.bytes_per_s)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(16)
    return listener
