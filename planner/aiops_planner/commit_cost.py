"""The cost of a commit: the same problem with the capacities before and after it, and what can be told of the change.

The cost falls as capacities grow, so the ends of a capacity's 95 % interval give those of the cost: b before, a after.
Two commits that were measured apart err independently; the interval of the marginal cost d = a - b is (Zou and Donner,
Statistics in Medicine 27, 2008)

    d - sqrt((a - a_low)^2 + (b_high - b)^2)   to   d + sqrt((a_high - a)^2 + (b - b_low)^2)

Whole machines cost a flight of steps, for which that does not hold. Both capacities lie within their 97.5 % intervals
with a probability of 95 %, and the difference then lies from a_low - b_high to a_high - b_low.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from time import monotonic

from aiops_planner.cost_change import CommitCost, CommitFleet, CostDifference
from aiops_planner.errors import UsageError
from aiops_planner.fleet import Search, find_cheapest, prepare
from aiops_planner.offers import CapacitySource
from aiops_planner.performance import Interval
from aiops_planner.plans import HOURS_PER_MONTH, Infeasible, Origin, Plan, Problem
from aiops_planner.relaxation import relax
from aiops_planner.sizing import plan
from aiops_planner.wording import percent

TIGHT_GAP = 1e-4  # a commit often costs less than the gap that a plan alone is allowed
NOT_GIVEN = "no interval of the capacities was given"
_ROUNDING = 1e-9
_ENDS_SHARE = 0.5  # of the time limit
# An interval of 95 % on the scale of logarithms, times this, holds with sqrt(0.95): two of them both hold with 95 %.
_BOTH_HOLD = NormalDist().inv_cdf((1 + math.sqrt(0.95)) / 2) / NormalDist().inv_cdf(0.975)
_QUESTIONS = 10  # of both sides: whole machines at two ends of the capacity, the relaxation there and in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One commit: its problem, how its offers came about, and how well their capacities are known.

    `capacity_share` is the 95 % interval of all capacities together, as shares of them (0.95 to 1.04), but not of those
    from the sources `apart`, which come from elsewhere; where it is missing `unknown_because` says why. `answer` is
    that of `plan` to the problem, if it was asked before; to tell small differences it needs a gap such as `TIGHT_GAP`.
    `name` and `capacity_rps` are what the reader knows it by.
    """

    problem: Problem
    origin: Origin = field(default_factory=Origin)
    answer: Plan | Infeasible | None = None
    name: str | None = None
    capacity_rps: float | None = None
    capacity_share: Interval | None = None
    unknown_because: str = NOT_GIVEN
    apart: tuple[CapacitySource, ...] = ("published",)


def commit_cost(base: Side, head: Side, *, time_limit_s: float = 20.0, gap: float = TIGHT_GAP) -> CommitCost:
    """What changes on the bill from `base` to `head`, whose problems differ in capacities only.

    A side without a fleet is a value with its reasons. `time_limit_s` is for each plan that was not given, and half of
    it for the ends of the intervals. Raises UsageError for problems that cannot be compared, and SolverError when no
    fleet was found in time.
    """
    check_comparable(base, head)
    after = head.answer or plan(head.problem, origin=head.origin, time_limit_s=time_limit_s, gap=gap, explained=False)
    alike = base.problem == head.problem
    before = base.answer or (
        after if alike else plan(base.problem, origin=base.origin, time_limit_s=time_limit_s, gap=gap, explained=False)
    )
    if isinstance(before, Infeasible) or isinstance(after, Infeasible):
        return CommitCost(before=_in_short(base, before), after=_in_short(head, after))
    return _compared(base, head, before, after, _Turns(monotonic() + time_limit_s * _ENDS_SHARE, gap))


def check_comparable(base: Side, head: Side) -> None:
    """Raise UsageError unless the problems differ in nothing but what machines carry; a refusal compares with any."""
    if head.problem.goal != "least_cost":
        raise UsageError(
            "the goal most_traffic spends the budget whatever a machine carries, so no commit changes the bill; "
            "compare with the goal least_cost"
        )
    if not any(isinstance(side.answer, Infeasible) for side in (base, head)):
        _check_alike(base.problem, head.problem)


def _check_alike(base: Problem, head: Problem) -> None:
    bare = replace(base, offers=(), proof=head.proof) != replace(head, offers=(), proof=head.proof)
    prices = {offer.key: offer.prices_usd_per_hour for offer in base.offers}
    repriced = [
        one.key for one in head.offers if prices.get(one.key, one.prices_usd_per_hour) != one.prices_usd_per_hour
    ]
    if bare or repriced:
        what = f"the price of {repriced[0]}" if repriced else "the demand or its limits"
        raise UsageError(f"before and after the commit {what} differs, and then so does the cost; compare one problem")


