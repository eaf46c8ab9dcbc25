"""Calibration with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.calibration import ece, fit_temperature, nll, reliability, soften


def said(confidence: float, right: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """n predictions of class 0 of 3 that are equally sure, of which some are right."""
    p = np.tile([confidence, (1 - confidence) / 2, (1 - confidence) / 2], (n, 1))
    return p, np.array([0] * right + [1] * (n - right))


def drawn(temperature: float, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are right once their temperature is ``temperature``: the truth is drawn from these."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 5))
    true = soften(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1.0)
    truth = np.array([rng.choice(5, p=p) for p in true])
    return soften(true, 1 / temperature), truth


def test_ece_of_known_bins() -> None:
    one, other = said(0.8, 6, 10), said(0.95, 27, 30)
    p, truth = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    low, high = reliability(p, truth)
    assert (low.n, low.confidence, low.accuracy) == (10, pytest.approx(0.8), pytest.approx(0.6))
    assert (high.n, high.confidence, high.accuracy) == (30, pytest.approx(0.95), pytest.approx(0.9))
    assert ece(p, truth) == pytest.approx(0.25 * 0.2 + 0.75 * 0.05)
    assert ece(*said(1.0, 10, 10)) == 0
    assert nll(*said(1.0, 10, 10)) == 0
    assert nll(*said(0.5, 4, 4)) == pytest.approx(np.log(2))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_a_known_temperature_is_found_and_mends_the_calibration(temperature: float) -> None:
    p, truth = drawn(temperature, 4000)
    found = fit_temperature(p[::2], truth[::2])
    assert found == pytest.approx(temperature, rel=0.08)
    rest, right = p[1::2], truth[1::2]
    assert ece(soften(rest, found), right) < 0.03
    if temperature != 1.0:
        assert ece(rest, right) > 0.08
        assert nll(soften(rest, found), right) < nll(rest, right)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=8), st.floats(0.1, 20))
def test_softening_keeps_the_order_and_the_sum(weights: list[float], temperature: float) -> None:
    p = np.array(weights) / sum(weights)
    soft = soften(p, temperature)
    assert soft.sum() == pytest.approx(1)
    assert all(a >= b - 1e-9 for a, b in zip(soft[np.argsort(-p)], soft[np.argsort(-p)][1:], strict=False))
    if temperature >= 1:
        assert soft.max() <= p.max() + 1e-9
        np.testing.assert_allclose(soften(soft, 1 / temperature), p, atol=1e-6)
