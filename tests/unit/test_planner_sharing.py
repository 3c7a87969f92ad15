"""Plans for several models on one fleet, and what keeping them apart would cost."""

from dataclasses import replace

import pytest

from aiops_planner import Demand, HostedModel, Infeasible, Limits, Offer, Plan, Problem, plan
from aiops_planner.errors import UsageError
from aiops_planner.plans import Origin

CHAT = HostedModel(name="chat", memory_gib=14)
EMBED = HostedModel(name="embed", memory_gib=2)
GPU = Offer(
    name="g6.xlarge",
    cloud="aws",
    region="us-east-1",
    vcpus=4,
    memory_gib=24,
    prices_usd_per_hour={"on_demand": 0.8},
    capacity_rps={"chat": 20.0, "embed": 400.0},
)
DEMAND = Demand.of_classes({"chat": 10, "embed": 100})


def problem(**changes):
    values = {"demand": DEMAND, "offers": (GPU,), "models": (CHAT, EMBED)}
    return Problem(**(values | changes))


def test_one_machine_that_hosts_both_models_takes_the_place_of_two():
    found = plan(problem())
    (item,) = found.fleet
    assert (item.count, item.offer, item.machine, item.models) == (
        1,
        "g6.xlarge with chat and embed",
        "g6.xlarge",
        ("chat", "embed"),
    )
    assert (found.usd_per_month, found.apart_usd_per_month) == pytest.approx((0.8 * 730, 1.6 * 730))


def test_models_that_do_not_fit_together_share_no_machine_and_nothing_is_compared():
    found = plan(problem(offers=(replace(GPU, memory_gib=15),)))
    assert sorted(item.offer for item in found.fleet) == ["g6.xlarge with chat", "g6.xlarge with embed"]
    assert found.apart_usd_per_month is None


def test_a_quota_holds_for_a_machine_type_whatever_it_hosts():
    tight = replace(GPU, memory_gib=15)
    quotas = {"aws/us-east-1/g6.xlarge": 8}
    assert isinstance(plan(problem(offers=(tight,), limits=Limits(quotas=quotas))), Plan)
    refused = plan(problem(offers=(tight,), limits=Limits(quotas={"aws/us-east-1/g6.xlarge": 7})))
    assert isinstance(refused, Infeasible)
    assert "the quota of 7 vCPUs" in refused.reasons[0]


def test_the_most_machines_of_a_type_hold_whatever_they_host():
    assert isinstance(plan(problem(offers=(replace(GPU, memory_gib=15, max_count=2),))), Plan)
    assert isinstance(plan(problem(offers=(replace(GPU, memory_gib=15, max_count=1),))), Infeasible)


def test_says_which_model_no_machine_can_host():
    refused = plan(problem(models=(replace(CHAT, memory_gib=80), EMBED)))
    assert isinstance(refused, Infeasible)
    assert refused.reasons[0] == "chat takes 80 GiB, and no machine that could serve it has more than 24 GiB"


def test_what_is_taken_for_granted_and_what_hosts_nothing_is_said():
    tiny = Offer(name="tiny", prices_usd_per_hour={"on_demand": 0.1}, capacity_rps={"chat": 1.0}, memory_gib=4)
    found = plan(problem(offers=(GPU, tiny), models=(CHAT, HostedModel(name="embed"))))
    assert any("the memory of embed is not stated" in note for note in found.notes)
    assert any(out.examples == ("tiny",) and "less memory" in out.reason for out in found.left_out)


def test_other_objectives_are_planned_with_what_each_machine_hosts():
    def offers_at(factor):
        chat = {} if factor < 0.8 else {"chat": 20.0 * factor}
        return (replace(GPU, capacity_rps={"embed": 400.0 * factor, **chat}),)

    found = plan(problem(), origin=Origin(offers_at=offers_at))
    costs = {point.factor: point.status for point in found.cost_by_objective}
    assert costs[0.5] == costs[0.75] == "infeasible"
    assert costs[0.9] == costs[2.0] == "optimal"


def test_most_traffic_is_of_all_models_alike():
    found = plan(problem(goal="most_traffic", limits=Limits(budget_usd_per_hour=0.8), demand=DEMAND.scaled(4)))
    assert found.demand_share == pytest.approx(1 / 3, abs=0.01)
    assert found.demand.rps[0][1] == pytest.approx(10 * found.demand.rps[0][0])
    assert found.apart_usd_per_month is None


def test_refuses_classes_that_belong_to_no_model():
    with pytest.raises(UsageError, match="no model serves the class 'embed'"):
        plan(problem(models=(CHAT,)))