class _Turns:
    """Questions asked one after another, each with an equal share of the time left."""

    def __init__(self, deadline: float, gap: float) -> None:
        self.gap = gap
        self._deadline = deadline
        self._left = _QUESTIONS

    def search(self, problem: Problem) -> Search:
        """The cheapest fleet in whole machines."""
        return find_cheapest(problem, time_limit_s=self._share_s(), gap=self.gap)

    def relaxed(self, problem: Problem) -> float | None:
        """USD/month if machines could be divided; None when nothing does it or time ran out.

        Of machines that are divided endlessly one may fail without a spare. The relaxation of the spare jumps with the
        capacities, where a whole spare costs the same before and after a commit; so none is asked for.
        """
        share_s = self._share_s()
        prepared = prepare(replace(problem, survive="none") if problem.survive == "instance" else problem, max)
        found = relax(prepared, time_limit_s=share_s) if prepared.offers else None
        return None if found is None else found.usd_per_hour * HOURS_PER_MONTH

    def _share_s(self) -> float:
        share = (self._deadline - monotonic()) / max(self._left, 1)
        self._left -= 1
        return max(share, 0.0)


def _compared(base: Side, head: Side, before: Plan, after: Plan, turns: _Turns) -> CommitCost:
    """Both fleets with the intervals of their cost, and the difference of the two."""
    first, second = _in_short(base, before), _in_short(head, after)
    open_range = Interval(
        low=_bound(second) - _cost(first),
        high=_cost(second) - _bound(first),
    )
    first, second, taken_over = _in_order(base, head, first, second)
    scale = second.capacity_scale  # of both relaxations: the simulation's own steps are no part of the marginal cost
    sides = [_with_intervals(side, fleet, scale, turns) for side, fleet in ((base, first), (head, second))]
    unknown = _unknown(base, head)
    return CommitCost(
        before=sides[0],
        after=sides[1],
        whole_machines=_in_whole_machines(*sides),
        marginal=_marginal(*sides),
        solver_range=Interval(low=0.0, high=0.0) if base.problem == head.problem else open_range,
        least_machine_usd_per_month=_least_machine(before, after),
        no_interval_because=unknown,
        notes=(*taken_over, *_notes(sides[0], sides[1], known=unknown is None)),
    )


def _in_short(side: Side, answer: Plan | Infeasible) -> CommitFleet:
    """One commit's answer without the intervals of its cost."""
    named = CommitFleet(
        name=side.name, status=answer.status, capacity_rps=side.capacity_rps, capacity_share=side.capacity_share
    )
    if isinstance(answer, Infeasible):
        return replace(named, reasons=answer.reasons)
    verified = answer.verification
    machines = zip(*(item.count_by_hour for item in answer.fleet), strict=True)
    return replace(
        named,
        usd_per_month=answer.usd_per_month,
        lower_bound_usd_per_month=answer.lower_bound_usd_per_hour * HOURS_PER_MONTH,
        machines=max((sum(hour) for hour in machines), default=0),
        capacity_scale=(verified.capacity_scale if verified else None) or 1.0,
    )


def _in_order(
    base: Side, head: Side, before: CommitFleet, after: CommitFleet
) -> tuple[CommitFleet, CommitFleet, tuple[str, ...]]:
    """The sides, neither dearer than the other's fleet where that does for it too, and a note where it was so taken.

    The solver's gap may make the easier problem look dearer than the harder one, whose fleet carries it as well.
    """
    words = "the fleet {} carries the demand {} too and costs less than what was found in time, so its cost is taken"
    if _cost(after) > _cost(before) and _carries_no_less(head, after, base, before):
        after = replace(after, usd_per_month=before.usd_per_month)
        return before, after, (words.format("before the commit", "after it"),)
    if _cost(before) > _cost(after) and _carries_no_less(base, before, head, after):
        before = replace(before, usd_per_month=after.usd_per_month)
        return before, after, (words.format("after the commit", "before it"),)
    return before, after, ()


def _carries_no_less(one: Side, fleet: CommitFleet, other: Side, others: CommitFleet) -> bool:
    """Whether each machine of the other side carries at least as much on the one, as the plans took capacities."""
    capacities = {offer.key: offer.capacity_rps for offer in one.problem.offers}
    return all(
        capacities.get(offer.key, {}).get(name, 0.0) * fleet.capacity_scale >= rps * others.capacity_scale
        for offer in other.problem.offers
        for name, rps in offer.capacity_rps.items()
    )


def _with_intervals(side: Side, fleet: CommitFleet, scale: float, turns: _Turns) -> CommitFleet:
    """The side with its marginal cost, and both costs at the ends of its capacity's interval."""
    fleet = replace(fleet, lp_usd_per_month=turns.relaxed(_with_capacities(side, scale)))
    share = fleet.capacity_share
    if share is None:
        return fleet

    def divided(end: float | None) -> float | None:
        return None if end is None else turns.relaxed(_with_capacities(side, scale, end))

    def whole(end: float | None) -> Search | None:
        if end is None:
            return None
        return turns.search(_with_capacities(side, fleet.capacity_scale, end**_BOTH_HOLD))

    return replace(
        fleet,
        usd_per_month_range=Interval(low=_least(fleet, whole(share.high)), high=_most(fleet, whole(share.low))),
        lp_usd_per_month_ci=Interval(low=divided(share.high), high=divided(share.low)),
    )


