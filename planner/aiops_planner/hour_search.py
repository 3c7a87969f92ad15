"""Good commitments for zones by trying: what single hours wish for, then a machine more, less, moved or exchanged.

With the commitments decided, every hour is solved exactly by itself, so that what is compared are whole fleets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from time import monotonic

import numpy as np

from aiops_planner.by_hour import Decided
from aiops_planner.hour_bound import Commitments, HourBound, bound_by_hours
from aiops_planner.hours import Levels
from aiops_planner.offers import Purchase
from aiops_planner.plans import Problem
from aiops_planner.pools import ZONES, Pool, pools_of
from aiops_planner.zone_hour import Choice, ZoneHour, Zones
from aiops_planner.zone_market import ZoneMarket, is_all_that_limits, zone_market

_BOUND_SHARE = 0.7  # of the time
_LESS = 1e-6  # relative
_AROUND = 3  # machines more or less than so much money pays for
_ORDERS = ((1, 2, 0), (0, 2, 1), (0, 1, 2))  # of the zones, with each in turn as the third


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hour:
    """An hour with its commitments decided: the order of the zones, their firm staircases, and what was chosen."""

    order: tuple[int, ...]
    zones: Zones
    choice: Choice

    def machines(self, rps: float, market: ZoneMarket) -> Iterator[tuple[int, Purchase, str]]:
        """Offer, purchase and zone of every machine that follows the hour."""
        x_rps = self.choice.x_rps
        needs = (x_rps, x_rps, rps - x_rps)
        for number, zone, step, need in zip(self.order, self.zones, self.choice.firm, needs, strict=True):
            rest = int(market.flexible.at(np.array([need - zone.rps[step]]))[0])
            for offer in np.repeat(np.arange(len(market.rps)), zone.counts[step]).tolist():
                yield offer, "on_demand", ZONES[number]
            for offer in np.repeat(np.arange(len(market.rps)), market.flexible.counts[rest]).tolist():
                yield offer, market.cheapest_flexible(offer), ZONES[number]


def decide_by_zone(problem: Problem, levels: Levels, *, best_usd: float, time_limit_s: float, gap: float) -> Decided:
    """A bound for a pruned problem that has a market of zones, and a fleet that costs less than the best that is known.

    What is enough to prove either to the gap ends the search.
    """
    deadline = monotonic() + time_limit_s
    budget = problem.limits.budget_usd_per_hour
    below_usd = best_usd if budget is None else min(best_usd, budget)
    enough_usd = below_usd * (1 - gap)
    nothing = Decided(machines=None, infeasible=False, bound_usd_per_hour=0.0, solver="none")
    market = zone_market(problem)
    if market is None:
        return nothing
    bound = bound_by_hours(market, levels, time_limit_s=_BOUND_SHARE * time_limit_s, enough_usd=enough_usd)
    if bound is None:
        return nothing
    proven = replace(nothing, bound_usd_per_hour=bound.usd_per_hour)
    if bound.usd_per_hour >= enough_usd or not is_all_that_limits(problem):
        return proven
    fleets = _Fleets(market, levels, bound, deadline=deadline)
    commitments = _cheapest(fleets, below_usd=below_usd, enough_usd=bound.usd_per_hour / (1 - gap))
    return proven if commitments is None else replace(proven, machines=fleets.machines(problem, commitments))


def _cheapest(fleets: "_Fleets", *, below_usd: float, enough_usd: float) -> Commitments | None:
    """The best commitments found in time, or the first that cost no more than enough; None when none are below."""
    bound = fleets.bound
    offers = sorted({offer for wish in bound.wishes for zone in wish for offer in zone})
    best_usd, best = below_usd, None
    for start in (*bound.wishes, *_spread_evenly(fleets.market, offers, bound.spent_usd)):
        usd = fleets.usd(start, below_usd=best_usd)
        if usd < best_usd:
            best_usd, best = usd, start
    while best is not None and best_usd > enough_usd:
        nearby = sorted(_neighbours(best, offers), key=fleets.least_usd)
        trials = ((fleets.usd(each, below_usd=best_usd * (1 - _LESS)), each) for each in nearby)
        better = next((trial for trial in trials if trial[0] < inf), None)
        if better is None:
            break
        best_usd, best = better
    return best


def _spread_evenly(market: ZoneMarket, offers: Sequence[int], spent_usd: float) -> Iterator[Commitments]:
    """Machines of one offer, about as many as so much money pays for, as evenly over the zones as they go."""
    for offer in offers:
        about = round(spent_usd / float(market.committed_usd[offer]))
        for count in range(max(about - _AROUND, 0), about + _AROUND + 1):
            yield tuple((offer,) * ((count + zone) // len(ZONES)) for zone in range(len(ZONES)))


def _neighbours(commitments: Commitments, offers: Sequence[int]) -> set[Commitments]:
    """Commitments that differ in a machine of one of the offers, or in where one stands."""
    found = set()
    for zone, machines in enumerate(commitments):
        found |= {_with(commitments, {zone: (*machines, offer)}) for offer in offers}
        for place, machine in enumerate(machines):
            rest = machines[:place] + machines[place + 1 :]
            found.add(_with(commitments, {zone: rest}))
            found |= {_with(commitments, {zone: (*rest, offer)}) for offer in offers}
            found |= {
                _with(commitments, {zone: rest, other: (*there, machine)})
                for other, there in enumerate(commitments)
                if other != zone
            }
    return found - {commitments}


def _with(commitments: Commitments, changed: Mapping[int, tuple[int, ...]]) -> Commitments:
    """The commitments with some zones changed, in an order that makes equals of those with zones renamed."""
    return tuple(sorted(tuple(sorted(changed.get(zone, machines))) for zone, machines in enumerate(commitments)))


class _Fleets:
    """The cheapest fleet for any commitments."""

    def __init__(self, market: ZoneMarket, levels: Levels, bound: HourBound, *, deadline: float) -> None:
        self.market = market
        self.weights = levels.weight
        self.rps = tuple(rate for (rate,) in levels.rps)
        self.bound = bound
        self.deadline = deadline
        self._hours: dict[tuple[int, tuple[float, ...]], _Hour | None] = {}

    def least_usd(self, commitments: Commitments) -> float:
        """What no fleet with these commitments costs less than."""
        return self.bound.least_usd(self._spent(commitments))

    def usd(self, commitments: Commitments, *, below_usd: float) -> float:
        """The cost of the cheapest fleet where it is below so much; else, and without time to find it, infinity."""
        spent = self._spent(commitments)
        hours = self.bound.flexible_usd(spent)
        for hour, weight in enumerate(self.weights):
            if spent + hours.sum() >= below_usd or monotonic() >= self.deadline:
                return inf
            found = self._hour(hour, commitments)
            if self.rps[hour]:
                hours[hour] = inf if found is None else weight * found.choice.usd
        total = spent + float(hours.sum())
        return total if total < below_usd else inf

    def machines(self, problem: Problem, commitments: Commitments) -> Mapping[Pool, tuple[int, ...]]:
        """The fleet by pool and level, of commitments for which every hour has one."""
        pools = list(pools_of(problem, "apart"))
        counts = {pool: [0] * len(self.rps) for pool in pools}
        kept = {(pool.offer, pool.zone): pool for pool in pools if pool.committed}
        follow = {(pool.offer, pool.purchase, pool.zone): pool for pool in pools if not pool.committed}
        for zone, machines in zip(ZONES, commitments, strict=True):
            for offer in machines:
                counts[kept[offer, zone]] = [count + 1 for count in counts[kept[offer, zone]]]
        for level in range(len(self.rps)):
            found = self._hour(level, commitments)
            for bought in found.machines(self.rps[level], self.market) if found else ():
                counts[follow[bought]][level] += 1
        return {pool: tuple(row) for pool, row in counts.items() if any(row)}

    def _spent(self, commitments: Commitments) -> float:
        return float(sum(self.market.committed_usd[offer] for zone in commitments for offer in zone))

    def _hour(self, hour: int, commitments: Commitments) -> _Hour | None:
        """An hour, solved once for all commitments that carry as much."""
        carried = tuple(sum(float(self.market.rps[offer]) for offer in zone) for zone in commitments)
        if (hour, carried) not in self._hours:
            self._hours[hour, carried] = self._solved(self.rps[hour], carried) if self.rps[hour] else None
        return self._hours[hour, carried]

    def _solved(self, rps: float, carried: tuple[float, ...]) -> _Hour | None:
        firm_rps = self.market.firm_share * rps
        problem = ZoneHour(rps=rps, firm_rps=firm_rps, flexible=self.market.flexible)
        spare = self.market.spare.up_to(max(firm_rps - sum(carried), 0.0))
        stairs = [spare.raised(base) for base in carried]
        best: _Hour | None = None
        for order in {carried[order[2]]: order for order in _ORDERS}.values():
            zones = (stairs[order[0]], stairs[order[1]], stairs[order[2]])
            choice = problem.cheapest(zones)
            bought = choice and problem.bought(zones, choice)
            if bought and (best is None or bought.usd < best.choice.usd):
                best = _Hour(order=order, zones=zones, choice=bought)
        return best
