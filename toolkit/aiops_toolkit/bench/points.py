"""From what happened to each request to one load point: the window, its figures, and whether they may be used."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from aiops_planner.performance import Arrivals, LoadPoint, Objective, StreamFigures
from aiops_toolkit.bench.batches import batches_of
from aiops_toolkit.bench.gpu import gpu_figures
from aiops_toolkit.bench.limits import good_requests
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.percentiles import Summary, summarise
from aiops_toolkit.bench.samples import Outcome, kind_of
from aiops_toolkit.bench.steady import settle
from aiops_toolkit.bench.stream_figures import stream_figures
from aiops_toolkit.bench.validity import Timing, grave_faults, lengthening_faults, no_times
from aiops_toolkit.bench.watch import generator_cpu_s, peak_generator_bytes, peak_memory_bytes, service_cpu_s
from aiops_toolkit.bench.window import Rows, Window

NOTHING = Summary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was asked for: `clients` in closed loop, `rate_rps` and `arrivals` in open loop."""

    clients: int | None = None
    rate_rps: float | None = None
    arrivals: Arrivals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    response: Summary = NOTHING
    service: Summary = NOTHING
    lag: Summary = NOTHING
    connect: Summary = NOTHING
    first_byte: Summary = NOTHING


def load_point(run: Run, load: Load, objective: Objective) -> LoadPoint:
    """The load point of a run.

    Throughput, errors and requests count what ended inside the window. Response times are those of the requests that
    ended in it (closed loop) or were meant to be sent in it (open loop): see `Window`.
    """
    settling = settle(run)
    window = Window(run=run, start_s=run.started_s + settling.warm_up_s)
    outcomes = _outcomes(window)
    successes = outcomes.pop(Outcome.OK, 0)
    times = _summarise(window) if successes else _Times()
    good, issued = good_requests(window, objective)
    batches = batches_of(window, objective, requests=times.response.count)
    point = LoadPoint(
        mode=run.mode,
        concurrency=load.clients,
        offered_rps=load.rate_rps,
        arrivals=load.arrivals,
        window_s=window.seconds,
        warm_up_s=settling.warm_up_s,
        steadiness=settling.steadiness,
        requests=successes + outcomes.total(),
        successes=successes,
        errors_by_kind={kind_of(outcome): count for outcome, count in outcomes.most_common()},
        response_s=times.response.distribution,
        service_s=times.service.distribution,
        send_lag_s=times.lag.distribution,
        connect_s=times.connect.distribution,
        first_byte_s=times.first_byte.distribution,
        good_requests=good,
        issued_requests=issued,
        mean_concurrency=float(np.mean(batches.mean_concurrency)),
        service_cpu_s=service_cpu_s(run.readings, window.start_s, run.stopped_s),
        service_memory_bytes=peak_memory_bytes(run.readings),
        generator_cpu_s=generator_cpu_s(run.readings, window.start_s, run.stopped_s),
        generator_memory_bytes=peak_generator_bytes(run.readings),
        generator_processes=run.processes,
        gpu=gpu_figures(run.gpus, window.start_s, run.stopped_s),
        stream=_stream_figures(window) if successes else None,
        batches=batches,
    )
    if point.response_s is None:
        return replace(point, invalid_because=(no_times(point),))
    timing = Timing(response=times.response, lag=times.lag, meant=issued)
    return _judged(point, window, timing, objective)


def _judged(point: LoadPoint, window: Window, timing: Timing, objective: Objective) -> LoadPoint:
    grave = tuple(grave_faults(point, window, timing, objective))
    lengthening = tuple(lengthening_faults(point, window, timing))
    overstated = point.mode == "open" and bool(lengthening) and not grave
    return replace(point, invalid_because=(*grave, *lengthening), overstated=overstated)


def _outcomes(window: Window) -> Counter[int]:
    """How the requests that ended in the window did so."""
    found: Counter[int] = Counter()
    for rows in window.run.table.blocks():
        outcomes, counts = np.unique(rows.outcome[window.contains(rows.end)], return_counts=True)
        found.update(dict(zip(outcomes.tolist(), counts.tolist(), strict=True)))
    return found


def _summarise(window: Window) -> _Times:
    """One time after the other: the values of each are as long as a column of the table."""
    return _Times(
        response=summarise(window.gather(window.counted_response_s)),
        service=summarise(window.gather(window.counted_service_s)),
        lag=summarise(window.gather(window.lag_s)),
        connect=summarise(window.gather(window.counted_connect_s)),
        first_byte=summarise(window.gather(window.counted_first_byte_s)),
    )


def _stream_figures(window: Window) -> StreamFigures | None:
    run = window.run
    if run.stream is None:
        return None
    counted: Rows = window.counted(run.table)
    return stream_figures(
        run.table,
        run.stream,
        counted,
        window_s=window.seconds,
        ended_rows=window.contains(run.table.end),
        intended=run.mode == "open",
        cut_s=run.cut_s,
    )
