"""The main job of one commit: start the service, test it, load it, size its fleet, and keep everything as it comes."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import LoadPoint
from aiops_planner.plans import Infeasible
from aiops_reports import formatting, wording
from aiops_reports.record import BenchmarkResult, CheckResult, Commit, CommitReport, Environment
from aiops_reports.summary import tests_phrase
from aiops_toolkit.bench.benchmark import empty_result, run_benchmark, with_points
from aiops_toolkit.bench.imports.registry import import_benchmark
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.checks import run_checks
from aiops_toolkit.config.settings import BenchmarkSettings, Settings
from aiops_toolkit.config.targets import ImportTarget
from aiops_toolkit.draft import Draft, Ending
from aiops_toolkit.masking import secrets_of
from aiops_toolkit.progress import Later, Progress
from aiops_toolkit.service import Service, running
from aiops_toolkit.sizing import size_fleet

LOAD_BUDGET_S = 60.0
QUICK_LOAD_BUDGET_S = 12.0
IMPORTED_MACHINE = "Imported results are taken to be of a service on this machine, which the fleet is sized against."


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How much time to spend on load in all (seconds), and the seed of its schedules."""

    quick: bool = False
    budget_s: float | None = None
    seed: int = 1

    @property
    def load_budget_s(self) -> float:
        """The budget asked for, or the default one."""
        return self.budget_s or (QUICK_LOAD_BUDGET_S if self.quick else LOAD_BUDGET_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known before anything is run: where and on what."""

    environment: Environment
    commit: Commit | None
    notes: tuple[str, ...] = ()


def new_report(settings: Settings, options: JobOptions, facts: Facts) -> CommitReport:
    """The empty report of this commit."""
    notes = facts.notes
    if "regression" in settings.report.fail_on:
        notes += ("Base and head were not compared, so report.fail_on: regression had no effect on this run.",)
    return CommitReport(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        service=settings.service.name,
        quick=options.quick,
        commit=facts.commit,
        environment=facts.environment,
        stages=(),
        fail_on=settings.report.fail_on,
        notes=notes,
    )


def run_job(
    settings: Settings,
    options: JobOptions,
    facts: Facts,
    *,
    work: Path,
    save: Callable[[CommitReport], None],
    progress: Progress,
) -> CommitReport:
    """Run every stage that can be run and return the report; `save` is called whenever there is more to keep.

    Failures of a stage, and Ctrl-C, end up in the report's stages, never as an exception. `work` is a folder for logs.
    """
    draft = Draft(new_report(settings, options, facts), save, secrets_of(settings, os.environ))
    try:
        measure(settings, options, draft, work=work, progress=progress)
        _plan(settings, draft, progress)
    except KeyboardInterrupt:
        draft.skip_rest("not reached: interrupted")
    return draft.report


def measure(settings: Settings, options: JobOptions, draft: Draft, *, work: Path, progress: Progress) -> None:
    """The stages that need the service: start it, test it, load it, and stop it whatever happens."""
    with ExitStack() as stack:
        service: Service | None = None
        with draft.stage("service", progress) as ending:
            service = stack.enter_context(
                running(
                    settings.service,
                    root=settings.root,
                    log=work / "service.log",
                    progress=progress,
                    secrets=draft.secrets,
                )
            )
            ending.message = service.description
        if service is None:
            draft.skip("tests", "not reached: the service did not start")
            draft.skip("benchmarks", "not reached: the service did not start")
            return
        _check(settings, draft, service, work, progress)
        _load(settings, options, draft, service, progress)


def _check(settings: Settings, draft: Draft, service: Service, work: Path, progress: Progress) -> None:
    if settings.tests is None:
        draft.skip("tests", "aiops.yml names no test command")
        return
    with draft.stage("tests", progress) as ending:
        checks = run_checks(
            settings.tests,
            root=settings.root,
            work=work,
            environment=service.test_environment(),
            secrets=draft.secrets,
        )
        draft.add(checks=checks)
        _describe_checks(checks, ending)


def _describe_checks(checks: CheckResult, ending: Ending) -> None:
    unmet = [gate for gate in checks.gates if not gate.passed]
    if not checks.tests_passed or unmet:
        ending.status = "failed"
    missed = [f"gate {gate.metric} {gate.condition} not met" for gate in unmet]
    ending.message = "; ".join([tests_phrase(checks), *missed])


def _load(settings: Settings, options: JobOptions, draft: Draft, service: Service, progress: Progress) -> None:
    if not settings.benchmarks:
        draft.skip("benchmarks", "aiops.yml names no benchmark")
        return
    loads = [benchmark for benchmark in settings.benchmarks if not isinstance(benchmark.target, ImportTarget)]
    shared = replace(options, budget_s=options.load_budget_s / max(len(loads), 1))
    with draft.stage("benchmarks", progress, options.load_budget_s) as ending:
        for benchmark in settings.benchmarks:
            if isinstance(benchmark.target, ImportTarget):
                result = import_benchmark(benchmark, benchmark.target, root=settings.root)
                draft.add(benchmarks=(*draft.report.benchmarks, result))
                continue
            part = Later(progress, loads.index(benchmark) * shared.load_budget_s)
            _measure_one(benchmark, settings.root, shared, draft, service, part)
        ending.message = "; ".join(map(_describe_benchmark, draft.report.benchmarks))


def _measure_one(
    benchmark: BenchmarkSettings,
    root: Path,
    options: JobOptions,
    draft: Draft,
    service: Service,
    progress: Progress,
) -> None:
    """One benchmark; its points are saved as they come, and stay when the rest of it fails."""
    target = make_target(benchmark, root=root, substitute=service.substitute, environment=os.environ, seed=options.seed)
    before = draft.report.benchmarks
    result = replace(
        empty_result(benchmark, target.label, seed=options.seed, quick=options.quick),
        notes=("The benchmark did not run to its end.",),
    )

    def keep(point: LoadPoint) -> None:
        nonlocal result
        result = with_points(result, (*result.load_points, point))
        draft.add(benchmarks=(*before, result))

    with _quoting(service):
        result = run_benchmark(
            benchmark,
            target,
            budget_s=options.load_budget_s,
            quick=options.quick,
            seed=options.seed,
            probe=service,
            progress=progress,
            on_point=keep,
            root=root,
        )
    draft.add(benchmarks=(*before, result))


@contextmanager
def _quoting(service: Service) -> Iterator[None]:
    """A measurement that fails because the service ended says how it ended, and what its log said last."""
    try:
        yield
    except MeasurementError as error:
        ended = service.exit_reason()
        raise MeasurementError(f"{error.message}; the service {ended}" if ended else error.message) from error


def _describe_benchmark(result: BenchmarkResult) -> str:
    valid = sum(point.valid for point in result.load_points)
    points = f"{valid} of {formatting.count(len(result.load_points), 'load point')} valid"
    return f"{result.name}: {points}, capacity {wording.capacity(result.capacity)}"


def _plan(settings: Settings, draft: Draft, progress: Progress) -> None:
    if settings.capacity is None:
        draft.skip("plan", "aiops.yml states no demand")
        return
    if settings.sizes_by_benchmark and not draft.succeeded("benchmarks"):
        draft.skip("plan", "not reached: no capacity was measured")
        return
    with draft.stage("plan", progress) as ending:
        plan = size_fleet(settings.capacity, draft.report.benchmarks, draft.report.environment, settings.root)
        draft.add(plan=plan)
        if settings.sizes_by_benchmark and any(result.source for result in draft.report.benchmarks):
            draft.add(notes=(*draft.report.notes, IMPORTED_MACHINE))
        if isinstance(plan, Infeasible):
            ending.status = "failed"
            ending.message = f"no fleet meets the target: {plan.reasons[0]}"
        else:
            ending.message = f"{formatting.money(plan.usd_per_month, 'month')}, {wording.bound(plan)}"
