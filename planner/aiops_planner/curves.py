"""The cost of the fleet against more or less demand, and against a tighter or looser objective."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiops_planner.explanations import CostPoint, PointStatus
from aiops_planner.fleet import Fleet, Search
from aiops_planner.interview import Interview
from aiops_planner.plans import HOURS_PER_MONTH, OffersAt, Problem
from aiops_planner.relaxation import Relaxation

DEMAND_FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
TIGHTER = 0.9
OBJECTIVE_FACTORS = (0.5, 0.75, TIGHTER, 1.0, 1.25, 1.5, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was found at one factor: a search, None at the factor of one, and its relaxation."""

    search: Search | None
    relaxation: Relaxation | None


def ask_demands(interview: Interview, relaxation: Relaxation | None, pruned: Problem) -> dict[float, Asked]:
    """The fleets for shares and multiples of the demand; what is dominated is so at each of them."""
    return {
        factor: Asked(search=None, relaxation=relaxation)
        if factor == 1
        else _ask(interview, replace(pruned, demand=pruned.demand.scaled(factor)), easier=factor < 1)
        for factor in DEMAND_FACTORS
    }


def ask_objectives(interview: Interview, relaxation: Relaxation | None, offers_at: OffersAt) -> dict[float, Asked]:
    """The fleets where every limit on response time is multiplied; `offers_at` knows the capacities there."""
    asked = interview.problem
    return {
        factor: Asked(search=None, relaxation=relaxation)
        if factor == 1
        else _ask(interview, replace(asked, offers=offers_at(factor)), easier=factor > 1)
        for factor in OBJECTIVE_FACTORS
    }


def questions(*, with_objectives: bool) -> int:
    """How many shares of the interview's time the curves take: a search and a relaxation a point."""
    return 2 * (len(DEMAND_FACTORS) - 1) + 2 * with_objectives * (len(OBJECTIVE_FACTORS) - 1)


def cost_points(asked: Mapping[float, Asked], best: Fleet, *, rising: bool) -> tuple[CostPoint, ...]:
    """The curve, with the plan itself at the factor of one.

    A fleet for more demand carries less, and one for a tighter objective meets a looser one: where a point was found
    dearer than a harder one, within the solver's gap or for lack of time, the harder one's fleet takes its place. The
    plan stays as it is: a harder point is never shown below it.
    """
    points: list[CostPoint] = []
    least = best.usd_per_hour * HOURS_PER_MONTH
    cheapest: float | None = None
    for factor in sorted(asked, reverse=rising):
        point = _point(factor, asked[factor], best)
        if cheapest is not None and (point.usd_per_month is None or cheapest < point.usd_per_month):
            point = replace(point, usd_per_month=cheapest, status=_proof(point.status == "optimal"))
        if point.usd_per_month is not None and (factor > 1 if rising else factor < 1):
            point = replace(point, usd_per_month=max(point.usd_per_month, least))
        cheapest = point.usd_per_month
        points.append(point)
    return tuple(sorted(points, key=lambda point: point.factor))


def _ask(interview: Interview, problem: Problem, *, easier: bool) -> Asked:
    search = interview.ask(problem, easier=easier)
    if search.fleet is None:
        interview.skip()
        return Asked(search=search, relaxation=None)
    pruned = replace(search.fleet.problem, demand=problem.demand)
    return Asked(search=search, relaxation=interview.relax(pruned))


def _point(factor: float, asked: Asked, best: Fleet) -> CostPoint:
    fleet = best if asked.search is None else asked.search.fleet
    linear = None if asked.relaxation is None else asked.relaxation.usd_per_hour * HOURS_PER_MONTH
    if fleet is not None and linear is not None:  # joined hours cost more than they do apart
        linear = min(linear, fleet.usd_per_hour * HOURS_PER_MONTH)
    if fleet is None:
        infeasible = asked.search is not None and asked.search.infeasible
        nothing: PointStatus = "infeasible" if infeasible else "unknown"
        return CostPoint(factor=factor, usd_per_month=None, lp_usd_per_month=linear, status=nothing)
    return CostPoint(
        factor=factor,
        usd_per_month=fleet.usd_per_hour * HOURS_PER_MONTH,
        lp_usd_per_month=linear,
        status=_proof(fleet.proven),
    )


def _proof(proven: bool) -> PointStatus:
    return "optimal" if proven else "feasible"
