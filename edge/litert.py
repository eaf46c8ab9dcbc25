"""A LiteRT network with one input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class LiteRtNet:
    """Outputs come in the order of the file."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._net = Interpreter(str(weights), num_threads=threads)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._net.get_output_details()]

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """batch: as the network takes it."""
        self._net.set_tensor(self._input, batch)
        self._net.invoke()
        return [self._net.get_tensor(index) for index in self._outputs]
