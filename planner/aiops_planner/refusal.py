"""Why no fleet meets the target: the smallest set of limits that collide, and how far each would have to give."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

from aiops_planner.binding import quota_use
from aiops_planner.explanations import LimitUnit, Remedy
from aiops_planner.fleet import Search, find_cheapest, largest_share, sellable
from aiops_planner.least_quota import least_quota
from aiops_planner.limit_words import (
    budget_words,
    cloud_share_words,
    machines_words,
    quota_unit,
    quota_words,
    spot_pool_words,
    spot_pools_lost_words,
    spot_share_words,
)
from aiops_planner.offers import Offer
from aiops_planner.plans import HOURS_PER_MONTH, MOST_MACHINES, Infeasible, Problem
from aiops_planner.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One thing the person asked for that may stand in the way: how it reads, and how to get the problem without it."""

    words: str
    lift: Callable[[Problem], Problem]
    unit: LimitUnit | None = None
    asked: float | None = None
    quota: str | None = None


def refuse(problem: Problem, *, time_limit_s: float, gap: float) -> Infeasible:
    """Explain an infeasible problem by what is left of its limits when as many as possible are lifted."""
    deadline = monotonic() + time_limit_s
    reasons = _classes_nobody_serves(problem)
    share: float | None = None
    remedies: tuple[Remedy, ...] = ()
    if not reasons:
        share = largest_share(problem, time_limit_s=time_limit_s / 4, gap=gap)
        reasons, remedies = _Limits(problem, deadline, gap).explain()
    return Infeasible(
        demand=problem.demand,
        reasons=tuple(reasons),
        remedies=remedies,
        feasible_share=share,
        offers_considered=len(sellable(problem).offers),
    )


def limits_of(problem: Problem) -> list[Limit]:
    """Every limit of a problem that could be lifted, worded as it was asked for."""
    limits = problem.limits
    found = [
        Limit(
            words=quota_words(pattern, vcpus, problem.offers),
            lift=partial(_without_quota, pattern),
            unit=quota_unit(pattern, problem.offers),
            asked=vcpus,
            quota=pattern,
        )
        for pattern, vcpus in limits.quotas.items()
    ]
    if limits.budget_usd_per_hour is not None:
        found.append(
            Limit(
                words=budget_words(limits.budget_usd_per_hour),
                lift=partial(_with_limits, budget_usd_per_hour=None),
                unit="USD/month",
                asked=limits.budget_usd_per_hour * HOURS_PER_MONTH,
            )
        )
    found += _spot_limits(problem)
    found += [_cloud_share(cloud, problem) for cloud in limits.cloud_shares]
    if problem.survive != "none":
        words = f"surviving the loss of one {problem.survive}"
        found.append(Limit(words=words, lift=lambda p: replace(p, survive="none")))
    limited = [offer for offer in problem.offers if offer.max_count is not None]
    if limited:
        found.append(Limit(words=machines_words(limited), lift=_without_max_counts))
    return found


def _spot_limits(problem: Problem) -> Iterator[Limit]:
    limits = problem.limits
    if "spot" not in problem.purchases:
        return
    if limits.spot_share is not None:
        yield Limit(words=spot_share_words(limits.spot_share), lift=partial(_with_limits, spot_share=None))
    if limits.spot_pool_share is not None:
        yield Limit(words=spot_pool_words(limits.spot_pool_share), lift=partial(_with_limits, spot_pool_share=None))
    if limits.spot_pools_lost:
        words = spot_pools_lost_words(limits.spot_pools_lost)
        yield Limit(words=words, lift=partial(_with_limits, spot_pools_lost=0))


def _cloud_share(cloud: str, problem: Problem) -> Limit:
    share = problem.limits.cloud_shares[cloud]
    least = [cloud_share_words("least", cloud, share)] if share.least > 0 else []
    most = [cloud_share_words("most", cloud, share)] if share.most < 1 else []
    return Limit(words=", and ".join(least + most), lift=partial(_without_cloud_share, cloud))


