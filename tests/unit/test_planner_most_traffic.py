"""The most of a demand that a budget pays for: a share or a multiple, with a bound, and a fleet that carries it."""

from dataclasses import replace

import pytest

from aiops_planner import Demand, Infeasible, Limits, Objective, Offer, Plan, Problem, Proof, plan
from aiops_planner.errors import UsageError

ONE = Offer(name="one", vcpus=2, prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"requests": 100.0})
FOUR = Offer(name="four", vcpus=8, prices_usd_per_hour={"on_demand": 3.5}, capacity_rps={"requests": 400.0})


def problem(rate, budget, **changes):
    limits = Limits(budget_usd_per_hour=budget)
    asked = {"demand": Demand.constant(rate), "offers": (ONE, FOUR), "limits": limits, "goal": "most_traffic"}
    return Problem(**(asked | changes))


@pytest.mark.parametrize("rate", [0.5, 1000.0, 100_000.0])
@pytest.mark.parametrize(
    ("budget", "changes", "carried", "at_most"),
    [
        (4.6, {}, 500.0, 400 * 4.6 / 3.5),
        (4.6, {"survive": "instance"}, 300.0, 400 * 4.6 / 3.5),
        (9.0, {"limits": Limits(budget_usd_per_hour=9.0, quotas={"four": 8})}, 900.0, 400 + 550.0),
    ],
)
def test_a_budget_carries_the_same_traffic_however_much_was_asked_for(rate, budget, changes, carried, at_most):
    found = plan(problem(rate, budget, **changes), gap=0.0)
    assert isinstance(found, Plan)
    assert found.demand.peak_rps == pytest.approx(carried, rel=1e-5)
    assert found.demand_share == pytest.approx(carried / rate, rel=1e-5)
    assert found.demand_share <= found.demand_share_bound <= at_most / rate * (1 + 1e-6)
    assert found.usd_per_hour <= budget
    assert any("of the demand that was asked for; no fleet within" in note for note in found.notes)


def test_hours_and_classes_keep_their_shape():
    hours = Demand(classes=("a", "b"), rps=((100.0, 10.0), (50.0, 30.0)))
    both = replace(ONE, capacity_rps={"a": 100.0, "b": 20.0})
    found = plan(problem(1.0, 6.0, demand=hours, offers=(both,)), gap=0.0)
    for carried, asked in zip(found.demand.rps, hours.rps, strict=True):
        assert carried == pytest.approx([rate * found.demand_share for rate in asked])
    assert found.demand_share > 1


def test_a_budget_below_the_cheapest_machine_is_refused_with_its_reason():
    found = plan(problem(1000.0, 0.9))
    assert isinstance(found, Infeasible)
    assert "the budget of 657 USD/month is too tight" in found.reasons[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": Limits()}, "capacity.goal: most_traffic needs to know how much may be spent; add capacity.limits"),
        ({"goal": "fun"}, "capacity.goal: 'fun' is not known; choose from least_cost, most_traffic"),
    ],
)
def test_a_goal_that_cannot_be_meant_is_refused(changes, said):
    with pytest.raises(UsageError) as refusal:
        plan(problem(1000.0, 5.0, **changes))
    assert refusal.value.message.startswith(said)


QUEUED = Offer(
    name="m",
    prices_usd_per_hour={"on_demand": 0.1},
    capacity_rps={"requests": 180.0},
    servers=4,
    service_mean_s={"requests": 0.02},
)
BURSTY = Proof(objective=Objective(p99=0.15), arrival_scv=4.0, requests=50_000)


def test_a_plan_that_misses_carries_less_for_the_same_budget_until_it_meets_its_objective():
    asked = problem(1000.0, 0.5, offers=(QUEUED,), proof=BURSTY)
    hopeful = plan(replace(asked, proof=Proof()), explained=False)
    found = plan(asked, explained=False)
    rounds = found.verification.rounds
    assert (found.verification.status, rounds[-1].capacity_scale < 1) == ("met", True)
    assert found.demand_share < hopeful.demand_share == pytest.approx(0.9, rel=1e-3)
    assert [item.count for item in found.fleet] == [item.count for item in hopeful.fleet] == [5]
    assert found.demand.peak_rps == pytest.approx(1000 * found.demand_share)
    assert rounds[0].scenarios[0].offered_rps == pytest.approx(900, rel=1e-3)
    assert rounds[-1].scenarios[0].offered_rps == pytest.approx(found.demand.peak_rps)


def test_what_carries_most_is_said_of_the_plan_that_is_shown():
    found = plan(problem(1000.0, 0.5, offers=(QUEUED,), proof=BURSTY), explained=False)
    assert found.goal == "most_traffic"
    assert f"the budget carries {100 * found.demand_share:.1f} % of the demand" in found.notes[0]
    assert found.demand_share <= found.demand_share_bound
    scale = found.verification.capacity_scale
    assert found.notes[0].endswith(f"of it, capacities taken at {100 * scale:.1f} %")
