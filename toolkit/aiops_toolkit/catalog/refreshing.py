"""A refresh of the catalog: which regions, their prices from the clouds, and then all of them into the file at once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from aiops_planner.catalog import load_catalog, nearest
from aiops_planner.catalog_file import PATH_VARIABLE, Refreshed, refreshed_path
from aiops_planner.errors import CatalogError, UsageError
from aiops_planner.machine_types import to_row
from aiops_toolkit.catalog.amazon import Amazon
from aiops_toolkit.catalog.google import Google
from aiops_toolkit.catalog.sources import Known, RegionPrices, Source
from aiops_toolkit.catalog.store import prepare, save
from aiops_toolkit.progress import Progress

SOURCES: Mapping[str, type[Source]] = {"aws": Amazon, "gcp": Google}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedRegion:
    """What was fetched for one region; `kept_types` and `kept_prices` are those of `sources.RegionPrices`."""

    place: str
    types: int
    kept_types: int
    kept_prices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """A refresh that was written: where, when (UTC, ISO 8601), and the regions that have new prices."""

    schema: Literal["aiops/catalog-refresh/1"] = "aiops/catalog-refresh/1"
    path: Path
    at: str
    regions: tuple[RefreshedRegion, ...]


def refresh(
    regions: Mapping[str, Sequence[str]],
    progress: Progress,
    environment: Mapping[str, str] = os.environ,
    sources: Mapping[str, type[Source]] = SOURCES,
) -> Refresh:
    """Fetch the prices of the regions and write them. Nothing is written unless all of them came.

    Raises CatalogError for a region there is not, PriceError when prices cannot be had, and StorageError.
    """
    path = refreshed_path(environment)
    if path is None:
        raise UsageError(
            f"{PATH_VARIABLE} is empty, which keeps refreshed prices out; unset it, or name a file with it"
        )
    prepare(path)
    now = datetime.now(UTC)
    everything = load_catalog()
    fetched: list[RegionPrices] = []
    refreshed: dict[str, Refreshed] = {}
    for cloud, places in regions.items():
        if cloud not in sources:
            raise CatalogError(f"there are no prices of cloud {cloud!r} to fetch; {nearest(cloud, sources)}")
        source = sources[cloud]()
        known = Known(machine for machine in everything if machine.cloud == cloud)
        found = source.fetch(places, known, now.date().isoformat(), progress)
        fetched += found
        stamp = Refreshed(at=now.isoformat(timespec="seconds"), source=source.name)
        refreshed.update({region.place: stamp for region in found})
    save(path, refreshed, tuple(to_row(machine) for region in fetched for machine in region.types))
    return Refresh(path=path, at=now.isoformat(timespec="seconds"), regions=tuple(map(_summary, fetched)))


def _summary(region: RegionPrices) -> RefreshedRegion:
    return RefreshedRegion(
        place=region.place,
        types=len(region.types) - region.kept_types,
        kept_types=region.kept_types,
        kept_prices=region.kept_prices,
    )
