"""Requests arriving at machines with parallel servers, simulated one by one: what closed forms only approximate.

Every machine serves first come, first served on c servers. One server waits as Lindley's recursion says, which is a
running maximum; several are Kiefer and Wolfowitz's, of which only the server that is free first matters.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from aiops_planner.errors import UsageError
from aiops_planner.performance import PERCENTILE_SHARES, Distribution, Interval, Percentile
from aiops_planner.proofs import Routing
from aiops_planner.queueing import ServiceTime

Floats: TypeAlias = NDArray[np.float64]

BATCHES = 10  # few and long: requests that follow each other wait alike
WARM_UP_SHARE = 0.1  # of the requests, so that the empty start does not count
FEWEST_REQUESTS = 10_000  # a p99 of fewer has no interval worth the name


def poisson_arrivals(rate_rps: float, count: int, random: np.random.Generator) -> Floats:
    """Ascending times in seconds of so many requests that arrive independently of each other."""
    return renewal_arrivals(rate_rps, 1.0, count, random)


def renewal_arrivals(rate_rps: float, scv: float, count: int, random: np.random.Generator) -> Floats:
    """Ascending times in seconds whose gaps have a mean of 1/rate and the squared coefficient of variation `scv`.

    1 is a Poisson process. Below it gaps are gamma distributed, 0 being a constant gap; above it they are
    hyperexponential with balanced means (a mixture of short and long ones). Raises UsageError for a rate or variation
    that no arrivals can have.
    """
    if not (math.isfinite(rate_rps) and rate_rps > 0):
        raise UsageError(f"a rate of {rate_rps!r} requests/s cannot be simulated; it must be finite and above zero")
    if not (math.isfinite(scv) and scv >= 0):
        raise UsageError(
            f"arrivals cannot have a squared coefficient of variation of {scv!r}; write 1 for Poisson arrivals, more "
            "for bursts"
        )
    return np.cumsum(_gaps(scv, count, random)) / rate_rps


def _gaps(scv: float, count: int, random: np.random.Generator) -> Floats:
    """Gaps of mean one."""
    if scv == 0:
        return np.ones(count)
    if scv < 1:
        return random.gamma(1 / scv, scv, count)
    if scv == 1:
        return random.exponential(1.0, count)
    short_share = (1 + math.sqrt((scv - 1) / (scv + 1))) / 2
    means = np.where(random.random(count) < short_share, 0.5 / short_share, 0.5 / (1 - short_share))
    return means * random.exponential(1.0, count)


def replayed_arrivals(times_s: Sequence[float] | Floats, rate_rps: float, count: int) -> Floats:
    """The arrivals of a trace at another rate: stretched or compressed, and from the start again where it ends.

    Raises UsageError for a trace that is not ascending or lasts no time.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if times.size < 2 or not np.isfinite(times).all() or (np.diff(times) < 0).any() or times[-1] == times[0]:
        raise UsageError("a trace to simulate needs two or more finite, ascending arrival times over a span of time")
    gaps = np.diff(times)
    gaps = np.append(gaps, gaps.mean())  # from the last arrival to the first of the next turn
    turns = np.resize(gaps / gaps.mean(), count)
    return np.asarray((np.cumsum(turns) - turns[0]) / rate_rps)


def service_quantile_s(mean_s: float, p99_s: float | None, quantile: float) -> float:
    """What a share `quantile` (0 to 1) of the service times that `draw_service_s` draws does not exceed, seconds."""
    if p99_s is None:
        return -mean_s * math.log(1 - quantile)
    if p99_s <= mean_s:
        return mean_s
    sigma = _sigma(mean_s, p99_s)
    if sigma is None:
        form = ServiceTime.fitted(mean_s=mean_s, p99_s=p99_s)
        return form.floor_s - form.spread_s * math.log(1 - quantile)
    return mean_s * math.exp(sigma * NormalDist().inv_cdf(quantile) - sigma * sigma / 2)


def draw_service_s(mean_s: float, p99_s: float | None, count: int, random: np.random.Generator) -> Floats:
    """So many service times with a measured mean and p99: lognormal, which has both, or constant where they are equal.

    Without a p99 they are exponential. Where p99 is more than 14.97 times the mean no lognormal has both: then the
    form of `ServiceTime`, which keeps the p99 and has the longer mean.
    """
    if p99_s is None:
        return random.exponential(mean_s, count)
    if p99_s <= mean_s:
        return np.full(count, mean_s)
    sigma = _sigma(mean_s, p99_s)
    if sigma is None:
        form = ServiceTime.fitted(mean_s=mean_s, p99_s=p99_s)
        return np.full(count, form.floor_s) + random.exponential(form.spread_s, count)
    return random.lognormal(math.log(mean_s) - sigma * sigma / 2, sigma, count)


def _sigma(mean_s: float, p99_s: float) -> float | None:
    """The spread of the lognormal with this mean and p99; None where there is none.

    mean = exp(m + s^2 / 2) and p99 = exp(m + z s), so ln(p99 / mean) = z s - s^2 / 2
    """
    z = NormalDist().inv_cdf(0.99)
    left = z * z - 2 * math.log(p99_s / mean_s)
    return None if left < 0 else z - math.sqrt(left)


