"""Closed forms of waiting: Erlang C, response tails of M/M/c and G/G/c queues, the largest rate within an objective.

Arrival rate lambda, mean service time 1/mu, c servers, a = lambda/mu, rho = a/c. The G/G/c wait is Allen and Cunneen's
approximation: within -13 to +10 % of simulation for Poisson arrivals, and far too optimistic for bursty ones.
"""

import math
from dataclasses import dataclass

from aiops_planner.performance import PERCENTILE_SHARES, Objective

_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTime:
    """A service time that is never below `floor_s` and exceeds it by an exponential of mean `spread_s`, in seconds.

    `scv` is its squared coefficient of variation. floor_s = 0 is the M of M/M/c; spread_s = 0 is a constant.
    """

    floor_s: float
    spread_s: float
    scv: float

    @property
    def mean_s(self) -> float:
        """Mean service time in seconds."""
        return self.floor_s + self.spread_s

    @classmethod
    def exponential(cls, mean_s: float) -> "ServiceTime":
        """The memoryless service time of M/M/c."""
        return cls(floor_s=0.0, spread_s=mean_s, scv=1.0)

    @classmethod
    def fitted(cls, *, mean_s: float, p99_s: float | None, scv: float | None = None) -> "ServiceTime":
        """The service time with a measured mean and p99 (or variation); a tail too heavy for it keeps its p99."""
        if p99_s is not None:
            spread_s = max(0.0, p99_s - mean_s) / (math.log(100) - 1)
            if spread_s > mean_s:
                spread_s = p99_s / math.log(100)
        else:
            spread_s = mean_s * math.sqrt(1.0 if scv is None else scv)
        variation = (spread_s / mean_s) ** 2 if scv is None else scv
        return cls(floor_s=max(0.0, mean_s - spread_s), spread_s=spread_s, scv=variation)

    def slowed(self, factor: float) -> "ServiceTime":
        """The same work on a machine that takes `factor` times as long."""
        return ServiceTime(floor_s=self.floor_s * factor, spread_s=self.spread_s * factor, scv=self.scv)


def erlang_b(servers: int, load: float) -> float:
    """Probability that all servers are busy in a loss system: B_0 = 1, B_k = a B_{k-1} / (k + a B_{k-1})."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival has to wait: C = B_c / (1 - rho (1 - B_c)); 1 when the load is not below c."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def wait_tail(t_s: float, rate_rps: float, service: ServiceTime, servers: int, arrival_scv: float = 1.0) -> float:
    """P(W > t) = C exp(-2 (c mu - lambda) t / (ca2 + cs2)): C of Erlang C, ca2 and cs2 the squared variations."""
    return erlang_c(servers, rate_rps * service.mean_s) * math.exp(
        -_decay(rate_rps, service, servers, arrival_scv) * t_s
    )


def response_tail(t_s: float, rate_rps: float, service: ServiceTime, servers: int, arrival_scv: float = 1.0) -> float:
    """P(T > t) of wait plus service, taken as independent.

    With theta the wait's decay, nu the service's and t from the floor: (1 - C) e^{-nu t} + C (theta e^{-nu t} -
    nu e^{-theta t}) / (theta - nu); for exponential services this is the exact M/M/c response.
    """
    beyond_s = t_s - service.floor_s
    if beyond_s < 0 or rate_rps * service.mean_s >= servers:
        return 1.0
    waiting = erlang_c(servers, rate_rps * service.mean_s)
    theta = _decay(rate_rps, service, servers, arrival_scv)
    if service.spread_s == 0:
        return waiting * math.exp(-theta * beyond_s)
    nu = 1 / service.spread_s
    return math.exp(-nu * beyond_s) + waiting * nu * _difference(nu, theta, beyond_s)


def capacity_rps(objective: Objective, service: ServiceTime, servers: int, arrival_scv: float = 1.0) -> float | None:
    """The largest rate whose response percentiles meet the objective; None when an idle server already misses it."""
    limits = [(limit_s, 1 - PERCENTILE_SHARES[name]) for name, limit_s in objective.limits()]

    def meets(rate_rps: float) -> bool:
        return all(response_tail(limit_s, rate_rps, service, servers, arrival_scv) <= tail for limit_s, tail in limits)

    low, high = 0.0, servers / service.mean_s
    if not meets(low):
        return None
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if meets(middle) else (low, middle)
    return low


def _decay(rate_rps: float, service: ServiceTime, servers: int, arrival_scv: float) -> float:
    """The rate at which a wait's tail falls off, 1/s; infinite when nothing varies."""
    variation = arrival_scv + service.scv
    idle_rps = servers / service.mean_s - rate_rps
    return 2 * idle_rps / variation if variation else math.inf


def _difference(nu: float, theta: float, t_s: float) -> float:
    """(e^{-nu t} - e^{-theta t}) / (theta - nu), also where the two meet."""
    if math.isinf(theta):
        return 0.0
    slower, gap = min(nu, theta), abs(theta - nu)
    width = t_s if gap == 0 else -math.expm1(-gap * t_s) / gap
    return math.exp(-slower * t_s) * width
