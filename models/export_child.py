"""The process that exports: ``python -m motcua.models.export_child FOLDER``, with weights.pt and picture.npy in it.

Leaves there weights.onnx, and in computed.npy what PyTorch computes from the picture.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Export and compute."""
    torch, ultralytics = import_module("torch"), import_module("ultralytics")
    picture = np.load(folder / "picture.npy")
    model = ultralytics.YOLO(str(folder / "weights.pt"))
    # nms=False: the head that needs no suppression where the network has one; simplifying would need another package.
    exported = model.export(
        format="onnx", imgsz=picture.shape[1], simplify=False, dynamic=False, nms=False, device="cpu", verbose=False
    )
    os.replace(exported, folder / "weights.onnx")
    model = ultralytics.YOLO(str(folder / "weights.pt"))
    if hasattr(model.model, "end2end"):
        model.model.end2end = True
    with torch.inference_mode():
        images = torch.from_numpy(picture.transpose(0, 3, 1, 2).copy()).float() / 255
        computed = model.model.float().fuse(verbose=False).eval()(images)
    np.save(folder / "computed.npy", (computed[0] if isinstance(computed, tuple) else computed)[0].numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
