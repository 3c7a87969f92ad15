"""The answer to a sizing problem: the cheapest fleet with its proof, what a little more would cost, and its rivals."""

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from aiops_planner.catalog import group_left_out
from aiops_planner.errors import SolverError
from aiops_planner.fleet import (
    MOST_LEVELS,
    Fleet,
    Search,
    find_cheapest,
    fleet_items,
    is_proven,
    sellable,
    slope_usd_per_hour,
    traffic,
)
from aiops_planner.plans import HOURS_PER_MONTH, Infeasible, LeftOut, Marginal, Plan, Problem
from aiops_planner.program import COMMITTED, ZONES
from aiops_planner.pruning import matches_quota
from aiops_planner.refusal import refuse
from aiops_planner.validation import check_problem
from aiops_planner.verification import check_proof, prove

_SIDE_QUESTIONS_SHARE = 0.4  # of the time limit
_PERCENT = 1.01


def plan(
    problem: Problem,
    *,
    time_limit_s: float = 20.0,
    gap: float = 0.005,
    left_out: tuple[LeftOut, ...] = (),
    notes: tuple[str, ...] = (),
) -> Plan | Infeasible:
    """The cheapest fleet that carries the demand within the limits, proven to a relative gap, or why there is none.

    Where the offers state their service times the plan is simulated, and solved again with less capacity while it
    misses its objective; each time takes at least a quarter of `time_limit_s`. `left_out` and `notes` tell how the
    offers came about and are handed on in the answer. Raises UsageError for a problem that cannot be meant and
    SolverError when nothing was found in `time_limit_s`.
    """
    check_problem(problem)
    check_proof(problem.proof)
    deadline = monotonic() + time_limit_s

    def solve(asked: Problem) -> Plan | Infeasible:
        left_s = max(time_limit_s / 4, deadline - monotonic())
        return _cheapest(asked, time_limit_s=left_s, gap=gap, left_out=left_out, notes=notes)

    return prove(problem, solve)


def _cheapest(
    problem: Problem, *, time_limit_s: float, gap: float, left_out: tuple[LeftOut, ...], notes: tuple[str, ...]
) -> Plan | Infeasible:
    """The cheapest fleet before it is simulated."""
    started = monotonic()
    search = find_cheapest(problem, time_limit_s=time_limit_s * (1 - _SIDE_QUESTIONS_SHARE), gap=gap)
    left_out = (*left_out, *_left_out(problem))
    if search.infeasible:
        left_s = time_limit_s - (monotonic() - started)
        return _refusal(problem, left_out, time_limit_s=max(left_s, 1.0), gap=gap)
    if search.fleet is None:
        raise SolverError(
            f"no fleet was found within {time_limit_s:g} s and none was ruled out; "
            "the problem is large: choose fewer families or regions, or survive: none"
        )
    side = _SideQuestions(problem, search, deadline=started + time_limit_s, gap=gap)
    best = side.best
    fleet = fleet_items(best)
    cost = sum(item.usd_per_hour for item in fleet)
    bound = min(search.bound_usd_per_hour, cost)
    proven = is_proven(cost, bound, gap)
    return Plan(
        status="optimal" if proven else "feasible",
        demand=problem.demand,
        survive=problem.survive,
        fleet=fleet,
        traffic=traffic(best),
        lower_bound_usd_per_hour=bound,
        cheapest_by_cloud_usd_per_month=side.cheapest_by_cloud,
        on_demand_only_usd_per_month=side.on_demand_only,
        marginal=side.marginal,
        offers_considered=len(sellable(problem).offers),
        left_out=left_out,
        price_dates=_price_dates(problem),
        notes=(*_notes(problem, best, proven), *side.notes, *notes),
        solver=search.solver,
        solve_s=monotonic() - started,
    )


def _refusal(problem: Problem, left_out: tuple[LeftOut, ...], *, time_limit_s: float, gap: float) -> Infeasible:
    """Why there is no fleet; where no offer took part at all, also why each was left out."""
    refusal = refuse(problem, time_limit_s=time_limit_s, gap=gap)
    missing = (
        ()
        if problem.offers
        else tuple(f"{out.count:,} {'was' if out.count == 1 else 'were'} left out: {out.reason}" for out in left_out)
    )
    return replace(refusal, reasons=(*refusal.reasons, *missing), left_out=left_out)


