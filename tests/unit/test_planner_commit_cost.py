"""What a commit costs: closed forms, an interval that covers as often as it says, and what cannot be told."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiops_planner.commit_cost import NOT_GIVEN, TIGHT_GAP, Side, commit_cost, difference_interval
from aiops_planner.demand import Demand
from aiops_planner.errors import UsageError
from aiops_planner.offers import Offer
from aiops_planner.performance import Interval, Objective
from aiops_planner.plans import HOURS_PER_MONTH, Infeasible, Limits, Problem
from aiops_planner.proofs import Proof
from aiops_planner.sizing import plan

PRICE = 0.1
MACHINE = PRICE * HOURS_PER_MONTH
SURELY = Interval(low=0.99, high=1.01)


def offer(capacity_rps: float, name: str = "m", price: float = PRICE, **details: object) -> Offer:
    return Offer(
        name=name, prices_usd_per_hour={"on_demand": price}, capacity_rps={"requests": capacity_rps}, **details
    )


def side(
    capacity_rps: float, share: Interval | None = SURELY, *, demand: Demand | None = None, **asked: object
) -> Side:
    demand = demand or Demand.constant(2000)
    return Side(problem=Problem(demand=demand, offers=(offer(capacity_rps),), **asked), capacity_share=share)


def monthly(demand_rps: float, capacity_rps: float) -> float:
    """What so much demand costs on machines that could be divided."""
    return demand_rps / capacity_rps * MACHINE


def test_one_offer_costs_in_proportion_to_what_its_machine_no_longer_carries() -> None:
    cost = commit_cost(side(160), side(150))
    assert cost.whole_machines.usd_per_month == pytest.approx((14 - 13) * MACHINE)
    assert cost.marginal.usd_per_month == pytest.approx(monthly(2000, 150) - monthly(2000, 160))
    assert cost.marginal.share == pytest.approx(160 / 150 - 1)
    assert cost.verdict == "dearer"
    assert cost.is_proven


def test_a_doubling_of_the_service_time_doubles_the_marginal_cost() -> None:
    cost = commit_cost(side(100), side(50))
    assert cost.after.lp_usd_per_month == pytest.approx(2 * cost.before.lp_usd_per_month)
    assert cost.marginal.share == pytest.approx(1)


def test_no_change_costs_exactly_nothing_and_its_interval_says_what_could_not_have_been_seen() -> None:
    cost = commit_cost(side(170), side(170))
    assert (cost.whole_machines.usd_per_month, cost.marginal.usd_per_month) == (0.0, 0.0)
    assert cost.solver_range == Interval(low=0.0, high=0.0)
    assert cost.marginal.ci.low < 0 < cost.marginal.ci.high
    assert cost.verdict == "not_told_apart"


def test_without_intervals_no_change_is_called_the_same_and_any_other_not_known() -> None:
    assert commit_cost(side(170, None), side(170, None)).verdict == "same"
    changed = commit_cost(side(170, None), side(150, SURELY))
    assert changed.verdict == "not_known"
    assert changed.marginal.ci is changed.whole_machines.ci is None
    assert changed.no_interval_because == f"before the commit, {NOT_GIVEN}"


def test_a_reason_that_both_sides_share_is_said_once() -> None:
    sides = [replace(side(rps, None), unknown_because="wrk says none") for rps in (170, 150)]
    assert commit_cost(*sides).no_interval_because == "wrk says none"


def test_the_spare_of_a_fleet_is_no_part_of_the_marginal_cost() -> None:
    cost = commit_cost(side(160, survive="instance"), side(150, survive="instance"))
    assert cost.whole_machines.usd_per_month == pytest.approx((15 - 14) * MACHINE)
    assert cost.marginal.usd_per_month == pytest.approx(monthly(2000, 150) - monthly(2000, 160))


def test_a_change_too_small_for_whole_machines_shows_in_the_marginal_cost() -> None:
    cost = commit_cost(side(170, Interval(low=0.999, high=1.001)), side(168, Interval(low=0.999, high=1.001)))
    assert cost.whole_machines.usd_per_month == 0
    assert cost.verdict == "dearer"
    assert 0 < cost.marginal.usd_per_month < cost.least_machine_usd_per_month == pytest.approx(MACHINE)


@pytest.mark.parametrize(
    ("before", "after", "open_ends"),
    [
        (Interval(low=None, high=1.02), SURELY, (True, False)),
        (SURELY, Interval(low=0.98, high=None), (True, False)),
        (Interval(low=0.98, high=None), SURELY, (False, True)),
        (SURELY, Interval(low=None, high=None), (True, True)),
    ],
)
def test_an_open_end_of_a_capacity_leaves_that_end_of_the_difference_open(
    before: Interval, after: Interval, open_ends: tuple[bool, bool]
) -> None:
    cost = commit_cost(side(160, before), side(150, after))
    for interval in (cost.marginal.ci, cost.whole_machines.ci):
        assert (interval.low is None, interval.high is None) == open_ends


def test_capacities_that_come_from_elsewhere_do_not_err_with_the_measurement() -> None:
    def mixed(source: str) -> Side:
        published = replace(offer(100, "gpu", 10 * PRICE), capacity_source=source)
        problem = Problem(demand=Demand.constant(2000), offers=(offer(1), published))
        return Side(problem=problem, capacity_share=Interval(low=0.5, high=1.0))

    assert commit_cost(mixed("published"), mixed("published")).marginal.ci == Interval(low=0.0, high=0.0)
    assert commit_cost(mixed("measured"), mixed("measured")).marginal.ci.high > 0


def test_a_low_end_that_no_fleet_carries_leaves_the_difference_open_and_says_so() -> None:
    def limited(share: Interval) -> Side:
        problem = Problem(demand=Demand.constant(1000), offers=(offer(100, max_count=10),))
        return Side(problem=problem, capacity_share=share)

    cost = commit_cost(limited(Interval(low=1.0, high=1.1)), limited(Interval(low=0.9, high=1.1)))
    assert cost.whole_machines.ci.high is None
    assert cost.whole_machines.ci.low is not None
    assert any("after the commit, 90 % of it, no fleet meets the target" in note for note in cost.notes)


@pytest.mark.parametrize(("before_rps", "after_rps"), [(100, 10), (10, 100), (10, 10)])
def test_a_side_without_a_fleet_is_a_value_with_its_reasons(before_rps: float, after_rps: float) -> None:
    limits = Limits(budget_usd_per_hour=3)
    cost = commit_cost(side(before_rps, limits=limits), side(after_rps, limits=limits))
    assert cost.verdict == "no_fleet"
    assert cost.whole_machines is cost.marginal is None
    for fleet, rps in ((cost.before, before_rps), (cost.after, after_rps)):
        assert (fleet.status == "infeasible") == (rps == 10) == any("the budget" in reason for reason in fleet.reasons)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"demand": Demand.constant(10)}, "the demand or its limits differs"),
        ({"survive": "instance"}, "the demand or its limits differs"),
        ({"offers": (offer(160, price=0.2),)}, "the price of m differs"),
        ({"goal": "most_traffic"}, "no commit changes the bill"),
    ],
)
def test_problems_that_differ_in_more_than_capacities_are_refused(changed: dict[str, object], said: str) -> None:
    base = side(160)
    with pytest.raises(UsageError, match=said):
        commit_cost(base, replace(base, problem=replace(base.problem, **changed)))


def test_a_plan_that_is_given_is_the_one_that_is_compared() -> None:
    before, after = side(160), side(150)
    answer = plan(after.problem, gap=TIGHT_GAP, explained=False)
    cost = commit_cost(before, replace(after, answer=answer, name="1a2b3c"))
    assert (cost.after.name, cost.after.usd_per_month) == ("1a2b3c", answer.usd_per_month)


def test_a_refusal_that_is_given_stays_as_it_is() -> None:
    refused = Infeasible(demand=Demand.constant(2000), reasons=("every rate missed",))
    empty = Side(problem=replace(side(1).problem, demand=Demand.constant(1), offers=()), answer=refused)
    assert commit_cost(side(160), empty).after.reasons == ("every rate missed",)


def test_a_difference_within_what_the_solver_left_open_is_not_proven() -> None:
    before, after = (side(rps) for rps in (160, 150))
    loose = replace(
        plan(after.problem, explained=False),
        status="feasible",
        lower_bound_usd_per_hour=12 * PRICE,
    )
    cost = commit_cost(before, replace(after, answer=loose))
    assert cost.solver_range.low == pytest.approx(-MACHINE)
    assert cost.solver_range.high == pytest.approx(MACHINE)
    assert cost.is_proven is False


def test_the_fleet_before_is_taken_where_the_solver_found_a_dearer_one_for_a_faster_commit() -> None:
    before, after = side(150), side(160)
    worse = plan(side(100).problem, explained=False)
    cost = commit_cost(before, replace(after, answer=worse))
    assert cost.whole_machines.usd_per_month == 0
    assert "the fleet before the commit carries the demand after it too" in cost.notes[0]


def test_plans_that_their_simulation_tightened_differently_say_so() -> None:
    machine = offer(180, servers=4, service_mean_s={"requests": 0.02})
    bursts = Proof(objective=Objective(p99=0.15), arrival_scv=4.0, requests=20_000)
    base = Problem(demand=Demand.constant(360), offers=(machine,), proof=bursts)
    head = replace(base, offers=(offer(100, servers=4, service_mean_s={"requests": 0.02}),))
    cost = commit_cost(Side(problem=base), Side(problem=head))
    assert cost.before.capacity_scale < cost.after.capacity_scale == 1
    assert cost.marginal.usd_per_month == pytest.approx(monthly(360, 100) - monthly(360, 180))
    assert "which is part of the difference in whole machines" in cost.notes[0]


def measured(true_rps: np.ndarray, error: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Capacities as measured, with the ends of their 95 % intervals."""
    found = true_rps * np.exp(error * np.random.default_rng(seed).standard_normal(4000))
    width = np.exp(NormalDist().inv_cdf(0.975) * error)
    return found, found / width, found * width


