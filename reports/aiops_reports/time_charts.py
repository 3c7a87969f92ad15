"""Drawings of times over load: percentiles of the response time, and of the times of streamed answers."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aiops_planner.performance import PERCENTILES, Distribution, LoadPoint, StreamMetric
from aiops_reports import chart_style as style
from aiops_reports import formatting
from aiops_reports.chart_marks import LOOPS, Mode, answered, band, load_axis, mark_invalid, mark_limits, mean
from aiops_reports.record import BenchmarkResult

Times = Callable[[LoadPoint], Distribution | None]
_MARKERS = ("o", "s", "D", "^")  # one for each percentile, so that colour is not needed to tell them apart
_METRICS: dict[StreamMetric, tuple[str, Times]] = {
    "ttft": ("time to first token", lambda point: point.stream.intended_ttft_s if point.stream else None),
    "tpot": ("time per output token", lambda point: point.stream.tpot_s if point.stream else None),
}


def draw_percentiles(figure: Figure, result: BenchmarkResult) -> None:
    """The percentiles of the response time over the load that was asked for; one panel a loop, one scale for both."""
    modes = [mode for mode in LOOPS if answered(result.load_points, mode)]
    panels = figure.subplots(1, len(modes), sharey=True, squeeze=False)[0]
    shown = [point for point in result.load_points if is_timed(point, _response)]
    limits = result.objective.limits()
    values = [time for point in shown for time in _times(_response(point))]
    nearby = [seconds for _, seconds in limits if min(values) / 3 < seconds < 3 * max(values)]
    style.time_axis(panels[0], values + nearby)
    for axes, mode in zip(panels, modes, strict=True):
        points = answered(result.load_points, mode)
        y_label = "response time" if axes is panels[0] else ""
        style.plain_axes(axes, x_label=_asked(mode), y_label=y_label)
        _draw_panel(axes, points, _response)
        mark_invalid(axes, points, lambda point: (_load(point), mean(point)))
        _scale(axes, points, mode)
        mark_limits(axes, limits)
        if mode == "open":
            band(axes, result.capacity.ci, style.GREEN, "capacity, 95 %")
    _note_unresolved(panels[0], shown, result)
    style.legend(figure, *panels, columns=7)


def draw_stream_times(figure: Figure, result: BenchmarkResult) -> None:
    """Time to first token and time per output token over the load that was asked for, side by side."""
    mode = _stream_mode(result)
    panels = figure.subplots(1, len(_METRICS), squeeze=False)[0]
    for axes, (metric, (label, read)) in zip(panels, _METRICS.items(), strict=True):
        points = [point for point in answered(result.load_points, mode) if is_timed(point, read)]
        style.plain_axes(axes, x_label=_asked(mode), y_label=label)
        if not points:
            axes.set_axis_off()
            continue
        found = [limit for limit in result.objective.stream_limits() if limit.metric == metric]
        limits = [(f"{metric.upper()} {limit.percentile}", limit.seconds) for limit in found]
        values = [time for point in points for time in _times(read(point))]
        nearby = [seconds for _, seconds in limits if min(values) / 3 < seconds < 3 * max(values)]
        style.time_axis(axes, values + nearby)
        _draw_panel(axes, points, read)
        mark_invalid(axes, points, lambda point, read=read: (_load(point), _mean(read(point))))  # type: ignore[misc]
        _scale(axes, points, mode)
        mark_limits(axes, limits)
        if mode == "open":
            band(axes, result.capacity.ci, style.GREEN, "capacity, 95 %")
    style.legend(figure, *panels, columns=7)


def has_stream_times(result: BenchmarkResult) -> bool:
    """Whether any point that can be drawn has times of streamed answers."""
    drawable = answered(result.load_points, _stream_mode(result))
    return any(is_timed(point, read) for point in drawable for _, read in _METRICS.values())


def is_timed(point: LoadPoint, read: Times) -> bool:
    """Whether a point has a mean of these times that a logarithmic axis can show."""
    times = read(point)
    return times is not None and times.mean > 0


def _draw_panel(axes: Axes, points: Sequence[LoadPoint], read: Times) -> None:
    """Marks for each percentile and the mean of valid points, joined from load to load."""
    valid = [point for point in points if point.valid]
    for name, colour, marker in zip(PERCENTILES, style.RAMP, _MARKERS, strict=True):
        places = [(_load(point), times.at(name)) for point in valid if (times := read(point)) is not None]
        resolved = [(load, time) for load, time in places if time]
        if resolved:
            axes.plot(
                *zip(*resolved, strict=True),
                marker=marker,
                color=colour,
                markersize=5,
                linewidth=1.1,
                label=name,
                zorder=3,
            )
    if valid:
        axes.plot(
            [_load(point) for point in valid],
            [_mean(read(point)) for point in valid],
            "_",
            color=style.INK,
            markersize=11,
            markeredgewidth=1.6,
            label="mean",
            zorder=4,
        )


def _scale(axes: Axes, points: Sequence[LoadPoint], mode: Mode) -> None:
    """Clients double from tick to tick; offered rates start at zero."""
    loads = [_load(point) for point in points]
    if mode == "closed":
        load_axis(axes, [max(load, 1.0) for load in loads])
    else:
        axes.set_xlim(0, 1.08 * max(loads) or 1)
        style.number_axis(axes, "x", formatting.tick)


def _note_unresolved(axes: Axes, points: Sequence[LoadPoint], result: BenchmarkResult) -> None:
    missing = [name for name in PERCENTILES if any(times.at(name) is None for times in map(_response, points) if times)]
    if missing:
        names = formatting.joined(missing)
        own = f"{names} not resolved everywhere: too few requests"
        note = own if result.source is None else f"{names} not given everywhere by {result.source[:40]}"
        axes.set_title(note, loc="left", fontsize=8.5, color=style.MUTED)


def _stream_mode(result: BenchmarkResult) -> Mode:
    """The loop whose streamed answers are drawn: open where there is one, for its times count from the due moment."""
    streamed = {point.mode for point in result.load_points if point.stream is not None}
    return "open" if "open" in streamed else "closed"


def _asked(mode: Mode) -> str:
    return f"{LOOPS[mode][0]}: {'clients' if mode == 'closed' else 'offered requests/s'}"


def _load(point: LoadPoint) -> float:
    return float((point.concurrency if point.mode == "closed" else point.offered_rps) or 0)


def _response(point: LoadPoint) -> Distribution | None:
    return point.response_s


def _mean(times: Distribution | None) -> float:
    return float("nan") if times is None else times.mean


def _times(times: Distribution | None) -> list[float]:
    """The mean and the percentiles that are resolved."""
    if times is None:
        return []
    return [time for time in (times.mean, *(times.at(name) for name in PERCENTILES)) if time and time > 0]
