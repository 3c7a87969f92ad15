"""What would stop a job later and can be known before anything is started: said at once instead of after minutes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aiops_planner.catalog import select
from aiops_planner.validation import check_demand
from aiops_toolkit.bench.benchmark import http_target
from aiops_toolkit.bench.payloads import build_requests
from aiops_toolkit.config.settings import CapacitySettings, Settings
from aiops_toolkit.service import Service
from aiops_toolkit.sizing import read_demand, selection_from


def preflight(settings: Settings, environment: Mapping[str, str]) -> None:
    """Look at all that a job is going to need: the ready address, requests, demand, regions and families.

    `environment` holds the variables that headers name. Starts nothing and sends nothing. Raises what the job would
    raise later: ServiceError, UsageError, CatalogError. Files that `service.setup` may yet write are not missed.
    """
    service = Service(settings.service, root=settings.root, log=Path())
    for benchmark in settings.benchmarks:
        target = http_target(benchmark)
        if settings.service.setup:
            target = replace(target, payloads=None)
        build_requests(target, root=settings.root, url=service.substitute(target.url), environment=environment)
    if settings.capacity is not None:
        _check_capacity(settings.capacity, settings)


def _check_capacity(capacity: CapacitySettings, settings: Settings) -> None:
    may_come = settings.service.setup and isinstance(capacity.demand, Path)
    if not may_come or (settings.root / str(capacity.demand)).exists():
        check_demand(read_demand(capacity.demand, settings.root))
    if capacity.catalog is not None:
        select(selection_from(capacity.catalog), capacity.purchases)