@pytest.mark.parametrize(("error", "head_error"), [(0.02, 0.02), (0.02, 0.05), (0.1, 0.03)])
@pytest.mark.parametrize("head_rps", [80.0, 97.0, 100.0, 150.0])
def test_the_interval_of_the_marginal_cost_covers_the_truth_95_times_in_100(
    error: float, head_error: float, head_rps: float
) -> None:
    before, after = measured(100.0, error, seed=1), measured(head_rps, head_error, seed=2)
    truth = monthly(1000, head_rps) - monthly(1000, 100.0)
    held = 0
    for first, second in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True):
        (b, b_high, b_low), (a, a_high, a_low) = ([monthly(1000, rps) for rps in one] for one in (first, second))
        found = difference_interval(a - b, below=(a - a_low, b_high - b), above=(a_high - a, b - b_low))
        held += found.low <= truth <= found.high
    assert 0.935 <= held / 4000 <= 0.965  # four standard errors of 4,000 draws


def test_the_interval_of_whole_machines_holds_the_truth_at_least_as_often() -> None:
    before, after = measured(100.0, 0.05, seed=3), measured(110.0, 0.05, seed=4)
    truth = (19 - 20) * MACHINE  # 2,000 requests/s on machines that carry 110 and 100 of them
    held = 0
    for (b, b_low, b_high), (a, a_low, a_high) in zip(np.array(before).T[:60], np.array(after).T[:60], strict=True):
        sides = (side(b, Interval(low=b_low / b, high=b_high / b)), side(a, Interval(low=a_low / a, high=a_high / a)))
        found = commit_cost(*sides).whole_machines.ci
        held += found.low - 1e-6 <= truth <= found.high + 1e-6
    assert held >= 57


