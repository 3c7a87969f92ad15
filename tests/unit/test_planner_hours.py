"""Many hours: joined, decided one by one, and priced together."""

import math
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner import Demand, Limits, Offer, Problem, plan
from aiops_planner.fleet import MOST_LEVELS, find_cheapest
from aiops_planner.hours import Levels, join_hours
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve

HOURS = st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)), min_size=1, max_size=40)
OFFERS = tuple(
    Offer(
        name=name,
        region="east",
        prices_usd_per_hour={"on_demand": price, "reserved_1y": 0.6 * price, "spot": 0.3 * price},
        capacity_rps={"requests": rps},
    )
    for name, price, rps in (("small", 0.1, 95.0), ("large", 0.38, 400.0))
)


def wave(hours):
    rates = ((1000 + 800 * math.sin(2 * math.pi * hour / 24) + hour / 10,) for hour in range(hours))
    return Demand(classes=("requests",), rps=tuple(rates))


def problem(demand, **changes):
    return Problem(demand=demand, offers=OFFERS, purchases=("on_demand", "reserved_1y", "spot"), **changes)


@given(HOURS)
def test_levels_say_the_same_as_the_hours(rows):
    levels = Levels.of(Demand(classes=("a", "b"), rps=tuple(rows)))
    assert tuple(levels.rps[level] for level in levels.of_hour) == tuple(rows)
    assert sum(levels.weight) == pytest.approx(1.0)
    assert len(set(levels.rps)) == len(levels.rps)


@given(HOURS, st.data())
def test_an_hour_of_weight_three_is_three_equal_hours(rows, data):
    weights = tuple(data.draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows))))
    weighted = Demand(classes=("a", "b"), rps=tuple(rows), weights=weights)
    repeated = Demand(
        classes=("a", "b"), rps=tuple(row for row, times in zip(rows, weights, strict=True) for _ in range(times))
    )
    assert Levels.of(weighted).rps == Levels.of(repeated).rps
    assert Levels.of(weighted).weight == pytest.approx(Levels.of(repeated).weight)
    assert weighted.mean_rps == pytest.approx(repeated.mean_rps)


@given(HOURS, st.integers(1, 8))
def test_joined_hours_bracket_the_real_ones(rows, most):
    demand = Demand(classes=("a", "b"), rps=tuple(rows))
    above, below = join_hours(demand, most, max), join_hours(demand, most, min)
    assert len(set(above.rps)) <= most
    for low, real, high in zip(below.rps, demand.rps, above.rps, strict=True):
        assert all(x <= y <= z for x, y, z in zip(low, real, high, strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=2, max_size=9, unique_by=lambda hour: hour[0])
)
def test_hours_are_joined_so_that_rates_change_the_least(hours):
    hours = sorted(hours)
    demand = Demand(
        classes=("a",),
        rps=tuple((float(rate),) for rate, _ in hours),
        weights=tuple(float(weight) for _, weight in hours),
    )
    least = min(
        sum(
            sum(weight for _, weight in hours[first:behind]) * (hours[behind - 1][0] - hours[first][0])
            for first, behind in pairwise((0, *cuts, len(hours)))
        )
        for cuts in combinations(range(1, len(hours)), 1)
    )
    above, below = join_hours(demand, 2, max), join_hours(demand, 2, min)
    found = (above.mean_rps - below.mean_rps) * sum(demand.weights)
    assert found == pytest.approx(least if len(hours) > 2 else 0.0)


def test_few_hours_are_not_joined():
    demand = wave(MOST_LEVELS)
    assert join_hours(demand, MOST_LEVELS, max) is demand


