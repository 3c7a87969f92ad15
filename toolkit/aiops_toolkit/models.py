"""From the models of aiops.yml to what they ask of the planner: their objectives, memory and measured references."""

from collections.abc import Mapping

from aiops_planner.demand import Demand
from aiops_planner.errors import ConfigError, MeasurementError
from aiops_planner.estimate import Reference
from aiops_planner.hosted_models import HostedModel
from aiops_planner.joint_demand import classes_of
from aiops_planner.performance import Objective
from aiops_reports.record import BenchmarkResult, Environment
from aiops_toolkit.config.settings import ModelSettings
from aiops_toolkit.measured import reference_from

Models = Mapping[str, ModelSettings]


def hosted_models(models: Models, demands: Mapping[str, Demand]) -> tuple[HostedModel, ...]:
    """The models with their classes of the joint demand and their memory."""
    return tuple(
        HostedModel(name=name, classes=classes_of(name, demands[name]), memory_gib=model.memory_gib)
        for name, model in models.items()
    )


def objectives_of(models: Models, demands: Mapping[str, Demand]) -> dict[str, Objective]:
    """The objective of each class of the joint demand, of the models that have one."""
    return {
        request_class: model.slo
        for name, model in models.items()
        if model.slo.limits()
        for request_class in classes_of(name, demands[name])
    }


def results_of(models: Models, benchmarks: tuple[BenchmarkResult, ...]) -> dict[str, BenchmarkResult]:
    """The measured benchmark of each model. Raises MeasurementError and ConfigError for a model without one."""
    if not benchmarks:
        raise MeasurementError(
            "catalog offers are sized from a measured benchmark for each model, and none was measured; measure them "
            "with `aiops run`, or give offers with their capacity"
        )
    by_name = {result.name: result for result in benchmarks}
    found = {}
    for name, model in models.items():
        wanted = model.benchmark or name
        if wanted not in by_name:
            raise ConfigError(
                f"capacity.models.{name}.benchmark: found {wanted}, expected one of the measured: {', '.join(by_name)}"
            )
        found[name] = by_name[wanted]
    return found


def references_of(
    models: Models, results: Mapping[str, BenchmarkResult], environment: Environment | None
) -> dict[str, Reference]:
    """What was measured of each model, against its own objective or else that of its benchmark.

    Raises MeasurementError for results that nothing can be sized from, and ConfigError for a model without a limit.
    """
    if environment is None:
        raise MeasurementError("the machine that was measured is not known; plan from a report of `aiops run`")
    references = {}
    for name, model in models.items():
        objective = model.slo if model.slo.limits() else results[name].objective
        if not objective.limits():
            raise ConfigError(
                f"capacity.models.{name}.slo: found no limit on response time, which sizes the fleet; add one, like "
                "p99: 100ms"
            )
        references[name] = reference_from(results[name], environment, objective)
    return references


def check_one_class_each(demands: Mapping[str, Demand]) -> None:
    """Raise ConfigError for a model with several classes, where one benchmark sizes it."""
    for name, demand in demands.items():
        if len(demand.classes) > 1:
            raise ConfigError(
                f"capacity.models.{name}.demand has the classes {', '.join(demand.classes)}, but catalog offers are "
                "sized from one benchmark for each model; give one rate, the column of a file, or offers with a "
                f"capacity for each, like {name}.{demand.classes[0]}"
            )
