"""Quantiles of the gamma distribution, so that the box at the office does without SciPy's 140 MB.

The regularised lower incomplete gamma function by its series for small arguments and by its continued fraction for large ones
(Abramowitz and Stegun 6.5.29 and 6.5.31, the fraction evaluated after Lentz 1976); its inverse by bisection.
"""

from __future__ import annotations

import math

_EXACT = 1e-12
_TINY = 1e-300


def gamma_cdf(shape: float, x: float) -> float:
    """P(X <= x) of a gamma distribution with this shape and scale 1. shape > 0."""
    if x <= 0:
        return 0.0
    front = math.exp(-x + shape * math.log(x) - math.lgamma(shape))
    return front * _series(shape, x) if x < shape + 1 else 1.0 - front * _fraction(shape, x)


def gamma_quantile(shape: float, share: float) -> float:
    """The x with P(X <= x) = share, 0 < share < 1, for scale 1. Relative error below 1e-9."""
    if not (shape > 0 and 0 < share < 1):
        raise ValueError("a quantile needs shape > 0 and 0 < share < 1")
    low, high = 0.0, shape + 1.0
    while gamma_cdf(shape, high) < share:
        low, high = high, 2 * high
    if low == 0.0:  # near 0 the distribution is all but a power: go down by halves before bisecting
        low = high
        while gamma_cdf(shape, low) > share:
            low, high = low / 2, low
            if low < _TINY:
                return 0.0
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_cdf(shape, middle) < share else (low, middle)
    return (low + high) / 2


def _series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    n = shape
    while abs(term) > _EXACT * abs(total):
        n += 1
        term *= x / n
        total += term
    return total


def _fraction(shape: float, x: float) -> float:
    b = x + 1.0 - shape
    c, d = 1.0 / _TINY, 1.0 / b
    value, i, step = d, 0, 0.0
    while abs(step - 1.0) > _EXACT:
        i += 1
        a = -i * (i - shape)
        b += 2.0
        d = a * d + b
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = b + a / c
        c = c if abs(c) > _TINY else _TINY
        step = d * c
        value *= step
    return value
