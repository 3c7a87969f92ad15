"""The last part of a benchmark: the time that is left goes where the answer is least certain, capacity or knee."""

from collections.abc import Sequence
from math import inf

from aiops_planner.capacity import find_capacity
from aiops_planner.knee import find_knee, power_interval
from aiops_planner.ladders import ladder_of
from aiops_planner.performance import Capacity, Interval, Knee, LoadPoint, proves
from aiops_toolkit.bench.ladder import SHORTEST_S, TOP_SHARE, plan_open_point
from aiops_toolkit.bench.search import drain_s
from aiops_toolkit.bench.session import MIN_DRAIN_S, Session

TIGHT = 0.05  # an interval no wider than this part of its value is worth no more time
STEP_SHARE = 0.08  # of the whole budget, for one more look
MOST_STEPS = 30
STEP_OUT = 1.08  # beyond the last rate, where every one met the objective
STEP_DOWN = 0.8  # below the first rate, where none met it
STEP_BELOW = 0.9  # of a capacity whose lower end is open: more requests there tell more than a rate far below


def refine(session: Session, response_s: float) -> None:
    """More looks, until capacity and knee are tight or the time is used up.

    Rates are inserted inside the capacity's interval, or beyond an end that nothing bounds; levels are measured again
    whose power may be the largest as well. `response_s` is the response time of one request alone.
    """
    for _ in range(MOST_STEPS):
        if session.left_s < SHORTEST_S + drain_s(session.objective, response_s):
            return
        capacity = find_capacity(session.points, session.objective)
        knee = find_knee(session.points)
        rate_rps = None if capacity_width(capacity) <= TIGHT else next_rate(capacity, session.points)
        if knee is not None and rate_rps is not None and knee_width(knee) > max(TIGHT, capacity_width(capacity)):
            rate_rps = None
        if rate_rps is not None and _look_at(session, rate_rps, response_s):
            continue
        level = None if knee is None or knee_width(knee) <= TIGHT else next_level(knee, session.points)
        if level is None:
            return
        session.measure_closed(level, min(STEP_SHARE * session.budget_s, session.left_s - MIN_DRAIN_S), MIN_DRAIN_S)


def capacity_width(capacity: Capacity) -> float:
    """How wide the capacity's interval is, as a part of the capacity; infinite when it is open."""
    return _width(capacity.ci, capacity.rps)


def knee_width(knee: Knee) -> float:
    """How wide the interval of the knee's power is, as a part of that; 0 where nothing tells."""
    return 0.0 if knee.power_ci is None else _width(knee.power_ci, knee.power)


def next_rate(capacity: Capacity, points: Sequence[LoadPoint]) -> float | None:
    """The rate to look at next: in either half of the interval in turn, or beyond an open end; None if none helps."""
    rates = [point.offered_rps or 0.0 for point in points if point.mode == "open"]
    told = [
        point.offered_rps or 0.0 for point in points if point.mode == "open" and proves(point, capacity.slo) is not None
    ]
    if not told or capacity.ci is None:
        return None
    low, high = capacity.ci.low, capacity.ci.high
    top_rps = TOP_SHARE * max(point.throughput_rps for point in points if point.mode == "closed")
    if high is None and max(told) < top_rps:
        return min(STEP_OUT * max(told), top_rps)
    if low is None:
        return STEP_DOWN * min(told) if capacity.rps is None else STEP_BELOW * capacity.rps
    if high is None:
        return max(told)
    part = 0.25 if len(rates) % 2 else 0.75
    return low + part * (high - low)


def next_level(knee: Knee, points: Sequence[LoadPoint]) -> int | None:
    """The level that was measured for the shortest time, of those whose power may be the largest; None without any."""
    ladder = ladder_of(points)
    best = max(ladder, key=lambda point: point.power or 0.0)
    floor = power_interval(best)
    if floor is None or floor.low is None:
        return None
    rivals = {
        point.concurrency
        for point in ladder
        if (interval := power_interval(point)) is not None and (interval.high or 0.0) >= floor.low
    }
    seconds = {
        level: sum(point.window_s for point in ladder if point.concurrency == level)
        for level in rivals | {_nearest(knee, ladder)}
        if level is not None
    }
    return min(seconds, key=lambda level: (seconds[level], level))


def _nearest(knee: Knee, ladder: Sequence[LoadPoint]) -> int | None:
    return min(ladder, key=lambda point: abs((point.concurrency or 0) - knee.concurrency)).concurrency


def _look_at(session: Session, rate_rps: float, response_s: float) -> bool:
    """One more open-loop point; False when there is no time for one that resolves the percentiles."""
    last_s = drain_s(session.objective, response_s)
    left_s = session.left_s - last_s
    plan = plan_open_point(session.objective, rate_rps, response_s=response_s, left_s=left_s, points_left=1)
    if plan.needed_s > left_s:
        return False
    duration_s = min(max(plan.needed_s, STEP_SHARE * session.budget_s, SHORTEST_S), left_s)
    session.measure_open(rate_rps, duration_s, last_s)
    return True


def _width(interval: Interval | None, value: float | None) -> float:
    if interval is None or interval.low is None or interval.high is None or not value:
        return inf
    return (interval.high - interval.low) / value
