"""The bound that keeps machines whole in every zone, and the fleets beside it: against enumeration and the program."""

import functools
import math
import random
from dataclasses import replace

import pytest

from aiops_planner import Demand, Limits, Offer, Problem
from aiops_planner.fleet import prepare
from aiops_planner.hour_bound import bound_by_hours
from aiops_planner.hour_search import decide_by_zone
from aiops_planner.hours import Levels
from aiops_planner.plans import CloudShare
from aiops_planner.pools import mean_usd_per_hour
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve, using
from aiops_planner.zone_market import is_all_that_limits, zone_market
from support.planner_oracle import cheapest_cost

PURCHASES = (("on_demand",), ("on_demand", "spot"), ("on_demand", "reserved_1y"), ("reserved_1y", "spot"))
TOLERANCE = 1e-6
ROOMY_S = 60.0


def random_problem(seed):
    """One class in three zones, small enough to enumerate."""
    draw = random.Random(seed)
    purchases = draw.choice(PURCHASES)
    hours = draw.choice([1, 2]) if "reserved_1y" in purchases else 1
    offers = tuple(random_offer(draw, number, purchases) for number in range(3 - len(purchases)))
    share = draw.choice([None, 0.3, 0.5, 1.0]) if "spot" in purchases else None
    rps = tuple((round(draw.uniform(0.5, 4.0), 2),) for _ in range(hours))
    weights = draw.choice([(), (1.0, 4.0)]) if hours == 2 else ()
    demand = Demand(classes=("requests",), rps=rps, weights=weights)
    limits = Limits(spot_share=share, quotas=draw.choice([{}, {}, {"aws/*": draw.randint(4, 12)}]))
    return Problem(demand=demand, offers=offers, purchases=purchases, survive="zone", limits=limits)


def random_offer(draw, number, purchases):
    usd = draw.uniform(0.5, 4)
    factors = {"on_demand": 1.0, "reserved_1y": draw.uniform(0.4, 0.9), "spot": draw.uniform(0.2, 0.9)}
    return Offer(
        name=f"type-{number}",
        cloud="aws",
        region="east",
        vcpus=draw.choice([1, 2]),
        prices_usd_per_hour={name: round(usd * factors[name], 3) for name in purchases},
        capacity_rps={"requests": round(draw.uniform(1.4, 4), 2)},
        max_count=draw.choice([None, None, 4]),
    )


@functools.cache
def enumerated(seed):
    return cheapest_cost(random_problem(seed), most=3)


def bound_of(problem, **how):
    prepared = prepare(problem, max)
    levels = Levels.of(prepared.demand)
    return bound_by_hours(zone_market(prepared), levels, **({"time_limit_s": ROOMY_S, "enough_usd": math.inf} | how))


def decided(problem, **how):
    prepared = prepare(problem, max)
    levels = Levels.of(prepared.demand)
    return decide_by_zone(
        prepared, levels, **({"best_usd": math.inf, "time_limit_s": ROOMY_S, "gap": 1e-6} | how)
    ), FleetProgram(prepared)


def day(hours=6):
    """Hours of a few machines, of three sizes that do not fill a zone evenly."""
    offers = tuple(
        Offer(
            name=name,
            region="east",
            prices_usd_per_hour={"on_demand": usd, "reserved_1y": 0.6 * usd, "spot": 0.35 * usd},
            capacity_rps={"requests": rps},
        )
        for name, usd, rps in (("small", 0.1, 11.0), ("middle", 0.21, 24.0), ("large", 0.4, 46.0))
    )
    rates = tuple((60.0 + 17.3 * ((5 * hour) % 7),) for hour in range(hours))
    return Problem(
        demand=Demand(classes=("requests",), rps=rates),
        offers=offers,
        purchases=("on_demand", "reserved_1y", "spot"),
        survive="zone",
        limits=Limits(spot_share=0.5),
    )


def whole(problem, layout):
    return solve(FleetProgram(prepare(problem, max), layout=layout).model, time_limit_s=ROOMY_S, gap=1e-3)


def test_no_enumerated_fleet_costs_less_than_the_bound():
    bounded = 0
    for seed in range(150):
        cheapest, bound = enumerated(seed), bound_of(random_problem(seed))
        bounded += cheapest is not None
        assert bound is None or cheapest is None or bound.usd_per_hour <= cheapest * (1 + TOLERANCE), seed
    assert bounded >= 100


@pytest.mark.parametrize("solver", ["HiGHS", "CBC"])
def test_either_solver_finds_the_same_bound(solver):
    bounds = [bound_of(random_problem(seed)) for seed in range(10)]
    with using(solver):
        assert [b and b.usd_per_hour for b in map(bound_of, map(random_problem, range(10)))] == [
            b and pytest.approx(b.usd_per_hour, rel=1e-3) for b in bounds
        ]


