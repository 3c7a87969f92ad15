"""What a commit costs, in words: no more is claimed than was measured and proven."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from aiops_planner.cost_change import CommitCost, CommitFleet, CostDifference
from aiops_planner.performance import Interval
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import commit_costs
from aiops_reports.document import from_json, to_json
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.summary import plan_rows
from aiops_toolkit.cli.results import show_plan
from support.reports_samples import infeasible_report, sample_plan, sample_report

BEFORE = CommitFleet(
    name="1a2b3c4d5e6f",
    status="optimal",
    usd_per_month=1000.0,
    usd_per_month_range=Interval(low=950.0, high=1100.0),
    lower_bound_usd_per_month=1000.0,
    lp_usd_per_month=980.0,
    lp_usd_per_month_ci=Interval(low=940.0, high=1030.0),
    machines=4,
    capacity_rps=690.0,
    capacity_share=Interval(low=0.95, high=1.04),
)
AFTER = replace(
    BEFORE, name="6f5e4d3c2b1a", usd_per_month=1250.0, lp_usd_per_month=1194.0, machines=5, capacity_rps=566
)
DEARER = CommitCost(
    before=BEFORE,
    after=AFTER,
    whole_machines=CostDifference(usd_per_month=250.0, share=0.25, ci=Interval(low=-30.0, high=420.0)),
    marginal=CostDifference(usd_per_month=214.0, share=0.2184, ci=Interval(low=120.0, high=310.0)),
    solver_range=Interval(low=250.0, high=250.0),
    least_machine_usd_per_month=73.0,
    notes=("memory differs",),
)
NOTHING = CostDifference(usd_per_month=0.0, share=0.0)
NO_FLEET = CommitFleet(status="infeasible", reasons=("the budget of 730 USD/month is too tight",))


def marginal(usd: float, low: float | None, high: float | None) -> CostDifference:
    return CostDifference(usd_per_month=usd, share=usd / 980, ci=Interval(low=low, high=high))


SENTENCES = [
    (
        DEARER,
        "this commit costs $214/month more (21.8 %) if machines could be divided (95 %: +$120 to +$310), "
        "and $250/month more (25 %) in whole machines",
    ),
    (
        replace(DEARER, marginal=marginal(-214.0, None, -20.0), whole_machines=marginal(-250.0, None, None)),
        "this commit costs $214/month less (21.8 %) if machines could be divided (95 %: at most -$20.00)",
    ),
    (
        replace(DEARER, marginal=marginal(40.0, 12.0, 70.0), whole_machines=NOTHING),
        "this commit costs $40.00/month more (4.08 %) if machines could be divided (95 %: +$12.00 to +$70.00); "
        "whole machines cost the same, as it is less than the $73.00/month of one",
    ),
    (
        replace(DEARER, marginal=marginal(90.0, 12.0, 170.0), whole_machines=NOTHING),
        "(95 %: +$12.00 to +$170); whole machines cost the same",
    ),
    (
        replace(DEARER, marginal=marginal(40.0, -12.0, 90.0), whole_machines=NOTHING),
        "the measurements cannot tell whether this commit costs anything: +$40.00/month if machines could be divided "
        "(95 %: -$12.00 to +$90.00); whole machines cost the same",
    ),
    (
        replace(DEARER, solver_range=Interval(low=-10.0, high=300.0)),
        "and $250/month more (25 %) in whole machines, which the solver has not proven",
    ),
    (
        replace(DEARER, marginal=replace(DEARER.marginal, ci=None), no_interval_because="wrk says none"),
        "in whole machines; how sure that is is not known: wrk says none",
    ),
    (
        replace(DEARER, marginal=NOTHING, whole_machines=NOTHING),
        "this commit changes nothing that the fleet is sized by",
    ),
    (replace(DEARER, marginal=None), "was not found in time, and $250/month more (25 %) in whole machines"),
    (
        CommitCost(before=BEFORE, after=NO_FLEET),
        "this commit leaves no fleet that meets the target, which one for $1,000/month did before: the budget of",
    ),
    (
        CommitCost(before=NO_FLEET, after=AFTER),
        "this commit makes a fleet possible, for $1,250/month; before it none met the target: the budget of",
    ),
    (CommitCost(before=NO_FLEET, after=NO_FLEET), "no fleet meets the target, neither before this commit nor after it"),
]


@pytest.mark.parametrize(("cost", "said"), SENTENCES)
def test_the_verdict_is_one_sentence(cost: CommitCost, said: str) -> None:
    assert said in commit_costs.sentence(cost)


def test_the_table_has_before_and_after_and_the_difference_with_its_interval() -> None:
    assert commit_costs.table(DEARER) == (
        ("Whole machines", "$1,000", "$1,250", "+$250 (+25 %)", "-$30.00 to +$420"),
        ("If divided", "$980", "$1,194", "+$214 (+21.8 %)", "+$120 to +$310"),
        ("Machines", "4", "5", "+1", ""),
        ("Measured capacity", "690/s", "566/s", "-18 %", ""),
    )


def test_a_side_without_a_fleet_has_no_difference() -> None:
    rows = commit_costs.table(CommitCost(before=BEFORE, after=NO_FLEET))
    assert rows[0] == ("Whole machines", "$1,000", "no fleet", "–", "–")


@pytest.mark.parametrize(
    ("cost", "judgement"),
    [
        (DEARER, "neutral"),
        (replace(DEARER, marginal=marginal(-214.0, -310.0, -20.0)), "ok"),
        (CommitCost(before=BEFORE, after=NO_FLEET), "bad"),
        (CommitCost(before=NO_FLEET, after=AFTER), "ok"),
        (CommitCost(before=NO_FLEET, after=NO_FLEET), "bad"),
    ],
)
def test_only_what_is_told_to_save_is_praised(cost: CommitCost, judgement: str) -> None:
    rows = list(plan_rows(replace(sample_plan(), commit_cost=cost)))
    assert [row.judgement for row in rows if row.label == "Commit"] == [judgement]


def test_what_is_not_proven_or_not_known_is_remarked() -> None:
    doubtful = replace(DEARER, solver_range=Interval(low=-10.0, high=300.0), no_interval_because="wrk says none")
    assert commit_costs.remarks(doubtful) == (
        "In whole machines the solver left open a difference of -$10.00 to +$300 a month, so its sign is not proven.",
        "No interval: wrk says none.",
        "Memory differs.",
    )


@pytest.mark.parametrize("plan", [sample_plan(), infeasible_report().plan])
def test_comment_page_and_terminal_show_it(plan: Plan | Infeasible) -> None:
    report = replace(sample_report(), plan=replace(plan, commit_cost=DEARER))
    stream = StringIO()
    show_plan(Console(file=stream, width=80), report.plan)
    shown = {"comment": render_comment(report), "page": render_page(report), "terminal": stream.getvalue()}
    for where, text in shown.items():
        assert "What the commit costs, from 1a2b3c4d5e6f to 6f5e4d3c2b1a" in text, where
        assert "+$120 to +$310" in text, where
        assert "Memory differs." in text, where
        assert "were not compared" not in text, where
    assert all(len(line) <= 80 for line in stream.getvalue().splitlines())


def test_pages_of_one_commit_alone_say_nothing_of_it() -> None:
    assert "What the commit costs" not in render_page(sample_report()) + render_comment(sample_report())


def test_it_travels_in_the_json_of_a_plan() -> None:
    plan = replace(sample_plan(), commit_cost=DEARER)
    assert from_json(to_json(plan), Plan, "plan.json") == plan
    assert '"verdict": "dearer"' in to_json(plan)
