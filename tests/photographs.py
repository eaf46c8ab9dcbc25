"""Openly licensed photographs that pip packages carry, and what a camera could do to them.

``astronaut``: Eileen Collins, NASA, public domain, in scikit-image; she smiles.
``hopper``: Grace Hopper, United States Navy, public domain, in matplotlib; she does not.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage
from numpy.typing import NDArray

Image = NDArray[np.uint8]
PATHS = {
    "astronaut": Path(skimage.__file__).parent / "data" / "astronaut.png",
    "hopper": Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg",
}
FACES = {"astronaut": ((224, 127), 105), "hopper": ((268, 237), 199)}  # centre and width, px, read off the pictures
WIDTH, HEIGHT = 640, 480


def photograph(name: str) -> Image:
    """BGR, as it comes."""
    picture = cv2.imread(str(PATHS[name]))
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def person(name: str, *, face_px: int = 110, turn_deg: float = 0.0, blur_px: float = 0.0, lit: float = 1.0) -> Image:
    """A photograph scaled so that its face is ``face_px`` wide; the head turned as a cylinder would; blurred; in other light."""
    picture = photograph(name)
    centre, width = FACES[name]
    if turn_deg:
        picture = _turned(picture, centre[0], 0.62 * width, turn_deg)
    scale = face_px / width
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = cv2.convertScaleAbs(picture, alpha=lit) if lit != 1.0 else picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur_px) if blur_px else picture, dtype=np.uint8)


def frame(*people: tuple[Image, int]) -> tuple[Image, list[NDArray[np.float32]]]:
    """A grey room with people standing at given x, and the box of each: xyxy px, feet on the lower border."""
    room = np.full((HEIGHT, WIDTH, 3), 120, dtype=np.uint8)
    boxes = []
    for picture, x in people:
        height, width = min(picture.shape[0], HEIGHT), min(picture.shape[1], WIDTH - x)
        room[HEIGHT - height :, x : x + width] = picture[:height, :width]
        boxes.append(np.array([x, HEIGHT - height, x + width, HEIGHT], dtype=np.float32))
    return room, boxes


def _turned(picture: Image, axis_x: float, radius: float, degrees: float) -> Image:
    height, width = picture.shape[:2]
    x = np.arange(width, dtype=np.float32)
    around = np.clip((x - axis_x) / radius, -0.999, 0.999)
    angle = np.clip(np.arcsin(around) + np.radians(degrees), -np.pi / 2, np.pi / 2)
    source = np.where(np.abs(x - axis_x) < radius, axis_x + radius * np.sin(angle), x).astype(np.float32)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return np.asarray(cv2.remap(picture, np.repeat(source[None], height, axis=0), rows, cv2.INTER_LINEAR), dtype=np.uint8)
