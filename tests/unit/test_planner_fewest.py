"""Of fleets that cost the same, a plan is the one with the fewest machines, and never a dearer one."""

import pytest

from aiops_planner import Demand, Limits, Offer, Problem, plan


def offer(name, usd, rps, **changes):
    return Offer(name=name, prices_usd_per_hour={"on_demand": usd}, capacity_rps={"requests": rps}, **changes)


ONE = offer("one", 0.714, 100.0, vcpus=2)
TWO = offer("two", 1.428, 200.0, vcpus=4)
FOUR = offer("four", 2.856, 400.0, vcpus=8)


@pytest.mark.parametrize(
    ("rate", "changes", "machines"),
    [
        (400.0, {}, {"four": 1}),
        (700.0, {}, {"four": 1, "two": 1, "one": 1}),
        (400.0, {"survive": "instance"}, {"one": 5}),  # fewer, larger ones would need a larger spare
        (400.0, {"limits": Limits(quotas={"four": 0})}, {"two": 2}),
        (100.0, {}, {"one": 1}),
    ],
)
def test_large_machines_take_the_place_of_as_dear_small_ones(rate, changes, machines):
    asked = Problem(demand=Demand.constant(rate), offers=(ONE, TWO, FOUR), **changes)
    found = plan(asked)
    counts = {item.offer: item.count for item in found.fleet}
    assert counts == machines
    usd = sum(machines.get(one.name, 0) * one.prices_usd_per_hour["on_demand"] for one in (ONE, TWO, FOUR))
    assert found.usd_per_hour == pytest.approx(usd, rel=1e-9)
    assert found.gap <= 1e-9


def test_a_large_machine_that_costs_a_little_more_is_no_tie():
    found = plan(Problem(demand=Demand.constant(400.0), offers=(ONE, offer("big", 2.86, 400.0))), gap=0.0)
    assert [(item.offer, item.count) for item in found.fleet] == [("one", 4)]


def test_each_hour_has_its_fewest_machines():
    hours = Demand(classes=("requests",), rps=((400.0,), (100.0,)))
    found = plan(Problem(demand=hours, offers=(ONE, FOUR)))
    assert {item.offer: item.count_by_hour for item in found.fleet} == {"four": (1, 0), "one": (0, 1)}
