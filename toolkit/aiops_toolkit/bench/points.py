"""From what happened to each request to one load point: the window, its figures, and whether they may be used."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aiops_planner.performance import LoadPoint, Objective
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.percentiles import distribution, quantile, requests_needed
from aiops_toolkit.bench.samples import Outcome, kind_of
from aiops_toolkit.bench.steady import warm_up_s
from aiops_toolkit.bench.watch import generator_cpu_s, peak_memory_bytes, service_cpu_s

MIN_SENT_SHARE = 0.99
MAX_LAG_SHARE = 0.05
MAX_LAG_S = 0.001
MAX_IDLE_SHARE = 0.02
MAX_IDLE_S = 20e-6  # for one client between an answer and its next request
MAX_GENERATOR_UTILISATION = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was asked for: `clients` in closed loop, `rate_rps` and `arrivals` in open loop."""

    clients: int | None = None
    rate_rps: float | None = None
    arrivals: Literal["constant", "poisson"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """Times in seconds, a value a request, of those that count in the window; `lag_s` only of those that were sent."""

    response_s: NDArray[np.float64]
    service_s: NDArray[np.float64]
    lag_s: NDArray[np.float64]
    unsent: int


def load_point(run: Run, load: Load, objective: Objective) -> LoadPoint:
    """The load point of a run.

    Throughput, errors and requests count what ended inside the window. Response times are those of the requests that
    ended in it (closed loop) or were meant to be sent in it (open loop: otherwise the slowest would drop out). Failed
    requests have none, except time-outs and those cut off at the end, which count with the time they had waited: the
    truth is longer, never shorter.
    """
    start_s = run.started_s + _warm_up(run)
    window_s = run.stopped_s - start_s
    ended = (run.table.end >= start_s) & (run.table.end < run.stopped_s)
    outcomes = Counter(run.table.outcome[ended].tolist())
    successes = outcomes.pop(Outcome.OK, 0)
    times = _closed_times(run, ended) if run.mode == "closed" else _open_times(run, start_s)
    memory_bytes = peak_memory_bytes(run.readings)
    point = LoadPoint(
        mode=run.mode,
        concurrency=load.clients,
        offered_rps=load.rate_rps,
        arrivals=load.arrivals,
        window_s=window_s,
        warm_up_s=start_s - run.started_s,
        requests=successes + outcomes.total(),
        successes=successes,
        errors_by_kind={kind_of(outcome): count for outcome, count in outcomes.most_common()},
        response_s=distribution(times.response_s) if successes else None,
        service_s=distribution(times.service_s) if successes else None,
        send_lag_s=distribution(times.lag_s) if successes else None,
        mean_concurrency=_mean_concurrency(run, start_s),
        service_cpu_s=service_cpu_s(run.readings, start_s, run.stopped_s),
        service_memory_bytes=memory_bytes,
        generator_cpu_s=generator_cpu_s(run.readings, start_s, run.stopped_s),
    )
    if point.response_s is None:
        return replace(point, invalid_because=(_no_success(point),))
    grave, lengthening = tuple(_grave_faults(point, times, objective)), tuple(_lengthening_faults(point, times))
    overstated = point.mode == "open" and bool(lengthening) and not grave
    return replace(point, invalid_because=(*grave, *lengthening), overstated=overstated)


def _warm_up(run: Run) -> float:
    answered = np.flatnonzero(run.table.outcome == Outcome.OK)
    order = answered[np.argsort(run.table.end[answered], kind="stable")]
    ends = run.table.end[order]
    began = run.table.intended[order] if run.mode == "open" else run.table.sent[order]
    in_time = ends < run.stopped_s
    return warm_up_s(ends[in_time] - run.started_s, (ends - began)[in_time], run.stopped_s - run.started_s)


def _closed_times(run: Run, ended: NDArray[np.bool_]) -> _Times:
    table = run.table
    counted = ended & np.isin(table.outcome, (Outcome.OK, Outcome.TIMEOUT))
    service = table.end[counted] - table.sent[counted]
    return _Times(response_s=service, service_s=service, lag_s=np.zeros_like(service), unsent=0)


def _open_times(run: Run, start_s: float) -> _Times:
    table = run.table
    meant = (table.intended >= start_s) & (table.intended < run.stopped_s)
    counted = meant & np.isin(table.outcome, (Outcome.OK, Outcome.TIMEOUT, Outcome.UNFINISHED))
    end = np.where(np.isnan(table.end), run.cut_s, table.end)
    sent = meant & (table.sent < run.stopped_s)
    return _Times(
        response_s=(end - table.intended)[counted],
        service_s=(end - table.sent)[counted & sent],
        lag_s=(table.sent - table.intended)[sent],
        unsent=int(np.count_nonzero(meant & ~sent)),
    )


def _mean_concurrency(run: Run, start_s: float) -> float:
    """The time-integral of requests in flight over the window, divided by it."""
    table = run.table
    sent = ~np.isnan(table.sent)
    end = np.where(np.isnan(table.end), run.cut_s, table.end)
    inside = np.minimum(end[sent], run.stopped_s) - np.maximum(table.sent[sent], start_s)
    return float(np.sum(inside[inside > 0])) / (run.stopped_s - start_s)


def _no_success(point: LoadPoint) -> str:
    errors = ", ".join(f"{count} {kind}" for kind, count in point.errors_by_kind.items())
    return f"no request succeeded in the window ({errors or 'none was sent and answered in it'})"


def _grave_faults(point: LoadPoint, times: _Times, objective: Objective) -> Iterator[str]:
    """Why a point proves nothing, a sentence each."""
    if point.mode == "closed":
        yield from _closed_faults(point)
        return
    meant = len(times.lag_s) + times.unsent
    if len(times.lag_s) < MIN_SENT_SHARE * meant:
        yield f"only {len(times.lag_s)} of {meant} requests could be sent in the window (limit {MIN_SENT_SHARE:.0%})"
    for name, _ in objective.limits():
        needed = requests_needed(name)
        if len(times.response_s) < needed:
            yield f"{name} needs {needed} requests, {len(times.response_s)} were measured: not resolved"


def _lengthening_faults(point: LoadPoint, times: _Times) -> Iterator[str]:
    """Faults of the generator that can only have made open-loop response times look longer, a sentence each."""
    if point.generator_utilisation is not None and point.generator_utilisation > MAX_GENERATOR_UTILISATION:
        yield (
            f"the load generator used {point.generator_utilisation:.0%} of its core (limit "
            f"{MAX_GENERATOR_UTILISATION:.0%}): it may have been the bottleneck"
        )
    if point.mode == "open" and len(times.lag_s):
        lag_s = quantile(times.lag_s, "p99")
        limit_s = max(MAX_LAG_SHARE * quantile(times.response_s, "p99"), MAX_LAG_S)
        if lag_s > limit_s:
            yield f"requests left late: p99 send lag {lag_s * 1e3:.1f} ms (limit {limit_s * 1e3:.1f} ms)"


def _closed_faults(point: LoadPoint) -> Iterator[str]:
    clients = point.concurrency or 0
    assert point.mean_concurrency is not None  # measured here
    idle_share = abs(clients - point.mean_concurrency) / clients
    idle_s = idle_share * clients * point.window_s / max(point.requests, 1)
    if idle_share > MAX_IDLE_SHARE and idle_s > MAX_IDLE_S:
        yield (
            f"{point.mean_concurrency:.2f} of {clients} clients had a request in flight on average: "
            f"{idle_share:.1%} off Little's law (limit {MAX_IDLE_SHARE:.0%})"
        )