def _least(fleet: CommitFleet, search: Search | None) -> float | None:
    """What the fleet costs at the high end of the capacity, at least; the bound where no fleet was proven."""
    if search is None:
        return None
    found = search.fleet.usd_per_hour if search.fleet and search.fleet.proven else search.bound_usd_per_hour
    return min(_cost(fleet), found * HOURS_PER_MONTH)


def _most(fleet: CommitFleet, search: Search | None) -> float | None:
    """What the fleet costs at the low end of the capacity; None without a fleet."""
    if search is None or search.fleet is None:
        return None
    return max(_cost(fleet), search.fleet.usd_per_hour * HOURS_PER_MONTH)


def _marginal(before: CommitFleet, after: CommitFleet) -> CostDifference | None:
    """What the commit changes if machines could be divided; None when it was not computed in time."""
    first, second = before.lp_usd_per_month, after.lp_usd_per_month
    if first is None or second is None:
        return None
    ends, other_ends = before.lp_usd_per_month_ci, after.lp_usd_per_month_ci
    if ends is None or other_ends is None:
        return _difference(first, second, None)
    interval = difference_interval(
        second - first,
        below=(_apart(other_ends.low, second), _apart(ends.high, first)),
        above=(_apart(other_ends.high, second), _apart(ends.low, first)),
    )
    return _difference(first, second, interval)


def difference_interval(
    change: float, *, below: tuple[float | None, float | None], above: tuple[float | None, float | None]
) -> Interval:
    """The 95 % interval of a difference of two figures that err independently.

    `below` are the distances from the figures to those ends of their own 95 % intervals that make the difference
    smaller, `above` to those that make it larger; None for an open end, which leaves that of the difference open.
    """
    down, up = (None if None in ends else math.hypot(*(end or 0.0 for end in ends)) for ends in (below, above))
    return Interval(low=None if down is None else change - down, high=None if up is None else change + up)


def _in_whole_machines(before: CommitFleet, after: CommitFleet) -> CostDifference:
    """What the commit changes from plan to plan."""
    ends, other_ends = before.usd_per_month_range, after.usd_per_month_range
    interval = None
    if ends is not None and other_ends is not None:
        interval = Interval(low=_less(other_ends.low, ends.high), high=_less(other_ends.high, ends.low))
    return _difference(_cost(before), _cost(after), interval)


def _difference(before: float, after: float, interval: Interval | None) -> CostDifference:
    change = after - before
    if abs(change) <= _ROUNDING * max(before, after):
        change = 0.0
    return CostDifference(usd_per_month=change, share=change / before if before else None, ci=interval)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _apart(end: float | None, value: float) -> float | None:
    return None if end is None else abs(end - value)


def _with_capacities(side: Side, scale: float, share: float = 1.0) -> Problem:
    """The problem with every capacity multiplied by `scale`, those that follow from the measurement by `share` too."""
    factors = [scale if offer.capacity_source in side.apart else scale * share for offer in side.problem.offers]
    offers = tuple(
        replace(offer, capacity_rps={name: factor * rps for name, rps in offer.capacity_rps.items()})
        for factor, offer in zip(factors, side.problem.offers, strict=True)
    )
    return replace(side.problem, offers=offers)


def _unknown(base: Side, head: Side) -> str | None:
    """Why the difference has no interval; None where it has."""
    sides = (("before", base), ("after", head))
    reasons = {when: side.unknown_because for when, side in sides if side.capacity_share is None}
    if len(set(reasons.values())) == 1 and len(reasons) == 2:
        return base.unknown_because
    return "; ".join(f"{when} the commit, {reason}" for when, reason in reasons.items()) or None


def _notes(before: CommitFleet, after: CommitFleet, *, known: bool) -> Iterator[str]:
    if before.capacity_scale != after.capacity_scale:
        yield (
            f"the simulation asked for capacities taken at {percent(before.capacity_scale)} before the commit and at "
            f"{percent(after.capacity_scale)} after it, which is part of the difference in whole machines; the other "
            f"takes both at {percent(after.capacity_scale)}"
        )
    for when, fleet in (("before", before), ("after", after)):
        dearest, low = fleet.usd_per_month_range, None if fleet.capacity_share is None else fleet.capacity_share.low
        if known and dearest is not None and dearest.high is None and low is not None:
            yield (
                f"at the low end of the capacity {when} the commit, {percent(low)} of it, no fleet meets the target or "
                "none was found in time, so the interval is open"
            )


def _least_machine(before: Plan, after: Plan) -> float | None:
    prices = (item.unit_usd_per_hour for item in (*before.fleet, *after.fleet))
    least = min(prices, default=None)
    return None if least is None else least * HOURS_PER_MONTH


def _cost(fleet: CommitFleet) -> float:
    return fleet.usd_per_month or 0.0


def _bound(fleet: CommitFleet) -> float:
    return fleet.lower_bound_usd_per_month or 0.0
