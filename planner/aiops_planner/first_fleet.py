"""A fleet without a solver: hour by hour, the offer that carries the rest at the least cost, again and again.

It is found in no time, survives what has to be survived and keeps the limits, so that a plan exists whenever the
program runs out of time. It is no proof of anything, and gives up where only a clever mix would keep the limits.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, inf

from aiops_planner.costs import fleet_usd_per_hour
from aiops_planner.hours import Levels
from aiops_planner.offers import Offer
from aiops_planner.plans import Problem
from aiops_planner.pools import COMMITTED, Pool, mean_usd_per_hour, pools_of
from aiops_planner.pruning import matches_quota, quota_vcpus

_ROUNDING = 1e-9  # relative: 3 machines of 0.1/s carry 0.3/s


def first_fleet(problem: Problem, levels: Levels) -> Mapping[Pool, tuple[int, ...]] | None:
    """Machines by pool and level that carry a pruned problem's demand within its limits, or None when none was found.

    Pools in zone EACH stand for a machine in every zone. Nothing is tried where the machines have to be spread over
    regions or clouds.
    """
    limits = problem.limits
    if problem.survive in ("region", "cloud") or limits.cloud_shares:
        return None
    pools = list(pools_of(problem, "even"))
    peak = tuple(map(max, zip(*levels.rps, strict=True)))
    follow = [_hour(problem, _cheapest([pool for pool in pools if pool.purchase == "on_demand"]), levels.rps)]
    committed = _cheapest([pool for pool in pools if pool.purchase in COMMITTED])
    follow.append(_constant(_hour(problem, committed, [peak]), len(levels.rps)))
    if limits.spot_share in (None, 1.0) and limits.spot_pool_share in (None, 1.0) and not limits.spot_pools_lost:
        follow.append(_hour(problem, _cheapest([pool for pool in pools if pool.purchase == "spot"]), levels.rps))
    found = [fleet for fleet in follow if fleet is not None]
    best = min(found, key=lambda fleet: mean_usd_per_hour(fleet, levels), default=None)
    if best is None or limits.budget_usd_per_hour is None:
        return best
    return best if fleet_usd_per_hour(problem, best, levels) <= limits.budget_usd_per_hour else None


def _cheapest(pools: Iterable[Pool]) -> list[Pool]:
    """The cheapest pool of each offer."""
    best: dict[int, Pool] = {}
    for pool in pools:
        if pool.offer not in best or pool.usd_per_hour < best[pool.offer].usd_per_hour:
            best[pool.offer] = pool
    return list(best.values())


def _constant(fleet: dict[Pool, tuple[int, ...]] | None, hours: int) -> dict[Pool, tuple[int, ...]] | None:
    return None if fleet is None else {pool: counts * hours for pool, counts in fleet.items()}


def _hour(
    problem: Problem, pools: Sequence[Pool], rps: Sequence[tuple[float, ...]]
) -> dict[Pool, tuple[int, ...]] | None:
    """Machines by pool for each row of rates; None when a row cannot be carried."""
    rows = [_Filling(problem, pools).carry(rates) for rates in rps]
    if any(row is None for row in rows):
        return None
    counts = {pool: tuple(row[pool] if row else 0 for row in rows) for pool in pools}
    return {pool: by_row for pool, by_row in counts.items() if any(by_row)}


class _Filling:
    """One hour's machines, filled class by class; every class has machines of its own."""

    def __init__(self, problem: Problem, pools: Sequence[Pool]) -> None:
        self.problem = problem
        self.counts = dict.fromkeys(pools, 0)
        self.spare = 1 if problem.survive == "instance" else 0  # of every offer in use
        self.quotas = dict(problem.limits.quotas)

    def carry(self, rates: tuple[float, ...]) -> dict[Pool, int] | None:
        """Machines that carry the rates of every class, or None."""
        for name, rate in zip(self.problem.demand.classes, rates, strict=True):
            left = rate
            while left > rate * _ROUNDING:
                choices = ((self._usd_per_rps(pool, name, left), pool.offer, pool) for pool in self.counts)
                usd_per_rps, _, pool = min(choices, default=(inf, 0, None))
                if pool is None or usd_per_rps == inf:
                    return None
                left -= self._take(pool, name, left)
        return self.counts

    def _usd_per_rps(self, pool: Pool, name: str, left_rps: float) -> float:
        count, carried = self._step(pool, name, left_rps)
        return (count + self._spares(pool)) * pool.usd_per_hour / carried if carried else inf

    def _spares(self, pool: Pool) -> int:
        return 0 if self.counts[pool] else self.spare

    def _step(self, pool: Pool, name: str, left_rps: float) -> tuple[int, float]:
        """How many a pool can add towards the rest of a class, and what they carry of it."""
        one = self.problem.offers[pool.offer].capacity_rps.get(name, 0.0) * pool.left_by_zone
        if not one:
            return 0, 0.0
        count = min(ceil(left_rps / one * (1 - _ROUNDING)), self._room(pool) - self._spares(pool))
        return (count, min(left_rps, count * one)) if count > 0 else (0, 0.0)

    def _room(self, pool: Pool) -> int:
        """How many more of a pool the limits allow."""
        offer = self.problem.offers[pool.offer]
        rooms = [
            left / (quota_vcpus(offer) * pool.machines)
            for pattern, left in self.quotas.items()
            if matches_quota(offer, pattern) and quota_vcpus(offer)
        ]
        if offer.max_count is not None:
            rooms.append((offer.max_count - self._machines_like(offer)) // pool.machines)
        return int(min(rooms, default=2**53))

    def _machines_like(self, offer: Offer) -> int:
        """The machines there are of an offer's machine type."""
        pools = (pool for pool in self.counts if self.problem.offers[pool.offer].machine_key == offer.machine_key)
        return sum(self.counts[pool] * pool.machines for pool in pools)

    def _take(self, pool: Pool, name: str, left_rps: float) -> float:
        """Add machines of a pool; returns what they carry."""
        offer = self.problem.offers[pool.offer]
        count, carried = self._step(pool, name, left_rps)
        count += self._spares(pool)
        self.counts[pool] += count
        for pattern in self.quotas:
            if matches_quota(offer, pattern):
                self.quotas[pattern] -= count * pool.machines * quota_vcpus(offer)
        return carried
