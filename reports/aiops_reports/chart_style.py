"""The look of every chart: one palette that colour-blind readers can tell apart, quiet axes, no frames."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from math import ceil, floor, log10
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from aiops_reports import formatting

# Each colour stands once in this table: pages swap them for variables that follow light and dark.
SURFACE = "#ffffff"
INK = "#1c2128"
MUTED = "#656d76"
GRID = "#e3e6ea"
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#00805e"
AMBER = "#e69f00"
SLATE = "#8b949e"
RAMP = ("#9ecae1", "#5aa5d1", "#2b7bba", "#0b4a8f")
COLOURS: dict[str, str] = {
    "surface": SURFACE,
    "ink": INK,
    "muted": MUTED,
    "grid": GRID,
    "blue": BLUE,
    "vermilion": VERMILION,
    "green": GREEN,
    "amber": AMBER,
    "slate": SLATE,
    **{f"ramp-{index}": colour for index, colour in enumerate(RAMP, start=1)},
}

WIDTH_INCHES = 7.2
PNG_DPI = 200

_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture that can be drawn when it is wanted. `alt` says in a sentence what it shows, `subject` of what."""

    name: str
    title: str
    subject: str
    alt: str
    height_inches: float
    draw: Callable[[Figure], None]


def to_png(chart: Chart) -> bytes:
    """The chart under its title on an opaque white card, 1,440 pixels wide: light and dark pages can both show it."""
    with _settings(chart):
        buffer = BytesIO()
        _figure(chart, f"{chart.title} · {chart.subject}").savefig(
            buffer, format="png", dpi=PNG_DPI, metadata={"Software": None, "Description": chart.alt}
        )
        return buffer.getvalue()


def to_svg(chart: Chart) -> str:
    """The chart as SVG text with real text in it and no date, the same for the same values."""
    with _settings(chart):
        buffer = StringIO()
        without = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        _figure(chart).savefig(buffer, format="svg", transparent=True, metadata=without)
        return buffer.getvalue()


def plain_axes(axes: Axes, *, x_label: str, y_label: str, grid: str = "y") -> None:
    """Labels at the ends of the axes, a faint grid behind the data, no frame."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SLATE)
    axes.grid(visible=True, axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, length=0, pad=5)
    axes.set_xlabel(x_label, color=MUTED, labelpad=6)
    axes.set_ylabel(y_label, color=MUTED, labelpad=6)


def time_axis(axes: Axes, times_s: list[float], *, note_below: bool = False) -> None:
    """A vertical logarithmic axis around some times, with as few round ticks as its length needs.

    `note_below` leaves room for a note below the smallest time.
    """
    low, high = min(times_s), max(times_s)
    margin = max(1.9, (high / low) ** 0.14)
    low, high = low / margin ** (2 if note_below else 1), high * margin
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(_time_ticks(low, high)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formatting.limit(value)))


def number_axis(axes: Axes, which: str, show: Callable[[float], str]) -> None:
    """A linear axis with at most six labelled ticks."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=2))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def legend(figure: Figure, *panels: Axes, columns: int = 5) -> None:
    """The legend of all panels below them, each label once, without a frame."""
    found: dict[str, Artist] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        figure.legend(
            list(found.values()),
            list(found),
            loc="outside lower left",
            ncols=columns,
            frameon=False,
            labelcolor=INK,
            columnspacing=1.4,
        )


def tag(axes: Axes, text: str, at: tuple[float, float], **placing: object) -> None:
    """A short note on the data, on a background of its own so that lines do not cross it."""
    box = {"boxstyle": "round,pad=0.2", "facecolor": SURFACE, "edgecolor": "none", "alpha": 0.85}
    settings = {"textcoords": "offset points", "color": INK, "fontsize": 8.5, "bbox": box, "zorder": 6}
    axes.annotate(text, at, **(settings | placing))  # type: ignore[arg-type]


def _time_ticks(low: float, high: float) -> list[float]:
    """Round times between two limits: the coarsest of three steps that still gives three of them."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for steps in ((1.0,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
        if len(ticks) >= 4:
            break
    return ticks


def _figure(chart: Chart, title: str | None = None) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    figure = Figure(figsize=(WIDTH_INCHES, chart.height_inches), facecolor=SURFACE, layout=layout)
    if title:
        figure.suptitle(title, x=0.016, ha="left", weight="bold", fontsize=10.5, color=INK)
    chart.draw(figure)
    return figure


@contextmanager
def _settings(chart: Chart) -> Iterator[None]:
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": chart.name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in a script the font does not have
        yield
