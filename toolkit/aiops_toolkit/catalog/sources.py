"""What every source of prices has in common: what it is asked for, what it gives, and the part of the catalog it knows.

A source fetches prices. What clouds do not publish of a machine type, such as its CPU score, is taken over from the
catalog as it stands, from any region.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Purchase
from aiops_toolkit.progress import Progress

Prices = Mapping[Purchase, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPrices:
    """The machine types of one region at today's prices, and those that had to keep a price of before.

    `kept_types` could not be priced at all and stand as they were, with the date they had; `kept_prices` counts single
    prices, such as a commitment that is sold in another form, of machine types that were priced otherwise.
    """

    place: str
    types: tuple[InstanceType, ...]
    kept_types: int = 0
    kept_prices: int = 0


class Source(Protocol):
    """Where the prices of one cloud come from."""

    @property
    def cloud(self) -> str:
        """The cloud, as the catalog calls it."""

    @property
    def name(self) -> str:
        """The interfaces that are asked, for the record."""

    def fetch(self, regions: Sequence[str], known: "Known", today: str, progress: Progress) -> tuple[RegionPrices, ...]:
        """The machine types of the regions, with prices of `today` (ISO 8601).

        Raises CatalogError for a region there is not and PriceError when prices cannot be had.
        """


class Known:
    """The machine types of one cloud as the catalog has them, by region and wherever."""

    def __init__(self, types: Iterable[InstanceType]) -> None:
        self._here: dict[tuple[str, str], InstanceType] = {}
        self._anywhere: dict[str, InstanceType] = {}
        for machine in types:
            self._here[machine.region, machine.name] = machine
            self._anywhere.setdefault(machine.name, machine)

    @property
    def shapes(self) -> tuple[InstanceType, ...]:
        """One machine type of every name, from any region."""
        return tuple(self._anywhere.values())

    @property
    def regions(self) -> frozenset[str]:
        """The regions the catalog has."""
        return frozenset(region for region, _ in self._here)

    def shape(self, name: str) -> InstanceType | None:
        """The machine type of that name, from any region."""
        return self._anywhere.get(name)

    def here(self, region: str, name: str) -> InstanceType | None:
        """The machine type of that name in that region."""
        return self._here.get((region, name))

    def types_in(self, region: str) -> tuple[InstanceType, ...]:
        """All machine types of a region."""
        return tuple(machine for (place, _), machine in self._here.items() if place == region)


def priced(shape: InstanceType, region: str, prices: Prices, today: str) -> InstanceType:
    """A machine type in a region at these prices.

    The discount for whole months is a share that the clouds do not publish as a price: it stays what it was.
    """
    before, whole_month = shape.prices_usd_per_hour.get("on_demand"), shape.whole_month_usd_per_hour
    if before and whole_month is not None:
        whole_month = _rounded(prices["on_demand"] * whole_month / before)
    return replace(
        shape,
        region=region,
        prices_usd_per_hour={purchase: _rounded(price) for purchase, price in prices.items()},
        whole_month_usd_per_hour=whole_month,
        price_date=today,
    )


def _rounded(usd_per_hour: float) -> float:
    return round(usd_per_hour, 6)
