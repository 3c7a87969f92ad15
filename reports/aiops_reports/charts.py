"""The charts of a report: which there are, what each is called, and their bytes. matplotlib's object interface only."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256

from aiops_planner.explanations import CostPoint
from aiops_planner.plans import Plan
from aiops_reports import formatting, wording
from aiops_reports.chart_marks import is_drawable
from aiops_reports.chart_style import Chart, to_png, to_svg
from aiops_reports.cost_chart import draw_cost, draw_hours, height_inches
from aiops_reports.curve_charts import draw_operating_curve, draw_power
from aiops_reports.plan_curves import draw_cost_by_demand, draw_cost_by_objective
from aiops_reports.record import BenchmarkResult, CommitReport
from aiops_reports.time_charts import draw_percentiles, draw_stream_times, has_stream_times

__all__ = ["Chart", "benchmark_charts", "plan_charts", "png_files", "to_png", "to_svg"]


def benchmark_charts(result: BenchmarkResult) -> tuple[Chart, ...]:
    """Operating curve, power, percentiles, and times of streamed answers; none when no load point was answered."""
    if not any(is_drawable(point) for point in result.load_points):
        return ()
    amount = formatting.count(len(result.load_points), "load point")
    knee = "no knee was found"
    if result.knee is not None:
        at = f"{formatting.rate(result.knee.throughput_rps)} and {formatting.duration(result.knee.response_s)}"
        knee = f"the knee is at {at}"
    capacity = wording.capacity(result.capacity)
    slug, subject = file_name(result.name), textwrap.shorten(result.name, 60, placeholder="…")
    return (
        Chart(
            name=f"{slug}-operating-curve",
            title="Operating curve",
            subject=subject,
            alt=f"Response time against throughput of {result.name} at {amount}; {knee}; capacity {capacity}.",
            height_inches=4.1,
            draw=partial(draw_operating_curve, result=result),
        ),
        Chart(
            name=f"{slug}-power",
            title="Power over load",
            subject=subject,
            alt=f"Power P = S/T of {result.name} against requests in flight at {amount}; {knee}.",
            height_inches=3.2,
            draw=partial(draw_power, result=result),
        ),
        Chart(
            name=f"{slug}-percentiles",
            title="Response time by load",
            subject=subject,
            alt=f"Percentiles of the response time of {result.name} at {amount}; those not resolved are not drawn.",
            height_inches=3.4,
            draw=partial(draw_percentiles, result=result),
        ),
        *_stream_charts(result, slug, subject),
    )


def _stream_charts(result: BenchmarkResult, slug: str, subject: str) -> Iterator[Chart]:
    if has_stream_times(result):
        yield Chart(
            name=f"{slug}-streams",
            title="Streamed answers by load",
            subject=subject,
            alt=f"Time to first token and time per output token of {result.name} over the load.",
            height_inches=3.4,
            draw=partial(draw_stream_times, result=result),
        )


def plan_charts(plan: Plan) -> tuple[Chart, ...]:
    """Cost by fleet, by hour, and along demand and objective, as far as known; none for a plan that rents nothing."""
    if not plan.fleet:
        return ()
    demand = formatting.rate(plan.demand.peak_rps)
    others = [f"{name} {formatting.money(cost, missing='impossible')}" for name, cost in wording.other_fleets(plan)]
    beside = f"; beside it {formatting.joined(others)}" if others else ""
    by_fleet = Chart(
        name="cost",
        title="Cost by fleet",
        subject=demand,
        alt=f"Monthly cost of this plan, {formatting.money(plan.usd_per_month)}{beside}.",
        height_inches=height_inches(plan),
        draw=partial(draw_cost, plan=plan),
    )
    return by_fleet, *_hourly_charts(plan, demand), *_curve_charts(plan, demand)


def _hourly_charts(plan: Plan, demand: str) -> Iterator[Chart]:
    if len(plan.demand.rps) == 1:
        return
    hours, mean = len(plan.demand.rps), formatting.money(plan.usd_per_hour, "hour")
    yield Chart(
        name="cost-by-hour",
        title="Cost by hour",
        subject=f"up to {demand}",
        alt=f"Demand and cost in each of {hours} hours, {mean} on average.",
        height_inches=3.8,
        draw=partial(draw_hours, plan=plan),
    )


def _curve_charts(plan: Plan, demand: str) -> Iterator[Chart]:
    """The cost along the demand and along the objective, where more than the plan itself is known of them."""
    if len(plan.cost_by_demand) > 1:
        costs = _along(plan.cost_by_demand)
        yield Chart(
            name="cost-by-demand",
            title="Cost against demand",
            subject=f"around {demand}",
            alt=f"Monthly cost of the cheapest fleet at shares and multiples of {demand}: {costs}.",
            height_inches=3.4,
            draw=partial(draw_cost_by_demand, plan=plan),
        )
    if len(plan.cost_by_objective) > 1:
        costs = _along(plan.cost_by_objective)
        yield Chart(
            name="cost-by-objective",
            title="Cost against the objective",
            subject=demand,
            alt=f"Monthly cost of the cheapest fleet with the limits on response time multiplied: {costs}.",
            height_inches=3.4,
            draw=partial(draw_cost_by_objective, plan=plan),
        )


def _along(points: Sequence[CostPoint]) -> str:
    return formatting.joined(
        [f"{formatting.money(p.usd_per_month, missing='no fleet')} at {formatting.percent(p.factor)}" for p in points]
    )


def png_files(report: CommitReport) -> Iterator[tuple[str, bytes]]:
    """Every chart of a report as (file name, PNG), drawn one by one."""
    charts = [chart for result in report.benchmarks for chart in benchmark_charts(result)]
    if isinstance(report.plan, Plan):
        charts += plan_charts(report.plan)
    for chart in charts:
        yield f"{chart.name}.png", to_png(chart)


def file_name(text: str) -> str:
    """A name for a file: the text itself when it is fit, else its letters and digits and six digits of its hash."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    if slug and slug == text:
        return slug
    digits = sha256(text.encode("utf-8", "replace")).hexdigest()[:6]  # keeps names apart that look alike
    return f"{slug or 'benchmark'}-{digits}"
