"""Which offers and prices can matter: what can never be part of a cheapest fleet is out before the solver runs.

Nothing here changes the optimum or the bound. An offer is dominated when enough copies of another one carry as much of
every class, cost no more however they are bought, and strain no quota, count or survival rule more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from aiops_planner.loads import loads_alone
from aiops_planner.offers import Offer, Purchase
from aiops_planner.plans import Problem

_ROUNDING = 1e-9  # machines
_PRICE_TOLERANCE = 1e-9  # relative: twice 0.714 must count as 1.428


def useful_prices(offer: Offer, problem: Problem) -> dict[Purchase, float]:
    """The prices of an offer that a cheapest fleet can use, USD an hour.

    Both reservations are paid every hour, so only the cheaper one matters, and only below the on-demand price. With a
    constant demand nothing follows the hour, so only the cheapest firm price does. Spot has to be cheaper than firm,
    and a spot share of zero buys none, not even as a spare.
    """
    sold = {name: offer.prices_usd_per_hour[name] for name in problem.purchases if name in offer.prices_usd_per_hour}
    spot = sold.pop("spot", None)
    firm = sorted(sold, key=lambda name: (sold[name], name))
    useful = {name: sold[name] for name in firm[:1]}
    if not problem.demand.is_constant and "on_demand" in sold:
        useful["on_demand"] = sold["on_demand"]
    flexible = useful.values() if problem.demand.is_constant else [useful.get("on_demand", math.inf)]
    if spot is not None and problem.limits.spot_share != 0 and spot < min(flexible, default=math.inf):
        useful["spot"] = spot
    return useful


def quota_vcpus(offer: Offer) -> float:
    """What one machine takes of a quota: its vCPUs, or one when it has none."""
    return 1.0 if offer.vcpus is None else offer.vcpus


def matches_quota(offer: Offer, pattern: str) -> bool:
    """Whether a quota's shell pattern over cloud/region/name covers the offer."""
    return fnmatchcase(offer.machine_key, pattern)


def undominated(problem: Problem) -> tuple[Offer, ...]:
    """The offers that are left when every dominated one is gone; of two equal ones the first stays.

    Each region is thinned out by itself first, which spares most of the pairs; dominance is transitive.
    """
    by_place: dict[tuple[str | None, str | None], list[Offer]] = {}
    for offer in problem.offers:
        by_place.setdefault(offer.place, []).append(offer)
    regional = [_thinned(problem, tuple(offers)) for offers in by_place.values()]
    left = {offer.key for offers in regional for offer in offers}
    candidates = tuple(offer for offer in problem.offers if offer.key in left)
    return candidates if len(by_place) == 1 else _thinned(problem, candidates)


def dominators(problem: Problem, dominated: Sequence[Offer], by: Sequence[Offer]) -> dict[str, str]:
    """For each dominated offer the key of the first of `by` that dominates it; those that none does are left out."""
    table = _Table(replace(problem, offers=(*by, *dominated)))
    candidates = np.arange(len(by))
    found = {}
    for row, offer in enumerate(dominated, start=len(by)):
        hits = np.flatnonzero(table.dominates(candidates, np.full_like(candidates, row)))
        if hits.size:
            found[offer.key] = by[int(hits[0])].key
    return found


