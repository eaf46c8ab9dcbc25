"""Against SciPy, over the shapes that waits can have and far beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from motcua.edge.gamma import gamma_cdf, gamma_quantile


@given(st.floats(0.02, 2000), st.floats(1e-6, 5000))
def test_the_distribution_is_scipys(shape: float, x: float) -> None:
    assert gamma_cdf(shape, x) == pytest.approx(special.gammainc(shape, x), rel=1e-8, abs=1e-10)


@given(st.floats(0.02, 2000), st.sampled_from([0.001, 0.1, 0.5, 0.9, 0.999]))
def test_the_quantiles_are_scipys(shape: float, share: float) -> None:
    assert gamma_quantile(shape, share) == pytest.approx(special.gammaincinv(shape, share), rel=1e-7, abs=1e-250)


@pytest.mark.parametrize(("shape", "share"), [(0, 0.5), (-1, 0.5), (1, 0), (1, 1)])
def test_what_is_no_quantile_is_refused(shape: float, share: float) -> None:
    with pytest.raises(ValueError, match="a quantile needs"):
        gamma_quantile(shape, share)
