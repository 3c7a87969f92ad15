"""Results of other tools, as the tools wrote them (tests/data/imports), imported for tests."""

from pathlib import Path

from aiops_planner.performance import Objective
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench.imports.registry import import_benchmark
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import ImportFormat, ImportTarget

SAMPLES = Path(__file__).parents[1] / "data" / "imports"


def imported(
    tool_format: ImportFormat, path: str, *, select: str | None = None, root: Path = SAMPLES, p99_s: float = 0.05
) -> BenchmarkResult:
    """The result of one file or pattern below `root`."""
    target = ImportTarget(format=tool_format, path=path, select=select)
    return import_benchmark(
        BenchmarkSettings(name="predict", target=target, slo=Objective(p99=p99_s)), target, root=root
    )
