"""The open-loop part of a benchmark: which rates are tried, which twice, and what the reader must know of it."""

from aiops_planner.capacity import find_capacity
from aiops_planner.performance import Capacity, LoadPoint, Objective, meets, proves
from aiops_reports import formatting
from aiops_toolkit.bench.ladder import (
    SHORTEST_S,
    OpenPlan,
    RateSearch,
    leans_to_met,
    plan_open_point,
    slowest_resolved_rps,
)
from aiops_toolkit.bench.limits import limits_of
from aiops_toolkit.bench.percentiles import requests_needed
from aiops_toolkit.bench.session import MIN_DRAIN_S, Session

RATES = 6
RATES_WITHOUT_HOPE = 2
REFINEMENTS = 6  # looks that the time is shared out to beside, for when the interval is known
REPETITIONS, REPETITIONS_QUICK = 3, 2
SUSPICIOUS_SHARE = 0.8  # a miss below this part of what closed loop carried within the objective is looked at twice
MIN_OPEN_S = 0.5
MAX_DRAIN_S = 2.0


def search(session: Session, response_s: float, *, quick: bool) -> None:
    """Open-loop rates around the largest that meets the objective, while time is left.

    `response_s` is the response time of one request alone. A miss far below what closed loop carried is measured once
    more, and the better of the two steers: noise makes responses longer, never shorter.
    """
    best_rps = max((point.throughput_rps for point in session.points), default=0.0)
    if not best_rps:
        session.notes.append("No open-loop rate was tried: nothing succeeded on the ladder.")
        return
    carried_rps = _carried_rps(session)
    bounds = RateSearch(best_rps)
    rates_left = RATES_WITHOUT_HOPE if _is_hopeless(session, response_s) else RATES
    repetitions_left = REPETITIONS_QUICK if quick else REPETITIONS
    while rates_left and (rate_rps := _next_rate(session, bounds, rates_left, response_s)) is not None:
        point = _try_rate(session, rate_rps, response_s, rates_left)
        if point is None:
            break
        met = leans_to_met(point, session.objective)
        if not met and repetitions_left and rate_rps < SUSPICIOUS_SHARE * carried_rps:
            again = _try_again(session, point, rate_rps, response_s, rates_left)
            repetitions_left -= again is not None
            met = again is not None and leans_to_met(again, session.objective)
        bounds.judge(rate_rps, met=met)
        rates_left -= 1


def _next_rate(session: Session, bounds: RateSearch, rates_left: int, response_s: float) -> float | None:
    """Where bisection goes on; while no rate met the objective, the last look goes as low as can be resolved."""
    rate_rps = bounds.next_rate()
    met = any(proves(point, session.objective) for point in _rates(session))
    if rate_rps is None or met or not _resolved_one(session):
        return rate_rps
    if bounds.missed_rps <= bounds.floor_rps:
        return None
    left_s = session.left_s - drain_s(session.objective, response_s)
    lowest_rps, lowest_of_two_rps = (
        max(bounds.floor_rps, slowest_resolved_rps(session.objective, response_s=response_s, left_s=share_s))
        for share_s in (left_s, left_s / 2)
    )
    if lowest_rps >= bounds.missed_rps:
        return rate_rps
    is_last = rates_left == 1 or left_s < 2 * SHORTEST_S or lowest_of_two_rps > rate_rps
    return lowest_rps if is_last else rate_rps


def _try_rate(session: Session, rate_rps: float, response_s: float, rates_left: int) -> LoadPoint | None:
    plan, left_s, drain_s = _plan(session, rate_rps, response_s, rates_left)
    if left_s < max(MIN_OPEN_S, 5 * response_s) or (plan.needed_s > left_s and _resolved_one(session)):
        session.notes.append(f"The search ended before {formatting.rate(rate_rps)}: the time was used up.")
        return None
    if not plan.resolves:
        strictest = max(limits_of(session.objective), key=lambda limit: requests_needed(limit.percentile)).name
        session.notes.append(
            f"{strictest} at {formatting.rate(rate_rps)} would need {plan.needed_s:,.0f} s of load, and "
            f"{plan.duration_s:,.1f} s could be given: not resolved."
        )
    return session.measure_open(rate_rps, plan.duration_s, drain_s)