def response_times(
    arrivals_s: Floats,
    service_s: Floats,
    *,
    machines: int,
    servers: int,
    routing: Routing,
    random: np.random.Generator,
) -> Floats:
    """Wait plus service of each request, seconds, at equal machines of so many servers each.

    `arrivals_s` ascend; `service_s` has one time for each. "round-robin" takes the machines in turn, "random" one at
    random, "shortest-queue" the one with the fewest requests, waiting or in service.
    """
    if routing == "shortest-queue" and machines > 1:
        return _join_shortest_queue(arrivals_s, service_s, machines, servers)
    if routing == "random":
        machine = random.integers(machines, size=len(arrivals_s))
    else:
        machine = np.arange(len(arrivals_s)) % machines
    if servers == 1:
        return _one_server_each(arrivals_s, service_s, machine, machines)
    return _first_free_server(arrivals_s, service_s, machine, machines, servers)


def _one_server_each(arrivals_s: Floats, service_s: Floats, machine: NDArray[np.int64], machines: int) -> Floats:
    """Lindley's recursion: an end is the running maximum of arrival less the work before it, plus that work."""
    response = np.empty_like(arrivals_s)
    order = np.argsort(machine, kind="stable")
    for own in np.split(order, np.searchsorted(machine[order], np.arange(1, machines))):
        worked = np.cumsum(service_s[own])
        idle = np.maximum.accumulate(arrivals_s[own] - (worked - service_s[own]))
        response[own] = idle + worked - arrivals_s[own]
    return response


def _first_free_server(
    arrivals_s: Floats, service_s: Floats, machine: NDArray[np.int64], machines: int, servers: int
) -> Floats:
    """Every request begins when it has come and the first of its machine's servers is free."""
    free = [[0.0] * servers for _ in range(machines)]
    ends = []
    for arrival, service, own in zip(arrivals_s.tolist(), service_s.tolist(), machine.tolist(), strict=True):
        heap = free[own]
        end = (arrival if arrival > heap[0] else heap[0]) + service
        heapreplace(heap, end)
        ends.append(end)
    return np.array(ends) - arrivals_s


def _join_shortest_queue(arrivals_s: Floats, service_s: Floats, machines: int, servers: int) -> Floats:
    """Every request goes to the first machine of those with the fewest; `at_level` counts machines by requests."""
    free = [[0.0] * servers for _ in range(machines)]
    present = [0] * machines
    at_level = {0: machines}
    lowest = 0
    leaving: list[tuple[float, int]] = []
    ends = []
    for arrival, service in zip(arrivals_s.tolist(), service_s.tolist(), strict=True):
        while leaving and leaving[0][0] <= arrival:
            own = heappop(leaving)[1]
            level = present[own]
            present[own] = level - 1
            at_level[level] -= 1
            at_level[level - 1] += 1
            if level <= lowest:
                lowest = level - 1
        while not at_level[lowest]:
            lowest += 1
        own = present.index(lowest)
        present[own] = lowest + 1
        at_level[lowest] -= 1
        at_level[lowest + 1] = at_level.get(lowest + 1, 0) + 1
        heap = free[own]
        end = (arrival if arrival > heap[0] else heap[0]) + service
        heapreplace(heap, end)
        heappush(leaving, (end, own))
        ends.append(end)
    return np.array(ends) - arrivals_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Response times of a simulation in seconds, with the 95 % intervals of their percentiles."""

    response_s: Distribution
    intervals: dict[Percentile, Interval]


def percentiles_of(response_s: Floats) -> Percentiles:
    """Mean and percentiles of response times in the order of arrival, without the first tenth (the empty start).

    Intervals are of batch means: how far the percentiles of ten consecutive batches lie from those of all requests,
    with Student's t of nine degrees of freedom (sectioning; Asmussen and Glynn 2007, III.5). Raises UsageError for
    less than `FEWEST_REQUESTS`.
    """
    if len(response_s) < FEWEST_REQUESTS:
        raise UsageError(
            f"{len(response_s):,} simulated requests are too few for a p99 with its interval; take {FEWEST_REQUESTS:,}"
        )
    settled = response_s[int(len(response_s) * WARM_UP_SHARE) :]
    shares = list(PERCENTILE_SHARES.values())
    found = np.quantile(settled, shares)
    batches = np.array([np.quantile(batch, shares) for batch in np.array_split(settled, BATCHES)])
    error = np.sqrt(((batches - found) ** 2).sum(axis=0) / (BATCHES - 1) / BATCHES)
    half = float(stdtrit(BATCHES - 1, 0.975)) * error
    values = {name: float(value) for name, value in zip(PERCENTILE_SHARES, found, strict=True)}
    return Percentiles(
        response_s=Distribution(mean=float(settled.mean()), **values),
        intervals={
            name: Interval(low=max(0.0, float(value - width)), high=float(value + width))
            for name, value, width in zip(PERCENTILE_SHARES, found, half, strict=True)
        },
    )
