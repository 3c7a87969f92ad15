"""Plans for several models as reports show them: what is hosted where, each objective, and what sharing saves."""

from dataclasses import replace

import pytest

from aiops_planner import Demand, HostedModel, Objective, Offer, Problem, Proof, plan
from aiops_reports import simulations, wording
from aiops_reports.document import from_json, to_json
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.record import CommitReport
from aiops_reports.summary import plan_rows
from support.reports_samples import sample_report


@pytest.fixture(scope="module")
def shared():
    gpu = Offer(
        name="g6.xlarge",
        prices_usd_per_hour={"on_demand": 0.8},
        capacity_rps={"chat": 20.0, "embed": 400.0},
        memory_gib=24,
        servers=4,
        service_mean_s={"chat": 0.05, "embed": 0.005},
    )
    proof = Proof(objectives={"chat": Objective(p99=2.0), "embed": Objective(p99=0.1)}, requests=20_000)
    models = (HostedModel(name="chat", memory_gib=14), HostedModel(name="embed", memory_gib=2))
    demand = Demand.of_classes({"chat": 5, "embed": 50})
    return plan(Problem(demand=demand, offers=(gpu,), models=models, proof=proof))


def test_the_fleet_names_the_models_on_each_machine(shared):
    assert "1 × g6.xlarge with chat and embed" in wording.fleet(shared)
    (item,) = shared.fleet
    assert "chat 20.0/s, embed 400/s" in wording.carries(item, shared)


def test_the_summary_says_what_keeping_the_models_apart_would_cost(shared):
    rows = {row.label: row.value for row in plan_rows(shared)}
    assert rows["Kept apart"] == "$1,168/month with machines of its own for each model"
    assert ("each model on machines of its own", pytest.approx(1168)) in wording.other_fleets(shared)
    alone = replace(shared, apart_usd_per_month=None)
    assert "Kept apart" not in {row.label for row in plan_rows(alone)}


def test_the_simulation_holds_each_model_against_its_own_objective(shared):
    said = simulations.sentence(shared.verification)
    assert said.startswith("meets chat p99 ≤ 2 s and embed p99 ≤ 100 ms at the busiest hour")
    rows = simulations.table(shared)
    assert [row[:2] for row in rows] == [
        ("at the busiest hour, chat", "5.00/s"),
        ("at the busiest hour, embed", "50.0/s"),
    ]
    assert all(len(row) == len(simulations.HEADS) for row in rows)


def test_a_model_that_misses_is_marked(shared):
    proven = shared.verification
    (scenario,) = proven.rounds[0].scenarios
    chat, embed = scenario.classes
    missed = replace(scenario, met=False, classes=(replace(chat, met=False), embed))
    rounds = (replace(proven.rounds[0], scenarios=(missed,)),)
    rows = simulations.table(replace(shared, verification=replace(proven, rounds=rounds)))
    assert [row[0] for row in rows] == ["at the busiest hour, chat (misses)", "at the busiest hour, embed"]


def test_capacities_that_were_tightened_for_one_model_are_told_by_model(shared):
    proven = shared.verification
    (first,) = proven.rounds
    last = replace(first, capacity_scale=0.8, capacity_scales={"chat": 0.8, "embed": 1.0})
    twice = replace(proven, rounds=(first, last))
    assert "every capacity is taken at 80 % (chat) and 100 % (embed) of what was stated" in simulations.sentence(twice)
    label = simulations.table(replace(shared, verification=twice))[-1][0]
    assert label == "round 2, capacities at 80 % (chat) and 100 % (embed), at the busiest hour, embed"


def test_comment_and_page_show_models_and_objectives(shared):
    report = replace(sample_report(), plan=shared)
    for text in (render_comment(report), render_page(report)):
        assert "g6.xlarge with chat and embed" in text
        assert "each model on machines of its own" in text.lower()
        assert "at the busiest hour, embed" in text.lower()


def test_the_record_brings_hosted_models_and_their_times_back(shared):
    report = replace(sample_report(), plan=shared)
    assert from_json(to_json(report), CommitReport, "report.json").plan == shared
