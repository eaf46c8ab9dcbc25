"""What surrounds an SSD network: anchors, the decoding of its raw outputs, and the tiles that it looks at. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats

_GRIDS = (19, 10, 5, 3, 2, 1)
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_TILE = 7 / 12  # of the longer side: 448 of 768 px
_SIZE, _PLACE = 5.0, 10.0  # the box coder's scale factors


def anchors() -> Floats:
    """(1917, 4) anchors as centre y, centre x, height, width in 0..1: TensorFlow's SSD anchor generator with six layers."""
    layers = []
    for layer, cells in enumerate(_GRIDS):
        scale = _SCALES[layer]
        if layer == 0:
            shapes = [(0.1, 1.0), (0.2, 2.0), (0.2, 0.5)]
        else:
            shapes = [(scale, aspect) for aspect in (1.0, 2.0, 0.5, 3.0, 0.3333)]
            shapes.append(((scale * _SCALES[layer + 1]) ** 0.5, 1.0))
        sizes = np.array([(s / aspect**0.5, s * aspect**0.5) for s, aspect in shapes])
        line = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(line, line, indexing="ij")
        centres = np.repeat(np.stack([y.ravel(), x.ravel()], axis=1), len(sizes), axis=0)
        layers.append(np.concatenate([centres, np.tile(sizes, (cells * cells, 1))], axis=1))
    return np.concatenate(layers).astype(np.float32)


def decode(encoded: NDArray[Any], priors: NDArray[Any]) -> NDArray[Any]:
    """(n, 4) encoded ty, tx, th, tw and their (n, 4) anchors → (n, 4) xyxy in 0..1 of the picture."""
    centre = encoded[:, :2] / _PLACE * priors[:, 2:] + priors[:, :2]
    half = np.exp(encoded[:, 2:] / _SIZE) * priors[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)[:, [1, 0, 3, 2]]


def probability(logits: NDArray[Any]) -> NDArray[Any]:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))))


def tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Two overlapping tiles (x0, y0, x1, y1) px that cover a frame, side by side along its longer side."""
    if width >= height:
        size = max(1, round(width * _TILE))
        return [(0, 0, size, height), (width - size, 0, width, height)]
    size = max(1, round(height * _TILE))
    return [(0, 0, width, size), (0, height - size, width, height)]
