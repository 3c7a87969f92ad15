"""Where the warm-up of a load ends, and whether what follows is steady: MSER-5 and a trend test over time bins.

Rows are added up in bins of time, some at once: ten million requests are neither sorted nor copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aiops_planner.performance import Steadiness
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.trend import MIN_VALUES, mann_kendall, shift, stand_apart

BATCH = 5
GROUP_REQUESTS = 50
MIN_BATCHES = 10
FINEST_BINS = 1000
ROUNDING = 1e-12
MAX_SHARE = 1 / 2  # of a load; beyond that too little would be left to measure
MARGIN = 1.5  # MSER-5 cuts a slow decay where it drowns in the noise of a batch; the bias outlives that
ROWS_AT_ONCE = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Seconds to drop from the start of a load, and how steady the rest is; None when it is too short to tell."""

    warm_up_s: float
    steadiness: Steadiness | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How many leading values MSER-5 drops; `refused` when it would rather have dropped more than half of them."""

    dropped: int
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Equal parts of a load: successful ends in each, and the sum of their response times in seconds."""

    seconds: float
    ends: NDArray[np.float64]
    responses_s: NDArray[np.float64]

    @property
    def mean_response_s(self) -> float:
        """Over the whole load, 0 without any success."""
        total = float(self.ends.sum())
        return float(self.responses_s.sum()) / total if total else 0.0

    def grouped(self) -> "Bins | None":
        """Wider bins, of 50 ends on average; None when not two of them can be made."""
        each = GROUP_REQUESTS * len(self.ends) / max(float(self.ends.sum()), 1.0)
        width = max(1, int(np.ceil(each)))
        count = len(self.ends) // width
        if count < 2:
            return None
        ends, responses = (
            column[: count * width].reshape(count, width).sum(axis=1) for column in (self.ends, self.responses_s)
        )
        return Bins(seconds=width * self.seconds, ends=ends, responses_s=responses)

    def response_means_s(self) -> NDArray[np.float64]:
        """Mean response time by bin; a bin without an end lies between its neighbours."""
        filled = np.flatnonzero(self.ends)
        return np.interp(np.arange(len(self.ends)), filled, self.responses_s[filled] / self.ends[filled])


def settle(run: Run) -> Settling:
    """Where warm-up ends and what came after it.

    Three mean response times are always dropped, which covers one turnover of what is in flight, as that lasts one
    (Little's law). MSER-5 looks at means of 50 requests, of both response time and throughput, and the later cut
    counts, where the start surely differs. In the rest a Mann-Kendall test and a search for a step tell what moves.
    "warmed-up-late": steady after a start that MSER-5 had to find. "slowing-down": response times rise or throughput
    falls. "never-steady": it still speeds up, an open loop's response times more than double (its queue grows), or the
    whole moves and MSER-5 would have dropped more than half of it.
    """
    bins = bins_of(run)
    duration_s = run.stopped_s - run.started_s
    most_s = MAX_SHARE * duration_s
    turnover_s = min(3 * bins.mean_response_s, most_s)
    groups = bins.grouped()
    if groups is None or len(groups.ends) < MIN_BATCHES * BATCH:
        return Settling(warm_up_s=turnover_s, steadiness=None)
    series = (groups.response_means_s(), groups.ends)
    cuts = [mser5(values) for values in series]
    late_s = max(_late_s(values, cut, groups.seconds) for values, cut in zip(series, cuts, strict=True))
    warm_up_s = max(turnover_s, min(late_s, most_s))
    found = _steadiness(run.mode, series, cuts, warm_up_s / groups.seconds)
    if found == "steady" and late_s > turnover_s:
        found = "warmed-up-late"
    return Settling(warm_up_s=warm_up_s, steadiness=found)


def bins_of(run: Run) -> Bins:
    """A thousand equal parts of the load; a response counts from the intended time in open loop."""
    table, duration_s = run.table, run.stopped_s - run.started_s
    began = table.intended if run.mode == "open" else table.sent
    ends, responses = np.zeros(FINEST_BINS), np.zeros(FINEST_BINS)
    for first in range(0, len(table.end), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        end = table.end[rows]
        counted = (table.outcome[rows] == Outcome.OK) & (end < run.stopped_s)
        end = end[counted]
        place = ((end - run.started_s) * (FINEST_BINS / duration_s)).astype(np.intp).clip(0, FINEST_BINS - 1)
        ends += np.bincount(place, minlength=FINEST_BINS)
        responses += np.bincount(place, weights=end - began[rows][counted], minlength=FINEST_BINS)
    return Bins(seconds=duration_s / FINEST_BINS, ends=ends, responses_s=responses)


def mser5(series: NDArray[np.float64]) -> Cut:
    """How many leading values to drop: MSER-5 (White 1997) truncates where the mean of the rest is surest.

    Means of batches of 5; drop the d batches that minimise sum((x - mean)^2) / (n - d)^2, at most half of them. Nothing
    is dropped of a series that is too short to tell.
    """
    count = len(series) // BATCH
    if count < MIN_BATCHES:
        return Cut(dropped=0, refused=False)
    batches = _batch_means(series)
    batches = batches - batches.mean()
    kept = np.arange(count, 0, -1)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum(batches[::-1] ** 2)[::-1]
    spread = squares - sums**2 / kept
    spread[spread < ROUNDING * squares[0]] = 0.0
    doubt = (spread / kept**2)[: count - BATCH]  # the doubt of the last few is small by chance
    half = count // 2 + 1
    return Cut(dropped=int(np.argmin(doubt[:half])) * BATCH, refused=int(np.argmin(doubt)) >= half)


def _batch_means(series: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(series) // BATCH
    means: NDArray[np.float64] = series[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    return means


def _steadiness(
    mode: Literal["closed", "open"], series: Sequence[NDArray[np.float64]], cuts: Sequence[Cut], cut: float
) -> Steadiness:
    """What a load is whose `series` of response time and throughput lose the values before `cut`."""
    slower, more = (_moves(values[int(np.ceil(cut)) :]) for values in series)
    queue_grows = mode == "open" and slower > 0 and _moves(series[0]) >= 1.0
    if slower < 0 or more > 0 or queue_grows:
        return "never-steady"
    if slower or more:
        return "slowing-down"
    if any(found.refused and _moves(values) for found, values in zip(cuts, series, strict=True)):
        return "never-steady"
    return "steady"


def _moves(series: NDArray[np.float64]) -> float:
    """How much a series surely rises (falls, when negative) over its median; 0 when it is steady."""
    batches = _batch_means(series) if len(series) >= 2 * BATCH * MIN_VALUES else series
    trend = mann_kendall(batches)
    return trend.drift if trend.rises or trend.falls else shift(batches)


def _late_s(series: NDArray[np.float64], cut: Cut, bin_s: float) -> float:
    """The end of a start that MSER-5 found and that surely differs from the rest, with a margin; 0 without one.

    MSER-5 alone would cut away any burst near the start, as queues always have them, and make the rest look too good.
    """
    first, rest = series[: cut.dropped], series[cut.dropped :]
    return MARGIN * cut.dropped * bin_s if cut.dropped and stand_apart(first, rest) else 0.0
