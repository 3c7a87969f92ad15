"""The formats that can be imported, and the benchmark result that comes of a file or of several."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from aiops_planner.errors import UsageError
from aiops_reports import formatting
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench.benchmark import empty_result, with_points
from aiops_toolkit.bench.imports.aiperf import read_aiperf
from aiops_toolkit.bench.imports.custom_json import read_custom_json
from aiops_toolkit.bench.imports.figures import Results
from aiops_toolkit.bench.imports.google_benchmark import read_google_benchmark
from aiops_toolkit.bench.imports.hey import read_hey
from aiops_toolkit.bench.imports.k6 import read_k6
from aiops_toolkit.bench.imports.locust import read_locust
from aiops_toolkit.bench.imports.pytest_benchmark import read_pytest_benchmark
from aiops_toolkit.bench.imports.reading import ResultFile, read_file
from aiops_toolkit.bench.imports.wrk import read_wrk, read_wrk2
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import ImportFormat, ImportTarget
from aiops_toolkit.paths import matching

FRESH_S = 3600.0

IMPORTERS: Mapping[ImportFormat, tuple[str, Callable[[ResultFile], Results]]] = {
    "k6": ("k6", read_k6),
    "locust": ("Locust", read_locust),
    "aiperf": ("AIPerf", read_aiperf),
    "wrk": ("wrk", read_wrk),
    "wrk2": ("wrk2", read_wrk2),
    "hey": ("hey", read_hey),
    "pytest-benchmark": ("pytest-benchmark", read_pytest_benchmark),
    "google-benchmark": ("Google Benchmark", read_google_benchmark),
    "custom-json": ("your tool", read_custom_json),
}


def import_benchmark(settings: BenchmarkSettings, target: ImportTarget, *, root: Path) -> BenchmarkResult:
    """The result another tool measured, from one file below `root` or from each that its pattern matches.

    Raises UsageError, in one line, for a file that is missing, cut short, of another tool or that contradicts itself.
    """
    tool, read = IMPORTERS[target.format]
    paths = _paths(root, target, tool)
    found = [read(read_file(path, tool=tool, select=target.select)) for path in paths]
    old = (note for path in paths if (note := _age_note(path)))
    result = with_points(
        empty_result(settings, f"{tool} results in {target.path}", seed=0, quick=False),
        [point for results in found for point in results.points],
        finished=True,
    )
    return replace(
        result,
        source=", ".join(_unique(results.source for results in found)),
        seconds=sum(point.window_s for point in result.load_points),
        notes=_unique(chain(old, (note for results in found for note in results.notes))),
    )


def _paths(root: Path, target: ImportTarget, tool: str) -> list[Path]:
    if not any(sign in target.path for sign in "*?["):
        return [root / target.path]
    paths = matching(root, target.path, "import.path")
    if not paths:
        raise UsageError(
            f"import.path: {target.path!r} matches no file in {root.resolve()}; let the test command run {tool} and "
            "write its results there, or correct the pattern"
        )
    return paths


def _age_note(path: Path) -> str | None:
    """A warning that a file was there long before this run, so that the commit may not be what it measured."""
    age_s = time.time() - path.stat().st_mtime
    if age_s < FRESH_S:
        return None
    return f"{path.name} was written {formatting.duration(age_s)} before this report: it may be of another commit."


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
