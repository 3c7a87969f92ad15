"""The answer to a sizing problem: the cheapest fleet with its proof, what a little more would cost, and its rivals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

from aiops_planner.bare_service import without_too_slow
from aiops_planner.catalog import group_left_out
from aiops_planner.demand import mean_by_hour
from aiops_planner.errors import SolverError
from aiops_planner.explain import Explained, Explanation, compare, explain
from aiops_planner.fewest_machines import with_fewest_machines
from aiops_planner.fleet import (
    MOST_LEVELS,
    Fleet,
    find_cheapest,
    fleet_items,
    is_proven,
    sellable,
    traffic,
)
from aiops_planner.most_traffic import MostTraffic, most_traffic
from aiops_planner.offers import Offer
from aiops_planner.plans import Infeasible, LeftOut, OffersAt, Origin, Plan, Problem, TrafficShare
from aiops_planner.pools import COMMITTED, ZONES
from aiops_planner.program import SECONDS_PER_HOUR
from aiops_planner.pruning import matches_quota
from aiops_planner.refusal import refuse
from aiops_planner.sharing import plan_models
from aiops_planner.validation import check_problem
from aiops_planner.verification import check_proof, prove
from aiops_planner.wording import percent

# Of the time limit: for the fleet itself, and for what explains it. In between it is compared with its rivals.
_SEARCH_SHARE = 0.6
_EXPLAINING_SHARE = 0.25
_UNTOLD = Origin()


def plan(
    problem: Problem,
    *,
    time_limit_s: float = 20.0,
    gap: float = 0.005,
    origin: Origin = _UNTOLD,
    explained: bool = True,
) -> Plan | Infeasible:
    """The cheapest fleet that carries the demand within the limits, proven to a relative gap, or why there is none.

    Where the offers state their service times the plan is simulated, and solved again with less capacity while it
    misses its objective; each time takes at least a quarter of `time_limit_s`. What a budget carries at most is
    then less. `origin` tells how the offers came about. Without `explained` the answer lacks what a little more costs
    and what stands in the way of less. Raises UsageError for a problem that cannot be meant and SolverError when
    nothing was found in `time_limit_s`.
    """
    check_problem(problem)
    check_proof(problem.proof)
    if problem.models:
        ask = partial(plan, gap=gap)
        return plan_models(problem, ask, time_limit_s=time_limit_s, origin=origin, explained=explained)
    started = monotonic()
    deadline = started + time_limit_s
    problem, too_slow = without_too_slow(problem)
    found: list[_Found] = []

    def solve(asked: Problem) -> Plan | Infeasible:
        most = _to_carry(asked, time_limit_s=time_limit_s / 4, gap=gap)
        carried = replace(asked, goal="least_cost", demand=asked.demand.scaled(most.share))
        left_s = max(time_limit_s / 4, deadline - monotonic())
        answer = _cheapest(carried, time_limit_s=left_s, gap=gap)
        if isinstance(answer, Infeasible):
            return answer
        found.append(answer)
        return replace(answer.plan, goal=asked.goal, demand_share=most.share, demand_share_bound=most.bound)

    answer = prove(problem, solve)
    left_out = (*origin.left_out, *too_slow, *_left_out(problem))
    if isinstance(answer, Infeasible):
        return _with_left_out(answer, problem, left_out)
    answer = replace(answer, left_out=left_out)
    if explained:
        basis = next(one.explained for one in found if one.plan.fleet is answer.fleet)
        scales = _capacity_scales(problem, basis.problem)
        offers_at = origin.offers_at and partial(_scaled_offers, origin.offers_at, scales)
        explaining_s = _EXPLAINING_SHARE * time_limit_s
        explanation = explain(basis, deadline=monotonic() + explaining_s, gap=gap, offers_at=offers_at)
        answer = _with_explanation(answer, explanation)
    told = (*_carried_note(answer), *answer.notes, *origin.notes)
    return replace(answer, notes=told, solve_s=monotonic() - started)


def _to_carry(problem: Problem, *, time_limit_s: float, gap: float) -> MostTraffic:
    """The share of the demand that the plan is for; where not even a part can be carried, all, to be refused."""
    whole = MostTraffic(share=1.0, bound=1.0)
    if problem.goal == "least_cost":
        return whole
    return most_traffic(problem, time_limit_s=time_limit_s, gap=gap) or whole


def _capacity_scales(problem: Problem, tightened: Problem) -> dict[str, float]:
    """The share of the capacities for each class that a plan was made with after it was simulated."""
    pairs = zip(problem.offers, tightened.offers, strict=True)
    return {
        name: after.capacity_rps[name] / rps
        for before, after in pairs
        for name, rps in before.capacity_rps.items()
        if rps
    }


def _scaled_offers(offers_at: OffersAt, scales: Mapping[str, float], factor: float) -> tuple[Offer, ...]:
    """The offers at another objective, with the same share of their capacities."""
    least = min(scales.values(), default=1.0)  # of classes that no offer carries at this objective
    return tuple(
        replace(offer, capacity_rps={name: rps * scales.get(name, least) for name, rps in offer.capacity_rps.items()})
        for offer in offers_at(factor)
    )


def _carried_note(plan: Plan) -> tuple[str, ...]:
    if plan.goal != "most_traffic":
        return ()
    carried = f"the budget carries {percent(plan.demand_share, 1)} of the demand that was asked for"
    scale = plan.verification.capacity_scale if plan.verification else None
    taken = f", capacities taken at {percent(scale, 1)}" if scale is not None and scale < 1 else ""
    most = percent(plan.demand_share_bound, 1)
    return (f"{carried}; no fleet within the limits carries more than {most} of it{taken}",)


def _with_explanation(plan: Plan, explanation: Explanation) -> Plan:
    return replace(
        plan,
        marginal=explanation.marginal,
        cost_by_demand=explanation.cost_by_demand,
        cost_by_objective=explanation.cost_by_objective,
        binding_limits=explanation.binding_limits,
        rejected=explanation.rejected,
        notes=(*plan.notes, *explanation.notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A plan before it is explained, and what its explanation starts from."""

    plan: Plan
    explained: Explained


