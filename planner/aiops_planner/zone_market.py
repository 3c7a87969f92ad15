"""What can be bought in the zones of one place to serve one class of requests: machines as arrays, by offer."""

from dataclasses import dataclass

import numpy as np

from aiops_planner.offers import Purchase
from aiops_planner.plans import Problem
from aiops_planner.pools import COMMITTED, places_of
from aiops_planner.pruning import useful_prices
from aiops_planner.staircase import Floats, Integers, Staircase, cheapest_steps

MOST_STEPS = 2000  # of a staircase: where it takes more, fleets are so large that whole machines matter little


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMarket:
    """Offers, in the order of the problem's: requests/s of a machine, and USD an hour, infinite where not sold.

    `firm_share` of the demand is carried without spot machines, `flexible` are the cheapest steps of machines that
    follow the hour, and `spare` those of them that are not spot.
    """

    rps: Floats
    on_demand_usd: Floats
    spot_usd: Floats
    committed_usd: Floats
    firm_share: float
    flexible: Staircase
    spare: Staircase

    def firm(self, committed_price: float, rps: float) -> Staircase | None:
        """Firm machines up to a rate, with commitments at so many times their price; None for too many steps."""
        usd = np.minimum(self.on_demand_usd, self._committed_usd_at(committed_price))
        return cheapest_steps(self.rps, usd, rps, MOST_STEPS)

    def committed(self, counts: Integers, committed_price: float) -> Integers:
        """Which of the machines of a step of `firm` are commitments."""
        cheaper = self._committed_usd_at(committed_price) <= self.on_demand_usd
        chosen: Integers = np.where(cheaper, counts, 0)
        return chosen

    def _committed_usd_at(self, price: float) -> Floats:
        sold = np.isfinite(self.committed_usd)
        return np.where(sold, np.where(sold, self.committed_usd, 0.0) * max(price, 0.0), np.inf)

    def cheapest_flexible(self, offer: int) -> Purchase:
        """How machines of an offer that follow the hour are bought, where they need not be firm."""
        return "spot" if self.spot_usd[offer] < self.on_demand_usd[offer] else "on_demand"


def zone_market(problem: Problem) -> ZoneMarket | None:
    """The market of a pruned problem; None where it has several classes or places, no zones to lose, or many machines.

    Every limit but `spot_share` is left out, so what is cheapest in the market is never dearer than a fleet.
    """
    if problem.survive != "zone" or len(problem.demand.classes) > 1 or len(places_of(problem.offers)) > 1:
        return None
    (name,) = problem.demand.classes
    rps = np.array([offer.capacity_rps[name] for offer in problem.offers])
    prices = [useful_prices(offer, problem) for offer in problem.offers]
    on_demand, spot = (np.array([each.get(way, np.inf) for each in prices]) for way in ("on_demand", "spot"))
    committed = np.array([min((each[way] for way in COMMITTED if way in each), default=np.inf) for each in prices])
    share = problem.limits.spot_share
    flexible = cheapest_steps(rps, np.minimum(on_demand, spot), problem.demand.peak_rps, MOST_STEPS)
    spare = cheapest_steps(rps, on_demand, problem.demand.peak_rps, MOST_STEPS)
    if flexible is None or spare is None:
        return None
    return ZoneMarket(
        rps=rps,
        on_demand_usd=on_demand,
        spot_usd=spot,
        committed_usd=committed,
        firm_share=0.0 if share is None else 1 - share,
        flexible=flexible,
        spare=spare,
    )


def is_all_that_limits(problem: Problem) -> bool:
    """Whether what is cheapest in the market is a fleet of the problem, but for a budget."""
    limits = problem.limits
    more = (limits.quotas, limits.spot_pool_share, limits.spot_pools_lost, limits.cloud_shares)
    return not any(more) and not any(offer.max_count or offer.egress_usd_per_request for offer in problem.offers)
