"""Where warm-up ends: after three response times, or later where MSER-5 still sees the start in the figures."""

import numpy as np
from numpy.typing import NDArray

BATCH = 5
GROUP_REQUESTS = 50
MIN_BATCHES = 10
ROUNDING = 1e-12
MAX_SHARE = 1 / 3  # of a load; beyond that too little would be left to measure


def mser5(series: NDArray[np.float64]) -> int | None:
    """How many leading values to drop: MSER-5 (White 1997) truncates where the mean of the rest is surest.

    Means of batches of 5; drop the d batches that minimise sum((x - mean)^2) / (n - d)^2. None when that is more than
    half of them: the series never settles. 0 when it is too short to tell.
    """
    count = len(series) // BATCH
    if count < MIN_BATCHES:
        return 0
    batches = series[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    batches = batches - batches.mean()
    kept = np.arange(count, 0, -1)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum(batches[::-1] ** 2)[::-1]
    spread = squares - sums**2 / kept
    spread[spread < ROUNDING * squares[0]] = 0.0
    doubt = spread / kept**2
    dropped = int(np.argmin(doubt[: count - BATCH]))  # the doubt of the last few is small by chance
    return None if dropped > count / 2 else dropped * BATCH


def warm_up_s(ends_s: NDArray[np.float64], responses_s: NDArray[np.float64], duration_s: float) -> float:
    """Seconds to drop from the start of a load.

    `ends_s` are the ascending ends of its requests, from the start of the load; `responses_s` are theirs. Three mean
    response times also cover one turnover of what is in flight, which lasts one (Little's law). MSER-5 looks at the
    means of 50 requests, of both response time and throughput, and its later cut counts.
    """
    if not len(ends_s):
        return 0.0
    cuts = [3 * float(np.mean(responses_s))]
    groups = len(ends_s) // GROUP_REQUESTS
    if groups >= 2:
        last = np.arange(1, groups + 1) * GROUP_REQUESTS - 1
        means = responses_s[: groups * GROUP_REQUESTS].reshape(groups, GROUP_REQUESTS).mean(axis=1)
        spans = np.diff(ends_s[last], prepend=0.0)
        cuts.extend(float(ends_s[last[dropped - 1]]) for dropped in (mser5(means), mser5(spans)) if dropped)
    return min(max(cuts), MAX_SHARE * duration_s)
