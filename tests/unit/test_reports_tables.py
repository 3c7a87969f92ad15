"""Load points as a table: one row a point, the same figures as the record."""

from dataclasses import fields, replace
from io import StringIO

import pandas as pd
import pytest

from aiops_planner.performance import GpuFigures, LoadPoint, StreamFigures
from aiops_reports.document import derived_names
from aiops_reports.tables import COLUMNS, load_points_csv, load_points_table
from support import reports_curves as curves
from support import reports_samples as samples


def test_every_load_point_has_a_row_with_its_figures() -> None:
    table = load_points_table(samples.sample_report())
    points = samples.sample_points()
    assert list(table.columns) == list(COLUMNS)
    assert list(table["throughput_rps"]) == [point.throughput_rps for point in points]
    assert list(table["response_s_p99"]) == [point.response_s.p99 for point in points if point.response_s]
    assert table["invalid_because"][5] == "the generator used 84 % of its core"
    assert set(table["benchmark"]) == {"classify"}


def test_the_csv_reads_back_with_gaps_where_nothing_was_resolved() -> None:
    table = pd.read_csv(StringIO(load_points_csv(samples.partial_report())))
    assert len(table) == 3
    assert table["response_s_p99"].isna().all()
    assert list(table["concurrency"]) == [1, 2, 4]
    assert list(table["power"]) == pytest.approx([61**2, 98**2 / 2, 101.2**2 / 4], rel=1e-6)


def test_what_streams_and_graphics_processors_have_stands_in_columns_of_its_own() -> None:
    table = load_points_table(replace(samples.sample_report(), benchmarks=(curves.streamed_benchmark(),)))
    points = curves.streamed_benchmark().load_points
    figures = [point.stream for point in points if point.stream and point.gpu]
    assert list(table["stream_tpot_s_p99"]) == [stream.tpot_s.p99 for stream in figures if stream.tpot_s]
    assert list(table["stream_output_tokens"]) == [stream.output_tokens for stream in figures]
    assert list(table["goodput_rps"]) == [point.goodput_rps for point in points]
    assert set(table["gpu_name"]) == {"NVIDIA L4"}
    assert list(table["steadiness"]) == ["steady", "steady", "steady", "never-steady"]


def test_what_another_tool_did_not_say_is_an_empty_cell_never_zero() -> None:
    report = replace(samples.sample_report(), benchmarks=(curves.imported_benchmark(),))
    table = pd.read_csv(StringIO(load_points_csv(report)))
    blank = ("warm_up_s", "good_requests", "attainment", "mean_concurrency", "service_cpu_s", "generator_utilisation")
    assert table[[*blank, "response_s_p90", "stream_chunks", "gpu_count"]].isna().all(axis=None)
    assert set(table["source"]) == {"wrk 4.1.0"}


def test_every_figure_of_a_load_point_has_a_column() -> None:
    """Batches are for resampling and stay in the record; parts of values are prefixed with the value's name."""
    parts = {"response_s", "service_s", "send_lag_s", "connect_s", "first_byte_s", "gpu", "stream", "batches"}
    figures = {field.name for field in fields(LoadPoint)} | set(derived_names(LoadPoint))
    assert figures - parts <= set(COLUMNS)
    prefixed = {f"stream_{field.name}" for field in fields(StreamFigures) if not field.name.endswith("_s")}
    assert prefixed <= set(COLUMNS)
    assert {f"gpu_{field.name}" for field in fields(GpuFigures)} <= set(COLUMNS)


def test_a_report_without_benchmarks_has_a_table_without_rows() -> None:
    text = load_points_csv(replace(samples.sample_report(), benchmarks=()))
    assert text == ",".join(COLUMNS) + "\n"
