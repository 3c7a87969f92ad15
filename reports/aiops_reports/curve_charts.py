"""Drawings of one benchmark: the operating curve, and power over load, with the fitted curve, knee and capacity."""

from collections.abc import Sequence
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aiops_planner.performance import Interval, LoadPoint, Objective, Percentile
from aiops_reports import chart_style as style
from aiops_reports import formatting, wording
from aiops_reports.chart_marks import (
    LOOPS,
    Mode,
    answered,
    band,
    load_axis,
    mark_invalid,
    mark_knee,
    mark_limits,
    mean,
    side,
)
from aiops_reports.record import BenchmarkResult

_TAIL_LINES = (("--", "^"), (":", "s"), ("-.", "D"), ((0, (1, 3)), "v"))  # one for each percentile that may be limited
_CURVE_STEPS = 120


def draw_operating_curve(figure: Figure, result: BenchmarkResult) -> None:
    """Response time against throughput: mean and the percentiles the objective limits, with knee and capacity."""
    axes = figure.add_subplot()
    style.plain_axes(axes, x_label="throughput S (requests answered/s)", y_label="response time")
    tails = _tails(result.objective)
    times = [time for point in result.load_points for time in _mean_and_tails(point, tails)]
    limits = result.objective.limits()
    shown = [seconds for _, seconds in limits if 0 < seconds < 30 * max(times)]
    style.time_axis(axes, times + shown, note_below=result.knee is not None)
    for mode in LOOPS:
        _draw_loop(axes, answered(result.load_points, mode), mode, tails)
    mark_invalid(axes, result.load_points, lambda point: (point.throughput_rps, mean(point)))
    axes.set_xlim(left=0, right=1.06 * max(point.throughput_rps for point in result.load_points) or 1)
    style.number_axis(axes, "x", formatting.tick)
    _draw_fit(axes, result)
    mark_limits(axes, limits)
    _mark_capacity(axes, result)
    if result.knee is not None:
        at = (result.knee.throughput_rps, result.knee.response_s)
        note = f"knee {formatting.rate(at[0])}, {formatting.duration(at[1])}"
        mark_knee(axes, at, note, below=True)
    style.legend(figure, axes)


def draw_power(figure: Figure, result: BenchmarkResult) -> None:
    """Power P = S/T against the mean number of requests in flight; its peak is the knee, shaded by its interval."""
    axes = figure.add_subplot()
    told = any(point.mean_concurrency for point in result.load_points)
    style.plain_axes(axes, x_label="mean requests in flight" if told else "clients", y_label="power P = S/T (1/s²)")
    for mode, (label, colour) in LOOPS.items():
        valid = [point for point in answered(result.load_points, mode) if point.valid and _in_flight(point)]
        if valid:
            line = "-" if mode == "closed" else ":"
            places = ([_in_flight(point) or 0.0 for point in valid], [point.power or 0.0 for point in valid])
            axes.plot(*places, line, color=colour, marker="o", markersize=5, linewidth=1.8, label=label)
    mark_invalid(axes, result.load_points, lambda point: (_in_flight(point), point.power or 0.0))
    load_axis(axes, [load for point in result.load_points if (load := _in_flight(point))] or [1.0])
    axes.set_ylim(bottom=0, top=_highest_power(result))
    style.number_axis(axes, "y", formatting.tick)
    fitted = _fitted(result)
    if fitted:
        _draw_line(axes, [load for load, _ in fitted], [rate**2 / load for load, rate in fitted])
    _draw_knee_of_power(axes, result)
    style.legend(figure, axes)


def _highest_power(result: BenchmarkResult) -> float:
    """The top of the axis of power, with room for a note; a knee far above all points is not drawn."""
    measured = max(point.power or 0.0 for point in result.load_points)
    knee = result.knee
    found = [] if knee is None else [knee.power, *(_closed_ends(knee.power_ci) or ())]
    return 1.22 * max([measured, *(power for power in found if power < 3 * measured)]) or 1.0


def _in_flight(point: LoadPoint) -> float | None:
    """The mean number of requests in flight; the clients where another tool does not say it."""
    return point.mean_concurrency or point.concurrency or None


def _draw_knee_of_power(axes: Axes, result: BenchmarkResult) -> None:
    knee = result.knee
    if knee is None:
        return
    band(axes, knee.concurrency_ci, style.SLATE, "knee, 95 %")
    ends, top = _closed_ends(knee.power_ci), axes.get_ylim()[1]
    if ends is not None and axes.viewLim.contains(knee.concurrency, knee.power):
        axes.plot([knee.concurrency] * 2, ends, "-_", color=style.INK, linewidth=1.3, markersize=9, zorder=5)
    note = f"knee {formatting.power(knee.power)}{'' if knee.in_range else ', perhaps beyond'}"
    mark_knee(axes, (knee.concurrency, knee.power), note, below=False, reach=min(ends[1] if ends else 0.0, top))
    within = [
        f"{formatting.interval(ci.low, ci.high, show)}{unit}"
        for ci, show, unit in (
            (knee.power_ci, formatting.power, ""),
            (knee.concurrency_ci, formatting.short, " requests in flight"),
        )
        if ci is not None
    ]
    if within:
        axes.set_title(f"knee, 95 %: {'; '.join(within)}", loc="left", fontsize=8.5, color=style.MUTED)


