"""The tables of load points, a column a figure: the page shows all of them, the comment and the terminal a few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiops_planner.performance import Distribution, GpuFigures, LoadPoint, Percentile, StreamFigures
from aiops_reports import formatting, wording
from aiops_reports.formatting import MISSING
from aiops_reports.record import BenchmarkResult

_SHORT_STREAMS = (
    "intended TTFT p50", "intended TTFT p99", "TPOT p50", "TPOT p99", "ITL p99", "tokens/s", "goodput",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One figure of every load point. `name` is its key in the definitions, `part` says which of several it is."""

    name: str
    show: Callable[[LoadPoint], str]
    part: str = ""

    @property
    def head(self) -> str:
        """What stands above the column."""
        return f"{self.name} {self.part}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTable:
    """Columns that are read together."""

    title: str
    caption: str
    columns: tuple[Column, ...]

    def without_empty(self, points: Sequence[LoadPoint]) -> "PointTable":
        """The table without the columns that say nothing of any point."""
        kept = tuple(column for column in self.columns if any(column.show(point) != MISSING for point in points))
        return PointTable(title=self.title, caption=self.caption, columns=kept)


def tables_of(result: BenchmarkResult) -> tuple[PointTable, ...]:
    """The tables that have something to say of a benchmark; the first one always, with all of its columns."""
    streams = (STREAMS,) if _streams(result) else ()
    others = (table.without_empty(result.load_points) for table in (*streams, PHASES, RESOURCES))
    return (CURVE, *(table for table in others if table.columns))


def comment_columns(result: BenchmarkResult) -> tuple[Column, ...]:
    """The columns of the comment: those of the curve that say something there."""
    return _known(COMMENT, result)


def terminal_columns(result: BenchmarkResult) -> tuple[Column, ...]:
    """The columns of the terminal, few enough for 80 characters."""
    return _known(TERMINAL, result)


def stream_columns(result: BenchmarkResult) -> tuple[Column, ...]:
    """The columns on streamed answers for the comment and the terminal; none for other targets."""
    kept = STREAMS.without_empty(result.load_points).columns if _streams(result) else ()
    return tuple(column for column in kept if column.head in _SHORT_STREAMS)


def _streams(result: BenchmarkResult) -> bool:
    return any(point.stream is not None for point in result.load_points)


def _known(columns: tuple[Column, ...], result: BenchmarkResult) -> tuple[Column, ...]:
    """The columns without the attainment where no limit gives one."""
    judged = any(point.attainment is not None for point in result.load_points)
    return tuple(column for column in columns if column is not _ATTAINMENT or judged)


def _at(times: Distribution | None, percentile: Percentile | None) -> str:
    """The mean or a percentile of times, as a cell."""
    if times is None:
        return MISSING
    return formatting.duration(times.mean if percentile is None else times.at(percentile), MISSING)


def _times(
    name: str,
    read: Callable[[LoadPoint], Distribution | None],
    *parts: Percentile | None,
) -> tuple[Column, ...]:
    """Columns of a distribution, one for each of its parts; None is the mean."""

    def column(part: Percentile | None) -> Column:
        return Column(name=name, part=part or "mean", show=lambda point: _at(read(point), part))

    return tuple(map(column, parts))


def _streamed(read: Callable[[StreamFigures], Distribution | None]) -> Callable[[LoadPoint], Distribution | None]:
    return lambda point: None if point.stream is None else read(point.stream)


def _of_stream(name: str, show: Callable[[StreamFigures], str]) -> Column:
    return Column(name=name, show=lambda point: MISSING if point.stream is None else show(point.stream))


def _of_gpu(name: str, show: Callable[[GpuFigures], str]) -> Column:
    return Column(name=name, show=lambda point: MISSING if point.gpu is None else show(point.gpu))


def _steadiness(point: LoadPoint) -> str:
    return MISSING if point.steadiness is None else wording.STEADINESS[point.steadiness]


def _amount(value: float | None) -> str:
    return MISSING if value is None else f"{value:,}"


def _errors(point: LoadPoint) -> str:
    return f"{point.errors:,} of {point.requests:,}" if point.errors else "0"


def _response(percentile: Percentile | None) -> Callable[[LoadPoint], str]:
    return lambda point: _at(point.response_s, percentile)


