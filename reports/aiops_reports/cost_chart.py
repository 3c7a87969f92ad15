"""The drawing of a plan: what each part of the fleet costs, beside the fleets it was chosen over."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aiops_planner.plans import HOURS_PER_MONTH, FleetItem, Plan
from aiops_reports import chart_style as style
from aiops_reports import formatting, wording

MAX_ITEMS = 8

_CLOUD_COLOURS = {"aws": style.AMBER, "gcp": style.BLUE}


def height_inches(plan: Plan) -> float:
    """Room for one bar a fleet, one a fleet item, the axis and the legend."""
    return 1.5 + 0.36 * (1 + min(len(plan.fleet), MAX_ITEMS + 1) + len(wording.other_fleets(plan)))


def draw_cost(figure: Figure, plan: Plan) -> None:
    """USD a month: this plan, below it its items where they stand in the sum, then the fleets it was chosen over."""
    axes = figure.add_subplot()
    style.plain_axes(axes, x_label="USD/month", y_label="", grid="x")
    others = wording.other_fleets(plan)
    longest = max([plan.usd_per_month, *(cost for _, cost in others if cost)]) or 1.0
    axes.set_xlim(0, longest * 1.16)
    labels = ["this plan", *_draw_fleet(axes, plan)]
    _write_total(axes, 0, plan.usd_per_month, weight="bold")
    for row, (name, cost) in enumerate(others, start=len(labels)):
        labels.append(name)
        if cost is None:
            axes.text(longest * 0.008, row, "no such fleet meets the target", va="center", color=style.MUTED)
        else:
            axes.barh(row, cost, height=0.6, color=style.SLATE, alpha=0.55)
            _write_total(axes, row, cost)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", colors=style.INK)
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_ylim(len(labels) - 0.5, -0.5)
    style.number_axis(axes, "x", lambda usd: f"${formatting.tick(usd)}")
    style.legend(figure, axes)


def draw_hours(figure: Figure, plan: Plan) -> None:
    """The demand of each hour and below it what the fleet of that hour costs, coloured by cloud."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    hours = range(len(plan.demand.rps) + 1)
    style.plain_axes(above, x_label="", y_label="requests/s")
    above.stairs([sum(rates) for rates in plan.demand.rps], hours, baseline=None, color=style.INK, linewidth=1.6)
    above.set_ylim(bottom=0)
    style.number_axis(above, "y", formatting.tick)
    style.plain_axes(below, x_label="hour of the demand", y_label="USD/hour")
    base = [0.0] * len(plan.demand.rps)
    for cloud in sorted({item.cloud or "" for item in plan.fleet}):
        cost = _hourly_cost(plan, cloud)
        top = [under + more for under, more in zip(base, cost, strict=True)]
        colour = _CLOUD_COLOURS.get(cloud, style.GREEN)
        below.stairs(top, hours, baseline=base, fill=True, color=colour, label=wording.cloud(cloud))
        base = top
    below.set_ylim(0, 1.15 * max(base) or 1)
    below.set_xlim(0, len(plan.demand.rps))
    style.number_axis(below, "y", lambda usd: f"${formatting.tick(usd)}")
    below.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 3, 4, 6, 10]))
    style.legend(figure, below)


def _hourly_cost(plan: Plan, cloud: str) -> list[float]:
    """USD in each hour for the machines of one cloud; a count that does not name every hour holds for all."""
    items = [item for item in plan.fleet if (item.cloud or "") == cloud]
    return [
        sum(item.count_by_hour[hour % len(item.count_by_hour)] * item.unit_usd_per_hour for item in items)
        for hour in range(len(plan.demand.rps))
    ]


def _draw_fleet(axes: Axes, plan: Plan) -> list[str]:
    """The sum in one bar and each item in a thin one below its part of the sum; returns the names of the thin bars."""
    start, named, labels = 0.0, set[str](), []
    items = sorted(plan.fleet, key=lambda item: (item.cloud or "", -item.usd_per_hour))
    for row, item in enumerate(items, start=1):
        cost = item.usd_per_hour * HOURS_PER_MONTH
        cloud = wording.cloud(item.cloud)
        colour = _CLOUD_COLOURS.get(item.cloud or "", style.GREEN)
        look: dict[str, Any] = {"left": start, "color": colour, "edgecolor": style.SURFACE, "linewidth": 1.0}
        axes.barh(0, cost, height=0.6, label=None if cloud in named else cloud, **look)
        named.add(cloud)
        start += cost
        if row <= MAX_ITEMS:
            axes.barh(row, cost, height=0.3, **look)
            _write_total(axes, row, cost, at_usd=start)
            labels.append(_name(item))
    hidden = items[MAX_ITEMS:]
    if hidden:
        cost = sum(item.usd_per_hour for item in hidden) * HOURS_PER_MONTH
        axes.barh(MAX_ITEMS + 1, cost, left=start - cost, height=0.3, color=style.SLATE)
        _write_total(axes, MAX_ITEMS + 1, cost, at_usd=start)
        labels.append(f"{len(hidden)} more")
    return labels


def _name(item: FleetItem) -> str:
    offer = item.offer if len(item.offer) <= 24 else f"{item.offer[:23]}…"
    return f"{wording.machines(item)} × {offer}, {wording.PURCHASES[item.purchase]}"


def _write_total(axes: Axes, row: int, usd: float, *, at_usd: float | None = None, weight: str = "normal") -> None:
    at = (usd if at_usd is None else at_usd, row)
    text = formatting.money(usd)
    placing: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, at, color=style.INK, weight=weight, **placing)
