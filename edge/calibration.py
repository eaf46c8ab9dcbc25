"""Temperature scaling of class probabilities (Guo et al. 2017, arXiv:1706.04599), and how well they are calibrated. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST = 1e-12


def soften(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """softmax(log p / T) along the last axis: flatter for T > 1, the same for T = 1. probabilities: (…, k)."""
    p = np.asarray(probabilities, dtype=np.float64)
    if temperature == 1.0:
        return p
    logs = np.log(np.maximum(p, _LEAST)) / temperature
    odds = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))
