"""The closed-loop part of a benchmark: scouting for the peak of power, then levels around it in random order."""

import random
from dataclasses import dataclass

import numpy as np

from aiops_planner.ladders import mean_concurrency
from aiops_planner.performance import LoadPoint
from aiops_toolkit.bench.ladder import Rung, is_over_the_top, levels_around, next_level
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.session import MIN_DRAIN_S, Session

LADDER_SHARE = 0.40
SCOUTING_SHARE = 0.08
USUAL_LEVELS = 7
USUAL_SCOUTS = 8
MAX_LEVEL_SHARE = 0.15
MIN_ROUNDS = 4  # of requests one after the other: warm-up takes one or more of them
ENOUGH_ROUNDS = 10
MAX_CLIENTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """When the ladder should end, how long a level lasts, and how long to wait for its last answers, in seconds."""

    end_s: float
    level_s: float
    drain_s: float


def climb(session: Session, response_s: float) -> None:
    """Measure the ladder; `response_s` is the response time of one request alone.

    A service too slow to be scouted is climbed from one client upwards until the ladder's share of the time is used.
    """
    share_s = LADDER_SHARE * session.budget_s
    most = min(MAX_CLIENTS, session.engine.max_lanes)
    times = _Times(
        end_s=session.elapsed_s + share_s,
        level_s=share_s / USUAL_LEVELS,
        drain_s=min(max(MIN_DRAIN_S, 2 * response_s), share_s / USUAL_LEVELS),
    )
    if share_s < USUAL_LEVELS * ENOUGH_ROUNDS * response_s:
        _ascend(session, response_s, times, most)
        return
    rungs = _scout(session, response_s, most)
    levels = levels_around(max(rungs, key=lambda rung: rung.power).clients, most)
    _measure(session, levels, times)
    _extend(session, times, most)


def _scout(session: Session, response_s: float, most: int) -> list[Rung]:
    """Short looks at 1, 2, 4, ... clients, until power falls and throughput no longer rises."""
    usual_s = SCOUTING_SHARE * session.budget_s / USUAL_SCOUTS
    end_s = session.elapsed_s + MAX_LEVEL_SHARE * session.budget_s
    rungs: list[Rung] = []
    clients = 1
    while clients <= most and session.elapsed_s < end_s and not is_over_the_top(rungs):
        duration_s = max(usual_s, MIN_ROUNDS * response_s)
        throughput_rps = _throughput_rps(session.closed_run(clients, duration_s, MIN_DRAIN_S + 2 * response_s))
        rungs.append(Rung(clients=clients, throughput_rps=throughput_rps))
        if not throughput_rps:
            break
        response_s = 2 * clients / throughput_rps  # of twice the clients once throughput is flat
        clients *= 2
    return rungs


def _throughput_rps(run: Run) -> float:
    """Successes a second in the last three quarters of a run, good enough to find the way."""
    start_s = run.started_s + (run.stopped_s - run.started_s) / 4
    inside = (run.table.outcome == Outcome.OK) & (run.table.end >= start_s) & (run.table.end < run.stopped_s)
    return float(np.count_nonzero(inside)) / (run.stopped_s - start_s)


def _measure(session: Session, levels: list[int], times: _Times) -> None:
    """Each level in random order, so that a machine that changes over time does not bend the curve."""
    order = random.Random(session.seed).sample(levels, len(levels))  # noqa: S311 - no secret
    left_s = max(times.end_s - session.elapsed_s, USUAL_LEVELS * times.level_s - MAX_LEVEL_SHARE * session.budget_s)
    shortest_s, end_s = left_s / len(order) / 2, session.elapsed_s + left_s
    for place, clients in enumerate(order):
        duration_s = max((end_s - session.elapsed_s) / (len(order) - place), shortest_s)
        if session.elapsed_s + shortest_s > end_s and session.points:
            session.notes.append(
                f"The ladder ended before {', '.join(map(str, sorted(order[place:])))} clients: its share of the time "
                "was used up."
            )
            return
        session.measure_closed(clients, duration_s, times.drain_s)


def _extend(session: Session, times: _Times, most: int) -> None:
    """Up to two levels more where the largest power is at the last one, which scouting did not foresee."""
    for _ in range(2):
        last = max(session.points, key=lambda point: point.concurrency or 0)
        clients = 2 * (last.concurrency or 1)
        if clients > most or last.power is None or last.power < max(point.power or 0.0 for point in session.points):
            return
        if session.left_s < MIN_ROUNDS * times.level_s:
            return
        session.measure_closed(clients, times.level_s, times.drain_s)


def _ascend(session: Session, response_s: float, times: _Times, most: int) -> None:
    """Levels of 1, 2, 4, ... clients, each kept; the first one is measured however long it takes."""
    longest_s = MAX_LEVEL_SHARE * session.budget_s
    clients = next_level(_rungs(session.points), most)
    while clients is not None:
        duration_s = max(min(max(times.level_s, ENOUGH_ROUNDS * response_s), longest_s), MIN_ROUNDS * response_s)
        if session.elapsed_s + duration_s > times.end_s and session.points:
            session.notes.append(f"The ladder ended before {clients} clients: its share of the time was used up.")
            return
        duration_s = min(duration_s, times.end_s - session.elapsed_s)
        point = session.measure_closed(clients, duration_s, min(max(MIN_DRAIN_S, 2 * response_s), times.level_s))
        if point.response_s is not None:
            response_s = 2 * point.response_s.mean
        clients = next_level(_rungs(session.points), most)


def _rungs(points: list[LoadPoint]) -> list[Rung]:
    return [
        Rung(clients=point.concurrency or round(mean_concurrency(point)), throughput_rps=point.throughput_rps)
        for point in points
    ]
