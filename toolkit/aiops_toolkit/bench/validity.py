"""Why a load point may not be used, a sentence each: first what proves nothing at all, then what overstates times."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aiops_planner.performance import LoadPoint, Objective
from aiops_planner.wording import percent
from aiops_toolkit.bench.limits import Limit, limits_of
from aiops_toolkit.bench.percentiles import Summary, requests_needed
from aiops_toolkit.bench.standstill import Standstill
from aiops_toolkit.bench.window import Window

MIN_SENT_SHARE = 0.99
MAX_LAG_SHARE = 0.05
MAX_LAG_S = 0.001
MAX_IDLE_SHARE = 0.02
MAX_IDLE_S = 20e-6  # for one client between an answer and its next request
MAX_GENERATOR_UTILISATION = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What decides whether the times of a load point can be trusted: how long answers took, how late requests left."""

    response: Summary
    lag: Summary
    meant: int


def no_times(point: LoadPoint) -> str:
    """Why a point without any response time is invalid."""
    if point.successes:
        return "no request was meant to be sent after the warm-up: the load was too short for such response times"
    errors = ", ".join(f"{count} {kind}" for kind, count in point.errors_by_kind.items())
    return f"no request succeeded in the window ({errors or 'none was sent and answered in it'})"


def grave_faults(point: LoadPoint, window: Window, timing: Timing, objective: Objective) -> Iterator[str]:
    """Why a point proves nothing.

    Too many errors are no fault of a measurement: they make a point miss its objective (`performance.meets`).
    """
    limits = limits_of(objective)
    streamed = [limit.name for limit in limits if limit.metric != "response"]
    if streamed and window.run.stream is None:
        yield f"answers were not streamed, so {streamed[0]} cannot be known: limit the response time instead (p99)"
    if point.mode == "closed":
        yield from _closed_faults(point)
        return
    if timing.lag.count < MIN_SENT_SHARE * timing.meant:
        yield (
            f"only {timing.lag.count} of {timing.meant} requests could be sent in the window "
            f"(limit {percent(MIN_SENT_SHARE)})"
        )
    for limit in limits:
        needed, found = requests_needed(limit.percentile), _resolving(limit, window, timing)
        if found < needed:
            yield f"{limit.name} needs {needed} requests, {found} were measured: not resolved"


def lengthening_faults(point: LoadPoint, window: Window, timing: Timing) -> Iterator[str]:
    """Faults of the generator that can only have made open-loop response times look longer."""
    yield from _standstills([still for still in window.run.standstills if still.end_s >= window.start_s])
    if point.generator_utilisation is not None and point.generator_utilisation > MAX_GENERATOR_UTILISATION:
        yield (
            f"the load generator used {percent(point.generator_utilisation)} of its core (limit "
            f"{percent(MAX_GENERATOR_UTILISATION)}): it may have been the bottleneck"
        )
    limit_s = max(MAX_LAG_SHARE * timing.response.p99_s, MAX_LAG_S)
    if timing.lag.p99_s > limit_s:
        yield f"requests left late: p99 send lag {timing.lag.p99_s * 1e3:.1f} ms (limit {limit_s * 1e3:.1f} ms)"


def _standstills(found: list[Standstill]) -> Iterator[str]:
    stopped_s = sum(still.seconds for still in found if not still.suspended)
    suspended_s = sum(still.seconds for still in found if still.suspended)
    if stopped_s:
        yield f"the load generator stood still for {stopped_s:.2f} s: it was stopped, or starved of CPU by neighbours"
    if suspended_s:
        yield f"the machine was suspended for {suspended_s:.1f} s"


def _resolving(limit: Limit, window: Window, timing: Timing) -> int:
    """How many requests of the window have the time that is limited."""
    if limit.metric == "response":
        return timing.response.count
    return sum(
        int(np.count_nonzero(window.counted(rows) & ~np.isnan(window.times_s(limit.metric, rows, stream))))
        for rows, stream in window.blocks()
    )


def _closed_faults(point: LoadPoint) -> Iterator[str]:
    clients = point.concurrency or 0
    assert point.mean_concurrency is not None  # measured here
    idle_share = abs(clients - point.mean_concurrency) / clients
    idle_s = idle_share * clients * point.window_s / max(point.requests, 1)
    if idle_share > MAX_IDLE_SHARE and idle_s > MAX_IDLE_S:
        yield (
            f"{point.mean_concurrency:.2f} of {clients} clients had a request in flight on average: "
            f"{percent(idle_share, 1)} off Little's law (limit {percent(MAX_IDLE_SHARE)})"
        )
