"""The capacity within an objective: the largest offered rate that meets it, and why where there is none."""

from collections.abc import Iterable

from aiops_planner.performance import Capacity, LoadPoint, Objective, error_share, proves


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
    return "no request succeeded"


def _errors_phrase(point: LoadPoint, limit: float, at: str = "") -> str:
    kind = max(point.errors_by_kind, key=lambda kind: point.errors_by_kind[kind])
    return f"{100 * error_share(point):.3g} % of requests failed ({kind}){at}, limit {100 * limit:.3g} %"


def _rate(point: LoadPoint) -> str:
    rate = point.offered_rps or 0.0
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"
