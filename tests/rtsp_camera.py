"""A network camera that speaks RTSP: GStreamer's server, run by the system's Python, which has GStreamer's bindings.

Each picture carries the instant at which it was made as a row of black and white blocks, so that who receives it can tell
its true age. The rest is a still pattern with noise and a bar that wanders. As a program: ``python3 rtsp_camera.py PORT WIDTH
HEIGHT FPS``; a line ``size WIDTH HEIGHT`` on its standard input changes the size in the middle of the stream.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from typing import Any

BITS, WRAP_MS = 24, 1 << 24
_PYTHONS = ("/usr/bin/python3", "python3")
_PROBE = (
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
    "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
    "assert Gst.ElementFactory.find('x264enc') and Gst.ElementFactory.find('rtph264pay')"
)
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"


def python_with_gstreamer() -> str | None:
    """The interpreter that can run this file as a program; None where none can."""
    for name in _PYTHONS:
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", _PROBE], check=False, capture_output=True, timeout=60).returncode == 0:
            return path
    return None


class RtspCamera:
    """The program as a child process: started, killed, started again on the same port."""

    def __init__(self, python: str, port: int, *, width: int = 320, height: int = 240, fps: int = 15) -> None:
        self.port, self.url = port, f"rtsp://127.0.0.1:{port}/live"
        self._python, self._size, self._fps = python, (width, height), fps

    def start(self) -> None:
        """Serve; returns when connections are taken."""
        command = [self._python, __file__, str(self.port), *map(str, self._size), str(self._fps)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready"

    def resize(self, width: int, height: int) -> None:
        """Another size, in the middle of the stream."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"size {width} {height}\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        """As a power cut does it."""
        self.process.kill()
        self.process.wait()


def made_ms(image: Any, tolerance: int = 80) -> int | None:
    """The instant in a received picture, (h, w, 3) BGR, in ms modulo ``WRAP_MS``; None where it cannot be read."""
    value = 0
    height, width = image.shape[:2]
    for bit in range(BITS):
        left, right = ((bit + share) * width / BITS for share in (0.3, 0.7))
        level = float(image[height // 60 : height // 30, int(left) : int(right) + 1].mean())
        if tolerance < level < 255 - tolerance:
            return None
        value = value << 1 | int(level > 127)
    return value


def age_s(image: Any, now_s: float) -> float | None:
    """Seconds since the picture was made, by the wall clock; None where it cannot be read."""
    made = made_ms(image)
    return None if made is None else ((int(now_s * 1000) - made + WRAP_MS // 2) % WRAP_MS - WRAP_MS // 2) / 1000


class _Painter:
    """I420 pictures."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        texture = random.Random(1)
        tile = [bytes(texture.choice((60, 90, 120, 170)) for _ in range(width // 16 + 1)) for _ in range(height // 16 + 1)]
        self._rows = [b"".join(bytes([v]) * 16 for v in tile[y // 16])[:width] for y in range(height)]
        self._chroma = b"\x80" * (width * height // 2)

    def picture(self, number: int) -> bytes:
        made = int(time.time() * 1000) % WRAP_MS
        code = bytes(0xEB if made >> (BITS - 1 - x * BITS // self.width) & 1 else 0x10 for x in range(self.width))
        rows = list(self._rows)
        top = self.height // 20
        rows[:top] = [code] * top
        left = number * 3 % (self.width - 24)
        for y in range(self.height // 2, self.height // 2 + 60):
            rows[y] = rows[y][:left] + b"\xd0" * 24 + rows[y][left + 24 :]
        noisy = random.randrange(top + 1, self.height - 1)
        rows[noisy] = bytes(v ^ n & 3 for v, n in zip(rows[noisy], os.urandom(self.width), strict=True))
        return b"".join(rows) + self._chroma


def _serve(port: int, width: int, height: int, fps: int) -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    state = {"painter": _Painter(width, height), "number": 0}

    def caps() -> Any:
        p = state["painter"]
        return Gst.Caps.from_string(f"video/x-raw,format=I420,width={p.width},height={p.height},framerate={fps}/1")

    def configure(_factory: Any, media: Any) -> None:
        source = media.get_element().get_by_name("camera")
        source.set_property("caps", caps())
        begun, painter, over = time.monotonic(), state["painter"], threading.Event()
        media.connect("unprepared", lambda _media: over.set())

        def push() -> bool:
            nonlocal painter
            if over.is_set():
                return False
            if painter is not state["painter"]:
                painter = state["painter"]
                source.set_property("caps", caps())
            buffer = Gst.Buffer.new_wrapped(painter.picture(state["number"]))
            buffer.pts = buffer.dts = int((time.monotonic() - begun) * Gst.SECOND)
            buffer.duration = Gst.SECOND // fps
            state["number"] += 1
            source.emit("push-buffer", buffer)
            return True

        GLib.timeout_add(round(1000 / fps), push)

    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        "( appsrc name=camera is-live=true format=time max-bytes=4000000 ! videoconvert ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps * 2} bitrate=800 threads=1 ! "
        "rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    factory.connect("media-configure", configure)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    loop = GLib.MainLoop()

    def commands() -> None:
        for line in sys.stdin:
            name, *numbers = line.split()
            if name == "size":
                state["painter"] = _Painter(*map(int, numbers))
        loop.quit()

    threading.Thread(target=commands, daemon=True).start()
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    _serve(*map(int, sys.argv[1:]))
