"""Load points as pandas tables, one row a point, for CSV files and for people's own notebooks."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from aiops_planner.performance import PERCENTILES, LoadPoint
from aiops_reports.record import BenchmarkResult, CommitReport

_TIMES = ("response_s", "service_s", "send_lag_s", "connect_s", "first_byte_s")
_STREAM_TIMES = ("ttft_s", "intended_ttft_s", "tpot_s", "itl_s")
_STREAM = ("chunks", "output_tokens", "input_tokens", "output_tokens_per_s", "answers_without_usage")
_GPU = ("count", "name", "mean_utilisation", "peak_memory_bytes", "mean_power_w")
_PARTS = ("mean", *PERCENTILES)
_WHOLE = (  # whole numbers, some of them missing
    "concurrency", "good_requests", "issued_requests", "service_memory_bytes", "generator_memory_bytes",
    "stream_chunks", "stream_output_tokens", "stream_input_tokens", "stream_answers_without_usage",
    "gpu_count", "gpu_peak_memory_bytes",
)  # fmt: skip

COLUMNS = (
    "benchmark", "source", "mode", "concurrency", "offered_rps", "arrivals", "window_s", "warm_up_s", "steadiness",
    "requests", "successes", "errors", "errors_by_kind", "good_requests", "issued_requests",
    "throughput_rps", "goodput_rps", "attainment", "power", "mean_concurrency",
    *(f"{times}_{part}" for times in _TIMES for part in _PARTS),
    "service_cpu_s", "service_cpu_s_per_request", "service_memory_bytes",
    "generator_cpu_s", "generator_utilisation", "generator_memory_bytes", "generator_processes",
    *(f"gpu_{name}" for name in _GPU),
    *(f"stream_{times}_{part}" for times in _STREAM_TIMES for part in _PARTS),
    *(f"stream_{name}" for name in _STREAM),
    "valid", "overstated", "invalid_because",
)  # fmt: skip


def load_points_table(report: CommitReport) -> pd.DataFrame:
    """All load points of all benchmarks, with the units in the column names; what was not resolved is missing."""
    rows = [_row(result, point) for result in report.benchmarks for point in result.load_points]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(_WHOLE, "Int64"))


def load_points_csv(report: CommitReport) -> str:
    """The table as CSV text with a header line."""
    return load_points_table(report).to_csv(index=False, lineterminator="\n")


def _row(result: BenchmarkResult, point: LoadPoint) -> dict[str, Any]:
    row = {name: getattr(point, name, None) for name in COLUMNS}
    for times in _TIMES:
        row |= _flat(getattr(point, times), times, _PARTS)
    for times in _STREAM_TIMES:
        row |= _flat(getattr(point.stream, times, None), f"stream_{times}", _PARTS)
    row |= _flat(point.stream, "stream", _STREAM) | _flat(point.gpu, "gpu", _GPU)
    return row | {
        "benchmark": result.name,
        "source": result.source,
        "errors_by_kind": "; ".join(f"{amount} {kind}" for kind, amount in point.errors_by_kind.items()),
        "invalid_because": "; ".join(point.invalid_because),
    }


def _flat(value: object, prefix: str, names: Sequence[str]) -> dict[str, Any]:
    """The fields of a value as columns; missing ones where there is no value."""
    return {f"{prefix}_{name}": getattr(value, name, None) for name in names}
