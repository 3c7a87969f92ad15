"""Load points as pandas tables, one row a point, for CSV files and for people's own notebooks."""

from typing import Any

import pandas as pd

from aiops_planner.performance import PERCENTILES, Distribution, LoadPoint
from aiops_reports.record import CommitReport

COLUMNS = (
    "benchmark", "mode", "concurrency", "offered_rps", "arrivals", "window_s", "warm_up_s", "requests", "successes",
    "errors", "throughput_rps", "power", "mean_concurrency",
    *(f"{times}_{name}" for times in ("response_s", "service_s", "send_lag_s") for name in ("mean", *PERCENTILES)),
    "service_cpu_s", "service_cpu_s_per_request", "service_memory_bytes", "generator_cpu_s", "generator_utilisation",
    "valid", "overstated", "invalid_because",
)  # fmt: skip


def load_points_table(report: CommitReport) -> pd.DataFrame:
    """All load points of all benchmarks, with the units in the column names; what was not resolved is missing."""
    rows = [_row(result.name, point) for result in report.benchmarks for point in result.load_points]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"concurrency": "Int64", "service_memory_bytes": "Int64"})  # whole numbers, some missing


def load_points_csv(report: CommitReport) -> str:
    """The table as CSV text with a header line."""
    return load_points_table(report).to_csv(index=False, lineterminator="\n")


def _row(benchmark: str, point: LoadPoint) -> dict[str, Any]:
    plain = {name: getattr(point, name, None) for name in COLUMNS}
    for times in ("response_s", "service_s", "send_lag_s"):
        plain |= _times(times, getattr(point, times))
    return plain | {"benchmark": benchmark, "invalid_because": "; ".join(point.invalid_because)}


def _times(prefix: str, times: Distribution | None) -> dict[str, float | None]:
    names = ("mean", *PERCENTILES)
    return {f"{prefix}_{name}": None if times is None else getattr(times, name) for name in names}
