"""One figure in words: a label, a value, and whether it is good. The rows of a benchmark's findings."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from aiops_planner.performance import Distribution, Knee, LoadPoint, Scalability
from aiops_reports import formatting, wording
from aiops_reports.record import BenchmarkResult

Judgement = Literal["ok", "bad", "neutral"]

_METHODS = {
    "soft-min": "the maximum of the soft-min curve fitted to the closed-loop points",
    "measured": "the closed-loop point of largest measured power, not a fit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure for the reader and whether it is good."""

    label: str
    value: str
    judgement: Judgement = "neutral"


def curve_rows(result: BenchmarkResult) -> Iterator[Row]:
    """S, T and P at the knee and the capacity, each with its interval: what stands beside the verdict."""
    knee = result.knee
    if knee is None:
        yield Row(label="Knee", value=f"{formatting.NOT_RESOLVED}: no valid closed-loop point was measured")
    else:
        yield Row(label="Throughput S", value=f"{formatting.rate(knee.throughput_rps)} at the knee (closed loop)")
        yield Row(label="Response time T", value=f"{formatting.duration(knee.response_s)} mean at the knee")
        yield Row(label="Power P = S/T", value=_power(knee))
    if wording.objective_parts(result.objective):
        judgement: Judgement = "neutral" if result.capacity.rps is None else "ok"
        yield Row(label="Capacity", value=wording.capacity(result.capacity), judgement=judgement)
    if result.source is not None:
        yield Row(label="Measured by", value=f"{result.source}, imported; what it does not say is left blank")


def finding_rows(result: BenchmarkResult) -> Iterator[Row]:
    """How the knee was found and how far to trust it, and what the load cost: the detail below the verdict."""
    knee = result.knee
    if knee is not None:
        yield Row(label="Knee found by", value=_method(knee))
        if knee.method == "soft-min" and knee.measured_power is not None:
            yield Row(label="Largest measured P", value=_measured(knee))
    if result.scalability is not None:
        yield Row(label="Scalability (USL)", value=_scalability(result.scalability))
    known = [point for point in result.load_points if point.steadiness is not None]
    if known:
        yield Row(label="Steadiness", value=_steadiness(known, len(result.load_points)))
    point = reference_point(result)
    if point is not None:
        yield from _point_rows(point)


def reference_point(result: BenchmarkResult) -> LoadPoint | None:
    """The valid point whose times and resources stand for a benchmark: of largest power, closed loop before open."""
    usable = [point for point in result.load_points if point.valid and point.power is not None]
    return max(usable, key=lambda point: (point.mode == "closed", point.power or 0.0), default=None)


def _power(knee: Knee) -> str:
    power = wording.with_confidence(formatting.power(knee.power), knee.power_ci, formatting.power)
    at = wording.with_confidence(formatting.in_flight(knee.concurrency), knee.concurrency_ci, formatting.short)
    beyond = "" if knee.in_range else ", the last level tried: the true knee may lie beyond"
    return f"{power} with {at}{beyond}"


def _method(knee: Knee) -> str:
    return _METHODS[knee.method] + _off(knee.residual)


def _measured(knee: Knee) -> str:
    at = "" if knee.measured_concurrency is None else f" with {formatting.in_flight(knee.measured_concurrency)}"
    return f"{formatting.power(knee.measured_power)}{at}"


def _scalability(law: Scalability) -> str:
    peak = (
        "its power has no peak"
        if law.knee_concurrency is None
        else f"its power peaks with {formatting.in_flight(law.knee_concurrency)}"
    )
    return (
        f"a diagnostic that decides nothing: contention α {formatting.short(law.alpha)}, "
        f"coherency β {formatting.short(law.beta)}, one client {formatting.rate(law.gamma_rps)}; "
        f"{peak}{_off(law.residual)}"
    )


def _off(residual: float | None) -> str:
    return "" if residual is None else f"; residual {formatting.percent(residual, digits=2)} of throughput"


def _steadiness(known: list[LoadPoint], all_points: int) -> str:
    amounts = Counter(point.steadiness for point in known)
    words = [f"{amounts[kind]} {text}" for kind, text in wording.STEADINESS.items() if amounts[kind]]
    unknown = all_points - len(known)
    words += [f"{unknown} too short to tell"] if unknown else []
    return f"of {formatting.count(all_points, 'load point')} {formatting.joined(words)}"


def _point_rows(point: LoadPoint) -> Iterator[Row]:
    at = f" at {wording.load(point)}"
    for label, parts in (("Phases", _phases(point)), ("Resources", _resources(point)), ("GPU", _gpu(point))):
        if parts:
            yield Row(label=label + at, value=", ".join(parts))


def _phases(point: LoadPoint) -> list[str]:
    """Mean times of the phases of a request that were seen."""
    phases: tuple[tuple[str, Distribution | None], ...] = (
        ("connect", point.connect_s),
        ("first byte", point.first_byte_s),
        ("last byte", point.service_s),
    )
    return [f"{name} {formatting.duration(times.mean)}" for name, times in phases if times is not None]


def _resources(point: LoadPoint) -> list[str]:
    generator = "of a core for the load generator"
    if point.generator_processes > 1:
        generator = f"of a core for each of the {point.generator_processes} processes of the load generator"
    figures: tuple[tuple[float | None, Callable[[float], str], str], ...] = (
        (point.service_cpu_s_per_request, formatting.duration, "CPU a request"),
        (point.service_memory_bytes, formatting.size, "memory of the service"),
        (point.generator_utilisation, _share, generator),
        (point.generator_memory_bytes, formatting.size, "its memory"),
    )
    return [f"{show(value)} {what}" for value, show, what in figures if value is not None]


def _share(share: float) -> str:
    return formatting.percent(share, digits=2)


def _gpu(point: LoadPoint) -> list[str]:
    gpu = point.gpu
    if gpu is None:
        return []
    power = [] if gpu.mean_power_w is None else [f"{formatting.short(gpu.mean_power_w)} W"]
    used = f"{formatting.percent(gpu.mean_utilisation)} used"
    return [f"{gpu.count} × {gpu.name}", used, f"{formatting.size(gpu.peak_memory_bytes)} at most", *power]
