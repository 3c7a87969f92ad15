"""What explains a fleet: its rivals, what a little more would cost, its limits, and why other offers were not chosen.

Every answer is a value. The questions share the time that is left; one that came too late is missing or said in a note.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic

from aiops_planner.binding import binding_limits
from aiops_planner.curves import TIGHTER, Asked, ask_demands, ask_objectives, cost_points, questions
from aiops_planner.explanations import BindingLimit, CostPoint
from aiops_planner.fleet import Fleet, sellable
from aiops_planner.interview import Interview
from aiops_planner.offers import Offer
from aiops_planner.plans import HOURS_PER_MONTH, LeftOut, Marginal, OffersAt, Problem
from aiops_planner.rejections import rejected
from aiops_planner.relaxation import Relaxation, relax

_PERCENT = 1.01
GIVEN_CAPACITIES = (
    "what another objective would cost is not known: the capacities were given for this one and cannot be computed anew"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A fleet held against its rivals, in USD/month, and the cheapest fleet that came up on the way.

    `more` is the fleet for 1 % more demand.
    """

    best: Fleet
    cheapest_by_cloud: Mapping[str, float | None]
    on_demand_only: float | None
    more: Fleet | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is to be explained: a problem, its offers that are not dominated, and the fleet with its rivals."""

    problem: Problem
    kept: tuple[Offer, ...]
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a little more would cost, which limits bind, and why other offers were not chosen."""

    marginal: Marginal
    cost_by_demand: tuple[CostPoint, ...]
    cost_by_objective: tuple[CostPoint, ...]
    binding_limits: tuple[BindingLimit, ...]
    rejected: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def compare(problem: Problem, main: Fleet, *, deadline: float, gap: float) -> Comparison:
    """Ask for the same on each cloud alone and on demand only, and for 1 % more."""
    clouds = _clouds(problem)
    interview = Interview(problem, main, deadline=deadline, gap=gap, questions=len(clouds) + 2)
    by_cloud = {cloud: _cost_on(cloud, interview) for cloud in clouds}
    on_demand = _cost_on_demand(interview)
    more = interview.ask(_scaled(main.problem, _PERCENT), "the fleet for 1 % more demand").fleet
    return Comparison(
        best=interview.best,
        cheapest_by_cloud=by_cloud,
        on_demand_only=on_demand,
        more=more,
        notes=tuple(interview.notes),
    )


def explain(what: Explained, *, deadline: float, gap: float, offers_at: OffersAt | None) -> Explanation:
    """Ask what explains the fleet.

    `offers_at` gives the offers with their capacities where every limit on response time is multiplied by a factor.
    """
    best = what.comparison.best
    pruned = replace(what.problem, offers=what.kept)
    relaxation = relax(pruned, time_limit_s=(deadline - monotonic()) / 3)
    count = questions(with_objectives=offers_at is not None)
    interview = Interview(what.problem, best, deadline=deadline, gap=gap, questions=count)
    objectives = {} if offers_at is None else ask_objectives(interview, relaxation, offers_at)
    demands = ask_demands(interview, relaxation, pruned)
    return Explanation(
        marginal=_marginal(what.comparison, relaxation, objectives.get(TIGHTER)),
        cost_by_demand=cost_points(demands, best, rising=True),
        cost_by_objective=cost_points(objectives, best, rising=False),
        binding_limits=binding_limits(best, relaxation),
        rejected=rejected(sellable(what.problem), what.kept, best),
        notes=() if offers_at else (GIVEN_CAPACITIES,),
    )


def _clouds(problem: Problem) -> list[str]:
    """The clouds to compare: none when there is only one."""
    clouds = list(dict.fromkeys(offer.cloud for offer in sellable(problem).offers if offer.cloud))
    return clouds if len(clouds) > 1 else []


def _cost_on(cloud: str, interview: Interview) -> float | None:
    main = interview.main
    if all(main.offers[pool.offer].cloud == cloud for pool in main.machines):
        return _monthly(main)
    offers = tuple(offer for offer in interview.problem.offers if offer.cloud == cloud)
    alone = replace(interview.problem, offers=offers)
    return _monthly(interview.ask(alone, f"the cheapest fleet on {cloud} alone").fleet)


def _cost_on_demand(interview: Interview) -> float | None:
    if "on_demand" not in interview.problem.purchases:
        return None
    if all(pool.purchase == "on_demand" for pool in interview.main.machines):
        return _monthly(interview.main)
    firm = replace(interview.problem, purchases=("on_demand",))
    return _monthly(interview.ask(firm, "the cheapest fleet with on_demand only").fleet)


def _scaled(problem: Problem, factor: float) -> Problem:
    return replace(problem, demand=problem.demand.scaled(factor))


def _marginal(comparison: Comparison, relaxation: Relaxation | None, tighter: Asked | None) -> Marginal:
    slope = None if relaxation is None else relaxation.usd_per_demand / 100 * HOURS_PER_MONTH
    search = None if tighter is None else tighter.search
    best = comparison.best
    return Marginal(
        demand_plus_1_percent_usd_per_month=_difference(best, comparison.more),
        lp_usd_per_month_per_percent=slope,
        objective_minus_10_percent_usd_per_month=_difference(best, None if search is None else search.fleet),
    )


def _difference(best: Fleet, harder: Fleet | None) -> float | None:
    """What the fleet of a harder problem costs more; two that may both still be cheaper would say nothing."""
    if harder is None or not harder.proven or not best.proven:
        return None
    return max(0.0, harder.usd_per_hour - best.usd_per_hour) * HOURS_PER_MONTH


def _monthly(fleet: Fleet | None) -> float | None:
    return None if fleet is None else fleet.usd_per_hour * HOURS_PER_MONTH
