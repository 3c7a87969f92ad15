"""The JSON of Google Benchmark: one benchmark of it is a point for each number of threads it ran with."""

import re
from collections import defaultdict

from aiops_planner.performance import LoadPoint
from aiops_toolkit.bench.imports.figures import Results, Tally, by_clients, from_sending, measured_point, times
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, wrong

NOTES = ("Google Benchmark times iterations in its own process and states their mean: percentiles are not known.",)
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
PER_THREAD_SINCE = (1, 9)  # https://github.com/google/benchmark/pull/1836

_THREADS = re.compile(r"/threads:\d+$")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def read_google_benchmark(file: ResultFile) -> Results:
    """The one benchmark, or the selected one: its name as reported without the threads, or its function's alone."""
    document = file.document()
    context = document.section("context")
    if "library_build_type" not in context:
        raise file.foreign("field context.library_build_type")
    version = context.text("library_version")
    by_threads: dict[int, list[Fields]] = defaultdict(list)
    for run in _chosen(file, list(document.sections("benchmarks"))):
        by_threads[run.whole("threads") if "threads" in run else 1].append(run)
    per_thread = _is_per_thread(version)
    points = tuple(_point(file, threads, runs, per_thread) for threads, runs in sorted(by_threads.items()))
    source = f"Google Benchmark {version.removeprefix('v')}" if version else "Google Benchmark"
    return Results(points=points, source=source, notes=NOTES)


def _chosen(file: ResultFile, runs: list[Fields]) -> list[Fields]:
    """The repetitions of one benchmark with whatever numbers of threads, without sums and failures."""
    by_name: dict[str, list[Fields]] = defaultdict(list)
    for run in runs:
        by_name[_name(run)].append(run)
    wanted = [name for name in by_name if file.select in {None, name, name.partition("/")[0]}]
    if len(wanted) != 1:
        if not by_name:
            raise file.refuse("it holds no benchmark", "see whether its filter matched any, and run it again")
        found = f"{len(wanted)} benchmarks to choose from" if wanted else "no such benchmark"
        raise file.refuse(f"it holds {found}", f"set import.select to one of {', '.join(by_name)}")
    chosen = by_name[wanted[0]]
    failed = [run for run in chosen if run.values.get("error_occurred")]
    if failed:
        message = failed[0].text("error_message") or "no reason given"
        raise file.refuse(f"{wanted[0]} failed ({message})", "correct the benchmark and run it again")
    single = [run for run in chosen if run.text("run_type") != "aggregate"]
    if not single:
        raise file.refuse("it holds sums of repetitions only", "run it without --benchmark_report_aggregates_only")
    return single


def _name(run: Fields) -> str:
    name = run.text("run_name") or run.text("name")
    if name is None:
        raise run.file.foreign(f"field {run.path('name')}")
    return _THREADS.sub("", name)


def _is_per_thread(version: str | None) -> bool:
    """Whether real_time is what an iteration takes its thread, or that divided by the number of threads."""
    match = _VERSION.match(version or "")
    return match is not None and tuple(map(int, match.groups())) >= PER_THREAD_SINCE


def _point(file: ResultFile, threads: int, runs: list[Fields], per_thread: bool) -> LoadPoint:
    iterations = sum(run.whole("iterations") for run in runs)
    busy_s = sum(run.whole("iterations") * _real_time_s(run) for run in runs)  # of all threads, or their mean
    window_s = busy_s / threads if per_thread else busy_s
    mean_s = window_s * threads / iterations if iterations else 0.0
    tally = Tally(window_s=window_s, requests=iterations)
    return by_clients(from_sending(measured_point(file, tally, times(mean_s, iterations, {}))), threads)


def _real_time_s(run: Fields) -> float:
    unit = run.text("time_unit") or "ns"
    if unit not in SECONDS:
        raise wrong(run.file, run.path("time_unit"), unit, f"one of {', '.join(SECONDS)}")
    return run.number("real_time") * SECONDS[unit]
