"""Load points as a table: one row a point, the same figures as the record."""

from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest

from aiops_reports.tables import COLUMNS, load_points_csv, load_points_table
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


def test_a_report_without_benchmarks_has_a_table_without_rows() -> None:
    text = load_points_csv(replace(samples.sample_report(), benchmarks=()))
    assert text == ",".join(COLUMNS) + "\n"
