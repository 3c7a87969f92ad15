"""The JSON of pytest-benchmark: one benchmark of it, called by one caller again and again, is one point."""

import numpy as np

from aiops_planner.performance import Distribution, LoadPoint
from aiops_toolkit.bench.imports.figures import Results, Tally, by_clients, from_sending, measured_point, times
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, checked_number
from aiops_toolkit.bench.percentiles import distribution

NOTE = "pytest-benchmark times calls in the test's own process, one after the other, pauses between them left out."
MEANS = "Each of its values is a mean of several calls, so no percentile of a single call is known."


def read_pytest_benchmark(file: ResultFile) -> Results:
    """The one benchmark, or the selected one (by name or full name), as a point of one client."""
    document = file.document()
    version = document.text("version")
    if version is None or "machine_info" not in document:
        raise file.foreign("version and machine_info")
    benchmark = _chosen(file, list(document.sections("benchmarks")))
    stats = benchmark.section("stats")
    calls_a_round = stats.whole("iterations")
    notes = (NOTE,) if calls_a_round == 1 else (NOTE, MEANS)
    return Results(points=(_point(file, stats, calls_a_round),), source=f"pytest-benchmark {version}", notes=notes)


def _chosen(file: ResultFile, benchmarks: list[Fields]) -> Fields:
    wanted = [each for each in benchmarks if file.select in {None, each.text("name"), each.text("fullname")}]
    if len(wanted) == 1:
        return wanted[0]
    if not benchmarks:
        raise file.refuse("it holds no benchmark", "see whether pytest collected any, and run it again")
    names = ", ".join(str(each.text("fullname") or each.text("name")) for each in benchmarks)
    found = "no such benchmark" if not wanted else f"{len(wanted)} benchmarks to choose from"
    raise file.refuse(f"it holds {found}", f"set import.select to one of {names}")


def _point(file: ResultFile, stats: Fields, calls_a_round: int) -> LoadPoint:
    rounds, mean_s = stats.whole("rounds"), stats.number("mean")
    tally = Tally(window_s=rounds * calls_a_round * mean_s, requests=rounds * calls_a_round)
    single = calls_a_round == 1
    response_s = _of_single_calls(file, stats, mean_s, rounds) if single else times(mean_s, rounds, {})
    return by_clients(from_sending(measured_point(file, tally, response_s)), 1)


def _of_single_calls(file: ResultFile, stats: Fields, mean_s: float, rounds: int) -> Distribution | None:
    """From the time of every call where they are in the file, else mean and median."""
    data = stats.values.get("data")
    if not isinstance(data, list) or not data:
        return times(mean_s, rounds, {"p50": stats.optional("median")})
    return distribution(np.array([checked_number(file, stats.path("data"), value) for value in data]))
