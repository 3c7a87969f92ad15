"""What a service can do: load points, the operating curve, its knee, and the capacity within an objective.

Throughput S counts successful completions inside the window, divided by the window. Power is P = S / T with T the mean
response time (Kleinrock 1979); it is largest at the knee of the curve.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Percentile = Literal["p50", "p90", "p95", "p99"]
PERCENTILE_SHARES: Mapping[Percentile, float] = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
PERCENTILES: tuple[Percentile, ...] = tuple(PERCENTILE_SHARES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Mean and percentiles of a sample of times, in seconds; None where too few samples resolve the percentile."""

    mean: float
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None

    def at(self, percentile: Percentile) -> float | None:
        """The percentile in seconds, or None when it is not resolved."""
        value: float | None = getattr(self, percentile)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Limits on response time (seconds) by percentile, and on the share of requests that may fail (0 to 1)."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    errors: float | None = None

    def limits(self) -> tuple[tuple[Percentile, float], ...]:
        """The percentile limits that are set, loosest percentile first."""
        found = ((name, getattr(self, name)) for name in PERCENTILES)
        return tuple((name, limit) for name, limit in found if limit is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPoint:
    """One measured point of the operating curve: a fixed load, held for `window_s` seconds after warm-up.

    `mode` is "closed" (`concurrency` clients, each sends when the last answer came) or "open" (`offered_rps` requests a
    second on a schedule that never waits). `response_s` counts from the intended time in open loop and from the first
    byte sent in closed loop; `service_s` always from the first byte sent; `send_lag_s` is their difference.
    `invalid_because` is empty for a point that may be used.
    """

    mode: Literal["closed", "open"]
    concurrency: int | None = None
    offered_rps: float | None = None
    arrivals: Literal["constant", "poisson"] | None = None
    window_s: float
    warm_up_s: float
    requests: int
    successes: int
    errors_by_kind: Mapping[str, int] = field(default_factory=dict)
    response_s: Distribution | None = None
    service_s: Distribution | None = None
    send_lag_s: Distribution | None = None
    mean_concurrency: float
    service_cpu_s: float | None = None
    service_memory_bytes: int | None = None
    generator_cpu_s: float
    invalid_because: tuple[str, ...] = ()

    @property
    def throughput_rps(self) -> float:
        """S: successful completions inside the window, divided by the window."""
        return self.successes / self.window_s

    @property
    def power(self) -> float | None:
        """P = S / mean T, in 1/s^2; None when nothing succeeded."""
        if self.response_s is None or self.response_s.mean <= 0:
            return None
        return self.throughput_rps / self.response_s.mean

    @property
    def errors(self) -> int:
        """Requests that did not succeed, of every kind."""
        return sum(self.errors_by_kind.values())

    @property
    def valid(self) -> bool:
        """Whether the point may feed the curve."""
        return not self.invalid_because

    @property
    def service_cpu_s_per_request(self) -> float | None:
        """CPU seconds of the service's process tree for one successful request."""
        if self.service_cpu_s is None or not self.successes:
            return None
        return self.service_cpu_s / self.successes

    @property
    def generator_utilisation(self) -> float:
        """CPU seconds of the generator divided by the window: its share of one core."""
        return self.generator_cpu_s / self.window_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """The measured point of largest power.

    `in_range` is False when it is the last level tried: the true knee may lie beyond.
    """

    concurrency: float
    throughput_rps: float
    response_s: float
    power: float
    in_range: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The largest offered rate that was measured to meet the objective; never extrapolated.

    `rps` is None when no measured rate met it, and `reason` says why. `missed_rps` is the smallest measured rate above
    `rps` that did not meet it, None when every rate did: the true capacity lies between the two.
    """

    slo: Objective
    rps: float | None
    missed_rps: float | None = None
    reason: str | None = None


def meets(point: LoadPoint, objective: Objective) -> bool | None:
    """Whether a point meets an objective; None when a percentile it needs is not resolved."""
    if point.requests and objective.errors is not None and point.errors / point.requests > objective.errors:
        return False
    if point.response_s is None:
        return False
    resolved = [(point.response_s.at(name), limit) for name, limit in objective.limits()]
    if any(value is not None and value > limit for value, limit in resolved):
        return False
    return None if any(value is None for value, _ in resolved) else True


def find_knee(points: Iterable[LoadPoint]) -> Knee | None:
    """The valid closed-loop point of largest power, or None when there is no such point."""
    ladder = sorted(
        (point for point in points if point.mode == "closed" and point.valid and point.power is not None),
        key=lambda point: point.concurrency or 0,
    )
    if not ladder:
        return None
    best = max(ladder, key=lambda point: point.power or 0.0)
    assert best.response_s is not None and best.power is not None  # both follow from power being measured
    return Knee(
        concurrency=best.mean_concurrency,
        throughput_rps=best.throughput_rps,
        response_s=best.response_s.mean,
        power=best.power,
        in_range=best is not ladder[-1],
    )


def find_capacity(points: Iterable[LoadPoint], objective: Objective) -> Capacity:
    """The largest measured open-loop rate below which no measured rate missed the objective.

    Errors of the service make a point miss the objective, not invalid; only a faulty measurement makes it invalid, and
    such points decide nothing here, nor do points that do not resolve the percentile.
    """
    rates = sorted((point for point in points if point.mode == "open"), key=lambda point: point.offered_rps or 0.0)
    judged = [(point.offered_rps or 0.0, meets(point, objective)) for point in rates if point.valid]
    missed = min((rate for rate, met in judged if met is False), default=None)
    met_rates = [rate for rate, met in judged if met and (missed is None or rate < missed)]
    if met_rates:
        return Capacity(slo=objective, rps=max(met_rates), missed_rps=missed)
    if not judged:
        reason = "no valid open-loop point was measured"
        reason += f": {rates[0].invalid_because[0]}" if rates else ""
    elif missed is not None:
        reason = "the lowest rate that was measured already misses the objective"
    else:
        reason = "too few requests were sent to resolve the percentile of the objective"
    return Capacity(slo=objective, rps=None, missed_rps=missed, reason=reason)