def _closed_ends(found: Interval | None) -> tuple[float, float] | None:
    """Both ends of an interval, where it has both."""
    return None if found is None or found.low is None or found.high is None else (found.low, found.high)


def _draw_loop(axes: Axes, points: list[LoadPoint], mode: Mode, tails: Sequence[Percentile]) -> None:
    label, colour = LOOPS[mode]
    valid = [point for point in points if point.valid]
    if not valid:
        return
    throughput = [point.throughput_rps for point in valid]
    axes.plot(
        throughput,
        [mean(point) for point in valid],
        "-o",
        color=colour,
        linewidth=1.8,
        markersize=5,
        label=f"{label}, mean",
    )
    for name, (line, marker) in zip(tails, _TAIL_LINES, strict=False):
        times = [None if point.response_s is None else point.response_s.at(name) for point in valid]
        resolved = [(x, time) for x, time in zip(throughput, times, strict=True) if time is not None and time > 0]
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


def _draw_fit(axes: Axes, result: BenchmarkResult) -> None:
    """The fitted curve as T = N/S over S, the part within the knee's interval drawn broad."""
    fitted = _fitted(result)
    if not fitted:
        return
    _draw_line(axes, [rate for _, rate in fitted], [load / rate for load, rate in fitted])
    ends = _closed_ends(result.knee.concurrency_ci if result.knee else None)
    if ends is not None:
        inside = [(rate, load / rate) for load, rate in _fitted(result, ends)]
        if inside:
            axes.plot(
                *zip(*inside, strict=True),
                color=style.SLATE,
                alpha=0.45,
                linewidth=9,
                solid_capstyle="butt",
                label="knee, 95 %",
                zorder=1.5,
            )


def _draw_line(axes: Axes, across: list[float], up: list[float]) -> None:
    axes.plot(across, up, color=style.INK, linewidth=1.0, linestyle=(0, (2, 2)), label="soft-min fit", zorder=3)


def _fitted(result: BenchmarkResult, ends: tuple[float, float] | None = None) -> list[tuple[float, float]]:
    """Points (requests in flight, throughput) of the fitted curve within what was measured, or between two loads."""
    fit = result.knee.fit if result.knee is not None else None
    if fit is None:
        return []
    measured = [point.mean_concurrency for point in answered(result.load_points, "closed") if point.valid]
    loads = [load for load in measured if load]
    low, high = ends if ends is not None else (min(loads, default=0.0), max(loads, default=0.0))
    low = max(low, 1.0)
    if not low < high < float("inf"):
        return []
    steps = [low * (high / low) ** (step / _CURVE_STEPS) for step in range(_CURVE_STEPS + 1)]
    found = [(load, fit.throughput_rps(load)) for load in steps]
    return [(load, rate) for load, rate in found if rate > 0 and isfinite(rate**2)]


def _mark_capacity(axes: Axes, result: BenchmarkResult) -> None:
    """A line through the point that bears the capacity, within the shade of its interval.

    The axis shows what was answered and the capacity is what was offered, so the line stands where that rate was
    answered; a capacity between two measured rates stands at the rate itself.
    """
    capacity = result.capacity
    band(axes, capacity.ci, style.GREEN, "capacity, 95 %")
    if capacity.rps is None:
        return
    point = wording.capacity_point(result)
    measured = point is not None and point.offered_rps == capacity.rps
    at = point.throughput_rps if point is not None and measured else capacity.rps
    share = at / axes.get_xlim()[1]
    if share > 1:
        return
    axes.axvline(at, color=style.GREEN, linewidth=1.3, zorder=2)
    within = wording.confidence(capacity.ci, formatting.rate)
    note = f"capacity {formatting.rate(capacity.rps)} offered{f' ({within})' if within else ''}"
    placing = {"xycoords": ("data", "axes fraction"), "xytext": (0, 3), "va": "bottom", "color": style.GREEN}
    end = "left" if share < 0.3 else "right" if share > 0.5 else "center"
    style.tag(axes, note, (at, 1.0), ha=end if within else side(share), **placing)


def _tails(objective: Objective) -> tuple[Percentile, ...]:
    """The percentiles an objective limits, so that every point is drawn where the objective judged it; else p99."""
    return tuple(name for name, _ in objective.limits()) or ("p99",)


def _mean_and_tails(point: LoadPoint, tails: Sequence[Percentile]) -> list[float]:
    times = point.response_s
    return [] if times is None else [time for time in (times.mean, *map(times.at, tails)) if time and time > 0]
