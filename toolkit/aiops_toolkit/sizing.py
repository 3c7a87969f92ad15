"""From the capacity section of aiops.yml and what was measured to a sizing problem, and to its answer."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiops_planner.catalog import Selection
from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.demand_file import read_traffic
from aiops_planner.errors import ConfigError, MeasurementError, UsageError
from aiops_planner.estimate import Reference, size_catalog_offers
from aiops_planner.file_form import FileForm
from aiops_planner.joint_demand import joined
from aiops_planner.objectives import multiplied
from aiops_planner.offers import Offer
from aiops_planner.performance import Objective
from aiops_planner.plans import Infeasible, Origin, Plan, Problem
from aiops_planner.proofs import Proof
from aiops_planner.published_offers import offers_from_published
from aiops_planner.shared_estimates import size_for_models
from aiops_planner.sizing import plan
from aiops_planner.solver import using
from aiops_reports import formatting, wording
from aiops_reports.record import BenchmarkResult, Environment
from aiops_toolkit.catalog.age import price_notes
from aiops_toolkit.clients import SizedFor, clients_from, reached, without_origins
from aiops_toolkit.config.settings import CapacitySettings, CatalogSettings, DemandSettings
from aiops_toolkit.measured import fleet_objective, measured_benchmark, reference_from
from aiops_toolkit.models import check_one_class_each, hosted_models, objectives_of, references_of, results_of
from aiops_toolkit.paths import shortest
from aiops_toolkit.profiles import Profiled, profiled_offers
from aiops_toolkit.proofs import proof_from
from aiops_toolkit.published import workload_of

MAX_DEMAND_BYTES = 2**28
LONGEST_LINE = 2**16  # characters; what is longer is no row
HARDLY_LOADED = 0.1  # of the best throughput: what queues there does not come from load


def size_fleet(
    settings: CapacitySettings,
    benchmarks: tuple[BenchmarkResult, ...],
    environment: Environment | None,
    root: Path,
) -> Plan | Infeasible:
    """The cheapest fleet for the demand, or why there is none.

    Catalog offers are sized from the measured benchmark and the machine it was measured on; `environment` may be None
    when nothing is estimated. Raises UsageError for a demand that cannot be met by what is configured.
    """
    sized = sizing_problem(settings, benchmarks, environment, root)
    with using(settings.solver):
        return sized.refused or plan(
            sized.problem, time_limit_s=settings.time_limit_s, gap=settings.gap, origin=sized.origin
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A sizing problem and how its offers came about; `refused` where what was measured rules every machine out.

    `sized_for` gives the offers sized for another objective, where they can be.
    """

    problem: Problem
    origin: Origin = field(default_factory=Origin)
    refused: Infeasible | None = None
    sized_for: SizedFor | None = None


def sizing_problem(
    settings: CapacitySettings,
    benchmarks: tuple[BenchmarkResult, ...],
    environment: Environment | None,
    root: Path,
) -> Sized:
    """What `size_fleet` answers; raises the same errors."""
    if settings.models:
        return _shared_problem(settings, benchmarks, environment, root)
    demand = read_demand(settings.demand, root)
    if settings.clients is None:
        return _sized(settings, demand, benchmarks, environment, root)
    sized = _sized(settings, without_origins(demand, settings.clients), benchmarks, environment, root)
    if sized.refused:
        return sized
    clients = clients_from(settings.clients, root)
    problem, origin = reached(sized.problem, sized.origin, sized.sized_for, demand, clients)
    return replace(sized, problem=problem, origin=origin)


def _sized(
    settings: CapacitySettings,
    demand: Demand,
    benchmarks: tuple[BenchmarkResult, ...],
    environment: Environment | None,
    root: Path,
) -> Sized:
    """The problem as if all clients were beside the machines."""
    if settings.catalog is None:
        proof = proof_from(settings.simulation, settings.slo, root)
        return Sized(problem=_problem(settings, demand, settings.offers, proof))
    estimated = settings.published is None and (bool(benchmarks) or not settings.profiles)
    demand = of_one_class(demand) if estimated else demand
    profiled = profiled_offers(settings, selection_from(settings.catalog), demand, root)
    if not estimated:
        return _dated(_published_problem(settings, profiled, demand, root))
    result = measured_benchmark(settings, benchmarks)
    return _dated(_estimated_problem(settings, profiled, demand, result, environment, root))


