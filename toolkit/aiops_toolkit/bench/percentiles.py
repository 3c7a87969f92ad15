"""Percentiles that a sample can carry: MLPerf's binomial rule at 99 % confidence says how many requests each needs."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from aiops_planner.performance import PERCENTILE_SHARES, PERCENTILES, Distribution, Percentile

CONFIDENCE = 0.99


@cache
def requests_needed(percentile: Percentile, over: int = 0) -> int:
    """The fewest requests that prove a percentile within its limit when `over` of them exceed the limit.

    The smallest n for which seeing at most `over` exceeding requests has a probability of at most 1 - confidence, were
    the percentile right at its limit: P(Binomial(n, 1 - p) <= over) <= 0.01. (MLPerf inference rules, appendix on
    early stopping.)
    """
    exceeding_share = 1 - PERCENTILE_SHARES[percentile]
    low, high = over, over + 1
    while not _proves(high, over, exceeding_share):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _proves(middle, over, exceeding_share) else (middle, high)
    return high


def _proves(requests: int, over: int, exceeding_share: float) -> bool:
    return bool(bdtr(float(over), requests, exceeding_share) <= 1 - CONFIDENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is kept of a sample of times in seconds; `p99_s` also where too few samples prove it, 0 without any."""

    count: int = 0
    p99_s: float = 0.0
    distribution: Distribution | None = None


def distribution(seconds: NDArray[np.float64]) -> Distribution | None:
    """Mean and percentiles (each a value that was observed); None for an empty sample."""
    return summarise(seconds.copy()).distribution


def summarise(seconds: NDArray[np.float64]) -> Summary:
    """The summary of a sample, which is put into another order on the way: a copy might not fit into memory."""
    if not len(seconds):
        return Summary()
    mean = float(np.mean(seconds))
    resolved = {name: _quantile(seconds, name) for name in PERCENTILES if len(seconds) >= requests_needed(name)}
    return Summary(
        count=len(seconds),
        p99_s=_quantile(seconds, "p99"),
        distribution=Distribution(mean=mean, **resolved),
    )


def quantile(seconds: NDArray[np.float64], percentile: Percentile) -> float:
    """The smallest observed value that at least the percentile's share of the sample does not exceed."""
    return _quantile(seconds.copy(), percentile)


def _quantile(seconds: NDArray[np.float64], percentile: Percentile) -> float:
    share = PERCENTILE_SHARES[percentile]
    return float(np.quantile(seconds, share, method="inverted_cdf", overwrite_input=True))
