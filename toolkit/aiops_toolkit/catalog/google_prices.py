"""The price of a Google Cloud machine type, put together from what its vCPUs, memory and accelerators cost.

Google publishes no prices of machine types but of these resources, by series and region:

    price of a machine = vCPUs x price of a vCPU + GiB x price of a GiB + accelerators x price of one

Of some machine types that is not the whole price (shared cores, local SSDs, the M series): those are left alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiops_planner.errors import PriceError
from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import PURCHASES, Purchase
from aiops_toolkit.catalog.sources import Known, Prices, RegionPrices, priced

PURCHASE_OF_USAGE: Mapping[str, Purchase] = {
    "OnDemand": "on_demand",
    "Preemptible": "spot",
    "Commit1Yr": "reserved_1y",
    "Commit3Yr": "reserved_3y",
}
# What Google calls a series in the descriptions of its resources, without the maker of the processor.
_SERIES = {
    "A2": "a2",
    "C2D": "c2d",
    "C3": "c3",
    "C3D": "c3d",
    "C4": "c4",
    "C4A": "c4a",
    "C4D": "c4d",
    "C4N": "c4n",
    "Compute optimized": "c2",
    "E2": "e2",
    "G2": "g2",
    "G4": "g4",
    "H3": "h3",
    "N1 Predefined": "n1",
    "N2": "n2",
    "N2D": "n2d",
    "N4": "n4",
    "N4A": "n4a",
    "N4D": "n4d",
    "T2A": "t2a",
    "T2D": "t2d",
}
_ACCELERATORS = {
    "Nvidia L4 GPU": "nvidia-l4",
    "Nvidia Tesla A100 GPU": "nvidia-a100-40gb",
    "RTX 6000 96GB": "nvidia-rtx-pro-6000",
}
# Their prices have more parts than these resources.
_NOT_COMPOSED = re.compile(r"e2-(micro|small|medium)|.*lssd|a2-ultragpu-.*")
_MAKER = re.compile(r" (?:AMD|Arm)$")
_RUNNING = re.compile(
    r"(?:Spot Preemptible |Preemptible )?(?P<series>.+?)(?: Instance)? (?P<part>Core|Ram) running in .+"
)
_COMMITTED = re.compile(
    r"Commitment(?: v1)?: (?:(?P<series>.+?) )?(?P<part>Cpu|Core|Ram) (?:running )?in .+ for \d Years?"
)
_ACCELERATOR = re.compile(
    r"(?:Commitment v1: )?(?P<name>.+?) (?:attached to Spot .+|running in .+|in .+ for \d Years?)"
)
_CPU, _MEMORY = "vCPU", "GiB"
_UNITS = {_CPU: "h", _MEMORY: "GiBy.h"}

Part = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """One resource as Google's price list has it: its words, how it is used, where, and USD for one `unit`."""

    description: str
    usage: str
    unit: str
    regions: tuple[str, ...]
    usd: float


class UnitPrices:
    """What one vCPU, GiB and accelerator cost, by region, series and purchase."""

    def __init__(self, skus: Iterable[Sku]) -> None:
        self._prices: dict[tuple[str, Purchase, Part], float] = {}
        self._doubtful: set[tuple[str, Purchase, Part]] = set()
        for sku in skus:
            purchase, part = PURCHASE_OF_USAGE.get(sku.usage), part_of(sku)
            if purchase is not None and part is not None:
                for region in sku.regions:
                    self._add((region, purchase, part), sku.usd)

    @property
    def regions(self) -> frozenset[str]:
        """The regions that anything is priced in."""
        return frozenset(region for region, _, _ in self._prices)

    def compose(self, machine: InstanceType, region: str) -> Prices:
        """The prices of a machine type in a region, for the purchases that all of its parts are priced for."""
        if _NOT_COMPOSED.fullmatch(machine.name):
            return {}
        prices = {purchase: self._composed(machine, region, purchase) for purchase in PURCHASES}
        return {purchase: price for purchase, price in prices.items() if price is not None}

    def _composed(self, machine: InstanceType, region: str, purchase: Purchase) -> float | None:
        parts: list[tuple[Part, float]] = [
            ((_CPU, machine.family), machine.vcpus),
            ((_MEMORY, machine.family), machine.memory_gib),
        ]
        if machine.accelerator is not None:
            parts.append((("accelerator", machine.accelerator), machine.accelerator_count or 0.0))
        keys = [(region, purchase, part) for part, _ in parts]
        if any(key not in self._prices or key in self._doubtful for key in keys):
            return None
        return sum(self._prices[key] * count for key, (_, count) in zip(keys, parts, strict=True))

    def _add(self, key: tuple[str, Purchase, Part], usd: float) -> None:
        """Two prices for the same thing say that one of them is for something else: neither is used."""
        if self._prices.setdefault(key, usd) != usd:
            self._doubtful.add(key)


def part_of(sku: Sku) -> Part | None:
    """The part of a machine that a resource is: vCPU or GiB with their series, or an accelerator; None for others."""
    found = _COMMITTED.fullmatch(sku.description) or _RUNNING.fullmatch(sku.description)
    if found is None:
        named = _ACCELERATOR.fullmatch(sku.description)
        name = _ACCELERATORS.get(named["name"]) if named else None
        return ("accelerator", name) if name and sku.unit == "h" else None
    words = _MAKER.sub("", found["series"] or "N1 Predefined")
    part = _MEMORY if found["part"] == "Ram" else _CPU
    return (part, _SERIES[words]) if words in _SERIES and sku.unit == _UNITS[part] else None


def region_prices(region: str, prices: UnitPrices, known: Known, today: str) -> RegionPrices:
    """The machine types of a region: composed where that gives the whole price, else as they were.

    Raises PriceError when nothing can be composed: then Google words its price list anew.
    """
    composed: list[InstanceType] = []
    kept_types: list[InstanceType] = []
    kept_prices = 0
    for shape in known.shapes:
        before = known.here(region, shape.name)
        found = prices.compose(shape, region)
        if "on_demand" in found:
            old = before.prices_usd_per_hour if before else {}
            kept_prices += len(set(old) - set(found))
            composed.append(priced(shape, region, {**old, **found}, today))
        elif before is not None:
            kept_types.append(before)
    if not composed:
        raise PriceError(
            f"Google Cloud's price list words no machine type of {region} as this version knows it; update aiops-action"
        )
    return RegionPrices(
        place=f"gcp/{region}",
        types=(*composed, *kept_types),
        kept_types=len(kept_types),
        kept_prices=kept_prices,
    )
