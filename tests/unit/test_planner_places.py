"""Regions, clouds and spot pools: client regions with egress, shares of clouds, and what may be lost."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner import CloudShare, Demand, Infeasible, Limits, Offer, Plan, Problem, plan
from aiops_planner.errors import UsageError
from aiops_planner.fleet import find_cheapest, prepare
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve, using
from support.planner_places import cheapest_cost

PLACES = (("aws", "east"), ("aws", "west"), ("gcp", "east"))


def random_problem(seed):
    """One hour, up to three places, two client regions or one, with every rule on places switched on at random."""
    draw = random.Random(seed)
    classes = draw.choice([("requests",), ("near", "far"), ("near", "far")])
    purchases = draw.choice([("on_demand",), ("on_demand", "spot")])
    count = 3 if len(purchases) == 1 else 2
    places = [draw.choice(PLACES) for _ in range(count)]
    offers = tuple(random_offer(draw, number, place, classes, purchases) for number, place in enumerate(places))
    shares = {"gcp": CloudShare(least=draw.choice([0.0, 0.2]), most=draw.choice([0.6, 1.0]))}
    spot = "spot" in purchases
    limits = Limits(
        spot_share=draw.choice([None, 0.5]) if spot else None,
        spot_pool_share=draw.choice([None, 0.4, 0.7]) if spot else None,
        spot_pools_lost=draw.choice([0, 1, 2]) if spot and len(classes) == 1 else 0,
        cloud_shares=draw.choice([{}, {}, shares]),
    )
    return Problem(
        demand=Demand(classes=classes, rps=(tuple(round(draw.uniform(0.5, 3), 2) for _ in classes),)),
        offers=offers,
        purchases=purchases,
        survive=draw.choice(["none", "none", "region", "cloud"]),
        limits=limits,
    )


def random_offer(draw, number, place, classes, purchases):
    usd = draw.uniform(0.5, 4)
    kappa = {name: round(draw.uniform(1.6, 4), 2) for name in classes}
    if len(classes) == 2:
        kappa = draw.choice([kappa, {**kappa, "far": kappa["near"]}, {"near": kappa["near"], "far": 0.0}])
    egress = {name: draw.choice([0.0, draw.uniform(0, 2) / 3600]) for name in classes}
    return Offer(
        name=f"type-{number}",
        cloud=place[0],
        region=place[1],
        prices_usd_per_hour={
            name: usd * (1.0 if name == "on_demand" else draw.uniform(0.2, 1.1)) for name in purchases
        },
        capacity_rps=kappa,
        egress_usd_per_request=draw.choice([{}, egress]),
    )


@pytest.mark.parametrize(
    ("name", "first"), [*(("HiGHS", first) for first in range(0, 120, 20)), ("CBC", 0), ("CBC", 10)]
)
def test_costs_what_the_cheapest_of_all_fleets_costs(name, first):
    for seed in range(first, first + (20 if name == "HiGHS" else 10)):
        problem = random_problem(seed)
        with using(name):
            found = find_cheapest(problem, time_limit_s=30, gap=0.0)
        expected = cheapest_cost(problem)
        if expected is None:
            assert found.fleet is None or max(max(counts) for counts in found.fleet.machines.values()) > 3, seed
        else:
            assert found.fleet is not None, seed
            assert found.fleet.usd_per_hour <= expected * (1 + 1e-5), seed  # flows hold to a tolerance
            most = max(max(counts) for counts in found.fleet.machines.values())
            assert most > 3 or found.fleet.usd_per_hour == pytest.approx(expected, rel=1e-5), seed


def machine(name, place, usd, rps, **more):
    cloud, _, region = place.partition("/")
    return Offer(
        name=name, cloud=cloud, region=region or None, prices_usd_per_hour={"on_demand": usd}, capacity_rps=rps, **more
    )


EAST, WEST = {"from east": 100.0, "from west": 100.0}, {"from east": 0.0, "from west": 100.0}


def test_a_class_goes_only_where_its_objective_can_be_met():
    offers = (machine("near", "aws/east", 2.0, EAST), machine("far", "aws/west", 1.0, WEST))
    found = plan(Problem(demand=Demand.of_classes({"from east": 150, "from west": 250}), offers=offers))
    assert {(item.offer, item.count) for item in found.fleet} == {("near", 2), ("far", 2)}
    to_far = {share.request_class: share.rps_by_hour[0] for share in found.traffic if share.offer == "far"}
    assert set(to_far) == {"from west"}


def test_sending_answers_is_part_of_the_cost_and_decides_where_they_come_from():
    cheap_to_send = {"from east": 0.001 / 3600, "from west": 0.001 / 3600}
    dear_to_send = {"from east": 0.001 / 3600, "from west": 0.02 / 3600}
    offers = (
        machine("here", "aws/east", 1.0, EAST, egress_usd_per_request=dear_to_send),
        machine("there", "aws/west", 1.5, EAST, egress_usd_per_request=cheap_to_send),
    )
    found = plan(Problem(demand=Demand.of_classes({"from east": 100, "from west": 100}), offers=offers))
    assert {(item.offer, item.count) for item in found.fleet} == {("here", 1), ("there", 1)}
    assert found.egress_usd_per_hour == pytest.approx(0.2, rel=1e-4)
    assert found.usd_per_hour == pytest.approx(2.7, rel=1e-4)
    assert found.lower_bound_usd_per_hour <= found.usd_per_hour


def two_clouds(**limits):
    offers = (machine("a", "aws/east", 1.0, {"requests": 100.0}), machine("g", "gcp/east", 1.2, {"requests": 100.0}))
    return Problem(demand=Demand.constant(1000), offers=offers, limits=Limits(**limits))


def test_clouds_carry_their_shares():
    found = plan(two_clouds(cloud_shares={"gcp": CloudShare(least=0.25)}))
    assert {(item.offer, item.count) for item in found.fleet} == {("a", 7), ("g", 3)}
    carried = {share.cloud: share.rps_by_hour[0] for share in found.traffic}
    assert carried["gcp"] >= 250 - 1e-3
    (limit,) = [limit for limit in found.binding_limits if "gcp" in limit.limit]
    # One percent of 1,000/s is a tenth of a machine, and moving it saves 0.2 USD/h of a machine.
    assert limit.saves_usd_per_month_per_unit == pytest.approx(0.1 * 0.2 * 730, rel=1e-3)


def test_the_loss_of_a_cloud_or_region_is_survived():
    for survive in ("cloud", "region"):
        found = plan(replace(two_clouds(), survive=survive))
        assert {(item.offer, item.count) for item in found.fleet} == {("a", 10), ("g", 10)}


def test_surviving_the_only_cloud_is_refused_in_words():
    problem = replace(two_clouds(), survive="cloud")
    refused = plan(replace(problem, offers=problem.offers[:1]))
    assert isinstance(refused, Infeasible)
    assert "surviving the loss of one cloud" in refused.reasons[0]


def test_shares_that_collide_with_what_is_offered_are_refused_in_words():
    problem = two_clouds(cloud_shares={"gcp": CloudShare(least=0.25)})
    refused = plan(replace(problem, offers=problem.offers[:1]))
    assert isinstance(refused, Infeasible)
    assert "on gcp is too tight" in refused.reasons[0]


def spot_problem(**limits):
    offers = tuple(
        Offer(
            name=name,
            cloud="aws",
            region="east",
            prices_usd_per_hour={"on_demand": 1.0, "spot": usd},
            capacity_rps={"requests": 100.0},
        )
        for name, usd in (("one", 0.2), ("two", 0.25), ("three", 0.3))
    )
    return Problem(
        demand=Demand.constant(1000), offers=offers, purchases=("on_demand", "spot"), limits=Limits(**limits)
    )


def bought(found):
    return {(item.offer, item.purchase): item.count for item in found.fleet}


def test_no_spot_pool_carries_more_than_its_share():
    found = plan(spot_problem(spot_pool_share=0.4))
    assert bought(found) == {("one", "spot"): 4, ("two", "spot"): 4, ("three", "spot"): 2}


def test_the_largest_spot_pools_can_be_lost():
    found = plan(spot_problem(spot_pools_lost=1))
    assert bought(found) == {("one", "spot"): 5, ("two", "spot"): 5, ("three", "spot"): 5}


def many_spot_pools(seed):
    """A dozen machine types of three sizes and about the same price, of which the spot pools are small."""
    draw = random.Random(seed)
    offers = tuple(
        Offer(
            name=f"type-{number}",
            cloud="aws",
            region=draw.choice(["east", "west"]),
            prices_usd_per_hour={"on_demand": size * draw.uniform(0.9, 1.3), "spot": size * draw.uniform(0.2, 0.6)},
            capacity_rps={"requests": 100 * size * draw.uniform(0.8, 1.2)},
        )
        for number in range(12)
        for size in [draw.choice([1, 2, 4])]
    )
    limits = Limits(
        spot_pool_share=draw.choice([0.1, 0.25, 0.5]),
        spot_share=draw.choice([None, 0.5]),
        spot_pools_lost=draw.choice([0, 0, 1]),
    )
    hours = tuple((draw.uniform(300, 2000),) for _ in range(draw.choice([1, 2])))
    return Problem(
        demand=Demand(classes=("requests",), rps=hours),
        offers=offers,
        purchases=("on_demand", "spot"),
        survive=draw.choice(["none", "none", "instance", "zone", "region"]),
        limits=limits,
    )


def test_pools_that_others_make_up_for_change_nothing_when_left_out():
    pruned = 0
    for seed in range(60):
        problem = many_spot_pools(seed)
        whole = problem.survive in ("none", "region") and seed < 30
        prepared = prepare(problem, max)
        pruned += len(problem.offers) - len(prepared.offers)
        models = [FleetProgram(one).model for one in (problem, prepared)]
        costs = [solve(model, time_limit_s=20, gap=1e-3, relaxed=not whole).objective for model in models]
        assert (costs[0] is None) == (costs[1] is None), seed
        assert costs[0] is None or costs[1] == pytest.approx(costs[0], rel=2e-3 if whole else 1e-7), seed
    assert pruned > 40


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"spot_pool_share": 1.5}, "spot_pool_share: 1.5 is more than the whole"),
        ({"spot_pools_lost": -1}, "spot_pools_lost: found -1"),
        ({"cloud_shares": {"gcp": CloudShare(least=0.7, most=0.3)}}, "clouds.gcp: at least 0.7 and at most 0.3"),
        (
            {"cloud_shares": {"gcp": CloudShare(least=0.7), "aws": CloudShare(least=0.7)}},
            "the least shares add up to 140 %",
        ),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(limits, said):
    with pytest.raises(UsageError) as refusal:
        plan(two_clouds(**limits))
    assert said in refusal.value.message


def test_losing_spot_pools_takes_one_class():
    problem = replace(spot_problem(spot_pools_lost=1), demand=Demand.of_classes({"requests": 10, "others": 10}))
    with pytest.raises(UsageError, match="which spot pool is the largest differs by class"):
        plan(problem)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), more=st.floats(1.01, 2.0))
def test_more_demand_never_costs_less_anywhere(seed, more):
    problem = random_problem(seed)
    if problem.limits.spot_pool_share is not None:
        problem = replace(problem, limits=replace(problem.limits, spot_pool_share=None))  # a pool grows with demand
    less = find_cheapest(problem, time_limit_s=10, gap=0.0)
    harder = find_cheapest(replace(problem, demand=problem.demand.scaled(more)), time_limit_s=10, gap=0.0)
    if harder.fleet is not None:
        assert less.fleet is not None
        assert less.fleet.usd_per_hour <= harder.fleet.usd_per_hour * (1 + 1e-5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_another_offer_never_costs_more(seed):
    problem = random_problem(seed)
    fewer = find_cheapest(replace(problem, offers=problem.offers[:-1]), time_limit_s=10, gap=0.0)
    if problem.survive in ("none", "instance") and fewer.fleet is not None:
        all_offers = find_cheapest(problem, time_limit_s=10, gap=0.0)
        assert all_offers.fleet.usd_per_hour <= fewer.fleet.usd_per_hour * (1 + 1e-5)
        assert isinstance(plan(problem, explained=False), Plan)
