"""Drawings of one benchmark: the operating curve, power over load, and the percentiles at each load point."""

from collections.abc import Callable, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from aiops_planner.performance import PERCENTILES, LoadPoint, Objective, Percentile
from aiops_reports import chart_style as style
from aiops_reports import formatting, wording
from aiops_reports.record import BenchmarkResult

Mode = Literal["closed", "open"]
LOOPS: dict[Mode, tuple[str, str]] = {
    "closed": ("closed loop", style.BLUE),
    "open": ("open loop", style.VERMILION),
}
_TAIL_LINES = (("--", "^"), (":", "s"), ("-.", "D"), ((0, (1, 3)), "v"))  # one for each percentile that may be limited
_MAX_LABELS = 8
_MAX_CHARACTERS = 48  # of all labels below one of two panels


def answered(points: Sequence[LoadPoint], mode: Mode) -> list[LoadPoint]:
    """The points of one loop that have response times, in order of their load."""
    return [point for point in wording.by_load(points) if point.mode == mode and is_drawable(point)]


def is_drawable(point: LoadPoint) -> bool:
    """Whether a point has a mean response time that a logarithmic axis can show."""
    return point.response_s is not None and point.response_s.mean > 0


def draw_operating_curve(figure: Figure, result: BenchmarkResult) -> None:
    """Response time against throughput: mean and the percentiles the objective limits, with knee and capacity."""
    axes = figure.add_subplot()
    style.plain_axes(axes, x_label="throughput S (requests answered/s)", y_label="response time")
    tails = _tails(result.objective)
    times = [time for point in result.load_points for time in _mean_and_tails(point, tails)]
    limits = [seconds for _, seconds in result.objective.limits()]
    shown = [seconds for seconds in limits if 0 < seconds < 30 * max(times)]
    style.time_axis(axes, times + shown, note_below=result.knee is not None)
    for mode in LOOPS:
        _draw_loop(axes, answered(result.load_points, mode), mode, tails)
    _mark_invalid(axes, result.load_points, lambda point: (point.throughput_rps, _mean(point)))
    axes.set_xlim(left=0, right=1.06 * max(point.throughput_rps for point in result.load_points) or 1)
    style.number_axis(axes, "x", formatting.tick)
    _mark_objective(axes, result)
    _mark_capacity(axes, result)
    if result.knee is not None:
        at = (result.knee.throughput_rps, result.knee.response_s)
        note = f"knee {formatting.rate(at[0])}, {formatting.duration(at[1])}"
        _mark_knee(axes, at, note, below=True)
    style.legend(figure, axes)


def draw_power(figure: Figure, result: BenchmarkResult) -> None:
    """Power P = S/T against the mean number of requests in flight; its peak is the knee."""
    axes = figure.add_subplot()
    style.plain_axes(axes, x_label="mean requests in flight", y_label="power P = S/T (1/s²)")
    for mode, (label, colour) in LOOPS.items():
        valid = [point for point in answered(result.load_points, mode) if point.valid and point.mean_concurrency]
        if valid:
            line = "-" if mode == "closed" else ":"
            places = ([point.mean_concurrency or 0.0 for point in valid], [point.power or 0.0 for point in valid])
            axes.plot(*places, line, color=colour, marker="o", markersize=5, linewidth=1.8, label=label)
    _mark_invalid(axes, result.load_points, lambda point: (point.mean_concurrency or 0.0, point.power or 0.0))
    _load_axis(axes, [point.mean_concurrency for point in result.load_points if point.mean_concurrency])
    axes.set_ylim(bottom=0, top=1.18 * max(point.power or 0.0 for point in result.load_points) or 1)
    style.number_axis(axes, "y", formatting.tick)
    if result.knee is not None:
        beyond = "" if result.knee.in_range else ", perhaps beyond"
        note = f"knee {formatting.power(result.knee.power)}{beyond}"
        _mark_knee(axes, (result.knee.concurrency, result.knee.power), note, below=False)
    style.legend(figure, axes)


