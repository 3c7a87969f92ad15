"""The part of the catalog that somebody asks to see, in the order asked for, and how old its prices are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiops_planner.catalog import Selection, candidates
from aiops_planner.catalog_file import open_catalog
from aiops_planner.machine_types import InstanceType

Order = Literal["price", "vcpu-price", "spot", "vcpus", "memory", "score", "name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Machine types in order; `matching` counts those before a limit was applied.

    `refreshed` has the regions whose prices were refreshed, with the time (UTC, ISO 8601), from the file at `path`,
    None without one; the others are of the snapshot. `price_dates` has the oldest and the newest date of a price, by
    cloud.
    """

    schema: Literal["aiops/catalog-listing/1"] = "aiops/catalog-listing/1"
    path: str | None
    refreshed: Mapping[str, str]
    warning: str | None
    price_dates: Mapping[str, tuple[str, str]]
    matching: int
    types: tuple[InstanceType, ...]


def _price(machine: InstanceType) -> float | None:
    return machine.prices_usd_per_hour.get("on_demand")


def _vcpu_price(machine: InstanceType) -> float | None:
    price = _price(machine)
    return None if price is None else price / machine.vcpus


def _score(machine: InstanceType) -> float | None:
    return None if machine.cpu_score is None else -machine.cpu_score


# What is sorted by, smallest first; the fastest comes first by score, and what has no value comes last.
_ORDERS: Mapping[Order, Callable[[InstanceType], float | None]] = {
    "price": _price,
    "vcpu-price": _vcpu_price,
    "spot": lambda machine: machine.prices_usd_per_hour.get("spot"),
    "vcpus": lambda machine: machine.vcpus,
    "memory": lambda machine: machine.memory_gib,
    "score": _score,
    "name": lambda _: 0.0,
}


def list_types(selection: Selection, order: Order, limit: int | None) -> Listing:
    """The machine types of a selection, at most `limit` of them, all without one.

    Raises CatalogError for a cloud, region, family or accelerator that the catalog lacks.
    """
    opened = open_catalog()
    found = candidates(selection)
    allowed = [machine for machine in found if machine.architecture in selection.architectures]

    def rank(machine: InstanceType) -> tuple[bool, float, str]:
        value = _ORDERS[order](machine)
        return value is None, value or 0.0, machine.key

    return Listing(
        path=str(opened.path) if opened.refreshed else None,
        refreshed={place: entry.at for place, entry in opened.refreshed.items()},
        warning=opened.warning,
        price_dates=_dates(allowed),
        matching=len(allowed),
        types=tuple(sorted(allowed, key=rank)[:limit]),
    )


def _dates(types: list[InstanceType]) -> dict[str, tuple[str, str]]:
    dates: dict[str, list[str]] = {}
    for machine in types:
        dates.setdefault(machine.cloud, []).append(machine.price_date)
    return {cloud: (min(found), max(found)) for cloud, found in sorted(dates.items())}
