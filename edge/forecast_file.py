"""What an office has taught its forecasts, kept beside its outbox: weights, where it has its own, and the widening of the interval."""

from __future__ import annotations

import json
import logging
import math
import os
from pathlib import Path

from motcua.edge.forecast import Adaptive, Learned, parse_weights, shipped

log = logging.getLogger(__name__)


def load_forecast(path: Path) -> Adaptive:
    """The office's forecast; as it is shipped where there is no file, or none that can be used."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        widening = float(data.get("widening", 0.0))
        if not math.isfinite(widening):
            raise ValueError("widening is not a number")
        return Adaptive(parse_weights(data) if "weights" in data else shipped(), widening)
    except FileNotFoundError:
        return Adaptive()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("forecast file %s cannot be used (%s): the forecast begins as it is shipped", path, error)
        return Adaptive()


def save_forecast(path: Path, forecast: Adaptive) -> None:
    """Keep what was learned. A disk that refuses is told in the log: the forecast goes on from memory."""
    data: dict[str, object] = {"version": 1, "widening": round(forecast.widening, 4)}
    if isinstance(forecast.predictor, Learned) and forecast.predictor != shipped():
        data["weights"] = forecast.predictor.weights
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(data), encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        log.warning("forecast file %s cannot be written (%s)", path, error)
