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


def _check(rate_rps: float, duration_s: float) -> None:
    if not (0 < rate_rps < np.inf and 0 < duration_s < np.inf):
        raise UsageError(f"no schedule for {rate_rps:g} requests/s over {duration_s:g} s: both must be positive")
