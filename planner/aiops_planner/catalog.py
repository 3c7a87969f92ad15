"""The choice among the machine types of AWS and Google Cloud, with their prices and CPU scores.

The data is a dated snapshot inside the package, with the prices a user has refreshed in its place; data/PROVENANCE.md
says where the snapshot comes from and what it lacks.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from aiops_planner.catalog_file import CatalogRows, open_catalog
from aiops_planner.errors import CatalogError
from aiops_planner.machine_types import CLOUD, FAMILY, REGION, InstanceType, from_row
from aiops_planner.offers import Purchase
from aiops_planner.plans import LeftOut

_SHARED_CORE = frozenset({"e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"})
_SUSPECT_PRICES = frozenset({"m4-ultramem-224"})
_MEASURE = "measure it and give capacity.profiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which machine types may take part: regions by cloud, families and accelerators (all when empty), architectures,
    and bounds on size.

    An accelerator may be named as its cloud does (nvidia-l4) or in short (l4). `min_accelerator_memory_gib` is for one
    accelerator, `model_memory_gib` has to fit into all of a machine's together, or into the machine's own memory.
    Machine types in `without` are not asked for.
    """

    clouds: Mapping[str, tuple[str, ...]]
    families: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ("amd64",)
    min_vcpus: float | None = None
    max_vcpus: float | None = None
    min_memory_gib: float | None = None
    max_memory_gib: float | None = None
    accelerators: tuple[str, ...] = ()
    min_accelerator_memory_gib: float | None = None
    model_memory_gib: float | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The machine types that an estimate can size, and those that were selected but cannot be sized, with reasons."""

    types: tuple[InstanceType, ...]
    left_out: tuple[LeftOut, ...] = ()


def load_catalog(
    clouds: Mapping[str, tuple[str, ...]] | None = None, families: Collection[str] | None = None
) -> tuple[InstanceType, ...]:
    """The machine types of the catalog in the regions and of the families named; of all that are not named.

    Refreshed prices take the place of the shipped ones, region by region. Reading a part is faster than reading all.
    """
    places = None if clouds is None else frozenset((cloud, region) for cloud in clouds for region in clouds[cloud])
    return _load(open_catalog(), places, None if families is None else frozenset(families))


@lru_cache(maxsize=8)
def _load(
    opened: CatalogRows, places: frozenset[tuple[str, str]] | None, families: frozenset[str] | None
) -> tuple[InstanceType, ...]:
    return tuple(
        from_row(row)
        for row in opened.rows
        if (places is None or (row[CLOUD], row[REGION]) in places) and (families is None or row[FAMILY] in families)
    )


def regions_by_cloud(catalog: Iterable[InstanceType] | None = None) -> dict[str, set[str]]:
    """The regions that the catalog has machine types for, by cloud."""
    places = (
        {(row[CLOUD], row[REGION]) for row in open_catalog().rows}
        if catalog is None
        else {(candidate.cloud, candidate.region) for candidate in catalog}
    )
    known: dict[str, set[str]] = {}
    for cloud, region in places:
        known.setdefault(cloud, set()).add(region)
    return known


def select(
    selection: Selection, purchases: Iterable[Purchase], catalog: tuple[InstanceType, ...] | None = None
) -> Selected:
    """The machine types of a selection that CPU scores can size, and why the others cannot be.

    Raises CatalogError for a cloud, region, family or accelerator that the catalog lacks.
    """
    purchases = tuple(purchases)
    wanted = candidates(selection, catalog)
    reasons = {
        candidate.key: why_unfit(candidate, selection, purchases) or _why_no_estimate(candidate) for candidate in wanted
    }
    types = tuple(candidate for candidate in wanted if reasons[candidate.key] is None)
    return Selected(types=types, left_out=group_left_out(reasons))


def candidates(selection: Selection, catalog: tuple[InstanceType, ...] | None = None) -> tuple[InstanceType, ...]:
    """The machine types that a selection asks for, whether or not anything is known of their capacity.

    Raises CatalogError for a cloud, region, family or accelerator that the catalog lacks.
    """
    _check_regions(selection.clouds, regions_by_cloud(catalog))
    here = load_catalog(selection.clouds) if catalog is None else _in_regions(catalog, selection.clouds)
    _check_families(selection, here, catalog)
    _check_accelerators(selection, here, catalog)
    return tuple(candidate for candidate in here if _is_wanted(candidate, selection))


def group_left_out(reasons: Mapping[str, str | None]) -> tuple[LeftOut, ...]:
    """One LeftOut a reason, from reasons by key; keys without a reason took part."""
    keys_by_reason: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        if reason is not None:
            keys_by_reason.setdefault(reason, []).append(key)
    return tuple(
        LeftOut(reason=reason, count=len(keys), examples=tuple(keys[:3])) for reason, keys in keys_by_reason.items()
    )


def _check_regions(clouds: Mapping[str, tuple[str, ...]], known: Mapping[str, set[str]]) -> None:
    if not clouds:
        raise CatalogError(f"capacity.catalog.clouds names no cloud; choose from {', '.join(sorted(known))}")
    for cloud, regions in clouds.items():
        if cloud not in known:
            raise CatalogError(_unknown("clouds", "cloud", cloud, known))
        if not regions:
            raise CatalogError(f"capacity.catalog.clouds.{cloud} names no region; {nearest('', known[cloud])}")
        for region in regions:
            if region not in known[cloud]:
                fetch = f", or fetch it with `aiops catalog refresh --cloud {cloud} --region {region}`"
                raise CatalogError(_unknown(f"clouds.{cloud}", "region", region, known[cloud]) + fetch)


def _in_regions(catalog: tuple[InstanceType, ...], clouds: Mapping[str, tuple[str, ...]]) -> tuple[InstanceType, ...]:
    return tuple(candidate for candidate in catalog if candidate.region in clouds.get(candidate.cloud, ()))


def _check_families(
    selection: Selection, here: Iterable[InstanceType], catalog: tuple[InstanceType, ...] | None
) -> None:
    sold_here = {candidate.family for candidate in here}
    for family in selection.families:
        if family not in sold_here:
            elsewhere = load_catalog(families=(family,)) if catalog is None else catalog
            found = [candidate for candidate in elsewhere if candidate.family == family]
            raise CatalogError(_not_here("families", "family", family, found, sold_here))


def _check_accelerators(
    selection: Selection, here: Iterable[InstanceType], catalog: tuple[InstanceType, ...] | None
) -> None:
    sold_here = {name for candidate in here for name in accelerator_names(candidate)}
    for accelerator in selection.accelerators:
        if accelerator not in sold_here:
            elsewhere = load_catalog() if catalog is None else catalog
            found = [candidate for candidate in elsewhere if accelerator in accelerator_names(candidate)]
            raise CatalogError(_not_here("accelerators", "accelerator", accelerator, found, sold_here))


def _not_here(key: str, kind: str, name: str, elsewhere: Iterable[InstanceType], here: Iterable[str]) -> str:
    places = ", ".join(sorted({f"{found.cloud}/{found.region}" for found in elsewhere})[:3])
    if places:
        return f"capacity.catalog.{key}: {name!r} is not sold in the regions chosen; it is sold in {places}"
    return _unknown(key, kind, name, here)


def accelerator_names(candidate: InstanceType) -> frozenset[str]:
    """What a machine type's accelerator may be called: its cloud's name, and that without maker and memory."""
    if candidate.accelerator is None:
        return frozenset()
    short = re.sub(r"-\d+gb$", "", candidate.accelerator.removeprefix("nvidia-"))
    return frozenset({candidate.accelerator, short})


def _is_wanted(candidate: InstanceType, selection: Selection) -> bool:
    """Whether a selection asks for a machine type; one of another architecture is only asked for by its family."""
    return (
        candidate.name not in selection.without
        and (candidate.family in selection.families if selection.families else _is_runnable(candidate, selection))
        and _within(candidate.vcpus, selection.min_vcpus, selection.max_vcpus)
        and _within(candidate.memory_gib, selection.min_memory_gib, selection.max_memory_gib)
        and _within(candidate.accelerator_memory_gib, selection.min_accelerator_memory_gib, None)
        and (not selection.accelerators or not accelerator_names(candidate).isdisjoint(selection.accelerators))
    )


def _is_runnable(candidate: InstanceType, selection: Selection) -> bool:
    return candidate.architecture in selection.architectures


def _within(value: float | None, least: float | None, most: float | None) -> bool:
    """Whether a value is within its bounds; an unknown one is only where there are none."""
    if value is None:
        return least is None and most is None
    return (least is None or value >= least) and (most is None or value <= most)


def why_unfit(candidate: InstanceType, selection: Selection, purchases: tuple[Purchase, ...]) -> str | None:
    """Why a machine type that was asked for cannot take part whatever its capacity, or None when it can."""
    allowed = ", ".join(selection.architectures)
    tests = (
        (
            not _is_runnable(candidate, selection),
            f"its architecture {candidate.architecture} is not among {allowed} (capacity.catalog.architectures)",
        ),
        (not _within(candidate.model_memory_gib, selection.model_memory_gib, None), _too_small(candidate, selection)),
        (candidate.name in _SUSPECT_PRICES, "its price in the catalog is suspect"),
        (
            not set(purchases) & set(candidate.prices_usd_per_hour),
            f"the catalog has no price for {', '.join(purchases)}",
        ),
    )
    return next((reason for applies, reason in tests if applies), None)


def _too_small(candidate: InstanceType, selection: Selection) -> str:
    where = "the memory" if candidate.accelerator is None else "the memory of its accelerators"
    size_gib = selection.model_memory_gib or 0.0
    return f"{where} does not hold the model of {size_gib:.3g} GiB (capacity.catalog.model_memory)"


def _why_no_estimate(candidate: InstanceType) -> str | None:
    """Why CPU scores say nothing of a machine type's capacity, or None when they do."""
    tests = (
        (candidate.accelerator is not None, f"it has an accelerator, which CPU scores say nothing about; {_MEASURE}"),
        (candidate.name in _SHARED_CORE, "it shares a core with other tenants, so its capacity is not its own"),
        (candidate.cpu_score is None, f"the catalog has no CPU score for it; {_MEASURE}"),
    )
    return next((reason for applies, reason in tests if applies), None)


def _unknown(key: str, kind: str, found: str, known: Iterable[str]) -> str:
    return f"capacity.catalog.{key}: the catalog has no {kind} {found!r}; {nearest(found, known)}"


def nearest(found: str, known: Iterable[str]) -> str:
    """The names most like the one that was found, as a question, or else the first of those there are."""
    names = sorted(known)
    near = get_close_matches(found, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"it has {', '.join(names[:8])}{more}"