def draw_percentiles(figure: Figure, result: BenchmarkResult) -> None:
    """The percentiles of the response time at each load point; one panel a loop, one scale for both."""
    modes = [mode for mode in LOOPS if answered(result.load_points, mode)]
    panels = figure.subplots(1, len(modes), sharey=True, squeeze=False)[0]
    for axes, mode in zip(panels, modes, strict=True):
        points = answered(result.load_points, mode)
        asked = "clients" if mode == "closed" else "offered requests/s"
        y_label = "response time" if axes is panels[0] else ""
        style.plain_axes(axes, x_label=f"{LOOPS[mode][0]}: {asked}", y_label=y_label)
        _draw_percentile_panel(axes, points, mode)
    shown = [point for point in result.load_points if is_drawable(point)]
    style.time_axis(panels[0], [time for point in shown for time in _resolved(point)])
    unresolved = [name for name in PERCENTILES if None in _at(shown, name)]
    if unresolved:
        note = f"{formatting.joined(unresolved)} not resolved everywhere: too few requests"
        panels[0].set_title(note, loc="left", fontsize=8.5, color=style.MUTED)
    style.legend(figure, max(panels, key=lambda axes: len(axes.get_legend_handles_labels()[0])), columns=6)


def _draw_loop(axes: Axes, points: list[LoadPoint], mode: Mode, tails: Sequence[Percentile]) -> None:
    label, colour = LOOPS[mode]
    valid = [point for point in points if point.valid]
    if not valid:
        return
    throughput = [point.throughput_rps for point in valid]
    axes.plot(
        throughput,
        [_mean(point) for point in valid],
        "-o",
        color=colour,
        linewidth=1.8,
        markersize=5,
        label=f"{label}, mean",
    )
    for name, (line, marker) in zip(tails, _TAIL_LINES, strict=False):
        resolved = [
            (x, time) for x, time in zip(throughput, _at(valid, name), strict=True) if time is not None and time > 0
        ]
        if resolved:
            axes.plot(
                *zip(*resolved, strict=True),
                linestyle=line,
                marker=marker,
                color=colour,
                linewidth=1.2,
                markersize=5,
                alpha=0.75,
                label=f"{label}, {name}",
            )


