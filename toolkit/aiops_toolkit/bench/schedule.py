"""When requests are meant to leave, computed before the run so that no response can delay one.

A schedule is an ascending array of seconds from the start of the load; any source of such an array can be replayed.
"""

import numpy as np
from numpy.typing import NDArray

from aiops_planner.errors import UsageError

Schedule = NDArray[np.float64]


def constant(rate_rps: float, duration_s: float) -> Schedule:
    """Arrivals exactly 1 / rate apart, the first at 0, all before `duration_s`."""
    _check(rate_rps, duration_s)
    count = int(np.ceil(rate_rps * duration_s))
    times = np.arange(count, dtype=np.float64) / rate_rps
    return times[times < duration_s]


def poisson(rate_rps: float, duration_s: float, *, seed: int) -> Schedule:
    """Arrivals of a Poisson process before `duration_s`; the same seed gives the same times."""
    _check(rate_rps, duration_s)
    random = np.random.default_rng(seed)
    count = random.poisson(rate_rps * duration_s)
    return np.sort(random.uniform(0.0, duration_s, count))  # given their number, arrivals are uniform


def replay(times_s: Schedule, rate_rps: float, duration_s: float, *, seed: int) -> Schedule:
    """Arrivals of a trace at a mean rate of our own: as many in a row as are due, their time stretched to the duration.

    `times_s` are two or more ascending times, not all the same. The seed chooses where in the trace to begin; behind
    its last arrival the trace begins again, a mean gap later. Gaps keep their proportions, so bursts stay bursts.
    """
    count = _arrivals_due(rate_rps, duration_s)
    length = len(times_s)
    lap_s = (times_s[-1] - times_s[0]) * length / (length - 1)
    begin = np.random.default_rng(seed).integers(length)
    laps, places = np.divmod(np.arange(begin, begin + count + 1), length)
    arrivals = times_s[places] + laps * lap_s
    return _stretched(arrivals[:-1] - arrivals[0], arrivals[-1] - arrivals[0], duration_s)


def replay_counts(edges_s: Schedule, counts: Schedule, rate_rps: float, duration_s: float, *, seed: int) -> Schedule:
    """Arrivals at a mean rate of our own whose intensity follows counts, one an interval between two `edges_s`.

    Within an interval nothing is known, so arrivals are Poisson there. As many in a row as are due are taken from a
    place that the seed chooses, and their time is stretched to the duration; behind the end the counts begin again.
    """
    due = _arrivals_due(rate_rps, duration_s)
    random = np.random.default_rng(seed)
    lap_s = edges_s[-1] - edges_s[0]
    upto = np.concatenate(([0.0], np.cumsum(counts)))
    begin = random.uniform(0.0, upto[-1])
    laps, places = np.divmod(begin + np.sort(np.append(random.uniform(0.0, due, due), (0.0, due))), upto[-1])
    arrivals = np.interp(places, upto, edges_s) + laps * lap_s
    return _stretched(arrivals[1:-1] - arrivals[0], arrivals[-1] - arrivals[0], duration_s)


def _arrivals_due(rate_rps: float, duration_s: float) -> int:
    _check(rate_rps, duration_s)
    return max(1, round(rate_rps * duration_s))


def _stretched(times_s: Schedule, lasted_s: float, duration_s: float) -> Schedule:
    """Times from 0 to before `lasted_s`, stretched to the duration; arrivals of one moment stay that."""
    times = times_s * (duration_s / lasted_s) if lasted_s > 0 else np.zeros_like(times_s)
    ascending = np.maximum.accumulate(times)  # rounding may part arrivals of one moment
    return np.minimum(ascending, np.nextafter(duration_s, 0.0))


def _check(rate_rps: float, duration_s: float) -> None:
    if not (0 < rate_rps < np.inf and 0 < duration_s < np.inf):
        raise UsageError(f"no schedule for {rate_rps:g} requests/s over {duration_s:g} s: both must be positive")
