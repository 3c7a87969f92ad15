"""The ways to lay a fleet out over zones: what each may leave out, and what it proves nevertheless."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner import Demand, Limits, Offer, Problem
from aiops_planner.fleet import find_cheapest
from aiops_planner.pools import LAYOUTS, by_zone, mean_usd_per_hour
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve

CAPACITY = {"small": 30.0, "large": 130.0}
TOLERANCE = 1e-6


def zoned(rates, spot_share=0.5):
    offers = tuple(
        Offer(
            name=name,
            region="east",
            prices_usd_per_hour={"on_demand": price, "reserved_1y": 0.6 * price, "spot": 0.3 * price},
            capacity_rps={"requests": CAPACITY[name]},
        )
        for name, price in (("small", 0.1), ("large", 0.4))
    )
    return Problem(
        demand=Demand(classes=("requests",), rps=tuple((rate,) for rate in rates)),
        offers=offers,
        purchases=("on_demand", "reserved_1y", "spot"),
        survive="zone",
        limits=Limits(spot_share=spot_share),
    )


def optimum(problem, layout, *, relaxed=False):
    program = FleetProgram(problem, layout=layout)
    outcome = solve(program.model, time_limit_s=60.0, relaxed=relaxed)
    assert outcome.status == "solved"
    return program, outcome


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(20, 400), min_size=1, max_size=2))
def test_summed_zones_never_cost_more_than_zones_apart_and_alike_zones_never_less(rates):
    problem = zoned(rates)
    cost = {layout: optimum(problem, layout)[1].objective for layout in LAYOUTS}
    assert cost["summed"] <= cost["apart"] * (1 + TOLERANCE)
    assert cost["apart"] <= cost["paired"] * (1 + TOLERANCE) <= cost["even"] * (1 + 2 * TOLERANCE)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rates", [(100.0,), (90.0, 310.0, 200.0)])
def test_in_fractions_of_machines_every_layout_costs_the_same(layout, rates):
    problem = zoned(rates)
    apart = optimum(problem, "apart", relaxed=True)[1].objective
    assert optimum(problem, layout, relaxed=True)[1].objective == pytest.approx(apart)


@pytest.mark.parametrize("layout", ["paired", "even"])
def test_a_fleet_of_alike_zones_survives_every_zone_and_is_one_of_zones_apart(layout):
    problem = zoned((90.0, 310.0))
    program, outcome = optimum(problem, layout)
    machines = by_zone(program.counts(outcome.values))
    assert mean_usd_per_hour(machines, program.levels) == pytest.approx(outcome.objective)
    for hour, (rate,) in enumerate(problem.demand.rps):
        zones = {
            zone: sum(
                counts[hour] * CAPACITY[problem.offers[pool.offer].name]
                for pool, counts in machines.items()
                if pool.zone == zone
            )
            for zone in ("1", "2", "3")
        }
        assert sum(zones.values()) - max(zones.values()) >= rate * (1 - TOLERANCE)
    apart = FleetProgram(problem)
    start = apart.values_of(machines) | {apart.served: 1.0}
    assert apart.model.holds([start[variable] for variable in range(len(apart.model.costs))], TOLERANCE)


def test_a_search_that_may_not_end_still_has_a_bound_above_the_relaxation():
    problem = zoned(tuple(40.0 + 7 * hour for hour in range(12)))
    found = find_cheapest(problem, time_limit_s=30.0, gap=0.02)
    relaxed = optimum(problem, "summed", relaxed=True)[1].objective
    assert relaxed < found.bound_usd_per_hour <= found.fleet.usd_per_hour
