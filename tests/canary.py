"""Faces as canaries: their pixels as bytes in every form in which code hands them on, and the search for them."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_SIDES = (48, 64, 96, 112, 128, 192, 224, 256)  # px, what networks take
_ENOUGH = 4  # windows of eight bytes
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{64,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){48,}")
_PICTURES = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "bmp": re.compile(rb"BM....\0\0\0\0....[\x0c-\x7c]\0\0\0", re.DOTALL),
    "tiff": re.compile(rb"II\*\0|MM\0\*"),
}
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_LARGEST = 1 << 22  # bytes of one picture


class Canaries:
    """The faces of pictures, each given with its box (x0, y0, x1, y1), px."""

    def __init__(self, pictures: Iterable[tuple[Image, Sequence[float]]]) -> None:
        windows = [_windows(data) for picture, box in pictures for data in _forms(picture, box)]
        self._index = np.unique(np.concatenate(windows))

    def found_in(self, data: bytes, *, deep: int = 2) -> set[str]:
        """In which forms pixels of a canary, or any picture at all, stand in these bytes: empty where there is nothing."""
        found = {"pixels"} if self._hits(data) >= _ENOUGH else set()
        for name, magic in _PICTURES.items():
            if any(_is_picture(data[begin.start() :][:_LARGEST]) for begin in magic.finditer(data)):
                found.add(name)
        if deep:
            for name, inner in _unpacked(data):
                found |= {f"{name} of {form}" for form in self.found_in(inner, deep=deep - 1)}
        return found

    def _hits(self, data: bytes) -> int:
        """How many different windows of a canary stand in the bytes, at whatever offset."""
        hits: set[int] = set()
        for offset in range(min(8, len(data))):
            there = np.frombuffer(data, np.uint64, (len(data) - offset) // 8, offset)
            nearest = self._index[np.minimum(np.searchsorted(self._index, there), len(self._index) - 1)]
            hits |= set(there[nearest == there].tolist())
        return len(hits)


def _forms(picture: Image, box: Sequence[float]) -> Iterator[bytes]:
    """Rows of the face: whole and scaled, in the orders and types that code uses."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in box)
    grown = 0.1 * (x1 - x0)
    wide = picture[max(0, int(y0 - grown)) : int(y1 + grown), max(0, int(x0 - grown)) : int(x1 + grown)]
    for face in (picture[y0:y1, x0:x1], wide):
        for side in (0, *_SIDES):
            one = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) if side else face
            grey = cv2.cvtColor(one, cv2.COLOR_BGR2GRAY)
            for pixels in (one, one[..., ::-1], one.transpose(2, 0, 1), grey):
                yield np.ascontiguousarray(pixels).tobytes()
            for pixels in (grey, one[..., ::-1]):
                numbers = np.ascontiguousarray(pixels).astype(np.float32)
                yield (numbers / np.float32(255.0)).tobytes()
                yield (numbers / np.float32(127.5) - np.float32(1.0)).tobytes()


def _windows(data: bytes) -> NDArray[np.uint64]:
    """Eight bytes at a time, where they are so varied that they are no chance."""
    eight = np.frombuffer(data, np.uint64, len(data) // 8)
    varied = np.diff(np.sort(eight.view(np.uint8).reshape(-1, 8), axis=1), axis=1) > 0
    return eight[varied.sum(axis=1) >= 5]


def _is_picture(data: bytes) -> bool:
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return False
    return picture is not None and min(picture.shape[:2]) >= 8


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    for run in _BASE64.findall(data):
        text = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        for skip in range(4):  # a run may begin with what is not of it
            part = text[skip : len(text) - ((len(text) - skip) % 4 == 1)]
            yield "base64", base64.b64decode(part + b"=" * (-len(part) % 4))
    for run in _HEX.findall(data):
        yield "hex", bytes.fromhex(run.decode())
    for begin in _DEFLATED.finditer(data):
        try:
            yield "deflate", zlib.decompressobj(wbits=47).decompress(data[begin.start() :], 1 << 24)
        except zlib.error:
            continue
