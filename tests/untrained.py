"""YOLO networks without training that nevertheless see many "people": no weights have to be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Detections, iou
from motcua.onebox.video import sample_video

SPREAD = 1.5  # of the logits


def film(count: int, every: int = 20) -> list[NDArray[np.uint8]]:
    """Frames of the sample video, 768 x 576."""
    video, frames = cv2.VideoCapture(str(sample_video())), []
    for k in range(count * every):
        ok, image = video.read()
        assert ok
        if k % every == 0:
            frames.append(image)
    video.release()
    return frames


def untrained(kind: str, folder: Path) -> Path:
    """``YOLO(kind + ".yaml")`` with random weights, as a file of weights.

    Its normalisation is fitted to frames of the sample video, and the last layers are scaled, so that boxes and scores differ from
    place to place: about one place in a hundred is a person, and some are something else.
    """
    import torch
    import ultralytics

    torch.manual_seed(3)
    model = ultralytics.YOLO(f"{kind}.yaml")
    net = model.model
    small = np.stack([cv2.resize(frame, (640, 480)) for frame in film(3)])[..., ::-1]
    images = torch.from_numpy(small.transpose(0, 3, 1, 2).copy()).float() / 255
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        net.train()(images)
        net.eval()
        head = net.model[-1]
        for name in ("cv3", "one2one_cv3"):
            for branch in getattr(head, name, []):
                _scale(net, images, branch[-1], [-5.5] + [-11] * (head.nc - 1), SPREAD)
        for name in ("cv2", "one2one_cv2"):
            for branch in getattr(head, name, []):
                distances = head.reg_max == 1  # given directly, not as a distribution
                _scale(
                    net, images, branch[-1], [3.0 if distances else 0.0] * len(branch[-1].bias), 0.6 if distances else SPREAD
                )
    file = folder / f"{kind}.pt"
    model.save(file)
    return file


def _scale(net: Any, images: Any, layer: Any, means: Sequence[float], spread: float) -> None:
    """Give each channel of a last layer this mean and this spread over the frames."""
    import torch

    seen: list[Any] = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output))
    net(images)
    hook.remove()
    scale = spread / seen[0].std(dim=(0, 2, 3)).clamp(min=1e-6)
    layer.weight.mul_(scale[:, None, None, None])
    layer.bias.copy_(torch.tensor(means) + (layer.bias - seen[0].mean(dim=(0, 2, 3))) * scale)


def difference(a: Detections, b: Detections, *, border: float = 0.0) -> tuple[float, float]:
    """(px, confidence): the greatest difference between two lists of the same people, in any order.

    A person of one list belongs to the one of the other whose box is nearest; nobody may be taken twice or left over. Only
    whose confidence is within ``border`` of the least, .1, may be missing in one of them.
    """
    off = np.abs(a.boxes[:, None] - b.boxes[None]).max(axis=2) + np.abs(a.confidence[:, None] - b.confidence[None])
    pairs = [(i, int(off[i].argmin())) for i in range(len(a)) if len(b) and off[:, off[i].argmin()].argmin() == i]
    left = [*np.delete(a.confidence, [i for i, _ in pairs]), *np.delete(b.confidence, [j for _, j in pairs])]
    assert all(abs(confidence - 0.1) < border for confidence in left), f"without a counterpart: {left}"
    if not pairs:
        return 0.0, 0.0
    i, j = np.array(pairs).T
    return float(np.abs(a.boxes[i] - b.boxes[j]).max()), float(np.abs(a.confidence[i] - b.confidence[j]).max())


def overlapping(found: Detections) -> int:
    """How many pairs of boxes overlap by more than a tenth: what suppression had to look at."""
    return int((np.triu(iou(found.boxes, found.boxes), 1) > 0.1).sum())