def _dated(sized: Sized) -> Sized:
    """The same with what is to be said of the age of its prices."""
    notes = (*sized.origin.notes, *price_notes(sized.problem.offers, datetime.now(UTC).date()))
    return replace(sized, origin=replace(sized.origin, notes=notes))


def _problem(settings: CapacitySettings, demand: Demand, offers: tuple[Offer, ...], proof: Proof) -> Problem:
    return Problem(
        demand=demand,
        offers=offers,
        purchases=settings.purchases,
        survive=settings.survive,
        limits=settings.limits,
        goal=settings.goal,
        proof=proof,
    )


def of_one_class(demand: Demand) -> Demand:
    """The demand with its one class by the name that estimates have for it. Raises ConfigError for several."""
    if len(demand.classes) != 1:
        raise ConfigError(
            f"capacity.demand has the classes {', '.join(demand.classes)}, but catalog offers are sized from one "
            "benchmark and carry one class; give one rate, the column of a file, or offers with a capacity for each"
        )
    return replace(demand, classes=(SINGLE_CLASS,))


def _published_problem(settings: CapacitySettings, profiled: Profiled, demand: Demand, root: Path) -> Sized:
    """Machine types with published curves, and those that were measured themselves."""
    proof = proof_from(settings.simulation, settings.slo, root)
    if settings.published is None:
        return Sized(problem=_problem(settings, demand, profiled.offers, proof), origin=profiled.origin())
    size = partial(
        offers_from_published,
        workload_of(settings.published, demand),
        selection=profiled.others,
        purchases=settings.purchases,
        whole_month=demand.is_constant,
    )
    offers, left_out, notes = size(settings.slo)
    origin = profiled.origin(left_out, notes, offers_at=lambda factor: size(multiplied(settings.slo, factor))[0])
    return Sized(
        problem=_problem(settings, demand, (*offers, *profiled.offers), proof),
        origin=origin,
        sized_for=lambda objective: size(objective)[0],
    )


def _estimated_problem(
    settings: CapacitySettings,
    profiled: Profiled,
    demand: Demand,
    result: BenchmarkResult,
    environment: Environment | None,
    root: Path,
) -> Sized:
    if environment is None:
        raise MeasurementError("the machine that was measured is not known; plan from a report of `aiops run`")
    reference = reference_from(result, environment, fleet_objective(settings, result))
    proof = proof_from(settings.simulation, reference.objective, root)
    if reference.capacity_rps is None and reference.missed_rps is not None:
        refused = _without_capacity(demand, result, reference)
        return Sized(problem=_problem(settings, demand, (), proof), refused=refused)
    size = partial(size_catalog_offers, profiled.others, reference, settings.purchases, whole_month=demand.is_constant)
    offers, left_out, notes = size()
    asked = reference.objective
    origin = profiled.origin(left_out, notes, lambda factor: size(objective=multiplied(asked, factor))[0])
    return Sized(
        problem=_problem(settings, demand, (*offers, *profiled.offers), proof),
        origin=origin,
        sized_for=lambda objective: size(objective=objective)[0],
    )


