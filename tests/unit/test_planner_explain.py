"""What a plan says beside its fleet: costs along demand and objective, limits that bind, offers that were rejected."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner import Demand, Limits, Offer, Problem, plan
from aiops_planner.curves import DEMAND_FACTORS, OBJECTIVE_FACTORS
from aiops_planner.explain import GIVEN_CAPACITIES
from aiops_planner.plans import HOURS_PER_MONTH, Origin


def offer(name, usd, rps, **changes):
    capacity = rps if isinstance(rps, dict) else {"requests": rps}
    return Offer(name=name, prices_usd_per_hour={"on_demand": usd}, capacity_rps=capacity, **changes)


ONE = offer("one", 1.0, 100.0, cloud="aws", region="east", vcpus=4)
DEAR = offer("dear", 1.5, 100.0, cloud="aws", region="west", vcpus=4)


def problem(rate, *offers, **changes):
    return Problem(demand=Demand.constant(rate), offers=offers, **changes)


def test_the_cost_along_the_demand_is_that_of_whole_machines_beside_machines_that_could_be_divided():
    found = plan(problem(400.0, ONE))
    assert tuple(point.factor for point in found.cost_by_demand) == DEMAND_FACTORS
    for point in found.cost_by_demand:
        assert point.usd_per_month == pytest.approx(-(-4 * point.factor // 1) * HOURS_PER_MONTH)
        assert point.lp_usd_per_month == pytest.approx(4 * point.factor * HOURS_PER_MONTH)
        assert point.status == "optimal"


def test_the_cost_along_the_demand_ends_where_a_limit_does():
    found = plan(problem(400.0, replace(ONE, max_count=6)))
    assert [point.status for point in found.cost_by_demand] == ["optimal"] * 5 + ["infeasible"] * 2
    assert found.cost_by_demand[-1].usd_per_month is None


def test_the_cost_along_the_objective_takes_capacities_that_can_be_computed_anew():
    def offers_at(factor):
        return () if factor < 0.6 else (replace(ONE, capacity_rps={"requests": 100.0 * factor}),)

    found = plan(problem(400.0, ONE), origin=Origin(offers_at=offers_at))
    by_factor = {point.factor: point for point in found.cost_by_objective}
    assert tuple(by_factor) == OBJECTIVE_FACTORS
    assert by_factor[0.5].status == "infeasible"
    assert by_factor[0.9].usd_per_month == pytest.approx(5 * HOURS_PER_MONTH)
    assert by_factor[2.0].usd_per_month == pytest.approx(2 * HOURS_PER_MONTH)
    assert found.marginal.objective_minus_10_percent_usd_per_month == pytest.approx(HOURS_PER_MONTH)
    assert GIVEN_CAPACITIES not in found.notes


def test_what_another_objective_costs_is_not_made_up_for_capacities_that_were_given():
    found = plan(problem(400.0, ONE))
    assert found.cost_by_objective == ()
    assert found.marginal.objective_minus_10_percent_usd_per_month is None
    assert GIVEN_CAPACITIES in found.notes


@pytest.mark.parametrize(
    ("asked", "said", "unit", "used", "saves"),
    [
        (  # each vCPU more lets a quarter of a machine come from the cheaper offer
            problem(600.0, ONE, DEAR, limits=Limits(quotas={"aws/east/*": 10})),
            "the quota of 10 vCPUs for aws/east/*",
            "vCPU",
            8.0,
            0.5 / 4,
        ),
        (
            problem(600.0, replace(ONE, max_count=2), DEAR),
            "the most machines of aws/east/one (2)",
            "machine",
            2.0,
            0.5,
        ),
        (
            problem(600.0, ONE, limits=Limits(budget_usd_per_hour=6.5)),
            "the budget of 4,745 USD/month",
            "USD/month",
            6.0 * HOURS_PER_MONTH,
            0.0,
        ),
    ],
)
def test_a_limit_that_binds_says_what_one_more_unit_would_save(asked, said, unit, used, saves):
    (limit,) = plan(asked).binding_limits
    assert (limit.limit, limit.unit) == (said, unit)
    assert limit.used == pytest.approx(used)
    assert limit.saves_usd_per_month_per_unit == pytest.approx(saves * HOURS_PER_MONTH)


@pytest.mark.parametrize("classes", [{"requests": 1000.0}, {"short": 500.0, "long": 500.0}])
def test_a_point_more_of_spot_saves_what_spot_is_cheaper(classes):
    capacity = dict.fromkeys(classes, 100.0)
    prices = {"on_demand": 1.0, "spot": 0.4}
    both = Offer(name="both", prices_usd_per_hour=prices, capacity_rps=capacity)
    asked = Problem(
        demand=Demand.of_classes(classes),
        offers=(both,),
        purchases=("on_demand", "spot"),
        limits=Limits(spot_share=0.25),
    )
    (limit,) = plan(asked).binding_limits
    assert limit.unit == "percentage point"
    assert limit.saves_usd_per_month_per_unit == pytest.approx(0.01 * 10 * 0.6 * HOURS_PER_MONTH)
    assert limit.used == (None if len(classes) > 1 else pytest.approx(20.0))


def test_limits_with_room_left_are_not_called_binding():
    limits = Limits(quotas={"aws/*": 100}, budget_usd_per_hour=50.0)
    assert plan(problem(400.0, replace(ONE, max_count=9), limits=limits)).binding_limits == ()


def test_every_offer_on_sale_that_was_not_chosen_is_in_one_group_with_its_reason():
    offers = (
        ONE,
        offer("twice", 2.1, 200.0, cloud="aws", region="east", vcpus=8),
        offer("odd", 1.7, 160.0, cloud="aws", region="east", vcpus=4),
        offer("huge", 30.0, 3500.0, cloud="aws", region="east", vcpus=4),
        offer("barred", 0.1, 300.0, cloud="gcp", region="west", vcpus=64),
    )
    found = plan(problem(400.0, *offers, limits=Limits(quotas={"gcp/*": 32})))
    assert [item.offer for item in found.fleet] == ["one"]
    groups = {group.reason: (group.count, group.examples) for group in found.rejected}
    assert groups == {
        "enough machines of aws/east/one carry as much of everything and cost no more": (1, ("aws/east/twice",)),
        "a quota leaves no room for even one": (1, ("gcp/west/barred",)),
        "dearer per request than any machine of the fleet, by 6 %": (1, ("aws/east/odd",)),
        "not dearer per request, but whole machines of the fleet fit demand and limits better": (
            1,
            ("aws/east/huge",),
        ),
    }
    assert sum(group.count for group in found.rejected) == found.offers_considered - len(found.fleet)


def test_the_share_that_estimates_are_scaled_by_is_a_number():
    estimated = replace(ONE, capacity_source="estimated", capacity_error=0.25, efficiency=0.6)
    assert plan(problem(400.0, estimated), explained=False).calibration_share == 0.6
    assert plan(problem(400.0, ONE), explained=False).calibration_share is None


def test_a_plan_that_is_not_to_be_explained_is_the_same_fleet():
    asked = problem(400.0, ONE, DEAR)
    bare = plan(asked, explained=False)
    assert bare.fleet == plan(asked).fleet
    assert (bare.cost_by_demand, bare.rejected, bare.marginal) == ((), (), None)


OFFERS = st.lists(
    st.tuples(st.floats(0.1, 5.0), st.floats(20.0, 900.0)).map(lambda one: offer("x", *one)), min_size=1, max_size=4
).map(lambda offers: tuple(replace(one, name=str(number)) for number, one in enumerate(offers)))


@settings(max_examples=15, deadline=None)
@given(OFFERS, st.floats(50.0, 3000.0), st.sampled_from(["none", "instance"]))
def test_harder_targets_never_cost_less_and_no_plan_costs_less_than_its_bound(offers, rate, survive):
    def offers_at(factor):
        return tuple(replace(one, capacity_rps={"requests": one.capacity_rps["requests"] * factor}) for one in offers)

    asked = problem(rate, *offers, survive=survive)
    found = plan(asked, gap=0.0, origin=Origin(offers_at=offers_at))
    demands = [point.usd_per_month for point in found.cost_by_demand]
    objectives = [point.usd_per_month for point in found.cost_by_objective]
    assert demands == sorted(demands)
    assert objectives == sorted(objectives, reverse=True)
    assert found.usd_per_month in demands
    assert found.lower_bound_usd_per_hour <= found.usd_per_hour
    for point in (*found.cost_by_demand, *found.cost_by_objective):
        assert point.lp_usd_per_month <= point.usd_per_month * (1 + 1e-9)
    another = replace(offers[0], name="another", prices_usd_per_hour={"on_demand": 1.0})
    assert plan(replace(asked, offers=(*offers, another)), gap=0.0, explained=False).usd_per_hour <= (
        found.usd_per_hour * (1 + 1e-9)
    )
