"""Ways in which a face could leave a process, each planted for the search to find: python leaks.py FACE.png FOLDER PORT."""

from __future__ import annotations

import base64
import json
import mmap
import os
import socket
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np

face = cv2.imread(sys.argv[1])
folder, port = Path(sys.argv[2]), int(sys.argv[3])
assert face is not None
rgb, grey = np.ascontiguousarray(face[..., ::-1]), cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
crop = np.ascontiguousarray(face[20:80, 30:90])


def leak(name: str, *pieces: bytes) -> None:
    fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT)
    os.writev(fd, pieces)
    os.close(fd)


crop.tofile(folder / "raw-native")
cv2.imwrite(str(folder / "jpeg.jpg"), crop, [cv2.IMWRITE_JPEG_QUALITY, 60])
cv2.imwrite(str(folder / "png.png"), grey[10:90:2, 10:90:2])
leak("rgb-in-pieces", *(rgb[row].tobytes() for row in range(20, 40)))
leak("scaled", cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).tobytes())
leak("floats", (cv2.resize(rgb, (224, 224), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)).tobytes())
leak("base64", json.dumps({"detail": base64.b64encode(crop.tobytes()).decode()}).encode())
leak("base64-jpeg", b'{"x":"' + base64.b64encode(cv2.imencode(".jpg", face)[1].tobytes()) + b'"}')
leak("hex", crop[:20].tobytes().hex().encode())
leak("deflated", b"head" + zlib.compress(crop.tobytes()))
leak("one-row", grey[50].tobytes())
leak("nothing", json.dumps({"valence": 0.25, "n": 5, "box": [1, 2, 3, 4]}).encode() * 50, os.urandom(50_000), bytes(9000))
if os.fork() == 0:
    leak("child", rgb.tobytes())
    os._exit(0)
os.wait()
with socket.create_connection(("127.0.0.1", port)) as line:
    line.sendall(cv2.imencode(".jpg", crop)[1].tobytes())
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    line.sendto(grey[40:60].tobytes(), ("127.0.0.1", port))
fd = os.open(folder / "mapped", os.O_RDWR | os.O_CREAT)
os.truncate(fd, crop.nbytes)
with mmap.mmap(fd, crop.nbytes) as page:
    page[:] = crop.tobytes()