@pytest.mark.parametrize("survive", ["none", "instance", "zone"])
def test_every_hour_of_a_day_is_carried_within_the_limits(survive):
    limits = Limits(spot_share=0.5)
    found = plan(problem(wave(24), survive=survive, limits=limits), time_limit_s=4.0, explained=False)
    capacity = {offer.name: offer.capacity_rps["requests"] for offer in OFFERS}
    for hour, (rate,) in enumerate(wave(24).rps):
        carried = [(item, item.count_by_hour[hour] * capacity[item.offer]) for item in found.fleet]
        zones = {}
        for item, rps in carried:
            zones[item.zone] = zones.get(item.zone, 0.0) + rps
        machines = [capacity[item.offer] for item, rps in carried if rps]
        lost = {"none": 0.0, "instance": max(machines), "zone": max(zones.values())}[survive]
        assert sum(zones.values()) - lost >= rate * (1 - 1e-6)
        assert sum(rps for item, rps in carried if item.purchase != "spot") >= 0.5 * rate * (1 - 1e-6)
    assert {len(set(item.count_by_hour)) for item in found.fleet if item.purchase == "reserved_1y"} == {1}
    assert found.lower_bound_usd_per_hour <= found.usd_per_hour


@pytest.mark.parametrize(("limits", "joined"), [(Limits(), False), (Limits(quotas={"*": 1e6}), True)])
def test_a_year_of_hours_is_planned_with_an_honest_bound(limits, joined):
    found = plan(problem(wave(8784), limits=limits), time_limit_s=8.0, explained=False)
    assert len(found.fleet[0].count_by_hour) == 8784
    assert any("joined" in note for note in found.notes) == joined
    carried = sum(share.rps_by_hour[4391] for share in found.traffic)
    assert carried == pytest.approx(wave(8784).rps[4391][0])
    assert 0.8 * found.usd_per_hour < found.lower_bound_usd_per_hour <= found.usd_per_hour


@pytest.mark.parametrize("survive", ["none", "zone"])
def test_joined_hours_are_bounded_in_whole_machines(survive):
    few = problem(wave(100).scaled(0.1), survive=survive, limits=Limits(spot_share=0.5))
    found = find_cheapest(few, time_limit_s=10.0, gap=0.04)
    joined = replace(few, demand=join_hours(few.demand, MOST_LEVELS, min))
    relaxed = solve(FleetProgram(joined, layout="summed").model, time_limit_s=10.0, relaxed=True).bound
    assert relaxed * 1.01 < found.bound_usd_per_hour <= found.fleet.usd_per_hour


def test_an_impossible_peak_is_found_infeasible_even_among_many_hours():
    capped = tuple(
        Offer(name=o.name, prices_usd_per_hour=o.prices_usd_per_hour, capacity_rps=o.capacity_rps, max_count=1)
        for o in OFFERS
    )
    search = find_cheapest(Problem(demand=wave(200), offers=capped), time_limit_s=5.0, gap=0.005)
    assert search.infeasible
    assert search.fleet is None


def test_rare_hours_cost_as_little_as_they_are_rare():
    often = ((100.0,), (100.0,), (100.0,), (900.0,))
    rare = Demand(classes=("requests",), rps=((100.0,), (900.0,)), weights=(3.0, 1.0))
    found = plan(problem(rare), gap=0.0)
    same = plan(problem(Demand(classes=("requests",), rps=often)), gap=0.0)
    assert found.usd_per_hour == pytest.approx(same.usd_per_hour)
    assert found.usd_per_hour == pytest.approx(sum(item.usd_per_hour for item in found.fleet))
    assert found.marginal.lp_usd_per_month_per_percent == pytest.approx(same.marginal.lp_usd_per_month_per_percent)


def test_the_budget_is_on_the_mean_of_the_hours():
    free = plan(problem(wave(12)), gap=0.0, time_limit_s=5.0, explained=False)
    kept = plan(
        problem(wave(12), limits=Limits(budget_usd_per_hour=free.usd_per_hour * 1.001)),
        time_limit_s=5.0,
        explained=False,
    )
    assert kept.usd_per_hour <= free.usd_per_hour * 1.001
    broken = plan(problem(wave(12), limits=Limits(budget_usd_per_hour=free.lower_bound_usd_per_hour * 0.9)))
    assert "budget" in broken.reasons[0]
