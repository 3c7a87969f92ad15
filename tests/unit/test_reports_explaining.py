"""What more or less would cost, in words and pictures: what binds, what was not chosen, where there is no fleet."""

from dataclasses import replace

import pytest

from aiops_planner.explanations import BindingLimit, CostPoint
from aiops_planner.plans import LeftOut, Marginal, Plan
from aiops_reports.charts import plan_charts, png_files, to_png, to_svg
from aiops_reports.explaining import explanation
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.summary import plan_rows
from support.reports_samples import sample_plan, sample_report

QUOTA = BindingLimit(
    limit="the quota of 64 vCPUs for aws/*", unit="vCPU", allowed=64, used=60, saves_usd_per_month_per_unit=3.25
)
BUDGET = BindingLimit(
    limit="the budget of 200 USD/month", unit="USD/month", allowed=200, used=192, saves_usd_per_month_per_unit=0.0
)
SPOT = BindingLimit(
    limit="the spot share of at most 30 %",
    unit="percentage point",
    allowed=30,
    used=27.7,
    saves_usd_per_month_per_unit=0.34,
)


def points(*costs: float | None) -> tuple[CostPoint, ...]:
    """Points at factors from 0.5 on; no cost is no fleet."""
    return tuple(
        CostPoint(
            factor=0.5 + 0.25 * number,
            usd_per_month=cost,
            lp_usd_per_month=None if cost is None else 0.9 * cost,
            status="infeasible" if cost is None else "feasible" if number == 1 else "optimal",
        )
        for number, cost in enumerate(costs)
    )


def explained_plan() -> Plan:
    plan = sample_plan()
    cost = plan.usd_per_month
    return replace(
        plan,
        marginal=Marginal(
            demand_plus_1_percent_usd_per_month=0.0,
            lp_usd_per_month_per_percent=1.91,
            objective_minus_10_percent_usd_per_month=24.0,
        ),
        cost_by_demand=points(100.0, 150.0, cost, 240.0, 290.0, None, None),
        cost_by_objective=points(None, 230.0, cost, 180.0),
        binding_limits=(QUOTA, BUDGET, SPOT),
        rejected=(
            LeftOut(reason="dearer per request than any machine of the fleet, by 6 %", count=7, examples=("x",)),
        ),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"marginal": None, "binding_limits": ()}, ()),
        (
            {"marginal": Marginal(demand_plus_1_percent_usd_per_month=None), "binding_limits": ()},
            ("No fleet within the limits carries 1 % more demand, or none was proven the cheapest.",),
        ),
        (
            {"binding_limits": (QUOTA, BUDGET, SPOT)},
            (
                "1 % more demand costs $0/month in whole machines, $1.91/month if machines could be divided.",
                "Limits on response time that are 10 % tighter cost $24.00/month more.",
                "The quota of 64 vCPUs for aws/* costs money: one vCPU more would save $3.25/month if machines "
                "could be divided; whole machines use 60.",
                "The budget of 200 USD/month binds ($192/month used), but more of it would save nothing.",
                "The spot share of at most 30 % costs money: one percentage point more would save $0.3400/month "
                "if machines could be divided; whole machines use 27.7 %.",
            ),
        ),
    ],
)
def test_what_a_little_more_costs_and_what_binds_are_sentences(changes: dict, said: tuple[str, ...]) -> None:
    assert explanation(replace(explained_plan(), **changes)) == said


def test_the_page_and_the_comment_carry_the_explanation() -> None:
    report = replace(sample_report(), plan=explained_plan())
    page, comment = render_page(report), render_comment(report)
    for text in (page, comment):
        assert "one vCPU more would save $3.25/month" in text
    assert "Not chosen" in page
    assert "by 6 %" in page
    assert page.count("<svg") == page.count("</svg>") == 6
    assert next(row.value for row in plan_rows(explained_plan()) if row.label == "Limit").startswith(QUOTA.limit)


def test_the_curves_are_charts_that_show_the_plan_and_where_there_is_no_fleet() -> None:
    _, by_demand, by_objective = plan_charts(explained_plan())
    assert (by_demand.name, by_objective.name) == ("cost-by-demand", "cost-by-objective")
    assert "no fleet at 175 %" in by_demand.alt
    for chart in (by_demand, by_objective):
        drawn = to_svg(chart)
        for words in ("this plan $192", "whole machines", "if machines could be divided", "no fleet meets this"):
            assert words in drawn
        assert to_png(chart).startswith(b"\x89PNG")
    names = [name for name, _ in png_files(replace(sample_report(), plan=explained_plan()))]
    assert names[-2:] == ["cost-by-demand.png", "cost-by-objective.png"]


def test_a_curve_without_a_single_fleet_beside_the_plan_is_still_drawn() -> None:
    plan = replace(explained_plan(), cost_by_demand=points(None, None, 192.0, None), cost_by_objective=())
    assert "no fleet meets this" in to_svg(plan_charts(plan)[1])
