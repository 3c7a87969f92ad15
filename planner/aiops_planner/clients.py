"""Where clients are: which offers answer them within the objective, and what it costs to send them the answers.

Requests from client region g go to region r only where round trip and response time together keep the objective:
RTT_gr + T99 <= limit. An offer that can be sized anew is sized for what the round trip leaves of the objective.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aiops_planner.catalog import group_left_out
from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.errors import UsageError
from aiops_planner.offers import Offer
from aiops_planner.plans import LeftOut
from aiops_planner.pools import Place
from aiops_planner.wording import number

DISTANCE_STEPS = 50  # into which the objective is cut: offers are sized for round trips rounded up to such a step
BYTES_PER_GB = 1e9
_ROUNDING = 1e-9

SizedAt = Callable[[float], Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Client regions, like "aws/eu-west-1", and the network between them and the regions that can be rented in.

    `shares` of every request class by client region add up to one; left empty, every class is a client region by its
    name. `round_trips_s` are seconds from a client region to a "cloud/region". `egress_usd_per_gb` is by cloud, or by
    "cloud/region" where that differs, and an answer has `answer_bytes`; without these, sending answers costs nothing.
    """

    round_trips_s: Mapping[tuple[str, str], float]
    shares: Mapping[str, float] = field(default_factory=dict)
    egress_usd_per_gb: Mapping[str, float] = field(default_factory=dict)
    answer_bytes: float = 0.0

    def round_trip_s(self, origin: str, offer: Offer) -> float | None:
        """Seconds from a client region to where an offer is and back; None when nobody measured it."""
        place = f"{offer.cloud}/{offer.region}"
        near = 0.0 if origin == place else None
        return self.round_trips_s.get((origin, place), near)

    def egress_usd(self, offer: Offer) -> float:
        """What one answer from an offer costs to send."""
        at_home = self.egress_usd_per_gb.get(f"{offer.cloud}/{offer.region}")
        usd_per_gb = self.egress_usd_per_gb.get(offer.cloud or "", 0.0) if at_home is None else at_home
        return usd_per_gb * self.answer_bytes / BYTES_PER_GB


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A demand by client region, and the request class that each class of it was."""

    demand: Demand
    class_of: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Offers with what they carry for each client region, and the pairs of regions that no round trip is known for."""

    offers: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...] = ()


def spread(demand: Demand, clients: Clients) -> Spread:
    """The demand by client region. Raises UsageError for shares that are not the whole."""
    if not clients.shares:
        single = dict.fromkeys(demand.classes, SINGLE_CLASS)
        return Spread(demand=replace(demand, origins={name: name for name in demand.classes}), class_of=single)
    total = sum(clients.shares.values())
    if not math.isclose(total, 1.0, rel_tol=1e-6):
        raise UsageError(
            f"capacity.clients.from: the shares of the client regions add up to {number(100 * total)} %, not to 100 %"
        )
    columns = [(name, origin) for name in demand.classes for origin in clients.shares]
    names = [origin if len(demand.classes) == 1 else f"{name} from {origin}" for name, origin in columns]
    shares = list(clients.shares.values())
    return Spread(
        demand=replace(
            demand,
            classes=tuple(names),
            rps=tuple(tuple(rate * share for rate in row for share in shares) for row in demand.rps),
            origins={column: origin for column, (_, origin) in zip(names, columns, strict=True)},
        ),
        class_of={column: name for column, (name, _) in zip(names, columns, strict=True)},
    )


def within_reach(
    offers: tuple[Offer, ...], spread: Spread, clients: Clients, limit_s: float, sized_at: SizedAt | None = None
) -> Reach:
    """The offers with their capacities by client region, 0 where the objective is out of reach.

    `limit_s` is the objective on the 99th percentile, network included. `sized_at` gives capacities by key and request
    class for clients at a distance in seconds; without it offers state the `response_p99_s` of their capacity, else
    UsageError is raised.
    """
    reaching = _Reaching(spread, clients, limit_s, sized_at)
    placed = tuple(reaching.placed(offer) for offer in offers)
    return Reach(offers=placed, left_out=group_left_out(reaching.unknown))


class _Reaching:
    """What is the same for all offers of a place, looked up once."""

    def __init__(self, spread: Spread, clients: Clients, limit_s: float, sized_at: SizedAt | None) -> None:
        self.spread = spread
        self.clients = clients
        self.limit_s = limit_s
        self.unknown: dict[str, str | None] = {}
        self.sized_at = sized_at
        self._network_s: dict[Place, dict[str, float]] = {}
        self._sized: dict[int, Mapping[str, Mapping[str, float]]] = {}

    def placed(self, offer: Offer) -> Offer:
        """The offer with everything by client region and class."""
        network_s = self._network(offer)
        capacity = self._stated(offer, network_s) if self.sized_at is None else self._anew(offer, network_s)
        egress_usd = self.clients.egress_usd(offer)
        columns = self.spread.class_of.items()
        mean_s, p99_s = offer.service_mean_s, offer.service_p99_s
        return replace(
            offer,
            capacity_rps=capacity,
            network_s=network_s,
            egress_usd_per_request=dict.fromkeys(capacity, egress_usd) if egress_usd else {},
            service_mean_s={column: mean_s[name] for column, name in columns if name in mean_s},
            service_p99_s={column: p99_s[name] for column, name in columns if name in p99_s},
        )

    def _network(self, offer: Offer) -> dict[str, float]:
        """Round trips by client region and class, of those that are known."""
        if offer.place not in self._network_s:
            found = self._network_s[offer.place] = {}
            for column, origin in self.spread.demand.origins.items():
                distance_s = self.clients.round_trip_s(origin, offer)
                if distance_s is None:
                    reason = "no round trip between these regions is known; give it in capacity.clients.round_trips"
                    self.unknown[f"{origin} to {offer.cloud}/{offer.region}"] = reason
                else:
                    found[column] = distance_s
        return self._network_s[offer.place]

    def _stated(self, offer: Offer, network_s: Mapping[str, float]) -> dict[str, float]:
        """What an offer carries, by the response time that its capacity was stated with."""
        if offer.response_p99_s is None:
            raise UsageError(
                f"capacity.offers: {offer.key!r} does not say its p99 at that capacity, so nobody knows how far its "
                "clients may be; add p99, like p99: 80ms"
            )
        left_s = self.limit_s - offer.response_p99_s + _ROUNDING
        return {
            column: offer.capacity_rps.get(name, 0.0) if network_s.get(column, math.inf) <= left_s else 0.0
            for column, name in self.spread.class_of.items()
        }

    def _anew(self, offer: Offer, network_s: Mapping[str, float]) -> dict[str, float]:
        """What an offer carries, sized for what each round trip leaves of the objective."""
        capacity = dict.fromkeys(self.spread.class_of, 0.0)
        for column, distance_s in network_s.items():
            by_class = self._sized_beyond(distance_s).get(offer.key, {})
            capacity[column] = by_class.get(self.spread.class_of[column], 0.0)
        return capacity

    def _sized_beyond(self, distance_s: float) -> Mapping[str, Mapping[str, float]]:
        steps = math.ceil(distance_s / self.limit_s * DISTANCE_STEPS - _ROUNDING)
        if steps not in self._sized:
            reachable = self.sized_at is not None and steps < DISTANCE_STEPS
            at_s = steps * self.limit_s / DISTANCE_STEPS
            self._sized[steps] = self.sized_at(at_s) if reachable and self.sized_at else {}
        return self._sized[steps]
