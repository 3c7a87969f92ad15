"""What would stop a job later and can be known before anything is started: said at once instead of after minutes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aiops_planner.catalog import select
from aiops_planner.joint_demand import joined
from aiops_planner.solver import check_available, using
from aiops_planner.validation import check_demand
from aiops_planner.verification import check_proof
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings, CapacitySettings, CatalogSettings, Settings
from aiops_toolkit.config.targets import ImportTarget, OpenaiTarget, SyntheticPrompts
from aiops_toolkit.models import check_one_class_each
from aiops_toolkit.profiles import profiled_offers
from aiops_toolkit.proofs import proof_from
from aiops_toolkit.service import Service
from aiops_toolkit.sizing import of_one_class, read_demand, read_demands, selection_from, sizing_problem


def preflight(settings: Settings, environment: Mapping[str, str]) -> None:
    """Look at all that a job needs: the ready address, requests, demand, arrivals, regions and families, the solver.

    `environment` holds the variables that headers name. Starts nothing and sends nothing. Raises what the job would
    raise later: ServiceError, UsageError, CatalogError, SolverError. Files that `service.setup` may yet write are not
    missed, nor are results to import, which the tests may yet write.
    """
    service = Service(settings.service, root=settings.root, log=Path())
    loads = (benchmark for benchmark in settings.benchmarks if not isinstance(benchmark.target, ImportTarget))
    for benchmark in loads:
        certain = _without_files(benchmark) if settings.service.setup else benchmark
        make_target(certain, root=settings.root, substitute=service.substitute, environment=environment)
    if settings.capacity is not None:
        _check_capacity(settings.capacity, settings)


def _without_files(benchmark: BenchmarkSettings) -> BenchmarkSettings:
    """The benchmark without what it reads from files, which `service.setup` may yet write."""
    target = benchmark.target
    if isinstance(target, ImportTarget):
        return benchmark
    if isinstance(target, OpenaiTarget):
        return replace(benchmark, target=replace(target, prompts=SyntheticPrompts(input_tokens=1, count=1)))
    return replace(benchmark, target=replace(target, payloads=None))


def _check_capacity(capacity: CapacitySettings, settings: Settings) -> None:
    with using(capacity.solver):
        check_available()
    if capacity.models:
        _check_models(capacity, settings)
    elif _is_certain(capacity.demand.file, settings):
        check_demand(read_demand(capacity.demand, settings.root))
    arrivals = capacity.simulation.arrivals
    if _is_certain(None if arrivals == "poisson" else Path(arrivals), settings):
        check_proof(proof_from(capacity.simulation, capacity.slo, settings.root))
    if capacity.catalog is not None:
        select(selection_from(capacity.catalog), capacity.purchases)
        if not capacity.models:
            _check_sources(capacity, capacity.catalog, settings)


def _check_models(capacity: CapacitySettings, settings: Settings) -> None:
    """Put the demands of the models side by side."""
    if not all(_is_certain(model.demand.file, settings) for model in capacity.models.values()):
        return
    demands = read_demands(capacity, settings.root)
    check_demand(joined(demands))
    if capacity.catalog is not None:
        check_one_class_each(demands)


def _check_sources(capacity: CapacitySettings, catalog: CatalogSettings, settings: Settings) -> None:
    """Look up published curves and read the reports of profiles, which take no measurement of this job."""
    arrivals = None if capacity.simulation.arrivals == "poisson" else Path(capacity.simulation.arrivals)
    files = (capacity.demand.file, arrivals, *(profile.report for profile in capacity.profiles.values()))
    if not all(_is_certain(file, settings) for file in files):
        return
    if settings.sizes_by_benchmark:
        demand = of_one_class(read_demand(capacity.demand, settings.root))
        profiled_offers(capacity, selection_from(catalog), demand, settings.root)
    else:
        sizing_problem(capacity, (), None, settings.root)


def _is_certain(file: Path | None, settings: Settings) -> bool:
    """Whether a file can be judged now: `service.setup` may yet write one that is not there."""
    return file is None or not settings.service.setup or (settings.root / file).exists()
