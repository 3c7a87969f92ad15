"""Why no fleet meets the target: which limits collide, and what part of the demand they allow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

from aiops_planner.fleet import Fleet, Search, find_cheapest, largest_share, sellable
from aiops_planner.offers import Offer
from aiops_planner.plans import HOURS_PER_MONTH, MOST_MACHINES, Infeasible, Problem
from aiops_planner.pruning import matches_quota, quota_vcpus
from aiops_planner.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One thing the person asked for that may stand in the way: how it reads, and how to get the problem without it."""

    words: str
    lift: Callable[[Problem], Problem]
    quota: str | None = None


def refuse(problem: Problem, *, time_limit_s: float, gap: float) -> Infeasible:
    """Explain an infeasible problem by lifting its limits one at a time, then together."""
    deadline = monotonic() + time_limit_s
    reasons = _classes_nobody_serves(problem)
    share = None
    if not reasons:
        share = largest_share(problem, time_limit_s=time_limit_s / 4, gap=gap)
        reasons = _colliding_limits(problem, deadline, gap)
    return Infeasible(
        demand=problem.demand,
        reasons=tuple(reasons),
        feasible_share=share,
        offers_considered=len(sellable(problem).offers),
    )


def limits_of(problem: Problem) -> list[Limit]:
    """Every limit of a problem that could be lifted, worded as it was asked for."""
    limits = problem.limits
    found = [
        Limit(
            words=f"the quota of {_counted(vcpus, pattern, problem.offers)} for {pattern}",
            lift=partial(_without_quota, pattern),
            quota=pattern,
        )
        for pattern, vcpus in limits.quotas.items()
    ]
    if limits.budget_usd_per_hour is not None:
        words = f"the budget of {limits.budget_usd_per_hour * HOURS_PER_MONTH:,.0f} USD/month"
        found.append(Limit(words=words, lift=lambda p: replace(p, limits=replace(p.limits, budget_usd_per_hour=None))))
    if limits.spot_share is not None and "spot" in problem.purchases:
        words = f"the spot share of at most {limits.spot_share:.0%}"
        found.append(Limit(words=words, lift=lambda p: replace(p, limits=replace(p.limits, spot_share=None))))
    if problem.survive != "none":
        words = f"surviving the loss of one {problem.survive}"
        found.append(Limit(words=words, lift=lambda p: replace(p, survive="none")))
    limited = [f"{offer.key} ({offer.max_count})" for offer in problem.offers if offer.max_count is not None]
    if limited:
        words = f"the most machines of {', '.join(limited[:3])}{' and others' if len(limited) > 3 else ''}"
        found.append(Limit(words=words, lift=_without_max_counts))
    return found


def _colliding_limits(problem: Problem, deadline: float, gap: float) -> list[str]:
    """A sentence for each limit whose lifting alone helps; else one for a smallest set that helps together."""
    limits = limits_of(problem)

    def search(lifted: list[Limit]) -> Search:
        relaxed = problem
        for limit in lifted:
            relaxed = limit.lift(relaxed)
        left_s = max(0.2, (deadline - monotonic()) / (len(limits) + 1))
        return find_cheapest(relaxed, time_limit_s=left_s, gap=max(gap, 0.01))

    alone = [(limit, search([limit])) for limit in limits]
    helpful = [(limit, found) for limit, found in alone if found.fleet is not None]
    if helpful:
        return [f"{limit.words} is too tight: {_needs(limit, found)}" for limit, found in helpful]
    together = list(limits)
    if search(together).fleet is None:
        most = f"with at most {MOST_MACHINES:,} machines of each"
        return [f"the offers cannot carry the demand even without any limit, {most}; add offers or lower the demand"]
    for limit in limits:
        rest = [other for other in together if other is not limit]
        if search(rest).fleet is not None:
            together = rest
    words = ", and ".join(limit.words for limit in together)
    return [f"these limits collide, and only lifting them together helps: {words}"]


def _needs(limit: Limit, found: Search) -> str:
    """What the cheapest fleet without the limit looks like, where it says how much would be enough."""
    fleet = found.fleet
    assert fleet is not None  # the caller kept only searches that found one
    needed = f"without it the cheapest fleet costs {fleet.usd_per_hour * HOURS_PER_MONTH:,.0f} USD/month"
    if limit.quota is None:
        return needed
    return f"{needed} and counts {_counted(_most_vcpus(fleet, limit.quota), limit.quota, fleet.offers)} of it"


def _counted(vcpus: float, pattern: str, offers: Iterable[Offer]) -> str:
    """What a quota counts: vCPUs, or machines where none of the offers it covers states its vCPUs."""
    stated = any(offer.vcpus is not None for offer in offers if matches_quota(offer, pattern))
    return counted(vcpus, "vCPU" if stated else "machine")


def _most_vcpus(fleet: Fleet, pattern: str) -> float:
    """The most vCPUs under a quota's pattern that the fleet uses in any hour."""
    by_pool = [
        [count * quota_vcpus(fleet.offers[pool.offer]) for count in counts]
        for pool, counts in fleet.machines.items()
        if matches_quota(fleet.offers[pool.offer], pattern)
    ]
    return max(map(sum, zip(*by_pool, strict=True)), default=0.0)


def _classes_nobody_serves(problem: Problem) -> list[str]:
    """A sentence for each class that is asked for and that no offer on sale can serve."""
    offers = sellable(problem).offers
    sold = ", ".join(problem.purchases)
    if not problem.offers:
        return ["there is no offer to choose from"]
    if not offers:
        none = "the one offer lacks" if len(problem.offers) == 1 else f"all {len(problem.offers):,} offers lack"
        return [f"{none} a price for {sold}, or a capacity for the demand"]
    asked = problem.demand.classes_asked_for()
    unserved = [name for name in asked if not any(offer.capacity_rps.get(name) for offer in offers)]
    return [f"no offer on sale ({sold}) can serve requests of class {name!r} within the objective" for name in unserved]


def _without_quota(pattern: str, problem: Problem) -> Problem:
    kept = {name: vcpus for name, vcpus in problem.limits.quotas.items() if name != pattern}
    return replace(problem, limits=replace(problem.limits, quotas=kept))


def _without_max_counts(problem: Problem) -> Problem:
    return replace(problem, offers=tuple(replace(offer, max_count=None) for offer in problem.offers))
