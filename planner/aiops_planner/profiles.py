"""Capacities that were measured on the very machine type: the lower end of their interval, and nothing modelled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aiops_planner.catalog import Selection, candidates, group_left_out, nearest, why_unfit
from aiops_planner.catalog_offers import catalog_offer
from aiops_planner.errors import CatalogError
from aiops_planner.estimate import Reference, estimate_capacity_rps
from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Offer, Purchase
from aiops_planner.plans import LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one machine of a type carries, in requests/s by class, and what simulating its queue takes, as in Offer."""

    capacity_rps: Mapping[str, float]
    servers: int | None = None
    service_mean_s: Mapping[str, float] = field(default_factory=dict)
    service_p99_s: Mapping[str, float] = field(default_factory=dict)
    efficiency: float = 1.0


def profile_of(reference: Reference, least_rps: float) -> Profile:
    """The profile of the machine that was measured, with the lower end of its capacity's interval.

    The queue is told along where the model of it carries that much: what was measured is never simulated away.
    """
    name = reference.request_class
    capacity_rps = {name: least_rps}
    modelled_rps = estimate_capacity_rps(reference, reference.usable_cores, 1.0)
    if not reference.objective.limits() or modelled_rps is None or modelled_rps < least_rps:
        return Profile(capacity_rps=capacity_rps)
    p99_s = reference.p99_service_s
    return Profile(
        capacity_rps=capacity_rps,
        servers=reference.servers,
        service_mean_s={name: reference.mean_service_s},
        service_p99_s={} if p99_s is None else {name: max(p99_s, reference.mean_service_s)},
        efficiency=least_rps / modelled_rps,
    )


def offers_from_profiles(
    profiles: Mapping[str, Profile],
    selection: Selection,
    *,
    purchases: tuple[Purchase, ...] = ("on_demand",),
    whole_month: bool = False,
    catalog: tuple[InstanceType, ...] | None = None,
) -> tuple[tuple[Offer, ...], tuple[LeftOut, ...]]:
    """Offers of the machine types in a selection that have a profile, in every region, and what was left out.

    `whole_month` prices on-demand machines that are never stopped. Raises CatalogError for a profile of a machine type
    that the selection does not hold.
    """
    wanted = candidates(selection, catalog)
    _check_names(profiles, wanted)
    measured = [candidate for candidate in wanted if candidate.name in profiles]
    reasons = {candidate.key: why_unfit(candidate, selection, purchases) for candidate in measured}
    offers = tuple(
        _offer(candidate, profiles[candidate.name], whole_month=whole_month)
        for candidate in measured
        if reasons[candidate.key] is None
    )
    return offers, group_left_out(reasons)


def _check_names(profiles: Iterable[str], wanted: Iterable[InstanceType]) -> None:
    known = {candidate.name for candidate in wanted}
    for name in profiles:
        if name not in known:
            raise CatalogError(
                f"capacity.profiles: {name!r} is none of the machine types that capacity.catalog selects; "
                f"{nearest(name, known)}"
            )


def _offer(candidate: InstanceType, profile: Profile, *, whole_month: bool) -> Offer:
    return replace(
        catalog_offer(candidate, profile.capacity_rps, whole_month=whole_month),
        capacity_source="measured",
        servers=profile.servers,
        service_mean_s=profile.service_mean_s,
        service_p99_s=profile.service_p99_s,
        efficiency=profile.efficiency,
    )
