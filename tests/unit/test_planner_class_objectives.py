"""Plans whose classes have objectives of their own, simulated."""

from dataclasses import replace

import pytest

from aiops_planner import Demand, HostedModel, Objective, Offer, Problem, Proof, plan
from aiops_planner.fleet_simulation import simulate
from aiops_planner.judging import classes_apart

CHAT, EMBED = HostedModel(name="chat", memory_gib=14), HostedModel(name="embed", memory_gib=2)
OWN = Proof(objectives={"chat": Objective(p99=2.0), "embed": Objective(p99=0.1)}, requests=50_000)


def machine(name="m", **changes):
    values = {
        "prices_usd_per_hour": {"on_demand": 1.0},
        "capacity_rps": {"chat": 20.0, "embed": 400.0},
        "servers": 1,
        "service_mean_s": {"chat": 0.03, "embed": 0.001},
        "memory_gib": 24.0,
    }
    return Offer(name=name, **(values | changes))


@pytest.mark.parametrize("share", [0.5, 0.01, 0.0001])
def test_each_class_waits_as_the_queue_says_however_rare_it_is(share):
    """One server: E[W] = sum_b lambda_b E[S_b^2] / 2 / (1 - rho), for every class alike (Pollaczek and Khinchine)."""
    rates = {"chat": 20 * share, "embed": 400 * (1 - share)}
    mean_s = machine().service_mean_s
    load = sum(rate * mean_s[name] for name, rate in rates.items())
    wait_s = sum(rate * 2 * mean_s[name] ** 2 for name, rate in rates.items()) / 2 / (1 - load)
    flows = {(0, name): rate for name, rate in rates.items()}
    found = simulate(flows, [machine()], [1], replace(OWN, requests=200_000))
    for name in rates:
        assert found.by_class[name].response_s.mean == pytest.approx(wait_s + mean_s[name], rel=0.1)
    assert found.utilisation == pytest.approx(load)


def test_what_shares_no_machine_does_not_wait_for_each_other():
    apart = {(0, "chat"): 20.0, (1, "embed"): 400.0}
    found = simulate(apart, [machine("a"), machine("b")], [1, 1], replace(OWN, requests=200_000))
    assert found.by_class["chat"].response_s.mean == pytest.approx(0.03 / (1 - 0.6), rel=0.06)
    assert found.by_class["embed"].response_s.mean == pytest.approx(0.001 / (1 - 0.4), rel=0.06)
    both_s = (20 * 0.03 / 0.4 + 400 * 0.001 / 0.6) / 420
    assert found.percentiles.response_s.mean == pytest.approx(both_s, rel=0.1)


def test_a_class_with_a_load_factor_loads_its_machine_by_so_much_more():
    plain = simulate({(0, "chat"): 10.0}, [machine()], [1], OWN)
    loaded = simulate({(0, "chat"): 10.0}, [machine(load_factor={"chat": 2.0})], [1], OWN)
    assert loaded.utilisation == pytest.approx(2 * plain.utilisation)
    assert loaded.by_class["chat"].response_s.p99 > plain.by_class["chat"].response_s.p99


def test_without_objectives_of_their_own_classes_are_not_told_apart():
    found = simulate({(0, "chat"): 1.0, (0, "embed"): 1.0}, [machine()], [1], Proof(requests=50_000))
    assert found.by_class == {}


@pytest.mark.parametrize(
    ("served", "groups"),
    [
        ([{"a"}, {"b"}, {"c"}], [("a",), ("b",), ("c",)]),
        ([{"a", "c"}, {"b"}], [("a", "c"), ("b",)]),
        ([{"a", "b"}, {"b", "c"}], [("a", "b", "c")]),
    ],
)
def test_classes_that_meet_on_a_machine_are_looked_at_together(served, groups):
    offers = [machine(capacity_rps=dict.fromkeys(sorted(names), 1.0)) for names in served]
    own = Proof(objectives={"a": Objective(p99=1)})
    assert sorted(classes_apart(("a", "b", "c"), offers, own)) == groups
    assert classes_apart(("a", "b", "c"), offers, Proof()) == [("a", "b", "c")]


def problem(**changes):
    values = {
        "demand": Demand.of_classes({"chat": 4, "embed": 40}),
        "offers": (machine(service_mean_s={"chat": 0.01, "embed": 0.001}),),
        "models": (CHAT, EMBED),
        "proof": OWN,
    }
    return Problem(**(values | changes))


def test_each_class_is_held_against_its_own_objective():
    found = plan(problem(), explained=False)
    assert found.verification.status == "met"
    assert found.verification.objectives == OWN.objectives
    (scenario,) = found.verification.rounds[0].scenarios
    chat, embed = scenario.classes
    assert (chat.request_class, chat.offered_rps, chat.met) == ("chat", pytest.approx(4), True)
    assert (embed.request_class, embed.offered_rps, embed.met) == ("embed", pytest.approx(40), True)
    assert embed.response_s.p99 < chat.response_s.p99


def test_models_are_kept_apart_where_one_waits_too_long_for_the_other():
    slow = machine(service_mean_s={"chat": 0.25, "embed": 0.001}, capacity_rps={"chat": 2.0, "embed": 400.0})
    asked = problem(offers=(slow,), demand=Demand.of_classes({"chat": 0.5, "embed": 40}))
    found = plan(asked, explained=False)
    assert found.verification.status == "met"
    assert sorted(item.offer for item in found.fleet) == ["m with chat", "m with embed"]
    assert found.usd_per_month == found.apart_usd_per_month
    assert found.notes[0].startswith("each model has machines of its own: ")
    assert plan(asked).marginal is not None


def test_every_model_is_simulated_at_its_own_busiest_hour():
    tight = machine(memory_gib=14.0, service_mean_s={"chat": 0.01, "embed": 0.001})
    demand = Demand(classes=("chat", "embed"), rps=((18.0, 10.0), (1.0, 10.0), (1.0, 390.0)))
    found = plan(problem(offers=(tight,), demand=demand), explained=False)
    assert [scenario.hour for scenario in found.verification.rounds[0].scenarios] == [0, 2]


def test_only_the_capacities_for_a_model_that_misses_are_tightened():
    hopeful = machine(
        memory_gib=14.0, service_mean_s={"chat": 0.1, "embed": 0.001}, capacity_rps={"chat": 9.5, "embed": 400.0}
    )
    demand = Demand.of_classes({"chat": 18, "embed": 390})
    found = plan(problem(offers=(hopeful,), demand=demand), explained=False)
    first, *_, last = found.verification.rounds
    assert found.verification.status == "met"
    assert {times.request_class: times.met for times in first.scenarios[0].classes} == {"chat": False, "embed": True}
    assert last.capacity_scale == last.capacity_scales["chat"] < last.capacity_scales["embed"] == 1
    assert {item.offer: item.count for item in found.fleet}["m with embed"] == 1


def test_a_plan_without_any_limit_on_response_time_is_not_simulated():
    unlimited = Proof(objectives={"chat": Objective(errors=0.1), "embed": Objective()})
    found = plan(problem(proof=unlimited), explained=False)
    assert found.verification.status == "not_simulated"
    assert "limits no response time" in found.verification.reason
