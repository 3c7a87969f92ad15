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
    `invalid_because` is empty for a point that may be used. `overstated`: every fault of an invalid point can only have
    made response times look longer, so it may prove that an objective is met, never that it is missed; it feeds nothing
    else.
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
    overstated: bool = False

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
    if objective.errors is not None and _error_share(point) > objective.errors:
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


def proves(point: LoadPoint, objective: Objective) -> bool | None:
    """Whether a point proves that an objective is met (True) or missed (False); None when it proves neither."""
    met = meets(point, objective)
    if point.valid:
        return met
    return True if point.overstated and met else None


def find_capacity(points: Iterable[LoadPoint], objective: Objective, *, finished: bool = True) -> Capacity:
    """The largest measured open-loop rate that met the objective and below which no measured rate missed it.

    A rate that was measured more than once met the objective when it did so once: what disturbs a measurement makes
    responses longer, never shorter. Errors of the service make a point miss the objective, not invalid. `finished` is
    False when the benchmark ended before its time; a reason for having no capacity then says so.
    """
    rates = sorted((point for point in points if point.mode == "open"), key=lambda point: point.offered_rps or 0.0)
    proofs = [(point.offered_rps or 0.0, proves(point, objective)) for point in rates]
    met_rates = {rate for rate, met in proofs if met}
    missed = min((rate for rate, met in proofs if met is False and rate not in met_rates), default=None)
    below = [rate for rate in met_rates if missed is None or rate < missed]
    if below:
        return Capacity(slo=objective, rps=max(below), missed_rps=missed)
    reason = _why_none_met(rates, objective) if rates else "no open-loop rate was measured"
    if not finished:
        reason = f"the benchmark did not run to its end; until then {reason}"
    return Capacity(slo=objective, rps=None, missed_rps=missed, reason=reason)


def _why_none_met(rates: list[LoadPoint], objective: Objective) -> str:
    """Why none of these open-loop points, from the lowest rate to the highest, gives a capacity."""
    if objective.errors is not None and all(_error_share(point) > objective.errors for point in rates):
        return f"errors, not time, missed it: {_errors_phrase(rates[0], objective.errors, ' at ' + _rate(rates[0]))}"
    met = _by_rate(point for point in rates if proves(point, objective))
    missed = _by_rate(point for point in rates if point.offered_rps not in met and proves(point, objective) is False)
    others = [point for point in rates if point.offered_rps not in {*met, *missed}]
    struck = _by_rate(point for point in others if not point.valid)
    unresolved = _by_rate(point for point in others if point.offered_rps not in struck)
    parts = []
    if missed:
        lowest = next(iter(missed.values()))
        parts.append(f"{_rate(lowest)} missed ({_miss_phrase(lowest, objective)})")
    if len(missed) > 1:
        parts.append(f"{len(missed) - 1} higher missed too")
    if struck:
        lowest = next(iter(struck.values()))
        parts.append(f"{_rates_were(len(struck))} struck out ({_rate(lowest)}: {lowest.invalid_because[0]})")
    if unresolved:
        parts.append(f"{_rates_were(len(unresolved))} given too few requests to resolve the percentile")
    if met:
        parts.append(f"{_rates_were(len(met))} within it, but above one that missed")
    verdict = "was shown to meet it" if struck or unresolved else "met it below all that missed" if met else "met it"
    return f"no rate {verdict}: {'; '.join(parts)}"


def _by_rate(points: Iterable[LoadPoint]) -> dict[float | None, LoadPoint]:
    """The last point of each rate, in the order of the points."""
    return {point.offered_rps: point for point in points}


def _rates_were(count: int) -> str:
    return "1 rate was" if count == 1 else f"{count} rates were"


def _miss_phrase(point: LoadPoint, objective: Objective) -> str:
    if objective.errors is not None and _error_share(point) > objective.errors:
        return _errors_phrase(point, objective.errors)
    for name, limit in objective.limits():
        value = None if point.response_s is None else point.response_s.at(name)
        if value is not None and value > limit:
            return f"{name} {value * 1e3:,.1f} ms, limit {limit * 1e3:,g} ms"
    return "no request succeeded"


def _error_share(point: LoadPoint) -> float:
    return point.errors / point.requests if point.requests else 0.0


def _errors_phrase(point: LoadPoint, limit: float, at: str = "") -> str:
    kind = max(point.errors_by_kind, key=lambda kind: point.errors_by_kind[kind])
    return f"{100 * _error_share(point):.3g} % of requests failed ({kind}){at}, limit {100 * limit:.3g} %"


def _rate(point: LoadPoint) -> str:
    rate = point.offered_rps or 0.0
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"
