"""What measured figures of a machine mean in plain words, and where they stop being fine."""

import platform
from collections.abc import Iterator

from aiops_reports import formatting
from aiops_reports.diagnosis import CoreCheck, EngineCheck, Finding, Noise, Sensitivity, TimerCheck
from aiops_reports.record import Environment

ENOUGH_CORES = 2
STEADY_VARIATION = 0.03
NOISY_VARIATION = 0.10
STOLEN_SHARE = 0.01
LATE_WAKE_UP_S = 0.001
PINNING_HELPS = 0.8  # the variation on one core, as a part of that on any
SMALL_CHANGE = 0.05


def judged(name: str, is_fine: bool, found: str, advice: str) -> Finding:
    """A finding that is fine, or limited with its advice."""
    if is_fine:
        return Finding(name=name, status="ok", found=found)
    return Finding(name=name, status="limited", found=found, advice=advice)


def core_findings(environment: Environment, cores: CoreCheck) -> Iterator[Finding]:
    """How many cores there are, how evenly they work, and whether staying on one helps."""
    count = environment.usable_cores
    found = f"{count} usable of {environment.logical_cores} ({environment.cpu_model or 'unknown model'})"
    advice = "load generator and service share one core: the capacity is less than the service's alone"
    yield judged("cores", count >= ENOUGH_CORES, found, advice)
    if cores.quota is not None:
        found = f"control groups allow the time of {formatting.number(cores.quota)} cores"
        advice = "a service that has used its time up stands still until the next period: a large p99 may be that"
        yield Finding(name="CPU quota", status="limited", found=found, advice=advice)
    yield _steadiness(cores.free)
    yield _stolen_time(cores.free)
    yield _pinning(cores)


def timer_finding(timers: tuple[TimerCheck, ...]) -> Finding:
    """How late the timer that load is sent by wakes the generator, beside the other kind."""
    used = timers[0]
    words = [
        f"{timer.name} wakes {_lateness(timer.late_p50_s)} (p50), {_lateness(timer.late_p99_s)} (p99)"
        for timer in timers
    ]
    if used.name == "event loop":
        place = "the kernel offers no timerfd" if platform.system() == "Linux" else "Linux is the reference platform"
        return judged("timers", False, words[0], f"open-loop requests leave up to a few ms late: {place}")
    advice = "other work competes for the cores: percentiles above p90 will show it"
    return judged("timers", used.late_p99_s <= LATE_WAKE_UP_S, "; ".join(words), advice)


def engine_findings(
    checks: tuple[EngineCheck, ...], sensitivity: Sensitivity | None, failure: str | None
) -> Iterator[Finding]:
    """What the load engine adds at each rate, and how small a change it can show here."""
    if failure is not None:
        yield Finding(name="load engine", status="missing", found=failure, advice="load cannot be generated here")
        return
    for check in checks:
        added = formatting.duration(check.response_p50_s)
        lag = formatting.duration(check.send_lag_p99_s)
        found = (
            f"adds {added} (p50), sends within {lag} (p99) of the schedule, "
            f"takes {formatting.percent(check.generator_utilisation, digits=2)} of a core"
        )
        name = f"engine at {formatting.rate(check.offered_rps)}"
        yield judged(name, not check.invalid_because, found, "; ".join(check.invalid_because))
    yield _smallest_change(sensitivity)


def _steadiness(noise: Noise) -> Finding:
    found = f"the same work varies by {formatting.percent(noise.work_variation)} (coefficient of variation)"
    advice = (
        "compare only figures of interleaved runs; two single runs differ by more than a change you look for"
        if noise.work_variation > NOISY_VARIATION
        else "repeat runs before believing differences of a few per cent"
    )
    return judged("steadiness", noise.work_variation <= STEADY_VARIATION, found, advice)


def _stolen_time(noise: Noise) -> Finding:
    found = (
        f"a busy thread lost {formatting.percent(noise.stolen_share, digits=2)} of its time to others, "
        f"at most {formatting.duration(noise.worst_gap_s)} at once"
    )
    advice = (
        "other work, or other guests of the same host, take turns on the cores: expect slow requests that are theirs"
    )
    return judged("stolen time", noise.stolen_share <= STOLEN_SHARE, found, advice)


def _pinning(cores: CoreCheck) -> Finding:
    if cores.pinned is None:
        found = "a thread cannot be bound to a core here"
        return judged("pinning", False, found, "generator and service may get into each other's way")
    free, pinned = cores.free.work_variation, cores.pinned.work_variation
    if len(cores.usable) < ENOUGH_CORES:
        return Finding(name="pinning", status="ok", found="there is but one core to run on")
    verdict = "it helps" if pinned < PINNING_HELPS * free else "it makes little difference"
    if free < PINNING_HELPS * pinned:
        verdict = "it does harm, as that core is the busier one"
    found = (
        f"threads can be bound to cores {_listed(cores.usable)}: on one of them the same work varies by "
        f"{formatting.percent(pinned)} and {formatting.percent(cores.pinned.stolen_share, digits=2)} of the time is "
        f"lost; {verdict}"
    )
    if cores.isolated:
        found += f"; the kernel keeps {_listed(cores.isolated)} free of other work"
    return Finding(name="pinning", status="ok", found=found)


def _smallest_change(sensitivity: Sensitivity | None) -> Finding:
    name = "smallest change"
    if sensitivity is None:
        advice = "measure again when the machine is quieter"
        return judged(name, False, "not found: the reference server gave too few answers", advice)
    response, throughput = sensitivity.smallest_response_change, sensitivity.smallest_throughput_change
    found = (
        f"between two benchmarks of the default budget, {formatting.percent(response, digits=2)} of the mean response "
        f"time or {formatting.percent(throughput, digits=2)} of the throughput; less cannot be told from noise"
    )
    advice = "four times the --budget halves this; a quieter machine does more"
    return judged(name, max(response, throughput) <= SMALL_CHANGE, found, advice)


def _lateness(seconds: float) -> str:
    return formatting.duration(abs(seconds)) + (" late" if seconds >= 0 else " early")


def _listed(cores: tuple[int, ...]) -> str:
    return formatting.joined([str(core) for core in cores])