class _SideQuestions:
    """The same problem asked again: on one cloud alone, on demand only, with 1 % more demand.

    Each answer is a fleet for the first problem too, so the cheapest of all is `best`: within the solver's gap a
    narrower question may do better than the wide one, and a plan must never cost more than what it is compared with.
    """

    def __init__(self, problem: Problem, main: Search, *, deadline: float, gap: float) -> None:
        assert main.fleet is not None  # the caller answers an infeasible problem itself
        self.problem = problem
        self.main = main.fleet
        self.best = main.fleet
        self.gap = gap
        self.deadline = deadline
        self.notes: list[str] = []
        clouds = list(dict.fromkeys(offer.cloud for offer in sellable(problem).offers if offer.cloud))
        self._left = len(clouds) + 3
        by_cloud = {cloud: self._cost_on(cloud) for cloud in clouds} if len(clouds) > 1 else {}
        on_demand = self._cost_on_demand() if "on_demand" in problem.purchases else None
        more = self._cost_of_more_demand()
        slope = slope_usd_per_hour(problem, time_limit_s=self._share_s())
        self.cheapest_by_cloud = {cloud: _monthly(cost) for cloud, cost in by_cloud.items()}
        self.on_demand_only = _monthly(on_demand)
        self.marginal = Marginal(
            demand_plus_1_percent_usd_per_month=None
            if more is None
            else max(0.0, more - self.best.usd_per_hour) * HOURS_PER_MONTH,
            lp_usd_per_month_per_percent=None if slope is None else slope / 100 * HOURS_PER_MONTH,
        )

    def _cost_on(self, cloud: str) -> float | None:
        if all(self.main.offers[pool.offer].cloud == cloud for pool in self.main.machines):
            return self.main.usd_per_hour
        offers = tuple(offer for offer in self.problem.offers if offer.cloud == cloud)
        fleet = self._ask(replace(self.problem, offers=offers), f"the cheapest fleet on {cloud} alone")
        return None if fleet is None else fleet.usd_per_hour

    def _cost_on_demand(self) -> float | None:
        if all(pool.purchase == "on_demand" for pool in self.main.machines):
            return self.main.usd_per_hour
        fleet = self._ask(replace(self.problem, purchases=("on_demand",)), "the cheapest fleet with on_demand only")
        return None if fleet is None else fleet.usd_per_hour

    def _cost_of_more_demand(self) -> float | None:
        demand = self.problem.demand.scaled(_PERCENT)
        fleet = self._ask(replace(self.problem, demand=demand), "the fleet for 1 % more demand")
        # The difference of two fleets that may both still be cheaper would say nothing.
        return fleet.usd_per_hour if fleet is not None and fleet.proven and self.main.proven else None

    def _ask(self, problem: Problem, what: str) -> Fleet | None:
        """The fleet of a narrower problem; None when it is infeasible or was not solved in time."""
        search = find_cheapest(problem, time_limit_s=self._share_s(), gap=self.gap)
        if search.fleet is None:
            if not search.infeasible:
                self.notes.append(f"{what} was not found within the time limit")
            return None
        if not search.fleet.proven:
            self.notes.append(f"{what} may still be cheaper: the time limit came first")
        if search.fleet.usd_per_hour < self.best.usd_per_hour:
            own = replace(search.fleet.problem, demand=self.problem.demand)
            self.best = replace(search.fleet, problem=own)
        return search.fleet

    def _share_s(self) -> float:
        """An equal share of the time that is left for the questions that are left."""
        share = max(0.0, (self.deadline - monotonic()) / max(self._left, 1))
        self._left -= 1
        return share


def _monthly(usd_per_hour: float | None) -> float | None:
    return None if usd_per_hour is None else usd_per_hour * HOURS_PER_MONTH


def _left_out(problem: Problem) -> tuple[LeftOut, ...]:
    """The offers that could not take part at all: no price for these purchases, or no capacity for any class."""
    taking_part = {offer.key for offer in sellable(problem).offers}
    purchases = set(problem.purchases)
    return group_left_out(
        {
            offer.key: "serves none of the demand's classes, or max is 0"
            if purchases & set(offer.prices_usd_per_hour)
            else f"no price for {', '.join(problem.purchases)}"
            for offer in problem.offers
            if offer.key not in taking_part
        }
    )


def _price_dates(problem: Problem) -> Mapping[str, str]:
    """The oldest price date of each cloud."""
    dates: dict[str, str] = {}
    for offer in problem.offers:
        if offer.cloud and offer.price_date:
            dates[offer.cloud] = min(offer.price_date, dates.get(offer.cloud, offer.price_date))
    return dates


def _notes(problem: Problem, best: Fleet, proven: bool) -> list[str]:
    """What the reader has to know to trust the plan as far as it goes and no further."""
    distinct = len(set(problem.demand.rps))
    bought = {pool.purchase for pool in best.machines}
    nowhere = problem.survive == "zone" and any(offer.region is None for offer in best.offers)
    candidates = (
        (not proven, "the solver stopped at its time limit: a cheaper fleet may exist, down to the lower bound"),
        (
            distinct > MOST_LEVELS,
            f"{distinct:,} different hours were joined into {MOST_LEVELS}, each sized for its largest rate",
        ),
        (
            problem.survive == "zone",
            f"each region is taken to have {len(ZONES)} zones; the fleet carries all demand without any one",
        ),
        (nowhere, "offers without a region are taken to share one region"),
        (
            "spot" in bought and problem.limits.spot_share is None,
            "spot machines can be taken back at short notice; limits.spot_share bounds what depends on them",
        ),
        (
            bool(bought & set(COMMITTED)),
            "reserved machines are paid for their whole term, used or not; costs spread it evenly",
        ),
    )
    return [
        *(words for applies, words in candidates if applies),
        *_estimate_notes(best),
        *_idle_quota_notes(problem),
    ]


def _estimate_notes(best: Fleet) -> list[str]:
    used = {pool.offer for pool in best.machines}
    estimated = [best.offers[index] for index in used if best.offers[index].capacity_source == "estimated"]
    if not estimated:
        return []
    error = max(offer.capacity_error or 0.0 for offer in estimated)
    return [
        f"{_how_many(len(estimated), len(used))} on an estimated capacity (up to ±{error:.0%}); "
        "measure the chosen types before buying"
    ]


def _how_many(estimated: int, used: int) -> str:
    """The subject and verb for some of the offers in the fleet."""
    if used == 1:
        return "the one offer in the fleet rests"
    if estimated == used:
        return f"all {used} offers in the fleet rest"
    return f"{estimated} of the {used} offers in the fleet {'rests' if estimated == 1 else 'rest'}"


def _idle_quota_notes(problem: Problem) -> list[str]:
    patterns = problem.limits.quotas
    idle = [name for name in patterns if not any(matches_quota(offer, name) for offer in problem.offers)]
    return [f"the quota {name!r} covers no offer, so it has no effect" for name in idle]
