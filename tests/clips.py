"""Short videos whose frames tell their own number, as files and as a network camera."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (64, 48)  # width, height


def picture(number: int) -> NDArray[np.uint8]:
    """A frame whose brightness is its number (times eight)."""
    return np.full((SIZE[1], SIZE[0], 3), number * 8 % 256, dtype=np.uint8)


def number_in(image: NDArray[np.uint8]) -> int:
    """The number that :func:`picture` put in."""
    return round(float(image.mean()) / 8)


def write_clip(path: Path, frames: int = 10, fps: float = 20.0) -> Path:
    """An AVI of numbered frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    assert writer.isOpened()
    for number in range(frames):
        writer.write(picture(number))
    writer.release()
    return path


class NetworkCamera:
    """Motion JPEG over HTTP, as cheap network cameras give it. Can be unplugged and plugged in again."""

    def __init__(self, port: int, fps: float = 20.0) -> None:
        self.port, self.url = port, f"http://user:secret@127.0.0.1:{port}/stream.mjpg"
        self._fps = fps

    def start(self) -> None:
        unplugged = self._unplugged = threading.Event()
        fps = self._fps

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not unplugged.wait(1 / fps):
                    body = cv2.imencode(".jpg", picture(number % 30))[1].tobytes()
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                    self.wfile.write(head.encode() + body + b"\r\n")
                    number += 1

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:  # a viewer that leaves is no error
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._unplugged.set()
        self._server.shutdown()
        self._server.server_close()
