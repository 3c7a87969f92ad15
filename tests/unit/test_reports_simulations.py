"""What the reports say of a plan's simulation."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from aiops_planner.performance import Distribution, Interval, Objective
from aiops_planner.plans import Plan
from aiops_planner.proofs import Round, Scenario, Verification
from aiops_reports.document import from_json, to_json
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.simulations import HEADS, sentence, table
from aiops_reports.summary import plan_rows
from aiops_toolkit.cli.results import show_plan
from support.reports_samples import hourly_plan, sample_plan, sample_report

INTACT = Scenario(
    lost=None,
    hour=0,
    offered_rps=2_000.0,
    machines=3,
    utilisation=0.612,
    requests=200_000,
    response_s=Distribution(mean=0.011, p50=0.01, p90=0.02, p95=0.03, p99=0.042),
    intervals={"p99": Interval(low=0.041, high=0.0431)},
    met=True,
)
LOST = replace(INTACT, lost="zone 1 of aws/us-east-1", machines=2, utilisation=0.92)
OVERLOADED = replace(LOST, utilisation=1.3, response_s=None, intervals={}, met=False)
MET = Verification(
    status="met",
    objective=Objective(p99=0.05, errors=0.001),
    rounds=(Round(capacity_scale=1.0, usd_per_month=80.0, scenarios=(INTACT, LOST)),),
)
MISSED_FIRST = Round(capacity_scale=1.0, usd_per_month=70.0, scenarios=(INTACT, OVERLOADED))
TIGHTENED = replace(MET, rounds=(MISSED_FIRST, replace(MET.rounds[0], capacity_scale=0.83)))
MISSED = replace(MET, status="missed", rounds=(MISSED_FIRST,), reason="no fleet within the limits has room")
UNKNOWN = Verification(status="not_simulated", objective=Objective(), reason="of A100 only a capacity is stated")


def with_proof(verification, plan=None):
    return replace(plan or sample_plan(), verification=verification)


@pytest.mark.parametrize(
    ("verification", "words"),
    [
        (
            MET,
            "meets p99 ≤ 50 ms at the busiest hour and without zone 1 of aws/us-east-1 "
            "(Poisson arrivals, machines of a type taken in turn)",
        ),
        (
            replace(TIGHTENED, arrival_scv=4.0, routing="shortest-queue"),
            "meets p99 ≤ 50 ms at the busiest hour and without zone 1 of aws/us-east-1 "
            "(arrivals of squared variation 4, always the machine with the fewest requests); a plan for $70.00/month "
            "missed, so every capacity is taken at 83 % of what was stated or estimated",
        ),
        (
            replace(MISSED, arrival_scv=None, routing="random"),
            "misses p99 ≤ 50 ms without zone 1 of aws/us-east-1 (arrivals of a trace, a machine at random); "
            "no fleet within the limits has room",
        ),
        (UNKNOWN, "not simulated: of A100 only a capacity is stated"),
    ],
)
def test_one_sentence_says_whether_the_simulated_plan_meets_its_objective(verification, words):
    assert sentence(verification) == words


@pytest.mark.parametrize(("verification", "judged"), [(MET, "ok"), (MISSED, "bad"), (UNKNOWN, "neutral")])
def test_a_row_of_the_summary_has_the_verdict(verification, judged):
    row = list(plan_rows(with_proof(verification)))[-1]
    assert (row.label, row.value, row.judgement) == ("Simulation", sentence(verification), judged)


def test_a_plan_from_before_simulations_says_nothing_of_them():
    assert "Simulation" not in [row.label for row in plan_rows(sample_plan())]
    assert table(sample_plan()) == ()
    assert "Simulation" not in render_page(replace(sample_report(), plan=sample_plan()))


def test_every_scenario_of_every_round_is_a_row():
    assert [dict(zip(HEADS, cells, strict=True))["Simulated"] for cells in table(with_proof(TIGHTENED))] == [
        "round 1, capacities at 100 %, at the busiest hour",
        "round 1, capacities at 100 %, without zone 1 of aws/us-east-1 (misses)",
        "round 2, capacities at 83 %, at the busiest hour",
        "round 2, capacities at 83 %, without zone 1 of aws/us-east-1",
    ]
    assert table(with_proof(MISSED))[0][1:] == (
        "2,000/s", "3", "61.2 %", "10.0 ms", "30.0 ms", "42.0 ms", "41.0 ms to 43.1 ms"
    )  # fmt: skip
    assert table(with_proof(MISSED))[1][1:] == ("2,000/s", "2", "130 %", "grows without end", "–", "–", "–")
    assert table(with_proof(UNKNOWN)) == ()


def test_the_hour_is_named_where_hours_differ():
    assert table(with_proof(MET, hourly_plan()))[0][0] == "at the busiest hour, hour 0"


def shown(plan):
    console = Console(file=io.StringIO(), width=80)
    show_plan(console, plan)
    return console.file.getvalue()


def test_the_terminal_shows_the_table_within_80_characters():
    lines = shown(with_proof(TIGHTENED)).splitlines()
    assert sum(line.endswith("42.0 ms  41.0 ms to 43.1 ms") for line in lines) == 3
    assert not any("…" in line for line in lines)
    assert "p95" not in shown(with_proof(UNKNOWN))


def test_the_comment_and_the_page_show_sentence_and_table():
    report = replace(sample_report(), plan=with_proof(MET))
    for text in (render_comment(report), render_page(report)):
        assert "p99 ≤ 50 ms at the busiest hour and without zone 1 of aws/us-east-1" in text
        assert "41.0 ms to 43.1 ms" in text
    assert "<h3>Simulation</h3>" not in render_page(replace(report, plan=with_proof(UNKNOWN)))


@pytest.mark.parametrize("verification", [MET, TIGHTENED, MISSED, UNKNOWN, None])
def test_a_verification_is_read_back_as_it_was_written(verification):
    plan = with_proof(verification)
    assert from_json(to_json(plan), Plan, "plan.json") == plan
