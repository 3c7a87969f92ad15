"""Schedules are plain arithmetic: ascending, within their duration, at their rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.schedule import constant, poisson

rates = st.floats(0.1, 5000)
durations = st.floats(0.01, 5)


@given(rates, durations)
def test_constant_arrivals_are_evenly_spaced(rate, duration):
    times = constant(rate, duration)
    assert len(times) == pytest.approx(rate * duration, abs=1.001)
    assert times[0] == 0
    assert times[-1] < duration
    assert np.allclose(np.diff(times), 1 / rate)


@given(rates, durations, st.integers(0, 2**32))
def test_poisson_arrivals_ascend_within_the_duration(rate, duration, seed):
    times = poisson(rate, duration, seed=seed)
    assert (np.diff(times) >= 0).all()
    assert ((times >= 0) & (times < duration)).all()
    assert len(times) == pytest.approx(rate * duration, abs=6 * np.sqrt(rate * duration) + 6)
    assert (times == poisson(rate, duration, seed=seed)).all()


def test_another_seed_gives_other_times():
    assert (poisson(100, 1, seed=1)[:10] != poisson(100, 1, seed=2)[:10]).any()


def test_poisson_gaps_are_exponential():
    gaps = np.diff(poisson(1000, 50, seed=7))
    assert gaps.mean() == pytest.approx(1e-3, rel=0.02)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)
    assert np.mean(gaps > 2e-3) == pytest.approx(np.exp(-2), rel=0.05)


@pytest.mark.parametrize("make", [constant, lambda rate, duration: poisson(rate, duration, seed=1)])
@pytest.mark.parametrize(("rate", "duration"), [(0, 1), (-1, 1), (1, 0), (float("nan"), 1), (1, float("inf"))])
def test_a_rate_or_duration_that_is_not_positive_is_refused(make, rate, duration):
    with pytest.raises(UsageError, match="both must be positive"):
        make(rate, duration)