_S = Column(name="S", show=lambda point: formatting.rate(point.throughput_rps))
_T = Column(name="T", part="mean", show=_response(None))
_P50 = Column(name="p50", show=_response("p50"))
_P90 = Column(name="p90", show=_response("p90"))
_P95 = Column(name="p95", show=_response("p95"))
_P99 = Column(name="p99", show=_response("p99"))
_P = Column(name="P", show=lambda point: formatting.power(point.power))
_ERRORS = Column(name="errors", show=_errors)
_GOODPUT = Column(name="goodput", show=lambda point: formatting.rate(point.goodput_rps))
_ATTAINMENT = Column(name="attainment", show=lambda point: formatting.percent(point.attainment))

CURVE = PointTable(
    title="Load points",
    caption=(
        "Each load was held for its window after warm-up; – is a percentile that too few requests resolve or a figure "
        "that was not measured, a line through a row marks an invalid point."
    ),
    columns=(
        _S,
        _T,
        _P50,
        _P90,
        _P95,
        _P99,
        _P,
        _ERRORS,
        Column(name="in flight", show=lambda point: formatting.short(point.mean_concurrency)),
        _GOODPUT,
        _ATTAINMENT,
        Column(name="steadiness", show=_steadiness),
        Column(name="warm-up", show=lambda point: formatting.duration(point.warm_up_s, MISSING)),
        Column(name="window", show=lambda point: formatting.duration(point.window_s)),
    ),
)
STREAMS = PointTable(
    title="Streamed answers",
    caption="Times to and between the tokens of an answer; tokens are counted by the server.",
    columns=(
        *_times("TTFT", _streamed(lambda stream: stream.ttft_s), "p50", "p99"),
        *_times("intended TTFT", _streamed(lambda stream: stream.intended_ttft_s), "p50", "p99"),
        *_times("TPOT", _streamed(lambda stream: stream.tpot_s), "p50", "p99"),
        *_times("ITL", _streamed(lambda stream: stream.itl_s), "p50", "p99"),
        _of_stream("tokens/s", lambda stream: formatting.rate(stream.output_tokens_per_s)),
        _GOODPUT,
        _of_stream("output tokens", lambda stream: _amount(stream.output_tokens)),
        _of_stream("input tokens", lambda stream: _amount(stream.input_tokens)),
        _of_stream("no usage", lambda stream: _amount(stream.answers_without_usage or None)),
    ),
)
PHASES = PointTable(
    title="Phases of a request",
    caption="Where the time went, from the moment a request was due; send lag is the generator's own.",
    columns=(
        *_times("send lag", lambda point: point.send_lag_s, None, "p99"),
        *_times("connect", lambda point: point.connect_s, None, "p99"),
        *_times("first byte", lambda point: point.first_byte_s, None, "p99"),
        *_times("last byte", lambda point: point.service_s, None, "p50", "p90", "p95", "p99"),
    ),
)
RESOURCES = PointTable(
    title="Resources",
    caption="What the service and the load generator used beside each other.",
    columns=(
        Column(name="CPU", show=lambda point: formatting.duration(point.service_cpu_s_per_request, MISSING)),
        Column(name="memory", show=lambda point: formatting.size(point.service_memory_bytes)),
        Column(name="generator", show=lambda point: formatting.percent(point.generator_utilisation, digits=2)),
        Column(name="generator memory", show=lambda point: formatting.size(point.generator_memory_bytes)),
        Column(name="processes", show=lambda point: _amount(point.generator_processes)),
        _of_gpu("GPU", lambda gpu: formatting.percent(gpu.mean_utilisation)),
        _of_gpu("GPU memory", lambda gpu: formatting.size(gpu.peak_memory_bytes)),
        _of_gpu(
            "GPU power",
            lambda gpu: MISSING if gpu.mean_power_w is None else f"{formatting.short(gpu.mean_power_w)} W",
        ),
    ),
)
COMMENT = (_S, _T, _P50, _P90, _P95, _P99, _P, _ERRORS, _ATTAINMENT)
TERMINAL = (_S, _T, _P50, _P99, _P, Column(name="errors", show=lambda point: f"{point.errors:,}"), _ATTAINMENT)
