"""Puts the diagnosis together: measure, look around, and say in plain words what it means."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiops_planner.errors import AiopsError
from aiops_reports import formatting
from aiops_reports.diagnosis import Diagnosis, Finding
from aiops_reports.record import Environment
from aiops_toolkit.doctor.engine import EngineReport, check_engine
from aiops_toolkit.doctor.noise import check_cores, clock_step_s
from aiops_toolkit.doctor.timers import check_timers
from aiops_toolkit.doctor.wording import core_findings, engine_findings, judged, timer_finding
from aiops_toolkit.progress import Progress

ENOUGH_SPACE_BYTES = 200 * 2**20
SECONDS = 15.0


def diagnose(environment: Environment, store: Path, progress: Progress, *, share: float = 1.0) -> Diagnosis:
    """Measure this machine for some 15 seconds, or a `share` of that, and judge what was found.

    `store` is where reports will go. The smaller the share, the less the figures say.
    """
    began = time.monotonic()

    def say(message: str) -> None:
        progress.advance(time.monotonic() - began, message)

    progress.start("machine", share * SECONDS)
    say("setting timers")
    timers = check_timers(share)
    say("working on the cores")
    cores = check_cores(share)
    failure: str | None = None
    report = EngineReport(checks=(), sensitivity=None)
    try:
        report = check_engine(share, say)
    except AiopsError as error:
        failure = error.message
    findings = (
        *core_findings(environment, cores),
        timer_finding(timers),
        *engine_findings(report.checks, report.sensitivity, failure),
        *_programs(),
        _solver(),
        _space(store),
    )
    progress.finish(f"measured for {time.monotonic() - began:.0f} s")
    return Diagnosis(
        environment=environment,
        clock_step_s=clock_step_s(),
        timers=timers,
        cores=cores,
        engine=report.checks,
        sensitivity=report.sensitivity,
        findings=findings,
        seconds=time.monotonic() - began,
    )


def _programs() -> Iterator[Finding]:
    git = shutil.which("git")
    yield judged("git", git is not None, git or "not found", "reports will not know their commit; install git")


def _solver() -> Finding:
    from aiops_planner import Demand, Offer, Problem, plan  # noqa: PLC0415 (loads the solver)

    offer = Offer(name="one", prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"requests": 1.0})
    try:
        answer = plan(Problem(demand=Demand.constant(1.0), offers=(offer,)))
    except AiopsError as error:
        return Finding(name="solver", status="missing", found=error.message, advice="aiops plan will fail")
    return Finding(name="solver", status="ok", found=f"a small problem is {answer.status}")


def _space(store: Path) -> Finding:
    folder = next(parent for parent in (store, *store.absolute().parents) if parent.is_dir())
    free_bytes = shutil.disk_usage(folder).free
    found = f"{formatting.size(free_bytes)} free at {folder}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "make the folder writable or set report.store to another one"
        return Finding(name="report store", status="missing", found=f"{folder}: {error.strerror}", advice=advice)
    return judged("report store", free_bytes >= ENOUGH_SPACE_BYTES, found, "free some space")