def _thinned(problem: Problem, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    left = _Table(replace(problem, offers=offers)).left()
    return tuple(offer for index, offer in enumerate(offers) if left[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpotPools:
    """Spot pools that carry at most a share of the demand each, by hour (rows) and offer, for one class of requests.

    An offer's spot machines are made up for by the pools of other offers that are as cheap, where these can carry
    all the demand by themselves: as long as one of them has room for what replaces a machine, it is replaced; when
    none has, so much is there already that the machine is not needed at all. `needed_rps` is by hour.
    """

    most: NDArray[np.float64]
    capacity_rps: NDArray[np.float64]
    needed_rps: NDArray[np.float64]

    @classmethod
    def of(cls, problem: Problem) -> "_SpotPools | None":
        """The pools of a problem; None where they are not limited, or classes differ about which is the larger."""
        limits, (name, *others) = problem.limits, problem.demand.classes
        if others or limits.spot_pool_share is None:
            return None
        capacity_rps = np.array([offer.capacity_rps.get(name, 0.0) for offer in problem.offers])
        rates_rps = np.array(sorted({rate for (rate,) in problem.demand.rps}))
        alone = loads_alone(problem.offers, (name,), [(rate,) for rate in rates_rps])
        # What may be lost besides a zone or region: the largest pools, or the largest machine.
        lost_rps = limits.spot_pools_lost * limits.spot_pool_share * rates_rps
        largest_rps = capacity_rps.max() if problem.survive == "instance" else 0.0
        return cls(
            most=np.floor(limits.spot_pool_share * alone + _ROUNDING),
            capacity_rps=capacity_rps,
            needed_rps=rates_rps + lost_rps + largest_rps,
        )

    def make_up_for(self, by: NDArray[np.intp], copies: NDArray[np.float64]) -> bool:
        """Whether the pools of some offers carry all that is needed before none has room for so many copies."""
        full = np.maximum(self.most[:, by] - copies + 1, 0.0) * self.capacity_rps[by]
        return bool((full.sum(axis=1) >= self.needed_rps).all())


class _Table:
    """The offers as arrays, one row an offer, so that one offer is held against all others at once."""

    def __init__(self, problem: Problem) -> None:
        self.survive = problem.survive
        offers = problem.offers
        classes = problem.demand.classes
        self.capacity = np.array([[offer.capacity_rps.get(name, 0.0) for name in classes] for offer in offers])
        self.prices = np.array([_prices(offer, problem) for offer in offers])
        self.replacements = np.array([_replacement_prices(offer, problem) for offer in offers])
        self.pools = _SpotPools.of(problem)
        if self.pools is not None:  # a machine that carries more than a pool may is no spot machine
            useless = ~self.pools.most.any(axis=0)
            self.prices[useless, 2] = self.prices[useless, 0]
        self.unlimited = np.array([offer.max_count is None for offer in offers])
        numbering = {place: number for number, place in enumerate(dict.fromkeys(offer.place for offer in offers))}
        self.place = np.array([numbering[offer.place] for offer in offers])
        self.cloud = np.array([offer.cloud or "" for offer in offers])
        self.own_cloud = bool(problem.limits.cloud_shares) or problem.survive == "cloud"
        self.egress = np.array([[offer.egress_usd_per_request.get(name, 0.0) for name in classes] for offer in offers])
        patterns = list(problem.limits.quotas)
        self.quota = np.array(
            [[quota_vcpus(offer) * matches_quota(offer, pattern) for pattern in patterns] for offer in offers]
        ).reshape(len(offers), len(patterns))

    def left(self) -> NDArray[np.bool_]:
        """Which offers are left when all are gone that no cheapest fleet needs."""
        alive = self.undominated()
        return alive if self.pools is None else self._with_pools(alive, self.pools)

    def _with_pools(self, alive: NDArray[np.bool_], pools: "_SpotPools") -> NDArray[np.bool_]:
        """The offers that are left when those are gone, too, whose spot pools others make up for."""
        kept: list[int] = []
        for row in self._cheapest_first():
            if alive[row]:
                others = np.array(kept, dtype=np.intp)
                same = np.full_like(others, row)
                by = others[self.dominates(others, same, self.prices)] if kept else others
                alive[row] = not (by.size and pools.make_up_for(by, self.copies(by, np.full_like(by, row))))
                kept += [int(row)] if alive[row] else []
        return alive

    def _cheapest_first(self) -> NDArray[np.intp]:
        with np.errstate(divide="ignore"):
            return np.argsort(self.prices.min(axis=1) / self.capacity.max(axis=1), kind="stable")

    def undominated(self) -> NDArray[np.bool_]:
        """Which offers are left; of two that can stand in for each other the one that comes first is.

        The cheapest for what they carry are held against all others first, since they leave the fewest to go on with.
        """
        alive = np.ones(len(self.place), dtype=bool)
        for one in self._cheapest_first():
            if alive[one]:
                others = np.flatnonzero(alive)
                others = others[self.dominates(np.full_like(others, one), others) & (others != one)]
                mutual = self.dominates(others, np.full_like(others, one))
                alive[others[~mutual | (others > one)]] = False
        return alive

    def copies(self, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
        """For each pair of rows, how many machines of `one` carry what a machine of `other` does."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(self.capacity[other] > 0, self.capacity[other] / self.capacity[one], 0.0)
            return np.asarray(np.maximum(np.ceil(ratios.max(axis=1)), 1.0))

    def dominates(
        self, one: NDArray[np.intp], other: NDArray[np.intp], replacements: NDArray[np.float64] | None = None
    ) -> NDArray[np.bool_]:
        """For each pair of rows, whether copies of `one` can always stand in for a machine of `other`.

        `replacements` are the prices at which they do.
        """
        prices = self.replacements if replacements is None else replacements
        copies = self.copies(one, other)[:, None]
        with np.errstate(invalid="ignore"):
            cheaper = (copies * prices[one] <= self.prices[other] * (1 + _PRICE_TOLERANCE)).all(axis=1)
            quota_kept = (copies * self.quota[one] <= self.quota[other]).all(axis=1)
        fits = np.isfinite(copies[:, 0]) & self.unlimited[one]
        fits &= ((self.egress[one] <= self.egress[other]) | (self.capacity[other] == 0)).all(axis=1)
        if self.survive in ("zone", "region"):
            fits &= self.place[one] == self.place[other]
        if self.own_cloud:
            fits &= self.cloud[one] == self.cloud[other]
        if self.survive == "instance":  # losing one machine must not become worse
            fits &= (self.capacity[one] <= self.capacity[other]).all(axis=1)
        return np.asarray(cheaper & quota_kept & fits)


def _prices(offer: Offer, problem: Problem) -> list[float]:
    """What an on-demand, a committed and a spot machine cost at least, one that may replace another taken for it.

    Firm may replace spot, and on-demand may replace committed, never the other way round.
    """
    prices = useful_prices(offer, problem)
    on_demand = prices.get("on_demand", np.inf)
    committed = min((price for name, price in prices.items() if name != "spot"), default=np.inf)
    if problem.demand.is_constant:
        on_demand = committed
    return [on_demand, committed, min(prices.get("spot", np.inf), on_demand)]


def _replacement_prices(offer: Offer, problem: Problem) -> list[float]:
    """The cheapest ways to stand in for a machine of another offer, however it is bought.

    Where spot pools are limited one by one, more machines in one pool cannot stand in for another pool.
    """
    on_demand, committed, spot = _prices(offer, problem)
    apart = problem.limits.spot_pool_share is not None or problem.limits.spot_pools_lost
    return [on_demand, committed, on_demand if apart else spot]