def test_the_intervals_of_a_commit_are_those_of_the_closed_form() -> None:
    before, after = Interval(low=0.96, high=1.03), Interval(low=0.9, high=1.08)
    cost = commit_cost(side(100, before), side(125, after))
    b, a = monthly(2000, 100), monthly(2000, 125)
    expected = difference_interval(a - b, below=(a - a / 1.08, b / 0.96 - b), above=(a / 0.9 - a, b - b / 1.03))
    assert cost.marginal.ci.low == pytest.approx(expected.low)
    assert cost.marginal.ci.high == pytest.approx(expected.high)


def test_whole_machines_lie_between_those_at_opposite_ends() -> None:
    cost = commit_cost(side(100, Interval(low=0.96, high=1.03)), side(125, Interval(low=0.9, high=1.08)))
    # 97.5 % intervals: 0.9545 to 1.0343 of 100, 0.8867 to 1.0918 of 125 requests/s
    assert cost.before.usd_per_month_range.high == pytest.approx(21 * MACHINE)
    assert cost.before.usd_per_month_range.low == pytest.approx(20 * MACHINE)
    assert cost.after.usd_per_month_range.high == pytest.approx(19 * MACHINE)
    assert cost.after.usd_per_month_range.low == pytest.approx(15 * MACHINE)
    assert cost.whole_machines.ci.low == pytest.approx((15 - 21) * MACHINE)
    assert cost.whole_machines.ci.high == pytest.approx((19 - 20) * MACHINE)


CAPACITIES = st.floats(20, 400)


@settings(max_examples=25, deadline=None)
@example(small=20.0, large=63.0, faster=1.25, rate=64.0, survives=True)
@given(small=CAPACITIES, large=CAPACITIES, faster=st.floats(1, 3), rate=st.floats(50, 3000), survives=st.booleans())
def test_a_faster_head_is_never_dearer_and_the_difference_is_that_of_the_plans(
    small: float, large: float, faster: float, rate: float, survives: bool
) -> None:
    def at(factor: float) -> Side:
        offers = (offer(factor * small, "small"), offer(factor * large, "large", 0.17))
        problem = Problem(demand=Demand.constant(rate), offers=offers, survive="instance" if survives else "none")
        return Side(problem=problem, capacity_share=SURELY)

    cost = commit_cost(at(1.0), at(faster))
    assert cost.whole_machines.usd_per_month <= 0
    assert cost.marginal.usd_per_month <= 0
    assert cost.whole_machines.ci.low <= cost.whole_machines.usd_per_month <= cost.whole_machines.ci.high
    assert cost.after.usd_per_month - cost.before.usd_per_month == pytest.approx(cost.whole_machines.usd_per_month)
    back = commit_cost(at(faster), at(1.0))
    assert back.whole_machines.usd_per_month == pytest.approx(-cost.whole_machines.usd_per_month)
    assert back.marginal.usd_per_month == pytest.approx(-cost.marginal.usd_per_month)
