"""Pools of machines, the unknowns of the program: so many of one offer, bought one way, in one zone or several."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from aiops_planner.hours import Levels
from aiops_planner.offers import Offer, Purchase
from aiops_planner.plans import Problem
from aiops_planner.pruning import useful_prices

ZONES = ("1", "2", "3")
EACH = "each"  # in place of a zone: as many machines in every zone
PAIR = "pair"  # as many in the first zone as in the second
SOME = "some"  # in any of the zones
_STANDS_FOR = {EACH: ZONES, PAIR: ZONES[:2]}
COMMITTED: tuple[Purchase, ...] = ("reserved_1y", "reserved_3y")

Place: TypeAlias = tuple[str | None, str | None]
Layout = Literal["apart", "paired", "even", "summed"]
LAYOUTS: dict[Layout, tuple[str, ...]] = {
    "apart": ZONES,
    "paired": (PAIR, ZONES[2]),
    "even": (EACH,),
    "summed": (SOME,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Machines of one offer (its place in the program's offers), bought one way, in one zone (None: anywhere).

    In zone EACH or PAIR a count of one stands for a machine in each of those zones, and the price is that of all.
    """

    offer: int
    purchase: Purchase
    zone: str | None
    usd_per_hour: float

    @property
    def committed(self) -> bool:
        """Whether the pool is paid every hour, needed or not."""
        return self.purchase in COMMITTED

    @property
    def zones(self) -> tuple[str | None, ...]:
        """The zones in which a count of one stands for a machine."""
        return _STANDS_FOR.get(self.zone or "", (self.zone,))

    @property
    def machines(self) -> int:
        """How many machines a count of one stands for."""
        return len(self.zones)

    @property
    def lost_with_zone(self) -> float:
        """How many of these are lost with one of the pool's zones: of machines in SOME zone a third, in the mean."""
        return 1 / len(ZONES) if self.zone == SOME else 1.0

    @property
    def spot_pools(self) -> int:
        """How many zones the machines lie in, each of which is a pool of its own when spot machines are taken back."""
        return len(ZONES) if self.zone == SOME else self.machines

    @property
    def left_by_zone(self) -> float:
        """How many of these are left when the worst zone is lost, which is taken from pools of EACH zone alone."""
        return self.machines - (self.lost_with_zone if self.zone == EACH else 0.0)


def mean_usd_per_hour(machines: Mapping[Pool, tuple[int, ...]], levels: Levels) -> float:
    """What machines by pool and level cost on average over the demand's hours, USD an hour."""
    return sum(
        pool.usd_per_hour * sum(count * weight for count, weight in zip(counts, levels.weight, strict=True))
        for pool, counts in machines.items()
    )


def places_of(offers: tuple[Offer, ...]) -> list[Place]:
    """The clouds' regions, in the order of the offers."""
    return list(dict.fromkeys(offer.place for offer in offers))


def pools_of(problem: Problem, layout: Layout = "apart") -> Iterator[Pool]:
    """Every way to hold machines that a cheapest fleet of a layout can use."""
    zones: tuple[str | None, ...] = (None,) if problem.survive != "zone" else LAYOUTS[layout]
    for index, offer in enumerate(problem.offers):
        for purchase, price in useful_prices(offer, problem).items():
            for zone in zones:
                usd = price * len(_STANDS_FOR.get(zone or "", (zone,)))
                yield Pool(offer=index, purchase=purchase, zone=zone, usd_per_hour=usd)


def by_zone(machines: Mapping[Pool, tuple[int, ...]]) -> dict[Pool, tuple[int, ...]]:
    """The same machines with every pool of several zones written as one pool a zone, at its own price."""
    return {
        replace(pool, zone=zone, usd_per_hour=pool.usd_per_hour / pool.machines): counts
        for pool, counts in machines.items()
        for zone in pool.zones
    }
