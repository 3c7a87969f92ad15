"""What the drawings of a benchmark share: its two loops, and the marks for invalid points, knee, limits, intervals."""

from collections.abc import Callable, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from aiops_planner.performance import Interval, LoadPoint
from aiops_reports import chart_style as style
from aiops_reports import formatting, wording

Mode = Literal["closed", "open"]
LOOPS: dict[Mode, tuple[str, str]] = {
    "closed": ("closed loop", style.BLUE),
    "open": ("open loop", style.VERMILION),
}
_MAX_LABELS = 8


def answered(points: Sequence[LoadPoint], mode: Mode) -> list[LoadPoint]:
    """The points of one loop that have response times, in order of their load."""
    return [point for point in wording.by_load(points) if point.mode == mode and is_drawable(point)]


def is_drawable(point: LoadPoint) -> bool:
    """Whether a point has a mean response time that a logarithmic axis can show."""
    return point.response_s is not None and point.response_s.mean > 0


def mean(point: LoadPoint) -> float:
    """The mean response time, NaN where nothing was answered."""
    return point.response_s.mean if point.response_s is not None else float("nan")


def mark_invalid(
    axes: Axes, points: Sequence[LoadPoint], place: Callable[[LoadPoint], tuple[float | None, float]]
) -> None:
    """Hollow crossed marks, joined to nothing: these points decided nothing."""
    places = [place(point) for point in points if not point.valid and is_drawable(point)]
    known = [at for at in places if at[0] is not None]
    if known:
        axes.plot(
            *zip(*known, strict=True),
            "X",
            color="none",
            markeredgecolor=style.SLATE,
            markersize=8,
            label="invalid",
            zorder=4,
        )


def mark_knee(axes: Axes, at: tuple[float, float], note: str, *, below: bool, reach: float = 0.0) -> None:
    """A ring around the knee and a note beside it; nothing where it lies outside of the axes.

    A note above stands over `reach` where that is higher, the upper end of an interval.
    """
    if not axes.viewLim.contains(*at):
        return
    axes.plot(*at, "o", color="none", markeredgecolor=style.INK, markeredgewidth=1.5, markersize=12, zorder=5)
    share = axes.transAxes.inverted().transform(axes.transData.transform(at))[0]
    place = (at[0], max(at[1], reach))
    style.tag(axes, note, place, xytext=(0, -17 if below else 12), ha=side(share), va="top" if below else "bottom")


def mark_limits(axes: Axes, limits: Sequence[tuple[str, float]]) -> None:
    """A dashed line at every limit of the objective that lies within the axes."""
    low, high = axes.get_ylim()
    for name, seconds in limits:
        if low < seconds < high:
            axes.axhline(seconds, color=style.GREEN, linewidth=1.3, linestyle=(0, (5, 3)), zorder=2)
            note = f"objective {name} ≤ {formatting.limit(seconds)}"
            placing = {"xycoords": ("axes fraction", "data"), "xytext": (4, 3), "va": "bottom", "color": style.GREEN}
            style.tag(axes, note, (0.0, seconds), **placing, bbox=None, zorder=2.5)  # data may stand before it


def band(axes: Axes, interval: Interval | None, colour: str, label: str) -> None:
    """An interval of the horizontal axis as a shade over the whole height; an open end reaches the edge."""
    if interval is None:
        return
    left, right = axes.get_xlim()
    low = left if interval.low is None else max(left, interval.low)
    high = right if interval.high is None else min(right, interval.high)
    if low < high:
        axes.axvspan(low, high, color=colour, alpha=0.13, linewidth=0, zorder=1, label=label)


def side(share: float) -> str:
    """Which end of a note stands at a mark, so that it stays inside the axes; `share` is the mark's place on them."""
    return "left" if share < 0.15 else "right" if share > 0.85 else "center"


def load_axis(axes: Axes, loads: Sequence[float]) -> None:
    """Doubling loads at equal distances, labelled at powers of two."""
    low, high = min(loads) / 1.25, max(loads) * 1.25
    axes.set_xlim(low, high)  # first, or the scale would look for limits among loads that may all be zero
    axes.set_xscale("log", base=2)
    powers = [2.0**exponent for exponent in range(-20, 31) if low <= 2.0**exponent <= high]
    step = -(-len(powers) // _MAX_LABELS) or 1
    ticks = powers[::step] or [loads[0]]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [formatting.tick(tick) for tick in ticks])
