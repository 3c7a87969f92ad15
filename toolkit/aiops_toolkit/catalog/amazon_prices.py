"""What AWS' price list and its machine descriptions say, as machine types of the catalog.

A committed price is that of a standard reserved instance paid all upfront: what is paid upfront over the hours of the
term, plus what is paid by the hour.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from aiops_planner.errors import PriceError
from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Purchase
from aiops_toolkit.catalog.sources import Known, RegionPrices, priced

HOURS_PER_YEAR = 8760
_TERMS: Mapping[str, tuple[Purchase, int]] = {"1yr": ("reserved_1y", 1), "3yr": ("reserved_3y", 3)}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One machine type of the price list, with its prices on demand and committed in USD an hour."""

    name: str
    prices: Mapping[Purchase, float]


def read_product(document: str) -> Listed | None:
    """One entry of GetProducts; None for one without a price on demand, such as capacity that is only reserved.

    Raises PriceError for an entry of another form, and for one that is not priced in USD.
    """
    try:
        entry = json.loads(document)
        name = str(entry["product"]["attributes"]["instanceType"])
        terms = entry["terms"]
        on_demand = sum(_rates(terms.get("OnDemand", {}).values(), "Hrs", name))
        committed = dict(_committed(terms.get("Reserved", {}).values(), name))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PriceError(
            f"AWS Price List: an entry is not of the form this version knows ({type(error).__name__}: {error}); "
            "update aiops-action, or report it"
        ) from None
    return Listed(name=name, prices={"on_demand": on_demand, **committed}) if on_demand > 0 else None


def _committed(terms: Iterable[Mapping[str, Any]], name: str) -> Iterator[tuple[Purchase, float]]:
    for term in terms:
        attributes = term["termAttributes"]
        kept = attributes["OfferingClass"] == "standard" and attributes["PurchaseOption"] == "All Upfront"
        if kept and attributes["LeaseContractLength"] in _TERMS:
            purchase, years = _TERMS[attributes["LeaseContractLength"]]
            upfront = sum(_rates([term], "Quantity", name))
            yield purchase, upfront / (years * HOURS_PER_YEAR) + sum(_rates([term], "Hrs", name))


def _rates(terms: Iterable[Mapping[str, Any]], unit: str, name: str) -> Iterator[float]:
    """The prices of terms for a unit: Hrs, or Quantity for what is paid once."""
    for term in terms:
        for dimension in term["priceDimensions"].values():
            if dimension["unit"] == unit:
                prices = dimension["pricePerUnit"]
                if "USD" not in prices:
                    found = ", ".join(prices) or "no currency"
                    raise PriceError(
                        f"AWS Price List: {name} is priced in {found}, and the catalog is in USD; refresh regions that "
                        "AWS prices in USD"
                    )
                yield float(prices["USD"])


def spot_prices(history: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The spot price by machine type: the mean over availability zones of the newest price in each, USD an hour."""
    newest: dict[tuple[str, str], tuple[Any, float]] = {}
    for entry in history:
        key = entry["InstanceType"], entry["AvailabilityZone"]
        found = entry["Timestamp"], float(entry["SpotPrice"])
        newest[key] = max(newest.get(key, found), found)
    by_type: dict[str, list[float]] = {}
    for (name, _), (_, price) in newest.items():
        by_type.setdefault(name, []).append(price)
    return {name: fmean(prices) for name, prices in by_type.items()}


def read_shape(description: Mapping[str, Any], region: str) -> InstanceType | None:
    """A machine type as DescribeInstanceTypes has it, not yet priced; None for bare metal and what nobody plans with.

    That is a type of an earlier generation, or of an architecture the catalog does not have. Of what the catalog has
    already, its own shape is taken, whatever AWS calls its generation.
    """
    architectures = description["ProcessorInfo"]["SupportedArchitectures"]
    architecture = next((ours for theirs, ours in _ARCHITECTURES.items() if theirs in architectures), None)
    if description["BareMetal"] or not description["CurrentGeneration"] or architecture is None:
        return None
    name, count, memory_gib = _accelerator(description)
    return InstanceType(
        cloud="aws",
        region=region,
        name=description["InstanceType"],
        family=description["InstanceType"].partition(".")[0],
        architecture=architecture,
        vcpus=float(description["VCpuInfo"]["DefaultVCpus"]),
        memory_gib=description["MemoryInfo"]["SizeInMiB"] / 1024,
        accelerator=name,
        accelerator_count=count,
        accelerator_memory_gib=memory_gib,
        cpu_score=None,
        prices_usd_per_hour={},
        whole_month_usd_per_hour=None,
        price_date="",
    )


def _accelerator(description: Mapping[str, Any]) -> tuple[str | None, float | None, float | None]:
    """Name, number and memory in GiB of the accelerators of a machine type."""
    groups = (("GpuInfo", "Gpus"), ("NeuronInfo", "NeuronDevices"), ("InferenceAcceleratorInfo", "Accelerators"))
    for section, devices in groups:
        for device in description.get(section, {}).get(devices, ()):
            memory_mib = device.get("MemoryInfo", {}).get("SizeInMiB")
            name = device["Name"].lower().replace(" ", "-")
            return name, device["Count"], round(memory_mib / 1024, 2) if memory_mib else None
    return None, None, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that AWS says of one region: prices, spot prices by machine type, and the shapes of its machine types."""

    listed: tuple[Listed, ...]
    spot: Mapping[str, float]
    shapes: Mapping[str, InstanceType]


def region_prices(region: str, answers: Answers, known: Known, today: str) -> RegionPrices:
    """The machine types of a region that have a price and a shape, which is the catalog's own where it has one.

    A commitment that the price list does not have, because AWS sells it as a savings plan, keeps its price of before.
    """
    types: list[InstanceType] = []
    kept_prices = 0
    for entry in _once(answers.listed):
        shape = known.shape(entry.name) or answers.shapes.get(entry.name)
        if shape is None:
            continue
        kept = _kept(known.here(region, entry.name), entry.prices)
        kept_prices += len(kept)
        spot: dict[Purchase, float] = {"spot": answers.spot[entry.name]} if entry.name in answers.spot else {}
        types.append(priced(shape, region, {**kept, **entry.prices, **spot}, today))
    if not types:
        raise PriceError(
            f"AWS Price List: no machine type of {region} came back with a price; try again later, or leave it out"
        )
    return RegionPrices(place=f"aws/{region}", types=tuple(types), kept_prices=kept_prices)


def _once(listed: Iterable[Listed]) -> Iterable[Listed]:
    """Every machine type once; of several entries the dearest on demand, so that no price is too good to be true."""
    dearest: dict[str, Listed] = {}
    for entry in listed:
        known = dearest.setdefault(entry.name, entry)
        if entry.prices["on_demand"] > known.prices["on_demand"]:
            dearest[entry.name] = entry
    return dearest.values()


def _kept(before: InstanceType | None, prices: Mapping[Purchase, float]) -> dict[Purchase, float]:
    """The committed prices of before that nothing new takes the place of."""
    old = before.prices_usd_per_hour if before else {}
    return {purchase: old[purchase] for purchase, _ in _TERMS.values() if purchase in old and purchase not in prices}
