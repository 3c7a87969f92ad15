"""Which load to try next, from what was measured so far: levels of the closed-loop ladder, then open-loop rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

from aiops_planner.performance import LoadPoint, Objective, meets
from aiops_toolkit.bench.percentiles import requests_needed

LEVELS_BEYOND_PEAK = 2
FEWEST_LEVELS = 6
AROUND_PEAK = (1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4)  # parts of the number of clients of largest power
FURTHER_BEYOND = (3, 6, 8, 12)  # where a small peak leaves no room below it
RISE = 1.05  # throughput that grows by less than this from level to level has stopped rising
TOP_SHARE = 1.1  # open-loop rates are searched up to this multiple of the closed loop's best throughput
PRECISION = 0.05
FLOOR_SHARE = 0.05  # of the best throughput: "no rate met it" should rest on so low a rate
SHORTEST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A number of clients and what throughput they reached, in requests/s."""

    clients: int
    throughput_rps: float

    @property
    def power(self) -> float:
        """P = S / T, which is S^2 / N in closed loop."""
        return self.throughput_rps**2 / self.clients


def next_level(rungs: Sequence[Rung], max_clients: int) -> int | None:
    """The next number of clients, doubling from 1.

    None when throughput stopped rising and two levels lie beyond the largest power, when nothing succeeds any more, or
    when `max_clients` is reached.
    """
    if not rungs:
        return 1
    clients = 2 * rungs[-1].clients
    if clients > max_clients or not rungs[-1].throughput_rps or is_over_the_top(rungs):
        return None
    return clients


def is_over_the_top(rungs: Sequence[Rung]) -> bool:
    """Whether two levels lie beyond the largest power and throughput no longer rises."""
    powers = [rung.power for rung in rungs]
    if len(rungs) <= LEVELS_BEYOND_PEAK or len(rungs) - 1 - powers.index(max(powers)) < LEVELS_BEYOND_PEAK:
        return False
    before = max(rung.throughput_rps for rung in rungs[:-1])
    return rungs[-1].throughput_rps < RISE * before


def levels_around(peak: int, max_clients: int) -> list[int]:
    """Six to eight levels around the number of clients of largest power, and one client alone; two lie beyond."""
    levels = {1, *(round(part * peak) for part in AROUND_PEAK if part * peak >= 1)}
    beyond = (round(part * peak) for part in FURTHER_BEYOND)
    while len(levels) < FEWEST_LEVELS:
        levels.add(next(beyond))
    return sorted(level for level in levels if level <= max_clients)


class RateSearch:
    """Bisection for the largest rate that meets the objective, between 0 and a little above the best throughput."""

    def __init__(self, best_throughput_rps: float) -> None:
        self.met_rps = 0.0
        self.missed_rps = TOP_SHARE * best_throughput_rps
        self.floor_rps = FLOOR_SHARE * best_throughput_rps

    def next_rate(self) -> float | None:
        """The rate to try next, None when the two bounds are as close as is worth it."""
        if self.missed_rps - self.met_rps <= PRECISION * self.missed_rps:
            return None
        return (self.met_rps + self.missed_rps) / 2

    def judge(self, rate_rps: float, *, met: bool) -> None:
        """Move a bound to a rate that was tried."""
        if met:
            self.met_rps = max(self.met_rps, rate_rps)
        else:
            self.missed_rps = min(self.missed_rps, rate_rps)


def leans_to_met(point: LoadPoint, objective: Objective) -> bool:
    """Which way to search on: the verdict, or where a percentile is not resolved, whether the mean is within it.

    An invalid point steers too, since a late or busy generator only makes answers look slower than they were. What it
    says of the capacity itself is for `proves`.
    """
    met = meets(point, objective)
    if met is not None:
        return met
    strictest_s = min((limit for _, limit in objective.limits()), default=inf)
    return point.response_s is not None and point.response_s.mean <= strictest_s


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlan:
    """How long to load at a rate, and how long it would take to resolve every percentile of the objective."""

    duration_s: float
    needed_s: float

    @property
    def resolves(self) -> bool:
        """Whether enough requests fit in."""
        return self.duration_s >= self.needed_s


def plan_open_point(
    objective: Objective,
    rate_rps: float,
    *,
    response_s: float,
    left_s: float,
    points_left: int,
) -> OpenPlan:
    """Share out the time that is left: enough for the percentiles where it allows that, else a third of it.

    `response_s` is a rough response time, for the warm-up that will be cut off.
    """
    surely = _requests_surely_enough(objective)
    needed_s = max(1.2 * surely / rate_rps, surely / rate_rps + 6 * response_s)
    share_s = max(left_s / max(points_left, 1), SHORTEST_S, left_s / 3 if needed_s > left_s else needed_s)
    return OpenPlan(duration_s=min(share_s, left_s), needed_s=needed_s)


def slowest_resolved_rps(objective: Objective, *, response_s: float, left_s: float) -> float:
    """The lowest rate that resolves every percentile of the objective within the time that is left."""
    surely = _requests_surely_enough(objective)
    load_s = min(left_s / 1.25, left_s - 6.5 * response_s)  # what `plan_open_point` asks for, and a little more
    return surely / load_s if load_s > 0 else inf


def _requests_surely_enough(objective: Objective) -> float:
    names = [name for name, _ in objective.limits()] + [limit.percentile for limit in objective.stream_limits()]
    requests = max((requests_needed(name) for name in names), default=0)
    return requests + 3 * sqrt(requests)  # a Poisson number of arrivals falls short of its mean by chance
