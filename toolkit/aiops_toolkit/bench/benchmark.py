"""One benchmark within its time: a warm-up, the closed-loop ladder, then open-loop rates around the capacity."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiops_planner.capacity import find_capacity
from aiops_planner.errors import MeasurementError
from aiops_planner.knee import find_knee
from aiops_planner.performance import LoadPoint
from aiops_planner.scalability import find_scalability
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench.climb import climb
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.refine import refine
from aiops_toolkit.bench.samples import Outcome, kind_of
from aiops_toolkit.bench.search import remark, search
from aiops_toolkit.bench.session import Session
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.targets.http import SERVICE_LOG
from aiops_toolkit.bench.traces import arrivals_kind, arrivals_schedule
from aiops_toolkit.bench.watch import ServiceProbe
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.logs import one_line
from aiops_toolkit.paths import shortest
from aiops_toolkit.progress import Progress

WARM_UP_SHARE = 0.03


def run_benchmark(  # noqa: PLR0913 - each is a separate decision of the main job
    settings: BenchmarkSettings,
    target: Target,
    *,
    budget_s: float,
    quick: bool,
    seed: int,
    probe: ServiceProbe,
    progress: Progress,
    on_point: Callable[[LoadPoint], None],
    root: Path = Path(),
) -> BenchmarkResult:
    """Measure the operating curve of one benchmark in at most `budget_s` seconds.

    Each load point goes to `on_point` as soon as it is finished. Paths in `settings` are relative to `root`. Raises
    MeasurementError when no request succeeds or the service dies.
    """
    with Engine(target, probe, processes=settings.load.processes) as engine:
        session = Session(
            name=settings.name,
            engine=engine,
            objective=settings.slo,
            budget_s=budget_s,
            seed=seed,
            progress=progress,
            on_point=on_point,
            make_schedule=arrivals_schedule(settings.load, root),
            arrivals=arrivals_kind(settings.load),
        )
        response_s = warm_up(session, target, log=probe.log)
        measure(session, response_s, quick=quick)
    result = with_points(empty_result(settings, target.label, seed=seed, quick=quick), session.points, finished=True)
    return replace(result, seconds=session.elapsed_s, notes=tuple(session.notes))


def measure(session: Session, response_s: float, *, quick: bool) -> None:
    """The ladder, the search for the capacity, and more looks where the answer is least certain."""
    climb(session, response_s)
    search(session, response_s, quick=quick)
    refine(session, response_s)
    remark(session)


def empty_result(settings: BenchmarkSettings, label: str, *, seed: int, quick: bool) -> BenchmarkResult:
    """The result of a benchmark before its first load point; `label` is the target's."""
    return BenchmarkResult(
        name=settings.name,
        target=label,
        objective=settings.slo,
        load_points=(),
        knee=None,
        capacity=find_capacity((), settings.slo, finished=False),
        seconds=0.0,
        seed=seed,
        quick=quick,
    )


def with_points(result: BenchmarkResult, points: Iterable[LoadPoint], *, finished: bool = False) -> BenchmarkResult:
    """The result with these load points, and the knee and the capacity that follow from them.

    `finished` says that the benchmark ran to its end; until then a missing capacity gives that as its reason.
    """
    kept = tuple(points)
    capacity = find_capacity(kept, result.objective, finished=finished)
    knee = find_knee(kept) if finished else find_knee(kept, resamples=0)
    scalability = find_scalability(kept) if finished else None
    return replace(result, load_points=kept, knee=knee, capacity=capacity, scalability=scalability)


def warm_up(session: Session, target: Target, *, log: Path | None) -> float:
    """Send the first requests, one at a time; returns their median response time in seconds.

    Raises MeasurementError when none succeeds; it names `log`, what the service wrote.
    """
    drain_s = min(target.timeout_s, session.budget_s / 2)
    run = session.closed_run(1, WARM_UP_SHARE * session.budget_s, drain_s)
    answered = run.table.outcome == Outcome.OK
    if not answered.any():
        raise MeasurementError(f"benchmark {session.name}: {_describe_failure(session, run, target, log)}")
    return float(np.median((run.table.end - run.table.sent)[answered]))


def _describe_failure(session: Session, run: Run, target: Target, log: Path | None) -> str:
    kinds = Counter(kind_of(outcome) for outcome in run.table.outcome.tolist())
    kind, count = kinds.most_common(1)[0]
    if kind == "unfinished":
        failure = f"no answer within {run.cut_s - run.started_s:.1f} s"
    else:
        failure = f"every request failed: {kind} ({count} of {kinds.total()})"
    hint = session.engine.hint(kind)
    if kind.startswith("status-3"):
        place = "" if run.location is None else f", and this one points to {one_line(run.location, limit=200)}"
        hint = f"redirects are not followed{place}; write the final address as the url"
    return f"{failure}; {target.label}: {hint}{_where(log, hint)}"


def _where(log: Path | None, hint: str) -> str:
    """The place of the service's log, where it wrote one."""
    if log is None or not log.exists():
        return ""
    return f": {shortest(log)}" if hint.endswith(SERVICE_LOG) else f" ({SERVICE_LOG}: {shortest(log)})"