def _draw_percentile_panel(axes: Axes, points: list[LoadPoint], mode: Mode) -> None:
    places = range(len(points))
    for place, point in zip(places, points, strict=True):
        times = _resolved(point)
        axes.plot(
            [place, place], [min(times), max(times)], color=style.GRID, linewidth=5, solid_capstyle="round", zorder=1
        )
    for name, colour in zip(PERCENTILES, style.RAMP, strict=True):
        resolved = [(place, value) for place, value in enumerate(_at(points, name)) if value is not None]
        if resolved:
            axes.plot(*zip(*resolved, strict=True), "o", color=colour, markersize=6, label=name, zorder=3)
    axes.plot(
        places,
        [_mean(point) for point in points],
        "_",
        color=style.INK,
        markersize=11,
        markeredgewidth=1.6,
        label="mean",
        zorder=4,
    )
    labels = [_load_label(point, mode) for point in points]
    step = -(-sum(max(map(len, label.split("\n"))) + 2 for label in labels) // _MAX_CHARACTERS)
    axes.set_xticks(list(places)[::step], labels[::step])
    for label, point in zip(axes.get_xticklabels(), points[::step], strict=True):
        label.set_color(style.MUTED if point.valid else style.SLATE)
    axes.set_xlim(-0.6, len(points) - 0.4)


def _load_label(point: LoadPoint, mode: Mode) -> str:
    text = formatting.tick(float((point.concurrency if mode == "closed" else point.offered_rps) or 0))
    return text if point.valid else f"{text}\ninvalid"


def _mark_invalid(axes: Axes, points: Sequence[LoadPoint], place: Callable[[LoadPoint], tuple[float, float]]) -> None:
    """Hollow crossed marks, joined to nothing: these points decided nothing."""
    places = [place(point) for point in points if not point.valid and is_drawable(point)]
    if places:
        axes.plot(
            *zip(*places, strict=True),
            "X",
            color="none",
            markeredgecolor=style.SLATE,
            markersize=8,
            label="invalid",
            zorder=4,
        )


def _mark_knee(axes: Axes, at: tuple[float, float], note: str, *, below: bool) -> None:
    if not axes.viewLim.contains(*at):
        return
    axes.plot(*at, "o", color="none", markeredgecolor=style.INK, markeredgewidth=1.5, markersize=12, zorder=5)
    share = axes.transAxes.inverted().transform(axes.transData.transform(at))[0]
    style.tag(axes, note, at, xytext=(0, -17 if below else 12), ha=_side(share), va="top" if below else "bottom")


def _mark_objective(axes: Axes, result: BenchmarkResult) -> None:
    low, high = axes.get_ylim()
    for name, seconds in result.objective.limits():
        if low < seconds < high:
            axes.axhline(seconds, color=style.GREEN, linewidth=1.3, linestyle=(0, (5, 3)), zorder=2)
            note = f"objective {name} ≤ {formatting.limit(seconds)}"
            placing = {"xycoords": ("axes fraction", "data"), "xytext": (4, 3), "va": "bottom", "color": style.GREEN}
            style.tag(axes, note, (0.0, seconds), **placing)


def _mark_capacity(axes: Axes, result: BenchmarkResult) -> None:
    """A line through the point that proved the capacity.

    The axis shows what was answered and the capacity is what was offered, so the rate itself has no place on it.
    """
    point = wording.capacity_point(result)
    if point is None:
        return
    axes.axvline(point.throughput_rps, color=style.GREEN, linewidth=1.3, zorder=2)
    share = point.throughput_rps / axes.get_xlim()[1]
    note = f"capacity {formatting.rate(result.capacity.rps)} offered"
    placing = {"xycoords": ("data", "axes fraction"), "xytext": (0, 3), "va": "bottom", "color": style.GREEN}
    style.tag(axes, note, (point.throughput_rps, 1.0), ha=_side(share), **placing)


def _side(share: float) -> str:
    """Which end of a note stands at a mark, so that it stays inside the axes; `share` is the mark's place on them."""
    return "left" if share < 0.15 else "right" if share > 0.85 else "center"


def _load_axis(axes: Axes, concurrencies: list[float]) -> None:
    """Doubling loads at equal distances, labelled at powers of two."""
    low, high = min(concurrencies) / 1.25, max(concurrencies) * 1.25
    axes.set_xscale("log", base=2)
    axes.set_xlim(low, high)
    powers = [2.0**exponent for exponent in range(-20, 31) if low <= 2.0**exponent <= high]
    step = -(-len(powers) // _MAX_LABELS) or 1
    ticks = powers[::step] or [concurrencies[0]]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [formatting.tick(tick) for tick in ticks])


def _mean(point: LoadPoint) -> float:
    return point.response_s.mean if point.response_s is not None else float("nan")


def _tails(objective: Objective) -> tuple[Percentile, ...]:
    """The percentiles an objective limits, so that every point is drawn where the objective judged it; else p99."""
    return tuple(name for name, _ in objective.limits()) or ("p99",)


def _mean_and_tails(point: LoadPoint, tails: Sequence[Percentile]) -> list[float]:
    times = point.response_s
    return [] if times is None else [time for time in (times.mean, *map(times.at, tails)) if time and time > 0]


def _resolved(point: LoadPoint) -> list[float]:
    times = point.response_s
    if times is None:
        return []
    return [time for time in (times.mean, *(times.at(name) for name in PERCENTILES)) if time and time > 0]


def _at(points: list[LoadPoint], name: Percentile) -> list[float | None]:
    """One percentile at every point; None where it is not resolved."""
    return [None if point.response_s is None else point.response_s.at(name) for point in points]
