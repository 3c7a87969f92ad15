"""The findings of a benchmark in words: how the knee was found, how far to trust it, and what the load cost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from aiops_planner.performance import Capacity, Interval, Objective
from aiops_reports import wording
from aiops_reports.point_tables import comment_columns, stream_columns, tables_of, terminal_columns
from aiops_reports.record import BenchmarkResult
from aiops_reports.rows import curve_rows, finding_rows, reference_point
from support import reports_curves as curves
from support.reports_strategies import values_of


def found(result: BenchmarkResult) -> dict[str, str]:
    return {row.label: row.value for row in (*curve_rows(result), *finding_rows(result))}


def test_a_fitted_knee_stands_beside_the_largest_measured_power() -> None:
    rows = found(curves.sample_benchmark())
    assert rows["Knee found by"] == (
        "the maximum of the soft-min curve fitted to the closed-loop points; residual 2.1 % of throughput"
    )
    assert rows["Largest measured P"] == "238 k/s² with 2 requests in flight"
    assert rows["Scalability (USL)"] == (
        "a diagnostic that decides nothing: contention α 0.118, coherency β 0.0061, one client 421/s; "
        "its power peaks with 4.53 requests in flight; residual 4.7 % of throughput"
    )


def test_a_measured_knee_says_that_it_is_no_fit() -> None:
    rows = found(curves.sample_benchmark(curves.sample_points()))
    assert rows["Knee found by"] == "the closed-loop point of largest measured power, not a fit"
    assert "Largest measured P" not in rows
    assert "Scalability (USL)" not in rows


def test_a_law_without_a_peak_says_so() -> None:
    result = replace(curves.sample_benchmark(), scalability=replace(curves.USL, knee_concurrency=None))
    assert "its power has no peak" in found(result)["Scalability (USL)"]


def test_steadiness_is_counted_in_words() -> None:
    points = tuple(replace(point, steadiness=None) for point in curves.sample_points()[:3])
    settled = tuple(replace(point, steadiness="slowing-down") for point in curves.sample_points()[3:5])
    result = curves.sample_benchmark((*points, *settled))
    assert found(result)["Steadiness"] == "of 5 load points 2 slowing down and 3 too short to tell"
    assert "Steadiness" not in found(curves.sample_benchmark(points))


def test_resources_and_phases_are_those_of_the_point_of_largest_power() -> None:
    rows = found(curves.sample_benchmark())
    assert rows["Phases at 2 clients"] == "connect 120 µs, first byte 2.81 ms, last byte 2.90 ms"
    assert rows["Resources at 2 clients"] == (
        "1.04 ms CPU a request, 178 MiB memory of the service, 2.9 % of a core for the load generator, "
        "58.6 MiB its memory"
    )
    rows = found(curves.streamed_benchmark())
    assert rows["GPU at 12.0/s"] == "1 × NVIDIA L4, 85.7 % used, 19.0 GiB at most, 68.4 W"


def test_several_generator_processes_are_named() -> None:
    points = tuple(replace(point, generator_processes=4) for point in curves.sample_points())
    assert (
        "for each of the 4 processes of the load generator"
        in found(curves.sample_benchmark(points))["Resources at 2 clients"]
    )


def test_an_invalid_point_stands_for_nothing() -> None:
    points = tuple(replace(point, invalid_because=("late",)) for point in curves.sample_points())
    assert reference_point(curves.sample_benchmark(points)) is None


def test_results_of_other_tools_name_them_and_are_silent_on_the_rest() -> None:
    rows = found(curves.imported_benchmark())
    assert rows["Measured by"] == "wrk 4.1.0, imported; what it does not say is left blank"
    assert not [label for label in rows if label.startswith(("Resources", "GPU", "Steadiness", "Capacity"))]


@pytest.mark.parametrize(
    ("capacity", "text"),
    [
        (
            Capacity(slo=Objective(p99=0.1), rps=2100.0, ci=Interval(low=2050.0, high=None)),
            "2,100/s within p99 ≤ 100 ms (95 %: at least 2,050/s; no higher rate was tried)",
        ),
        (
            Capacity(slo=Objective(p99=0.1), rps=None, ci=Interval(low=None, high=40.0), reason="40/s missed"),
            "not resolved for p99 ≤ 100 ms: 40/s missed (95 %: at most 40.0/s)",
        ),
        (
            Capacity(slo=Objective(ttft_p99=0.5, tpot_p90=0.04), rps=8.0, missed_rps=9.0),
            "8.00/s within TTFT p99 ≤ 500 ms and TPOT p90 ≤ 40 ms (9.00/s misses)",
        ),
    ],
    ids=["every rate met it", "none met it", "limits of streams"],
)
def test_a_capacity_is_said_with_its_interval(capacity: Capacity, text: str) -> None:
    assert wording.capacity(capacity) == text


def test_columns_that_say_nothing_are_left_out() -> None:
    assert [table.title for table in tables_of(curves.sample_benchmark())] == [
        "Load points",
        "Phases of a request",
        "Resources",
    ]
    assert [table.title for table in tables_of(curves.streamed_benchmark())][1] == "Streamed answers"
    assert stream_columns(curves.sample_benchmark()) == ()
    heads = [column.head for column in comment_columns(curves.imported_benchmark())]
    assert "attainment" not in heads
    assert "attainment" in [column.head for column in terminal_columns(curves.sample_benchmark())]


@given(result=values_of(BenchmarkResult))
@settings(max_examples=40, deadline=None)
def test_every_cell_and_row_of_any_benchmark_is_a_text(result: BenchmarkResult) -> None:
    texts = [row.value for row in (*curve_rows(result), *finding_rows(result))]
    for table in tables_of(result):
        texts += [column.show(point) for column in table.columns for point in result.load_points]
    assert all(text and "None" not in text and "nan" not in text for text in texts)