def test_one_hour_is_solved_as_well_as_the_whole_program_does():
    problem = day(hours=1)
    exact = whole(problem, "apart")
    found, _ = decided(problem)
    assert exact.bound <= found.bound_usd_per_hour * 1.005
    assert found.bound_usd_per_hour <= exact.objective * (1 + TOLERANCE)
    assert exact.bound <= mean_usd_per_hour(found.machines, Levels.of(problem.demand)) <= exact.objective * 1.005


def test_whole_machines_in_every_zone_cost_more_than_whole_machines_of_all_zones_together():
    assert bound_of(day()).usd_per_hour > whole(day(), "summed").objective


def test_the_fleet_carries_every_hour_without_any_zone_and_costs_no_less_than_the_bound():
    problem = day()
    found, program = decided(problem)
    values = program.values_of(found.machines) | {program.served: 1.0}
    assert program.model.holds([values[number] for number in range(len(program.model.costs))], TOLERANCE)
    usd = mean_usd_per_hour(found.machines, program.levels)
    assert found.bound_usd_per_hour <= usd <= 1.03 * found.bound_usd_per_hour


def test_a_fleet_costs_no_less_than_one_that_spends_as_much_on_commitments():
    problem = day()
    bound = bound_of(problem)
    found, program = decided(problem)
    spent = sum(pool.usd_per_hour * counts[0] for pool, counts in found.machines.items() if pool.committed)
    usd = mean_usd_per_hour(found.machines, program.levels)
    assert bound.usd_per_hour * (1 - 1e-3) <= bound.least_usd(spent) <= usd * (1 + TOLERANCE)


def test_a_fleet_that_the_bound_proves_ends_the_search():
    bound = bound_of(day()).usd_per_hour
    found, _ = decided(day(), best_usd=bound * 1.02, gap=0.05)
    assert found.machines is None
    assert found.bound_usd_per_hour >= bound * 1.02 * 0.95


@pytest.mark.parametrize(
    ("limits", "offer"),
    [
        ({"quotas": {"*/east/*": 100.0}}, {}),
        ({"spot_pool_share": 0.2}, {}),
        ({"spot_pools_lost": 1}, {}),
        ({"cloud_shares": {"aws": CloudShare(most=0.5)}}, {}),
        ({}, {"max_count": 2}),
        ({}, {"egress_usd_per_request": {"requests": 1e-6}}),
    ],
)
def test_more_limits_leave_the_bound_but_no_fleet(limits, offer):
    problem = day()
    free = bound_of(problem).usd_per_hour
    assert is_all_that_limits(problem)
    narrow = replace(
        problem,
        limits=replace(problem.limits, **limits),
        offers=tuple(replace(each, **offer) for each in problem.offers),
    )
    assert not is_all_that_limits(narrow)
    found, _ = decided(narrow)
    assert found.machines is None
    assert found.bound_usd_per_hour == pytest.approx(free, rel=2e-3)


def test_a_budget_below_the_bound_leaves_no_fleet():
    problem = day()
    poor = replace(problem, limits=replace(problem.limits, budget_usd_per_hour=bound_of(problem).usd_per_hour * 0.9))
    assert decided(poor)[0].machines is None


@pytest.mark.parametrize(
    "problem",
    [
        replace(day(), survive="none"),
        replace(day(), offers=(*day().offers, replace(day().offers[0], region="west"))),
        replace(day(), demand=Demand(classes=("requests", "more"), rps=((50.0, 1.0),))),
        replace(day(), demand=day().demand.scaled(1000.0)),
    ],
    ids=["no zones", "two places", "two classes", "thousands of machines"],
)
def test_other_problems_have_no_market_of_zones(problem):
    assert zone_market(problem) is None
    found = decide_by_zone(problem, Levels.of(problem.demand), best_usd=math.inf, time_limit_s=ROOMY_S, gap=0.02)
    assert (found.machines, found.bound_usd_per_hour) == (None, 0.0)


def test_without_time_there_is_no_bound():
    assert bound_of(day(), time_limit_s=0.0) is None
    assert decided(day(), time_limit_s=0.0)[0].bound_usd_per_hour == 0.0


def test_a_bound_cut_short_is_lower_and_holds():
    rates = tuple((60.0 + 3.1 * hour,) for hour in range(40))
    long = replace(day(), demand=Demand(classes=("requests",), rps=rates))
    full = bound_of(long).usd_per_hour
    for time_limit_s in (0.1, 0.2, 0.3, 0.4):
        soon = bound_of(long, time_limit_s=time_limit_s)
        assert soon is None or 0 < soon.usd_per_hour <= full * (1 + 1e-3)


def test_hours_without_requests_cost_nothing():
    problem = day()
    quiet = replace(problem, demand=replace(problem.demand, rps=(*problem.demand.rps, (0.0,))))
    found, program = decided(quiet)
    kept = sum(
        pool.usd_per_hour for pool, counts in found.machines.items() if pool.committed for _ in range(counts[-1])
    )
    now = sum(pool.usd_per_hour * counts[-1] for pool, counts in found.machines.items())
    assert now == pytest.approx(kept)
    assert found.bound_usd_per_hour <= mean_usd_per_hour(found.machines, program.levels)
