"""The machine types of AWS and Google Cloud with their prices and CPU scores, and the choice among them.

The data is a dated snapshot inside the package; data/PROVENANCE.md says where it comes from and what it lacks.
"""

import csv
import io
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from aiops_planner.errors import CatalogError
from aiops_planner.offers import PURCHASES, Purchase
from aiops_planner.plans import LeftOut

_SHARED_CORE = frozenset({"e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"})
_SUSPECT_PRICES = frozenset({"m4-ultramem-224"})
_MEASURE = "measure it and give it under capacity.offers"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One machine type in one region. Prices in USD an hour.

    `cpu_score` is for the whole machine, on its cloud's own scale: comparable inside a cloud, never between clouds.
    `whole_month_usd_per_hour` is the on-demand price of a machine that is never stopped, where the cloud discounts it.
    """

    cloud: str
    region: str
    name: str
    family: str
    architecture: str
    vcpus: float
    memory_gib: float
    accelerator: str | None
    cpu_score: float | None
    prices_usd_per_hour: Mapping[Purchase, float]
    whole_month_usd_per_hour: float | None
    price_date: str

    @property
    def key(self) -> str:
        """cloud/region/name, as offers and quotas have it."""
        return f"{self.cloud}/{self.region}/{self.name}"

    @property
    def cpu_score_per_vcpu(self) -> float | None:
        """The score of one vCPU, or None when the catalog has no score."""
        return None if self.cpu_score is None else self.cpu_score / self.vcpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which machine types may take part: regions by cloud, families (all when empty), architectures, bounds on size."""

    clouds: Mapping[str, tuple[str, ...]]
    families: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ("amd64",)
    min_vcpus: float | None = None
    max_vcpus: float | None = None
    min_memory_gib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The machine types that an estimate can size, and those that were selected but cannot be sized, with reasons."""

    types: tuple[InstanceType, ...]
    left_out: tuple[LeftOut, ...] = ()


@cache
def load_catalog() -> tuple[InstanceType, ...]:
    """Every machine type in every region of the catalog that is shipped with the package; read once."""
    packed = files("aiops_planner").joinpath("data/catalog.csv.xz").read_bytes()
    rows = csv.reader(io.StringIO(lzma.decompress(packed).decode()))
    columns = {name: number for number, name in enumerate(next(rows))}
    return tuple(_read(row, columns) for row in rows)


def select(
    selection: Selection, purchases: Iterable[Purchase], catalog: tuple[InstanceType, ...] | None = None
) -> Selected:
    """The machine types of a selection. Raises CatalogError for a cloud, region or family that the catalog lacks."""
    everything = load_catalog() if catalog is None else catalog
    in_regions = _in_regions(everything, selection.clouds)
    _check_families(selection, everything, in_regions)
    wanted = [
        candidate
        for candidate in in_regions
        if (not selection.families or candidate.family in selection.families) and _fits(candidate, selection)
    ]
    purchases = tuple(purchases)
    reasons = {candidate.key: _why_not(candidate, selection, purchases) for candidate in wanted}
    types = tuple(candidate for candidate in wanted if reasons[candidate.key] is None)
    return Selected(types=types, left_out=group_left_out(reasons))


def group_left_out(reasons: Mapping[str, str | None]) -> tuple[LeftOut, ...]:
    """One LeftOut a reason, from reasons by key; keys without a reason took part."""
    keys_by_reason: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        if reason is not None:
            keys_by_reason.setdefault(reason, []).append(key)
    return tuple(
        LeftOut(reason=reason, count=len(keys), examples=tuple(keys[:3])) for reason, keys in keys_by_reason.items()
    )


def _in_regions(catalog: tuple[InstanceType, ...], clouds: Mapping[str, tuple[str, ...]]) -> list[InstanceType]:
    known: dict[str, set[str]] = {}
    for candidate in catalog:
        known.setdefault(candidate.cloud, set()).add(candidate.region)
    if not clouds:
        raise CatalogError(f"capacity.catalog.clouds names no cloud; choose from {', '.join(sorted(known))}")
    for cloud, regions in clouds.items():
        if cloud not in known:
            raise CatalogError(_unknown("clouds", "cloud", cloud, known))
        if not regions:
            raise CatalogError(f"capacity.catalog.clouds.{cloud} names no region; {_nearest('', known[cloud])}")
        for region in regions:
            if region not in known[cloud]:
                raise CatalogError(_unknown(f"clouds.{cloud}", "region", region, known[cloud]))
    return [candidate for candidate in catalog if candidate.region in clouds.get(candidate.cloud, ())]


def _check_families(
    selection: Selection, catalog: tuple[InstanceType, ...], in_regions: Iterable[InstanceType]
) -> None:
    here = {candidate.family for candidate in in_regions}
    for family in selection.families:
        if family in here:
            continue
        elsewhere = sorted({f"{known.cloud}/{known.region}" for known in catalog if known.family == family})
        if elsewhere:
            places = ", ".join(elsewhere[:3])
            raise CatalogError(
                f"capacity.catalog.families: {family!r} is not sold in the regions chosen; it is sold in {places}"
            )
        raise CatalogError(_unknown("families", "family", family, here))


def _fits(candidate: InstanceType, selection: Selection) -> bool:
    """Whether a machine type is within the bounds that were asked for."""
    return (
        (selection.min_vcpus is None or candidate.vcpus >= selection.min_vcpus)
        and (selection.max_vcpus is None or candidate.vcpus <= selection.max_vcpus)
        and (selection.min_memory_gib is None or candidate.memory_gib >= selection.min_memory_gib)
        and (bool(selection.families) or candidate.architecture in selection.architectures)
    )


def _why_not(candidate: InstanceType, selection: Selection, purchases: tuple[Purchase, ...]) -> str | None:
    """Why a machine type that was asked for cannot take part, or None when it can."""
    allowed = ", ".join(selection.architectures)
    tests = (
        (
            candidate.architecture not in selection.architectures,
            f"its architecture {candidate.architecture} is not among {allowed} (capacity.catalog.architectures)",
        ),
        (candidate.accelerator is not None, f"it has an accelerator, which CPU scores say nothing about; {_MEASURE}"),
        (candidate.name in _SHARED_CORE, "it shares a core with other tenants, so its capacity is not its own"),
        (candidate.name in _SUSPECT_PRICES, "its price in the catalog is suspect"),
        (candidate.cpu_score is None, f"the catalog has no CPU score for it; {_MEASURE}"),
        (
            not set(purchases) & set(candidate.prices_usd_per_hour),
            f"the catalog has no price for {', '.join(purchases)}",
        ),
    )
    return next((reason for applies, reason in tests if applies), None)


def _unknown(key: str, kind: str, found: str, known: Iterable[str]) -> str:
    return f"capacity.catalog.{key}: the catalog has no {kind} {found!r}; {_nearest(found, known)}"


def _nearest(found: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(found, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"it has {', '.join(names[:8])}{more}"


def _read(row: list[str], columns: Mapping[str, int]) -> InstanceType:
    """One row of the file; a blank is None."""

    def number(column: str) -> float | None:
        text = row[columns[column]]
        return float(text) if text else None

    priced = {purchase: number(f"{purchase}_usd_hour") for purchase in PURCHASES}
    return InstanceType(
        cloud=row[columns["provider"]],
        region=row[columns["region"]],
        name=row[columns["instance_type"]],
        family=row[columns["family"]],
        architecture=row[columns["arch"]],
        vcpus=float(row[columns["vcpus"]]),
        memory_gib=float(row[columns["memory_gib"]]),
        accelerator=row[columns["accelerator"]] or None,
        cpu_score=number("coremark") or number("netflix_cpu_score"),
        prices_usd_per_hour={purchase: price for purchase, price in priced.items() if price is not None},
        whole_month_usd_per_hour=number("on_demand_sud_usd_hour"),
        price_date=row[columns["price_date"]],
    )
