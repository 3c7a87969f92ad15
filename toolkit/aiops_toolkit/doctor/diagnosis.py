"""Puts the diagnosis together: measure, look around, and say in plain words what it means."""

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from aiops_planner.errors import AiopsError
from aiops_reports import formatting
from aiops_reports.record import Environment
from aiops_toolkit.bench.alarm import timerfd_available
from aiops_toolkit.doctor.engine import check_engine
from aiops_toolkit.doctor.findings import Diagnosis, EngineCheck, Finding, Noise
from aiops_toolkit.doctor.noise import measure_noise

STEADY_VARIATION = 0.03
NOISY_VARIATION = 0.10
LATE_WAKE_UP_S = 0.001
ENOUGH_CORES = 2
ENOUGH_SPACE_BYTES = 200 * 2**20


def diagnose(
    environment: Environment, store: Path, check: Callable[[], tuple[EngineCheck, ...]] = check_engine
) -> Diagnosis:
    """Measure this machine for about eight seconds and judge what was found; `store` is where reports will go."""
    noise = measure_noise()
    engine: tuple[EngineCheck, ...] = ()
    failure: str | None = None
    try:
        engine = check()
    except AiopsError as error:
        failure = error.message
    findings = (
        *_machine(environment),
        *_steadiness(noise),
        *_engine(engine, failure),
        *_programs(),
        _solver(),
        _space(store),
    )
    return Diagnosis(environment=environment, noise=noise, engine=engine, findings=findings)


def _machine(environment: Environment) -> Iterator[Finding]:
    cores = environment.usable_cores
    found = f"{cores} usable of {environment.logical_cores} ({environment.cpu_model or 'unknown model'})"
    advice = "load generator and service share one core: the capacity is less than the service's alone"
    yield _judged("cores", cores >= ENOUGH_CORES, found, advice)
    if platform.system() == "Linux":
        yield _judged(
            "timers",
            timerfd_available(),
            "timerfd" if timerfd_available() else "event loop timers",
            "open-loop requests leave up to 1 ms late: the kernel offers no timerfd",
        )
    else:
        advice = "open-loop requests leave up to a few ms late here; Linux is the reference platform"
        yield Finding(name="timers", status="limited", found=f"event loop timers on {environment.os}", advice=advice)


def _judged(name: str, is_fine: bool, found: str, advice: str) -> Finding:
    """A finding that is fine, or limited with its advice."""
    if is_fine:
        return Finding(name=name, status="ok", found=found)
    return Finding(name=name, status="limited", found=found, advice=advice)


def _steadiness(noise: Noise) -> Iterator[Finding]:
    varies = formatting.percent(noise.work_variation)
    found = f"the same work varies by {varies} (coefficient of variation)"
    advice = (
        "compare only figures of interleaved runs; two single runs differ by more than a change you look for"
        if noise.work_variation > NOISY_VARIATION
        else "repeat runs before believing differences of a few per cent"
    )
    yield _judged("steadiness", noise.work_variation <= STEADY_VARIATION, found, advice)
    found = f"99 of 100 come within {formatting.duration(noise.sleep_late_p99_s)}"
    advice = "other work competes for the cores: percentiles above p90 will show it"
    yield _judged("wake-ups", noise.sleep_late_p99_s <= LATE_WAKE_UP_S, found, advice)


def _engine(checks: tuple[EngineCheck, ...], failure: str | None) -> Iterator[Finding]:
    if failure is not None:
        yield Finding(name="load engine", status="missing", found=failure, advice="load cannot be generated here")
    for check in checks:
        added = formatting.duration(check.response_p50_s)
        lag = formatting.duration(check.send_lag_p99_s)
        found = f"adds {added} (p50) and sends within {lag} (p99) of the schedule"
        name = f"engine at {formatting.rate(check.offered_rps)}"
        yield _judged(name, not check.invalid_because, found, "; ".join(check.invalid_because))


def _programs() -> Iterator[Finding]:
    git = shutil.which("git")
    yield _judged("git", git is not None, git or "not found", "reports will not know their commit; install git")


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
    return _judged("report store", free_bytes >= ENOUGH_SPACE_BYTES, found, "free some space")
