"""What a measured benchmark says of the machine it was measured on: its capacity, and what other sizes follow from."""

from dataclasses import replace

from aiops_planner.capacity import find_capacity
from aiops_planner.errors import ConfigError, MeasurementError
from aiops_planner.estimate import Reference
from aiops_planner.performance import Capacity, LoadPoint, Objective
from aiops_reports.record import BenchmarkResult, Environment
from aiops_toolkit.config.settings import CapacitySettings


def fleet_objective(settings: CapacitySettings, result: BenchmarkResult) -> Objective:
    """What the fleet has to meet: capacity.slo, else the benchmark's own objective."""
    return settings.slo if settings.slo.limits() or settings.slo.stream_limits() else result.objective


def reference_from(result: BenchmarkResult, environment: Environment, objective: Objective) -> Reference:
    """What was measured, as the estimate needs it: the least loaded valid point tells the bare service time.

    Raises MeasurementError when the benchmark has no valid closed-loop point.
    """
    ladder = [point for point in result.load_points if point.mode == "closed" and point.valid and point.service_s]
    if not ladder:
        remedy = (
            f"import closed-loop points of {result.source} too"
            if result.source
            else "see the reasons beside its load points, and give it more time with --budget"
        )
        raise MeasurementError(
            f"benchmark {result.name} has no valid closed-loop point, so nothing can be sized from it; {remedy}"
        )
    alone = min(ladder, key=lambda point: point.concurrency or 0)
    assert alone.service_s is not None  # the ladder holds no other points
    capacity = measured_capacity(result, objective)
    return Reference(
        objective=objective,
        mean_service_s=alone.service_s.mean,
        p99_service_s=alone.service_s.p99,
        usable_cores=environment.usable_cores,
        cpu_s_per_request=_cpu_s_per_request(ladder),
        capacity_rps=capacity.rps,
        missed_rps=capacity.missed_rps,
        cpu_model=environment.cpu_model,
        cpu_family=environment.cpu_family,
        threads_per_core=_threads_per_core(environment),
    )


def measured_capacity(result: BenchmarkResult, objective: Objective) -> Capacity:
    """The capacity of the machine that was measured, within an objective that may not be the benchmark's own."""
    asked, counted = ({*one.limits(), *one.stream_limits()} for one in (objective, result.objective))
    points = result.load_points
    if not asked <= counted:  # batches count the requests above the benchmark's own limits
        points = tuple(replace(point, batches=None) for point in points)
    return find_capacity(points, objective)


def measured_benchmark(settings: CapacitySettings, benchmarks: tuple[BenchmarkResult, ...]) -> BenchmarkResult:
    """The benchmark that sizes catalog offers. Raises MeasurementError and ConfigError where none can be told."""
    if not benchmarks:
        raise MeasurementError(
            "catalog offers are sized from a measured benchmark, and none was measured; measure one with `aiops run`, "
            "or give offers with their capacity"
        )
    if settings.benchmark is None and len(benchmarks) == 1:
        return benchmarks[0]
    for result in benchmarks:
        if result.name == settings.benchmark:
            return result
    measured = ", ".join(result.name for result in benchmarks)
    raise ConfigError(
        f"capacity.benchmark: found {settings.benchmark or 'nothing'}, expected one of the measured: {measured}"
    )


def _cpu_s_per_request(ladder: list[LoadPoint]) -> float | None:
    """From the busiest point: idle ticks of the service weigh least there."""
    busiest = max(ladder, key=lambda point: point.throughput_rps)
    return busiest.service_cpu_s_per_request


def _threads_per_core(environment: Environment) -> float:
    if not environment.physical_cores:
        return 1.0  # the cautious side: whole cores make the other machines look slower
    return environment.logical_cores / environment.physical_cores