class _Limits:
    """The limits of an infeasible problem, lifted in turns; every look has an equal share of the time."""

    def __init__(self, problem: Problem, deadline: float, gap: float) -> None:
        self.problem = problem
        self.limits = limits_of(problem)
        self.deadline = deadline
        self.gap = gap

    def explain(self) -> tuple[list[str], tuple[Remedy, ...]]:
        """Sentences on what collides and what would help, and the same as values."""
        if self._search(lifted=self.limits).fleet is None:
            most = f"with at most {MOST_MACHINES:,} machines of each"
            words = f"the offers cannot carry the demand even without any limit, {most}; add offers or lower the demand"
            return [words], ()
        core = self._colliding()
        collision = [f"these limits collide: {_listed(core)}"] if len(core) > 1 else []
        alone = [(limit, self._search(lifted=[limit])) for limit in core]
        helpful = [(limit, found) for limit, found in alone if found.fleet is not None]
        if not helpful:
            together = self._to_lift_together()
            words = f"these limits are each too tight, and only lifting them together helps: {_listed(together)}"
            return [words], tuple(_remedy(limit, None) for limit in together)
        remedies = [_remedy(limit, self._enough(limit, found)) for limit, found in helpful]
        too_tight = [
            f"{limit.words} is too tight: {_needs(limit, found, remedy)}"
            for (limit, found), remedy in zip(helpful, remedies, strict=True)
        ]
        return [*collision, *too_tight], tuple(remedies)

    def _colliding(self) -> list[Limit]:
        """A set of limits that no fleet keeps together, none of which can be left out: each is dropped if it can be."""
        core = list(self.limits)
        for limit in self.limits:
            rest = [other for other in core if other is not limit]
            if self._search(lifted=[other for other in self.limits if other not in rest]).infeasible:
                core = rest
        return core

    def _to_lift_together(self) -> list[Limit]:
        """A set of limits whose lifting together helps, none of which can be kept; those of numbers come first.

        What a fleet has to survive is kept where it can be: more money is sooner found than an outage explained.
        """
        together = list(self.limits)
        for limit in reversed(self.limits):
            rest = [other for other in together if other is not limit]
            if self._search(lifted=rest).fleet is not None:
                together = rest
        return together

    def _enough(self, limit: Limit, found: Search) -> float | None:
        """How much of a limit would do, in its unit, all others kept; None where that is not a number."""
        assert found.fleet is not None  # the caller kept only searches that found one
        if limit.quota is not None:
            lifted = limit.lift(self.problem)
            least = least_quota(self.problem, lifted, limit.quota, time_limit_s=self._share_s(), gap=self.gap)
            return quota_use(found.fleet, limit.quota) if least is None else least
        return found.fleet.usd_per_hour * HOURS_PER_MONTH if limit.unit == "USD/month" else None

    def _search(self, *, lifted: Sequence[Limit]) -> Search:
        relaxed = self.problem
        for limit in lifted:
            relaxed = limit.lift(relaxed)
        return find_cheapest(relaxed, time_limit_s=self._share_s(), gap=max(self.gap, 0.01))

    def _share_s(self) -> float:
        return max(0.2, (self.deadline - monotonic()) / (len(self.limits) + 1))


def _listed(limits: Sequence[Limit]) -> str:
    return ", and ".join(limit.words for limit in limits)


def _remedy(limit: Limit, would_do: float | None) -> Remedy:
    return Remedy(limit=limit.words, unit=limit.unit, asked=limit.asked, would_do=would_do)


def _needs(limit: Limit, found: Search, remedy: Remedy) -> str:
    """What the cheapest fleet without the limit looks like, and what would be enough of it."""
    fleet = found.fleet
    assert fleet is not None  # the caller kept only searches that found one
    needed = f"without it the cheapest fleet costs {fleet.usd_per_hour * HOURS_PER_MONTH:,.0f} USD/month"
    if limit.quota is None or limit.unit is None or remedy.would_do is None:
        return needed
    used = counted(quota_use(fleet, limit.quota), limit.unit)
    return f"{needed} and counts {used} of it; {counted(remedy.would_do, limit.unit)} would do"


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
    return [
        f"no offer on sale ({sold}) can serve requests of class {name!r} within the objective{_nearest(name, offers)}"
        for name in unserved
    ]


def _nearest(name: str, offers: Sequence[Offer]) -> str:
    """How far away the clients of a class are, where that is known."""
    near = min((offer for offer in offers if name in offer.network_s), key=lambda o: o.network_s[name], default=None)
    if near is None:
        return ""
    return f": the nearest are in {near.cloud}/{near.region}, a round trip of {1e3 * near.network_s[name]:.0f} ms away"


def _with_limits(problem: Problem, **changes: Any) -> Problem:
    return replace(problem, limits=replace(problem.limits, **changes))


def _without_cloud_share(cloud: str, problem: Problem) -> Problem:
    return _with_limits(problem, cloud_shares={k: v for k, v in problem.limits.cloud_shares.items() if k != cloud})


def _without_quota(pattern: str, problem: Problem) -> Problem:
    kept = {name: vcpus for name, vcpus in problem.limits.quotas.items() if name != pattern}
    return _with_limits(problem, quotas=kept)


def _without_max_counts(problem: Problem) -> Problem:
    return replace(problem, offers=tuple(replace(offer, max_count=None) for offer in problem.offers))
