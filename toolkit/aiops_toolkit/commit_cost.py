"""What a commit costs, from two reports: both measured capacities through the sizing problem of today's aiops.yml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aiops_planner.commit_cost import TIGHT_GAP, Side, check_comparable, commit_cost
from aiops_planner.errors import AiopsError, ConfigError, UsageError
from aiops_planner.offers import CapacitySource
from aiops_planner.performance import Capacity, Interval
from aiops_planner.plans import Infeasible, Plan
from aiops_planner.sizing import plan
from aiops_planner.solver import using
from aiops_planner.wording import percent
from aiops_reports import wording
from aiops_reports.record import BenchmarkResult, CommitReport, Environment
from aiops_reports.store import DIRTY
from aiops_toolkit.config.settings import CapacitySettings
from aiops_toolkit.measured import fleet_objective, measured_benchmark, measured_capacity
from aiops_toolkit.sizing import Sized, sizing_problem

BASE, HEAD = "the base", "the report"
UNKNOWN = "unknown"
ELSEWHERE: tuple[CapacitySource, ...] = ("published", "measured")  # profiles are measured, but not at these commits
_PORT = re.compile(r"(?<=[\w\]]):\d+(?=[/?\s]|$)")  # often chosen anew for each run


def size_commit(settings: CapacitySettings, base: CommitReport, head: CommitReport, root: Path) -> Plan | Infeasible:
    """The plan for `head`, with what it costs more or less than the plan for `base`.

    Raises UsageError where the two reports cannot be compared, and what `size_fleet` raises, with the report it is
    about.
    """
    _check_settings(settings)
    if base == head:
        raise UsageError("the base is the report itself; name another one with --report, or another base")
    before, after = _measured(settings, base, BASE, root), _measured(settings, head, HEAD, root)
    differs = next(_differences(before, after), None)
    if differs is not None:
        raise UsageError(f"the two reports cannot be compared: {differs}; measure both commits alike")
    with using(settings.solver):
        answer = _compared(settings, _side(settings, before), _side(settings, after))
    assert answer.commit_cost is not None  # it was compared
    notes = (*answer.commit_cost.notes, *_doubts(before, after), *_band(answer))
    return replace(answer, commit_cost=replace(answer.commit_cost, notes=notes))


def _check_settings(settings: CapacitySettings) -> None:
    """Raise ConfigError where what machines carry does not follow from a commit, or from several benchmarks of it."""
    if settings.models:
        raise ConfigError(
            "capacity.models share one fleet, and what a commit costs is told for one benchmark; to compare commits, "
            "write capacity.demand for one of the models in a file of its own, and name it with --config"
        )
    if settings.catalog is None:
        raise ConfigError(
            "capacity.offers state what a machine carries, so no commit changes what the fleet costs; "
            "to compare commits, size offers of the catalog with capacity.catalog"
        )
    if settings.published is not None:
        raise ConfigError(
            "capacity.published says what a machine carries, so no commit changes what the fleet costs; "
            "to compare commits, leave it out and size the catalog by a benchmark"
        )


def _compared(settings: CapacitySettings, base: Side, head: Side) -> Plan | Infeasible:
    """The answer to the problem of `head`, with what the commit costs, to a gap that tells the two apart."""
    check_comparable(base, head)
    time_limit_s, gap = settings.time_limit_s, min(settings.gap, TIGHT_GAP)
    answer = head.answer or plan(head.problem, origin=head.origin, time_limit_s=time_limit_s, gap=gap)
    cost = commit_cost(base, replace(head, answer=answer), time_limit_s=time_limit_s, gap=gap)
    return replace(answer, commit_cost=cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """One report with its part in the comparison."""

    report: CommitReport
    result: BenchmarkResult
    sized: Sized


def _measured(settings: CapacitySettings, report: CommitReport, which: str, root: Path) -> _Measured:
    try:
        result = measured_benchmark(settings, report.benchmarks)
        sized = sizing_problem(settings, report.benchmarks, report.environment, root)
    except AiopsError as error:
        raise type(error)(f"{which}{_named(report)}: {error.message}") from None
    return _Measured(report=report, result=result, sized=sized)


def _named(report: CommitReport) -> str:
    name = _name(report)
    return f" ({name})" if name else ""


def _name(report: CommitReport) -> str | None:
    """The commit as the store names it."""
    commit = report.commit
    if commit is None:
        return None
    return commit.sha[:12] + (DIRTY if commit.dirty else "")


def _differences(before: _Measured, after: _Measured) -> Iterator[str]:
    """What was not alike when the two commits were measured, each as a phrase that names both."""
    pairs = {
        "the benchmark": (before.result.name, after.result.name),
        "the objective of the benchmark": (wording.aim(before.result), wording.aim(after.result)),
        "its target": (_target(before.result), _target(after.result)),
        "what measured it": (before.result.source or "aiops", after.result.source or "aiops"),
        "the arrivals of its open loop": (_arrivals(before.result), _arrivals(after.result)),
        "the machine": (_machine(before.report.environment), _machine(after.report.environment)),
    }
    for what, (one, other) in pairs.items():
        if one != other and UNKNOWN not in (one, other):
            yield f"{what} was {one} for the base and {other} for the other"


def _target(result: BenchmarkResult) -> str:
    return _PORT.sub("", result.target)


def _arrivals(result: BenchmarkResult) -> str:
    """How requests of the open loop arrived, as far as the points tell."""
    kinds = {point.arrivals for point in result.load_points if point.mode == "open" and point.arrivals}
    return " and ".join(sorted(kinds)) or UNKNOWN


def _machine(environment: Environment) -> str:
    """What decides how fast a service is: CPU, usable cores, architecture."""
    cpu = environment.cpu_model or environment.cpu_family or "an unknown CPU"
    return f"{cpu} with {environment.usable_cores} usable cores, {environment.architecture}"


def _side(settings: CapacitySettings, measured: _Measured) -> Side:
    """The sizing problem of a report, with how well the capacities in it are known."""
    capacity = measured_capacity(measured.result, fleet_objective(settings, measured.result))
    side = Side(
        problem=measured.sized.problem,
        origin=measured.sized.origin,
        answer=measured.sized.refused,
        name=_name(measured.report),
        capacity_rps=capacity.rps,
        apart=ELSEWHERE,
    )
    efficiency = _efficiency(measured)
    unknown = _why_unknown(capacity, efficiency)
    if unknown is not None:
        return replace(side, unknown_because=unknown)
    return replace(side, capacity_share=_share(capacity, 1 / efficiency))


def _why_unknown(capacity: Capacity, efficiency: float) -> str | None:
    """Why nobody knows how far the estimated capacities may be off by errors of measurement."""
    if capacity.rps is None:
        return "no capacity was measured at the objective"
    if capacity.missed_rps is None:
        return "every measured rate met the objective, so the capacity is only known to be at least the largest"
    if capacity.ci is None or (capacity.ci.low is None and capacity.ci.high is None):
        return "the measured capacity has no 95 % interval"
    if efficiency >= 1:
        return (
            "the machine carried all that the model of the estimates says of it, so they rest on service times "
            "instead of on the capacity and its interval"
        )
    return None


def _share(capacity: Capacity, most: float) -> Interval:
    """The interval as shares of the capacity; above `most` the estimates no longer follow it."""
    assert capacity.rps is not None
    assert capacity.ci is not None
    low, high = capacity.ci.low, capacity.ci.high
    return Interval(
        low=low / capacity.rps if low else None, high=min(high / capacity.rps, most) if high is not None else most
    )


def _doubts(before: _Measured, after: _Measured) -> Iterator[str]:
    """What was not quite alike, and may have a part in the difference."""
    if before.report.environment.fingerprint != after.report.environment.fingerprint:
        yield "memory, system or runner image differ between the two measurements, which may be part of the difference"
    if before.report.quick != after.report.quick:
        yield "one of the commits was measured in a quick run, so the other is known better"
    if any(offer.capacity_source in ELSEWHERE for offer in after.sized.problem.offers):
        yield (
            "the offers of capacity.profiles carry as much before as after, since no commit changes a profile; leave "
            "them out to see what the commit changes"
        )
    if (_efficiency(before) < 1) != (_efficiency(after) < 1):
        yield (
            "the estimates of one commit are calibrated by a measured capacity and those of the other are not, which "
            "may be part of the difference: give the benchmark more time with --budget"
        )


def _efficiency(measured: _Measured) -> float:
    """What the machine carried of what the model of the estimates says of it; 1 where nothing calibrates them."""
    offers = measured.sized.problem.offers
    return min((offer.efficiency for offer in offers if offer.capacity_source == "estimated"), default=1.0)


def _band(answer: Plan | Infeasible) -> Iterator[str]:
    """What the interval leaves out: the estimates of both commits are wrong alike."""
    fleet = () if isinstance(answer, Infeasible) else answer.fleet
    error = max((item.capacity_error or 0.0 for item in fleet if item.capacity_source == "estimated"), default=0.0)
    if error:
        yield (
            f"both commits are sized by the same estimates, which may be off by ±{percent(error)}: the difference is "
            "then off by as much, but not its sign; the 95 % are of the measurements alone"
        )
