"""How right a reader of expressions is, from its probabilities and the right classes: pure.

Differences between strata stand with 95 % intervals: Newcombe's (1998, method 10) for accuracy, Welch's for valence. Below
``ENOUGH`` pictures on either side nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motcua.analytics.satisfaction import difference
from motcua.analytics.waits import wilson
from motcua.edge.calibration import ece, fit_temperature, nll, reliability, soften
from motcua.edge.sentiment import VALENCE

ENOUGH = 20  # pictures in a stratum, and beside it
TO_FIT = 100  # pictures for a temperature: half of them fit it
DRAWS = 400
Z95 = 1.959964
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One read face. probabilities: (k,); truth: the right class's name, None where it is not known; valence as sentiment counts it.

    strata: dimension → which of its strata the picture belongs to."""

    probabilities: NDArray[np.floating[Any]]
    truth: str | None
    valence: float
    strata: Mapping[str, str]


def score(shown: Sequence[Shown], labels: Sequence[str], *, seed: int = 1) -> Report:
    """Everything that labelled pictures tell of a reader. labels: its classes, in the order of the probabilities."""
    known = [s for s in shown if s.truth is not None]
    if not known:
        return {"labelled": 0}
    truth = [s.truth or "" for s in known]
    guesses = [labels[int(np.argmax(s.probabilities))] for s in known]
    right = np.array([t == g for t, g in zip(truth, guesses, strict=True)])
    names = [*labels, *sorted(set(truth) - set(labels))]
    matrix = np.zeros((len(names), len(labels)), dtype=int)
    for t, g in zip(truth, guesses, strict=True):
        matrix[names.index(t), list(labels).index(g)] += 1
    return {
        "labelled": len(known),
        "classes_it_does_not_know": sorted(set(truth) - set(labels)),
        "accuracy": _share(int(right.sum()), len(right)),
        "balanced_accuracy": _balanced(truth, right, seed),
        "recall": {name: _share(int(matrix[i, i] if i < len(labels) else 0), int(matrix[i].sum()))
                   for i, name in enumerate(names) if matrix[i].sum()},
        "confusion": {"right": names, "read": list(labels), "counts": matrix.tolist()},
        "valence_error": _mean([s.valence - VALENCE[s.truth or ""] for s in known]),
        "calibration": calibration(known, labels, seed=seed),
        "strata": strata(known, right),
    }  # fmt: skip


def calibration(known: Sequence[Shown], labels: Sequence[str], *, seed: int = 1) -> Report:
    """ECE and likelihood as shipped (T = 1), and a temperature fitted on one half and tested on the other, where there are enough."""
    own = [s for s in known if s.truth in labels]
    if not own:
        return {"n": 0, "ece": None, "nll": None, "bins": [], "temperature": None}
    p = np.array([s.probabilities for s in own], dtype=np.float64)
    truth = np.array([list(labels).index(s.truth or "") for s in own], dtype=np.int64)
    bins = [
        {"low": round(b.low, 4), "high": round(b.high, 4), "n": b.n, "confidence": b.confidence, "accuracy": b.accuracy}
        for b in reliability(p, truth)
    ]
    given: Report = {"n": len(own), "ece": ece(p, truth), "nll": nll(p, truth), "bins": bins, "temperature": None}
    if len(own) < TO_FIT:
        return given | {"why_no_temperature": f"{len(own)} labelled pictures of its classes, {TO_FIT} are needed"}
    fit = _half(truth, seed)
    temperature = fit_temperature(p[fit], truth[fit])
    before, after, rest = p[~fit], soften(p[~fit], temperature), truth[~fit]
    tested = {
        "fitted_on": int(fit.sum()),
        "tested_on": int((~fit).sum()),
        "ece_before": ece(before, rest),
        "ece_after": ece(after, rest),
        "nll_before": nll(before, rest),
        "nll_after": nll(after, rest),
    }
    return given | {"temperature": temperature} | tested | {"better": tested["nll_after"] < tested["nll_before"]}


def strata(known: Sequence[Shown], right: NDArray[np.bool_]) -> list[Report]:
    """Error and score of each stratum beside all others of its dimension."""
    off = np.array([s.valence - VALENCE[s.truth or ""] for s in known])
    found = []
    for dimension in sorted({d for s in known for d in s.strata}):
        of = np.array([s.strata.get(dimension, "") for s in known])
        for name in sorted(set(of) - {""}):
            inside, beside = of == name, (of != name) & (of != "")
            found.append({"dimension": dimension, "stratum": name} | _compared(right, off, inside, beside))
    return found


def _compared(
    right: NDArray[np.bool_], off: NDArray[np.float64], inside: NDArray[np.bool_], beside: NDArray[np.bool_]
) -> Report:
    n, rest = int(inside.sum()), int(beside.sum())
    row: Report = {"n": n, "rest": rest, "state": "ok" if min(n, rest) >= ENOUGH else "few"}
    if row["state"] == "few":
        return row
    hits, others = int(right[inside].sum()), int(right[beside].sum())
    gap = difference((hits, n), (others, rest))
    assert gap is not None
    score_gap = welch(off[inside], off[beside])
    return row | {
        "error": _share(n - hits, n),
        "error_gap": {"value": -gap[0], "low": -gap[2], "high": -gap[1]},
        "valence_error": _mean(off[inside].tolist()),
        "valence_gap": score_gap,
        "differs": not (gap[1] <= 0 <= gap[2]) or not score_gap["low"] <= 0 <= score_gap["high"],
    }


def welch(one: NDArray[np.float64], other: NDArray[np.float64]) -> Report:
    """The difference of two means with its 95 % interval (normal: there are ``ENOUGH``)."""
    value = float(one.mean() - other.mean())
    half = Z95 * math.sqrt(float(one.var(ddof=1)) / len(one) + float(other.var(ddof=1)) / len(other))
    return {"value": value, "low": value - half, "high": value + half}


def _share(hits: int, n: int) -> Report | None:
    found = wilson(hits, n)
    return None if found is None else {"value": found[0], "low": found[1], "high": found[2], "n": n}


def _mean(values: Sequence[float]) -> Report:
    x = np.array(values)
    half = Z95 * float(x.std(ddof=1)) / math.sqrt(len(x)) if len(x) > 1 else None
    value = float(x.mean())
    ends = (None, None) if half is None else (value - half, value + half)
    return {"value": value, "low": ends[0], "high": ends[1], "n": len(x)}


def _balanced(truth: Sequence[str], right: NDArray[np.bool_], seed: int) -> Report:
    """Mean recall over the classes that occur; its interval by drawing anew within each class, where each has five pictures."""
    of = np.array(truth)
    groups = [right[of == name] for name in sorted(set(truth))]
    found: Report = {"value": float(np.mean([g.mean() for g in groups])), "low": None, "high": None, "classes": len(groups)}
    if min(map(len, groups)) < 5:
        return found
    rng = np.random.default_rng(seed)
    drawn = np.mean([[rng.choice(g, len(g)).mean() for g in groups] for _ in range(DRAWS)], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return found | {"low": low, "high": high}


def _half(truth: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Which pictures fit: every second of each class, in an order by chance."""
    rng, fit = np.random.default_rng(seed), np.zeros(len(truth), dtype=bool)
    for name in np.unique(truth):
        fit[rng.permutation(np.flatnonzero(truth == name))[::2]] = True
    return fit
