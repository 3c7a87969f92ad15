"""The drawing of what the fleet costs along the demand and along the objective."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from aiops_planner.explanations import CostPoint
from aiops_planner.plans import Plan
from aiops_reports import chart_style as style
from aiops_reports import formatting


def draw_cost_by_demand(figure: Figure, plan: Plan) -> None:
    """USD a month over requests/s at the peak."""
    peak = plan.demand.peak_rps
    axes = _draw(figure, plan.cost_by_demand, x_label="requests/s at the peak", x_of=lambda factor: factor * peak)
    style.number_axis(axes, "x", formatting.tick)


def draw_cost_by_objective(figure: Figure, plan: Plan) -> None:
    """USD a month over the limits on response time, as a share of what was asked for."""
    factors = [point.factor for point in plan.cost_by_objective]
    label = "limits on response time, as a share of those that were asked for"
    axes = _draw(figure, plan.cost_by_objective, x_label=label, x_of=lambda factor: factor)
    axes.xaxis.set_major_locator(FixedLocator(factors))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda factor, _: formatting.percent(factor)))


def _draw(figure: Figure, points: Sequence[CostPoint], *, x_label: str, x_of: Callable[[float], float]) -> Axes:
    """Whole machines as a line, machines that could be divided below it, the plan, and where there is no fleet."""
    axes = figure.add_subplot()
    style.plain_axes(axes, x_label=x_label, y_label="USD/month")
    whole = [(x_of(point.factor), point.usd_per_month, point.status) for point in points]
    found = [(x, usd, status == "optimal") for x, usd, status in whole if usd is not None]
    divided = [(x_of(point.factor), point.lp_usd_per_month) for point in points]
    linear = [(x, usd) for x, usd in divided if usd is not None]
    axes.plot([x for x, _, _ in found], [usd for _, usd, _ in found], "o-", color=style.BLUE, label="whole machines")
    doubtful = [(x, usd) for x, usd, proven in found if not proven]
    _plot(axes, doubtful, "o", color=style.BLUE, markerfacecolor=style.SURFACE, label="not proven the cheapest")
    _plot(axes, linear, "--", color=style.SLATE, label="if machines could be divided")
    _mark_the_plan(axes, points, x_of)
    _mark_no_fleet(axes, points, x_of)
    highest = max([*(usd for _, usd, _ in found), *(usd for _, usd in linear)], default=1.0)
    axes.set_ylim(0, 1.18 * highest or 1)
    margin = 0.04 * (x_of(points[-1].factor) - x_of(points[0].factor))
    axes.set_xlim(x_of(points[0].factor) - margin, x_of(points[-1].factor) + margin)
    style.number_axis(axes, "y", lambda usd: f"${formatting.tick(usd)}")
    style.legend(figure, axes, columns=3)
    return axes


def _mark_the_plan(axes: Axes, points: Sequence[CostPoint], x_of: Callable[[float], float]) -> None:
    for point in points:
        if point.factor == 1 and point.usd_per_month is not None:
            at = (x_of(1), point.usd_per_month)
            axes.plot(*at, "o", color=style.VERMILION, markersize=7, zorder=5)
            rising = (points[-1].usd_per_month or point.usd_per_month) >= point.usd_per_month
            placing = {"xytext": (-6, 9), "ha": "right"} if rising else {"xytext": (6, 9), "ha": "left"}
            style.tag(axes, f"this plan {formatting.money(point.usd_per_month)}", at, **placing)


def _mark_no_fleet(axes: Axes, points: Sequence[CostPoint], x_of: Callable[[float], float]) -> None:
    for status, text in (("infeasible", "no fleet meets this"), ("unknown", "not found in time")):
        where = [x_of(point.factor) for point in points if point.status == status]
        _plot(axes, [(x, 0.0) for x in where], "x", color=style.MUTED, clip_on=False, label=text)


def _plot(axes: Axes, pairs: Sequence[tuple[float, float]], line: str, **look: Any) -> None:
    """A line or marks through pairs; nothing, not even a word in the legend, without any."""
    if pairs:
        axes.plot([x for x, _ in pairs], [y for _, y in pairs], line, markersize=6, **look)
