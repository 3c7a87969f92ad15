"""Hours without anything to survive: exact for any number of them, against the program that HiGHS solves."""

import math
import random
from dataclasses import replace

import pytest

from aiops_planner import Demand, Infeasible, Limits, Offer, Problem, plan
from aiops_planner.fleet import MOST_LEVELS, find_cheapest, prepare
from aiops_planner.hours import Levels
from aiops_planner.plain_hours import decide_plain, is_plain
from aiops_planner.pools import mean_usd_per_hour
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve

WAYS = ("on_demand", "reserved_1y", "spot")


def random_problem(seed, *, top_rps=900.0, hours=5):
    draw = random.Random(seed)
    purchases = draw.choice(
        [WAYS, WAYS, ("on_demand",), ("on_demand", "spot"), ("reserved_1y",), ("reserved_1y", "spot")]
    )
    offers = tuple(
        Offer(
            name=f"type-{number}",
            prices_usd_per_hour={
                "on_demand": usd,
                "reserved_1y": usd * draw.uniform(0.5, 0.8),
                "spot": usd * draw.uniform(0.2, 1.1),
            },
            capacity_rps={"requests": round(100 * size * draw.uniform(0.8, 1.2), 1)},
        )
        for number in range(draw.randint(1, 4))
        for size in [draw.choice([0.5, 1, 2])]
        for usd in [size * draw.uniform(0.8, 1.2)]
    )
    rates = tuple((draw.choice([0.0, 1.0, 1.0, 1.0]) * draw.uniform(0.2, 1) * top_rps,) for _ in range(hours))
    return Problem(
        demand=Demand(
            classes=("requests",),
            rps=(*rates, (top_rps,)),
            weights=draw.choice([(), tuple(draw.uniform(1, 9) for _ in range(hours + 1))]),
        ),
        offers=offers,
        purchases=purchases,
        limits=Limits(spot_share=draw.choice([None, 0.3, 0.7])),
    )


def decided(problem):
    prepared = prepare(problem, max)
    levels = Levels.of(prepared.demand)
    return decide_plain(prepared, levels, time_limit_s=60), prepared, levels


def check_that_it_carries(machines, problem, levels):
    """Every hour with all machines, and the firm share of it without spot."""
    share = problem.limits.spot_share
    for level, (rate,) in enumerate(levels.rps):
        carried = {
            pool: counts[level] * problem.offers[pool.offer].capacity_rps["requests"]
            for pool, counts in machines.items()
        }
        firm = sum(rps for pool, rps in carried.items() if pool.purchase != "spot")
        assert sum(carried.values()) >= rate * (1 - 1e-9)
        assert share is None or firm >= (1 - share) * rate * (1 - 1e-9)


def test_costs_what_the_whole_program_costs_and_proves_it():
    for seed in range(60):
        problem = random_problem(seed)
        found, prepared, levels = decided(problem)
        expected = solve(FleetProgram(prepared).model, time_limit_s=60).objective
        assert (found.machines is None) == (expected is None) == found.infeasible, seed
        if expected is not None:
            assert mean_usd_per_hour(found.machines, levels) == pytest.approx(expected, rel=1e-6), seed
            assert found.bound_usd_per_hour == pytest.approx(expected, rel=1e-6), seed
            check_that_it_carries(found.machines, prepared, levels)


def test_very_many_machines_are_near_the_bound_of_divided_ones():
    for seed in range(12):
        problem = random_problem(seed, top_rps=100_000.0)
        found, prepared, levels = decided(problem)
        divided = solve(FleetProgram(prepared).model, time_limit_s=60, relaxed=True)
        if divided.objective is None:
            continue
        usd = mean_usd_per_hour(found.machines, levels)
        assert found.bound_usd_per_hour * (1 - 1e-9) <= usd <= found.bound_usd_per_hour * 1.005, seed
        assert found.bound_usd_per_hour >= divided.objective * (1 - 1e-7), seed
        check_that_it_carries(found.machines, prepared, levels)


def test_a_bound_of_divided_machines_is_that_of_the_relaxed_program():
    prices = {"on_demand": 1.0, "reserved_1y": 0.6, "spot": 0.3}
    offers = tuple(
        Offer(
            name=f"m{size}",
            prices_usd_per_hour={way: usd * size for way, usd in prices.items()},
            capacity_rps={"r": 7 * size**0.99},
        )
        for size in (1.0, 1.37, 2.11, 3.3)
    )
    demand = Demand(classes=("r",), rps=tuple((1e5 * (2 + math.sin(hour)),) for hour in range(20)))
    problem = Problem(demand=demand, offers=offers, purchases=WAYS, limits=Limits(spot_share=0.4))
    found, prepared, levels = decided(problem)
    divided = solve(FleetProgram(prepared).model, time_limit_s=60, relaxed=True).objective
    assert found.bound_usd_per_hour == pytest.approx(divided, rel=1e-7)
    assert mean_usd_per_hour(found.machines, levels) < divided * 1.005


def test_a_month_of_different_hours_is_planned_as_it_is():
    rates = tuple((400 + 300 * math.sin(hour / 3.7) + hour / 10,) for hour in range(744))
    problem = replace(random_problem(3), demand=Demand(classes=("requests",), rps=rates), purchases=WAYS)
    assert len(set(rates)) > MOST_LEVELS
    found = plan(problem, explained=False)
    assert found.status == "optimal"
    assert found.gap < 1e-9
    assert found.solver == "staircases"
    assert not any("joined" in note for note in found.notes)
    assert len(found.fleet[0].count_by_hour) == 744


def test_a_budget_that_no_fleet_keeps_is_told_for_certain():
    rates = tuple((400 + hour / 10,) for hour in range(100))
    problem = replace(random_problem(3), demand=Demand(classes=("requests",), rps=rates), purchases=WAYS)
    cheapest = find_cheapest(problem, time_limit_s=20, gap=0.0).fleet.usd_per_hour
    enough = find_cheapest(
        replace(problem, limits=replace(problem.limits, budget_usd_per_hour=cheapest * 1.001)), time_limit_s=20, gap=0.0
    )
    assert enough.fleet.usd_per_hour == pytest.approx(cheapest)
    refused = plan(replace(problem, limits=replace(problem.limits, budget_usd_per_hour=cheapest * 0.999)))
    assert isinstance(refused, Infeasible)
    assert "is too tight" in refused.reasons[0]


def test_without_any_time_nothing_is_claimed():
    prepared = prepare(random_problem(1), max)
    found = decide_plain(prepared, Levels.of(prepared.demand), time_limit_s=0)
    assert found.machines is None
    assert not found.infeasible
    assert found.bound_usd_per_hour == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"survive": "instance"},
        {"limits": Limits(quotas={"*": 9})},
        {"limits": Limits(spot_pool_share=0.3)},
        {"demand": Demand.of_classes({"requests": 1, "others": 1})},
    ],
)
def test_what_hours_see_of_more_than_commitments_is_not_plain(changes):
    problem = random_problem(1)
    assert is_plain(problem)
    assert not is_plain(replace(problem, **changes))
