"""What a fleet has to survive: the things that may fail, one at a time, and what must be carried nevertheless."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiops_planner.plans import Problem
from aiops_planner.pools import LAYOUTS, Layout, Place, places_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that may fail, and the share of the demand that has to be carried nevertheless.

    Lost are one machine of an offer, one zone of a place, all machines of `places`, all spot machines, or any
    `spot_pools` pools of them.
    """

    name: str
    share: float = 1.0
    machine_of: int | None = None
    zone: tuple[Place, str] | None = None
    places: frozenset[Place] = frozenset()
    spot: bool = False
    spot_pools: int = 0


NOTHING = Loss(name="nothing")


def losses_of(problem: Problem, layout: Layout, *, spot: bool) -> Iterator[Loss]:
    """What has to be survived; `spot` says whether any spot machines can be bought.

    Surviving any loss includes the case that nothing is lost, unless the demand is carried otherwise then: where
    requests cost money on their way, or clouds have their shares.
    """
    limits = problem.limits
    costs_egress = any(offer.egress_usd_per_request for offer in problem.offers)
    if problem.survive == "none" or limits.cloud_shares or costs_egress:
        yield NOTHING
    yield from _losses_to_survive(problem, layout)
    if spot and limits.spot_share is not None:
        yield Loss(name="spot", share=1 - limits.spot_share, spot=True)
    if spot and limits.spot_pools_lost:
        yield Loss(name="spot_pools", spot_pools=limits.spot_pools_lost)


def _losses_to_survive(problem: Problem, layout: Layout) -> Iterator[Loss]:
    """What `survive` names, machine by machine, zone by zone, and so on."""
    places = places_of(problem.offers)
    if problem.survive == "instance":
        yield from (Loss(name=f"machine_of_{offer}", machine_of=offer) for offer in range(len(problem.offers)))
    elif problem.survive == "zone":
        for number, place in enumerate(places):
            yield from (Loss(name=f"place_{number}_zone_{zone}", zone=(place, zone)) for zone in LAYOUTS[layout])
    elif problem.survive == "region":
        yield from (Loss(name=f"place_{number}", places=frozenset({place})) for number, place in enumerate(places))
    elif problem.survive == "cloud":
        for number, cloud in enumerate(dict.fromkeys(cloud for cloud, _ in places)):
            yield Loss(name=f"cloud_{number}", places=frozenset(place for place in places if place[0] == cloud))
