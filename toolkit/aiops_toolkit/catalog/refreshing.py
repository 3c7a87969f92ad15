"""A refresh of the catalog: which regions, their prices from the clouds, and then all of them into the file at once."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiops_planner.catalog import load_catalog, nearest
from aiops_planner.catalog_file import PATH_VARIABLE, Refreshed, refreshed_path
from aiops_planner.errors import CatalogError, UsageError
from aiops_planner.machine_types import to_row
from aiops_toolkit.catalog.amazon import Amazon
from aiops_toolkit.catalog.google import Google
from aiops_toolkit.catalog.sources import Known, RegionPrices, Source
from aiops_toolkit.catalog.store import save
from aiops_toolkit.progress import Progress

SOURCES: Mapping[str, type[Source]] = {"aws": Amazon, "gcp": Google}
_AWS_REGION = re.compile(r"[a-z]+(-[a-z]+)+-\d+")  # us-east-1, where Google Cloud has us-east1


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

    path: Path
    at: str
    regions: tuple[RefreshedRegion, ...]


def regions_to_refresh(
    clouds: Sequence[str], regions: Sequence[str], default: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The regions by cloud that are meant: those named, else those of `default` in the clouds named, or in all.

    The form of a region tells its cloud. Raises UsageError for a region outside the clouds named.
    """
    meant: dict[str, tuple[str, ...]] = {}
    for region in dict.fromkeys(regions):
        cloud = "aws" if _AWS_REGION.fullmatch(region) else "gcp"
        if clouds and cloud not in clouds:
            raise UsageError(
                f"--region {region} has the form of a region of {cloud}; add --cloud {cloud}, or correct it"
            )
        meant[cloud] = (*meant.get(cloud, ()), region)
    if regions:
        return meant
    chosen = {cloud: tuple(default[cloud]) for cloud in default if not clouds or cloud in clouds}
    if not chosen:
        raise UsageError(f"no region of {' or '.join(clouds)} is known here; name one with --region")
    return chosen


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
