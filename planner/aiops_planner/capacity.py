"""The capacity within an objective: the largest offered rate that meets it, and why where there is none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from aiops_planner.crossing import Look, find_crossing
from aiops_planner.performance import (
    PERCENTILE_SHARES,
    Capacity,
    Interval,
    LoadPoint,
    Objective,
    error_share,
    proves,
    streamed_s,
)

LEAST_ERRORS = 1e-4  # a share of 0 has no logarithm


def find_capacity(points: Iterable[LoadPoint], objective: Objective, *, finished: bool = True) -> Capacity:
    """The largest open-loop rate that meets the objective, between the measured rates that met it and missed it.

    Where batches tell of the shares above the limits, it is where the first of them crosses what is allowed, at most
    the largest rate that met the objective; else the largest rate that met it below all that missed. Errors of the
    service make a point miss the objective, not invalid. `finished` is False when the benchmark ended before its time;
    a reason for having no capacity then says so.
    """
    rates = sorted((point for point in points if point.mode == "open"), key=lambda point: point.offered_rps or 0.0)
    met_rates, missed_rates = _verdicts(rates, objective)
    missed = min(missed_rates, default=None)
    below = [rate for rate in met_rates if missed is None or rate < missed]
    found, interval = _crossing(rates, objective)
    if found is not None and met_rates:
        rps = min(found, max(met_rates))
        missed = min((rate for rate in missed_rates if rate > rps), default=None)
        return Capacity(slo=objective, rps=rps, ci=_around(interval, rps), missed_rps=missed)
    if below:
        return Capacity(slo=objective, rps=max(below), missed_rps=missed)
    reason = _why_none_met(rates, objective) if rates else "no open-loop rate was measured"
    if not finished:
        reason = f"the benchmark did not run to its end; until then {reason}"
    return Capacity(slo=objective, rps=None, ci=interval, missed_rps=missed, reason=reason)


def _verdicts(rates: Sequence[LoadPoint], objective: Objective) -> tuple[set[float], set[float]]:
    """The rates that met the objective, and those that missed it.

    A rate that was measured more than once met it when it did so once: what disturbs a measurement makes responses
    longer, never shorter.
    """
    proofs = [(point.offered_rps or 0.0, proves(point, objective)) for point in rates]
    met = {rate for rate, verdict in proofs if verdict}
    return met, {rate for rate, verdict in proofs if verdict is False and rate not in met}


def _crossing(rates: Sequence[LoadPoint], objective: Objective) -> tuple[float | None, Interval | None]:
    """Where the first limit is crossed, and the 95 % interval of that; None without batches to tell."""
    limits = [limit for limit in _looks(rates, objective) if limit.looks]
    if not limits:
        return None, None
    crossings = [find_crossing(limit.looks, limit.allowed, limit_s=limit.seconds) for limit in limits]
    low, high = min(found.low for found in crossings), min(found.high for found in crossings)
    interval = Interval(low=low if isfinite(low) else None, high=high if isfinite(high) else None)
    return min(found.rate_rps for found in crossings), interval


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """What was seen of a limit in seconds, and the share of requests that may be above it."""

    looks: list[Look]
    allowed: float
    seconds: float = 0.0


def _looks(rates: Sequence[LoadPoint], objective: Objective) -> Iterator[_Limit]:
    """For each limit, what the usable points say of it."""
    usable = [point for point in rates if proves(point, objective) is not None]
    for name, limit_s in objective.limits():
        yield _Limit(looks=_limit_looks(usable, name), allowed=1 - PERCENTILE_SHARES[name], seconds=limit_s)
    for limit in objective.stream_limits():
        allowed = 1 - PERCENTILE_SHARES[limit.percentile]
        yield _Limit(looks=_limit_looks(usable, limit.name), allowed=allowed, seconds=limit.seconds)
    if objective.errors is not None and any(error_share(point) > objective.errors for point in usable):
        looks = [Look(rate_rps=_rps(point), requests=(point.requests,), over=(point.errors,)) for point in usable]
        yield _Limit(looks=looks, allowed=max(objective.errors, LEAST_ERRORS))


def _limit_looks(points: Iterable[LoadPoint], name: str) -> list[Look]:
    return [
        Look(rate_rps=_rps(point), requests=point.batches.requests, over=point.batches.over[name])
        for point in points
        if point.batches is not None and name in point.batches.over
    ]


def _around(interval: Interval | None, rps: float) -> Interval | None:
    """The interval, widened to hold the rate that was found."""
    if interval is None:
        return None
    low = None if interval.low is None else min(interval.low, rps)
    return Interval(low=low, high=None if interval.high is None else max(interval.high, rps))


def _rps(point: LoadPoint) -> float:
    return point.offered_rps or 0.0


def _why_none_met(rates: list[LoadPoint], objective: Objective) -> str:
    """Why none of these open-loop points, from the lowest rate to the highest, gives a capacity."""
    if objective.errors is not None and all(error_share(point) > objective.errors for point in rates):
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
    if objective.errors is not None and error_share(point) > objective.errors:
        return _errors_phrase(point, objective.errors)
    for name, limit in objective.limits():
        value = None if point.response_s is None else point.response_s.at(name)
        if value is not None and value > limit:
            return f"{name} {value * 1e3:,.1f} ms, limit {limit * 1e3:,g} ms"
    for streamed in objective.stream_limits():
        value = streamed_s(point, streamed)
        if value is not None and value > streamed.seconds:
            return f"{streamed.name} {value * 1e3:,.1f} ms, limit {streamed.seconds * 1e3:,g} ms"
    return "no request succeeded"


def _errors_phrase(point: LoadPoint, limit: float, at: str = "") -> str:
    kind = max(point.errors_by_kind, key=lambda kind: point.errors_by_kind[kind])
    return f"{100 * error_share(point):.3g} % of requests failed ({kind}){at}, limit {100 * limit:.3g} %"


def _rate(point: LoadPoint) -> str:
    rate = point.offered_rps or 0.0
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"