def _try_again(
    session: Session, first: LoadPoint, rate_rps: float, response_s: float, rates_left: int
) -> LoadPoint | None:
    """The second look at a rate; None when there is no time for one that resolves the percentiles."""
    plan, left_s, drain_s = _plan(session, rate_rps, response_s, rates_left)
    if left_s < MIN_OPEN_S or not plan.resolves:
        return None
    again = session.measure_open(rate_rps, plan.duration_s, drain_s)
    met = find_capacity((first, again), session.objective).rps is not None
    session.notes.append(
        f"{formatting.rate(rate_rps)} was measured twice: {_figure(first, session.objective)}, then "
        f"{_figure(again, session.objective)}; "
        + (
            "it counts as met, since noise of neighbours makes responses longer, never shorter."
            if met
            else "neither shows that the objective is met."
        )
    )
    return again


def _plan(session: Session, rate_rps: float, response_s: float, rates_left: int) -> tuple[OpenPlan, float, float]:
    """How long to load, the seconds that are left for it, and how long to wait for the last answers."""
    last_s = drain_s(session.objective, response_s)
    left_s = session.left_s - last_s
    points_left = rates_left + REFINEMENTS
    plan = plan_open_point(session.objective, rate_rps, response_s=response_s, left_s=left_s, points_left=points_left)
    return plan, left_s, last_s


def _rates(session: Session) -> list[LoadPoint]:
    open_points = (point for point in session.points if point.mode == "open")
    return sorted(open_points, key=lambda point: point.offered_rps or 0.0)


def _carried_rps(session: Session) -> float:
    """The largest throughput that closed loop reached within the objective, 0 when there is none."""
    return max(
        (
            point.throughput_rps
            for point in session.points
            if point.mode == "closed" and meets(point, session.objective)
        ),
        default=0.0,
    )


def _resolved_one(session: Session) -> bool:
    return any(point.valid or point.overstated for point in _rates(session))


def drain_s(objective: Objective, response_s: float) -> float:
    """Long enough to see that an answer that is still missing has missed its limit."""
    limits_s = [limit for _, limit in objective.limits()]
    limits_s += [limit.seconds for limit in objective.stream_limits() if limit.metric == "ttft"]
    longest_limit_s = max(limits_s, default=0.0)
    return min(max(MIN_DRAIN_S, 1.2 * longest_limit_s, 3 * response_s), MAX_DRAIN_S)


def _is_hopeless(session: Session, response_s: float) -> bool:
    """Whether one request alone already takes longer than the objective allows."""
    limits = [(name, limit) for name, limit in session.objective.limits() if response_s > limit]
    if limits:
        name, limit = limits[0]
        session.notes.append(
            f"One request alone takes {response_s * 1e3:,.1f} ms, above the {name} limit of {limit * 1e3:,.1f} ms."
        )
    return bool(limits)


def remark(session: Session) -> None:
    """Note what the reader must know of the capacity that follows from the points."""
    found = find_capacity(session.points, session.objective)
    if _rates(session):
        session.notes.extend(_remarks(found, _rates(session), _carried_rps(session)))


def _remarks(found: Capacity, rates: list[LoadPoint], carried_rps: float) -> list[str]:
    remarks = []
    met = [point for point in rates if proves(point, found.slo) and (point.offered_rps or 0.0) <= (found.rps or 0.0)]
    proofs = [point for point in met if point.offered_rps == met[-1].offered_rps]
    if proofs and not any(point.valid for point in proofs):
        remarks.append(
            f"The capacity, {formatting.rate(found.rps)}, rests on a load point that is struck out "
            f"({proofs[0].invalid_because[0]}): that fault can only have made response times look longer, and they "
            "met the objective all the same."
        )
    if found.missed_rps is not None and found.missed_rps < SUSPICIOUS_SHARE * carried_rps:
        looks = sum(point.offered_rps == found.missed_rps for point in rates)
        remarks.append(
            f"Closed loop carried {formatting.rate(carried_rps)} within the objective, open loop missed it at "
            f"{formatting.rate(found.missed_rps)}{' twice' if looks > 1 else ''}: either requests that arrive at "
            "random queue that much longer than clients that wait for their answers, or the machine was disturbed; "
            "measure again with a larger --budget on a quieter machine."
        )
    return remarks


def _figure(point: LoadPoint, objective: Objective) -> str:
    """What decided about a point: its failures when they are too many, else its strictest percentile."""
    if objective.errors is not None and point.requests and point.errors > objective.errors * point.requests:
        return f"{formatting.percent(point.errors / point.requests)} of requests failed"
    if point.response_s is None:
        return "no request succeeded"
    limits = objective.limits()
    value = point.response_s.at(limits[-1][0]) if limits else None
    if value is None:
        return f"mean {formatting.duration(point.response_s.mean)}"
    return f"{limits[-1][0]} {formatting.duration(value)}"