def _shared_problem(
    settings: CapacitySettings,
    benchmarks: tuple[BenchmarkResult, ...],
    environment: Environment | None,
    root: Path,
) -> Sized:
    """Several models on one fleet of your own offers, or of catalog offers that a benchmark for each model sizes."""
    demands = read_demands(settings, root)
    demand, models = joined(demands), hosted_models(settings.models, demands)
    proof = proof_from(settings.simulation, Objective(), root)
    if settings.catalog is None:
        proof = replace(proof, objectives=objectives_of(settings.models, demands))
        return Sized(problem=replace(_problem(settings, demand, settings.offers, proof), models=models))
    check_one_class_each(demands)
    results = results_of(settings.models, benchmarks)
    references = references_of(settings.models, results, environment)
    proof = replace(proof, objectives={name: reference.objective for name, reference in references.items()})
    for name, reference in references.items():
        if reference.capacity_rps is None and reference.missed_rps is not None:
            refused = _without_capacity(demand, results[name], reference, f"capacity.models.{name}.slo")
            return Sized(problem=_problem(settings, demand, (), proof), refused=refused)
    selection = selection_from(settings.catalog)
    size = partial(size_for_models, selection, references, settings.purchases, whole_month=demand.is_constant)
    offers, left_out, notes = size()
    origin = Origin(left_out=left_out, notes=notes, offers_at=lambda factor: size(objective_factor=factor)[0])
    return _dated(Sized(problem=replace(_problem(settings, demand, offers, proof), models=models), origin=origin))


def _without_capacity(
    demand: Demand, result: BenchmarkResult, reference: Reference, slo: str = "capacity.slo"
) -> Infeasible:
    """A service that missed the objective under hardly any load misses it on every machine.

    One that was only seen to miss it under more may have been disturbed: MeasurementError.
    """
    assert reference.missed_rps is not None  # else the estimates go on without a calibration
    objective = wording.objective(reference.objective)
    missed = f"{formatting.rate(reference.missed_rps)} missed {objective} in benchmark {result.name}"
    most_rps = max((point.throughput_rps for point in result.load_points if point.mode == "closed"), default=0.0)
    if reference.missed_rps <= HARDLY_LOADED * most_rps:
        share = formatting.percent(reference.missed_rps / most_rps)
        reason = f"even {missed}, {share} of what the service carries at most, so more machines do not help"
        return Infeasible(demand=demand, reasons=(reason,))
    raise MeasurementError(
        f"no machine type can be sized: {missed} and no lower rate was shown to meet it; "
        f"loosen {slo}, or measure again with a larger --budget on a quieter machine"
    )


def selection_from(catalog: CatalogSettings) -> Selection:
    """The part of the catalog that aiops.yml selects, as the planner takes it."""
    return Selection(
        clouds={str(cloud): regions for cloud, regions in catalog.clouds.items()},
        families=catalog.families,
        architectures=catalog.architectures,
        min_vcpus=catalog.min_vcpus,
        max_vcpus=catalog.max_vcpus,
        min_memory_gib=catalog.min_memory_gib,
        max_memory_gib=catalog.max_memory_gib,
        accelerators=catalog.accelerators,
        min_accelerator_memory_gib=catalog.min_accelerator_memory_gib,
        model_memory_gib=None if catalog.model_memory_bytes is None else catalog.model_memory_bytes / 2**30,
    )


def read_demands(settings: CapacitySettings, root: Path) -> dict[str, Demand]:
    """The demand of each model, with every day of its file. Raises UsageError for one that cannot be used."""
    return {name: read_demand(model.demand, root, every_day=True) for name, model in settings.models.items()}


def read_demand(demand: DemandSettings, root: Path, *, every_day: bool = False) -> Demand:
    """The demand to plan for, as written or from the file it names. Raises UsageError for one that cannot be used."""
    form = replace(demand.form, every_day=every_day)
    written = Demand.of_classes(demand.rates or {}) if demand.file is None else _recorded(root / demand.file, form)
    return written.expected(growth=demand.growth, peak_factor=demand.peak_factor)


def _recorded(path: Path, form: FileForm) -> Demand:
    named = shortest(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UsageError(f"{named}: the demand is a pipe or device; save it as a file")
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.stat().st_size > MAX_DEMAND_BYTES:
                raise UsageError(f"{named}: the demand is larger than 256 MiB; count the requests by minute or by hour")
            return read_traffic(iter(partial(file.readline, LONGEST_LINE), ""), named, form)
    except OSError as error:
        raise UsageError(f"{named}: the demand cannot be read: {error.strerror}; correct capacity.demand") from None
    except UnicodeDecodeError:
        raise UsageError(f"{named}: the demand is not UTF-8 text; save it as CSV in UTF-8") from None
