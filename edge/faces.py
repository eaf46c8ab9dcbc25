"""Find a face, and judge whether it is good enough to be read. Pixels stay in this process.

A face is never recognised: there is no embedding and no comparison of faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.litert import LiteRtNet

Image = NDArray[np.uint8]
_INPUT_PX = 256
_WHITE = 250
_MARGIN = 0.1  # around the box that BlazeFace gives; without it the expression model loses chin and forehead


@dataclass(frozen=True, slots=True)
class Face:
    """box: (4,) xyxy px. keypoints: (6, 2) px: right eye, left eye, nose, mouth, right ear, left ear. confidence: 0..1."""

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    confidence: float


@dataclass(frozen=True, slots=True)
class FaceGate:
    """Which faces may be read. ``max_turn`` is the nose's distance from the middle of the ears, in half ear distances."""

    min_width_px: float = 64.0
    min_sharpness: float = 0.035
    max_roll_deg: float = 25.0
    max_turn: float = 0.45
    min_highlight: float = 60.0  # grey value that the brightest twentieth of the face has to reach
    max_burnt: float = 0.3  # share of the face that may be white

    def reason(self, image: Image, face: Face) -> str | None:
        """Why a face is not good enough (``small``, ``cut``, ``turned``, ``dark``, ``bright``, ``blurred``), or None.

        A turn shows in the nose's place between the ears: about 0.4 at 30 degrees, 0.5 to 0.8 at 45 degrees. Light is judged by
        highlights, not by the mean, which would refuse dark skin first. Sharpness is the variance of the Laplacian (Pech-Pacheco
        et al. 2000) of the grey face at 96 px over its own variance, so that neither light nor skin changes it.
        """
        x0, y0, x1, y1 = face.box
        if x1 - x0 < self.min_width_px:
            return "small"
        height, width = image.shape[:2]
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            return "cut"
        if self._turned(face):
            return "turned"
        grey = cv2.resize(cv2.cvtColor(crop(image, face), cv2.COLOR_BGR2GRAY), (96, 96), interpolation=cv2.INTER_AREA)
        if np.percentile(grey, 95) < self.min_highlight:
            return "dark"
        if float((grey >= _WHITE).mean()) > self.max_burnt:
            return "bright"
        sharpness = cv2.Laplacian(grey, cv2.CV_64F).var() / max(float(grey.var()), 1.0)
        return "blurred" if sharpness < self.min_sharpness else None

    def _turned(self, face: Face) -> bool:
        right_eye, left_eye, nose, _mouth, right_ear, left_ear = face.keypoints
        eyes = left_eye - right_eye
        roll = abs(np.degrees(np.arctan2(eyes[1], eyes[0])))
        if float(np.hypot(*eyes)) < 0.2 * (face.box[2] - face.box[0]) or roll > self.max_roll_deg:
            return True
        ears = left_ear - right_ear
        off = abs(np.dot(nose - (right_ear + left_ear) / 2, ears)) * 2
        return bool(off > self.max_turn * np.dot(ears, ears))


class FaceFinder:
    """BlazeFace, the 256 px model (Bazarevsky et al. 2019, arXiv:1907.05047). Weights: ``blazeface`` in the registry."""

    def __init__(self, weights: Path, *, threads: int = 1, min_confidence: float = 0.6) -> None:
        self._net = LiteRtNet(weights, threads)
        self._min_confidence = min_confidence
        self._anchors = _anchors()

    def find(self, image: Image) -> Face | None:
        """The most certain face of a BGR picture (h, w, 3), in its pixels; None where there is none."""
        height, width = image.shape[:2]
        side = max(height, width)
        if min(height, width) < 2:
            return None
        top, left = (side - height) // 2, (side - width) // 2
        square = cv2.copyMakeBorder(image, top, side - height - top, left, side - width - left, cv2.BORDER_CONSTANT)
        inside = cv2.resize(cv2.cvtColor(square, cv2.COLOR_BGR2RGB), (_INPUT_PX, _INPUT_PX), interpolation=cv2.INTER_AREA)
        raw, logits = self._net.run(inside[None].astype(np.float32) / 127.5 - 1.0)
        best = int(logits[0, :, 0].argmax())
        confidence = float(1 / (1 + np.exp(-np.clip(logits[0, best, 0], -80, 80))))
        if confidence < self._min_confidence:
            return None
        points = raw[0, best].reshape(8, 2) / _INPUT_PX  # centre, size, six key points
        centre, size, keypoints = points[0] + self._anchors[best], points[1], points[2:] + self._anchors[best]
        offset = np.array([left, top], dtype=np.float32)
        box = np.concatenate([(centre - size / 2) * side - offset, (centre + size / 2) * side - offset])
        return Face(box.astype(np.float32), (keypoints * side - offset).astype(np.float32), confidence)


def crop(image: Image, face: Face) -> Image:
    """The face with a small margin, clipped to the picture: BGR (h, w, 3)."""
    x0, y0, x1, y1 = face.box
    margin = _MARGIN * (x1 - x0)
    height, width = image.shape[:2]
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    return image[top : min(height, int(y1 + margin)), left : min(width, int(x1 + margin))]


def light(face: Image) -> float:
    """The mean grey value of a BGR crop (h, w, 3), 0..1."""
    return float(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY).mean()) / 255.0


def _anchors() -> NDArray[np.float32]:
    """(896, 2) anchor centres in 0..1: two a cell on the 16 x 16 grid, six a cell on the 8 x 8 grid."""
    grids = []
    for cells, repeats in ((16, 2), (8, 6)):
        line = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(line, line)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(grids).astype(np.float32)
