"""Offers that flows need not tell apart: machines with capacities in proportion carry any mix of requests alike.

With kappa_ib = s_i v_b for the offers i of a station, the rows  sum_b y_ib / v_b <= s_i n_i  of all of them can be
kept exactly when their sum  sum_b y_b / v_b <= sum_i s_i n_i  is kept. So one flow a class and station does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiops_planner.offers import Offer

_DIGITS = 12  # to which capacities count as in proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Offers, as indices, each with its capacity as a multiple of `capacity_rps`, which is by class.

    `egress_usd_per_request` is the same for all of them, and so is `cloud` where clouds are told apart, else None.
    """

    multiples: Mapping[int, float]
    capacity_rps: Mapping[str, float]
    egress_usd_per_request: Mapping[str, float]
    cloud: str | None

    @property
    def costs_egress(self) -> bool:
        """Whether sending answers from here costs anything."""
        return bool(self.egress_usd_per_request)


def stations(offers: Sequence[Offer], classes: Sequence[str], *, by_cloud: bool) -> tuple[Station, ...]:
    """The offers in as few stations as the flows of these classes allow."""
    members: dict[tuple[object, ...], dict[int, float]] = {}
    for index, offer in enumerate(offers):
        size = max((offer.capacity_rps.get(name, 0.0) for name in classes), default=0.0)
        if size:
            profile = tuple(round(offer.capacity_rps.get(name, 0.0) / size, _DIGITS) for name in classes)
            egress = tuple(offer.egress_usd_per_request.get(name, 0.0) for name in classes)
            members.setdefault((profile, egress, offer.cloud if by_cloud else None), {})[index] = size
    return tuple(_station(offers, classes, sizes, by_cloud=by_cloud) for sizes in members.values())


def _station(offers: Sequence[Offer], classes: Sequence[str], sizes: Mapping[int, float], *, by_cloud: bool) -> Station:
    first = next(iter(sizes))
    offer = offers[first]
    return Station(
        multiples={index: size / sizes[first] for index, size in sizes.items()},
        capacity_rps={name: offer.capacity_rps[name] for name in classes if offer.capacity_rps.get(name)},
        egress_usd_per_request={name: usd for name, usd in offer.egress_usd_per_request.items() if usd},
        cloud=offer.cloud if by_cloud else None,
    )
