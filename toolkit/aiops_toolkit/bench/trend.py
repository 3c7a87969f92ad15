"""Whether a series drifts: the Mann-Kendall test, corrected for ties and for values that resemble their neighbours."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

SIGNIFICANCE = 0.01
MIN_DRIFT = 0.05  # of the median over the whole series; less than that is nothing to warn of
MIN_VALUES = 8
CLEAR_START = 3.0  # standard errors; five bins at the top of a hundred are 3.7
CLEAR_STEP = 4.5  # standard errors; the largest of a hundred splits passes 3.5 by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """`p_value` of no trend (two-sided), and `drift`: how much Sen's line rises from end to end, over the median."""

    p_value: float
    drift: float

    @property
    def rises(self) -> bool:
        """Whether the series surely rises, and by enough to matter."""
        return self.p_value < SIGNIFICANCE and self.drift >= MIN_DRIFT

    @property
    def falls(self) -> bool:
        """Whether the series surely falls, and by enough to matter."""
        return self.p_value < SIGNIFICANCE and self.drift <= -MIN_DRIFT


def mann_kendall(values: NDArray[np.float64]) -> Trend:
    """The trend of equally spaced values (Mann 1945, Kendall 1975); fewer than eight show none.

    Queues remember: the variance is widened by the rank autocorrelation that is left when Sen's line is taken away
    (Hamed and Rao 1998), over the lags up to the first insignificant one. Compares all pairs: for hundreds of values.
    """
    count = len(values)
    if count < MIN_VALUES:
        return Trend(p_value=1.0, drift=0.0)
    first, second = np.triu_indices(count, 1)
    steps = values[second] - values[first]
    score = float(np.sign(steps).sum())
    slope = float(np.median(steps / (second - first)))
    variance = _variance(values) * _widening(values - slope * np.arange(count))
    if not variance:
        return Trend(p_value=1.0, drift=0.0)
    surplus = max(abs(score) - 1.0, 0.0)
    median = float(np.median(values))
    return Trend(
        p_value=erfc(surplus / sqrt(variance) / sqrt(2.0)),
        drift=slope * (count - 1) / median if median else 0.0,
    )


def shift(values: NDArray[np.float64]) -> float:
    """How much the mean rises at its clearest step, over the mean; 0 when there is surely none that matters.

    Welch's statistic at every split, its variance widened for values that resemble their neighbours: a late step is no
    trend to Mann-Kendall.
    """
    splits = range(MIN_VALUES // 2, len(values) - MIN_VALUES // 2 + 1)
    if len(values) < 2 * MIN_VALUES:
        return 0.0
    parts = [(values[:split], values[split:]) for split in splits]
    scores = [(late.mean() - early.mean()) / sqrt(_doubt(early) + _doubt(late) or 1.0) for early, late in parts]
    place = int(np.argmax(np.abs(scores)))
    early, late = parts[place]
    rise = float((late.mean() - early.mean()) / (values.mean() or 1.0))
    return rise if abs(scores[place]) > CLEAR_STEP and abs(rise) >= MIN_DRIFT else 0.0


def stand_apart(first: NDArray[np.float64], rest: NDArray[np.float64]) -> bool:
    """Whether the first values surely lie above or below the rest, and by enough to matter.

    Compares ranks (Mann and Whitney 1947), so that a single burst does not decide, and widens the variance for values
    that resemble their neighbours.
    """
    count, others = len(first), len(rest)
    ranks = np.argsort(np.argsort(np.concatenate([first, rest]), kind="stable"), kind="stable")
    surplus = float(ranks[:count].sum()) - count * (count + others - 1) / 2
    variance = count * others * (count + others + 1) / 12 * _widening(rest)
    middle = float(np.median(rest))
    return surplus**2 > CLEAR_START**2 * variance and abs(float(np.median(first)) - middle) >= MIN_DRIFT * abs(middle)


def _doubt(values: NDArray[np.float64]) -> float:
    """The variance of the mean of values that may resemble their neighbours."""
    return float(values.var(ddof=1)) / len(values) * _widening(values)


def _variance(values: NDArray[np.float64]) -> float:
    """The variance of Kendall's score of independent values, ties taken into account."""
    count = len(values)
    _, ties = np.unique(values, return_counts=True)
    tied = float((ties * (ties - 1.0) * (2.0 * ties + 5.0)).sum())
    return (count * (count - 1.0) * (2.0 * count + 5.0) - tied) / 18.0


def _widening(residuals: NDArray[np.float64]) -> float:
    """How many times larger the variance is because neighbours resemble each other; at least 1."""
    count = len(residuals)
    ranks = np.argsort(np.argsort(residuals, kind="stable"), kind="stable") - (count - 1) / 2
    scale = float(ranks @ ranks)
    total = 0.0
    for lag in range(1, count - 2):
        likeness = float(ranks[:-lag] @ ranks[lag:]) / scale
        if likeness < 1.645 / sqrt(count):  # what independent values exceed once in twenty times
            break
        total += (count - lag) * (count - lag - 1.0) * (count - lag - 2.0) * likeness
    return 1.0 + 2.0 * total / (count * (count - 1.0) * (count - 2.0))