def _cheapest(problem: Problem, *, time_limit_s: float, gap: float) -> _Found | Infeasible:
    """The cheapest fleet before it is simulated."""
    started = monotonic()
    search = find_cheapest(problem, time_limit_s=time_limit_s * _SEARCH_SHARE, gap=gap)
    if search.infeasible:
        left_s = time_limit_s - (monotonic() - started)
        return refuse(problem, time_limit_s=max(left_s, 1.0), gap=gap)
    if search.fleet is None:
        raise SolverError(
            f"no fleet was found within {time_limit_s:g} s and none was ruled out; "
            "the problem is large: raise capacity.time_limit, choose fewer families or regions, or survive: none"
        )
    comparison_s = time_limit_s * (1 - _EXPLAINING_SHARE)
    comparison = compare(problem, search.fleet, deadline=started + comparison_s, gap=gap)
    best = with_fewest_machines(problem, comparison.best, deadline=started + time_limit_s)
    comparison = replace(comparison, best=best)
    fleet, shares = fleet_items(best), traffic(best)
    egress = _egress_usd_per_hour(problem, shares)
    cost = sum(item.usd_per_hour for item in fleet) + egress
    bound = min(search.bound_usd_per_hour, cost)
    proven = is_proven(cost, bound, gap)
    plan = Plan(
        status="optimal" if proven else "feasible",
        demand=problem.demand,
        survive=problem.survive,
        fleet=fleet,
        traffic=shares,
        egress_usd_per_hour=egress,
        lower_bound_usd_per_hour=bound,
        cheapest_by_cloud_usd_per_month=comparison.cheapest_by_cloud,
        on_demand_only_usd_per_month=comparison.on_demand_only,
        offers_considered=len(sellable(problem).offers),
        calibration_share=_calibration(problem.offers),
        price_dates=_price_dates(problem),
        notes=(*_notes(problem, best, proven), *comparison.notes),
        solver=search.solver,
        solve_s=monotonic() - started,
    )
    return _Found(plan=plan, explained=Explained(problem=problem, kept=search.fleet.offers, comparison=comparison))


def _egress_usd_per_hour(problem: Problem, shares: Iterable[TrafficShare]) -> float:
    """What sending the answers costs, USD an hour on average."""
    offers = {(offer.cloud, offer.region, offer.name): offer.egress_usd_per_request for offer in problem.offers}
    return sum(
        mean_by_hour(share.rps_by_hour, problem.demand.weights) * SECONDS_PER_HOUR * usd
        for share in shares
        if (usd := offers[share.cloud, share.region, share.offer].get(share.request_class))
    )


def _with_left_out(refusal: Infeasible, problem: Problem, left_out: tuple[LeftOut, ...]) -> Infeasible:
    """The refusal; where no offer took part at all, also why each was left out."""
    missing = (
        ()
        if problem.offers
        else tuple(f"{out.count:,} {'was' if out.count == 1 else 'were'} left out: {out.reason}" for out in left_out)
    )
    return replace(refusal, reasons=(*refusal.reasons, *missing), left_out=left_out)


def _calibration(offers: Iterable[Offer]) -> float | None:
    """What the measured machine carried of what the model says of it; None where nothing was estimated."""
    shares = [offer.efficiency for offer in offers if offer.capacity_source == "estimated"]
    return min(shares, default=None)


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
    joined = max(best.of_hour) + 1 < distinct
    bought = {pool.purchase for pool in best.machines}
    nowhere = problem.survive == "zone" and any(offer.region is None for offer in best.offers)
    candidates = (
        (
            not proven and not joined,
            "the solver stopped at its time limit: a cheaper fleet may exist, down to the lower bound",
        ),
        (joined, f"{distinct:,} different hours were joined into {MOST_LEVELS}, each sized for its largest rate"),
        (not proven and joined, "joined hours leave a gap: a cheaper fleet may exist, down to the lower bound"),
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
    notes = []
    for source, article in (("estimated", "an"), ("published", "a")):
        rough = [best.offers[index] for index in used if best.offers[index].capacity_source == source]
        if rough:
            error = max(offer.capacity_error or 0.0 for offer in rough)
            notes.append(
                f"{_how_many(len(rough), len(used))} on {article} {source} capacity (up to ±{percent(error)}); "
                "measure the chosen types before buying"
            )
    return notes


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
