"""What `aiops bench` shows: every load point in its row, invalid ones struck through, intervals and cost below."""

from io import StringIO

import pytest
from rich.console import Console

from aiops_planner.performance import Objective
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.cli.results import show_benchmarks
from support import reports_curves as curves


def shown(*results: BenchmarkResult, terminal: bool = False) -> str:
    stream = StringIO()
    show_benchmarks(Console(file=stream, width=160, force_terminal=terminal, color_system="truecolor"), results)
    return stream.getvalue()


def row_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_every_load_point_has_a_row_with_its_note() -> None:
    text = shown(curves.sample_benchmark())
    assert row_of(text, "2 clients").split() == [
        *("2", "clients", "690/s", "2.90", "ms", "2.61", "ms", "6.20", "ms", "238", "k/s²", "0", "100", "%"),
        *("largest", "measured", "power"),
    ]
    assert row_of(text, "900/s").rstrip().endswith("never steady, misses the objective")


def test_an_invalid_row_is_struck_through_and_its_reason_is_not() -> None:
    (line,) = [line for line in shown(curves.sample_benchmark(), terminal=True).splitlines() if "32 clients" in line]
    struck, _, reason = line.rpartition("\x1b[0m")
    assert "\x1b[2;9m32 clients\x1b[0m" in line
    assert struck.count("\x1b[2;9m") == 8
    assert reason.strip() == "invalid: the generator used 84 % of its core"


@pytest.mark.parametrize(
    "words",
    [
        "241 k/s² (95 %: 231 k/s² to 252 k/s²) with 2.35 requests in flight (95 %: 2.07 to 2.66)",
        "(95 %: 771/s to 864/s; 900/s misses)",
        "soft-min curve",
        "contention α 0.118",
        "1 warmed up late and 1 never steady",
        "connect 120 µs",
        "1.04 ms CPU a request",
        "not three pieces of evidence",
    ],
)
def test_intervals_method_and_cost_stand_below(words: str) -> None:
    assert words in shown(curves.sample_benchmark())


def test_percentiles_that_were_not_resolved_are_said_in_words() -> None:
    points = tuple(curves.closed_point(clients, 60.0 * clients, None) for clients in (1, 2))
    assert row_of(shown(curves.sample_benchmark(points)), "1 client").count("not resolved") == 1
    assert "not resolved" not in row_of(shown(curves.imported_benchmark()), "8 clients")


def test_streamed_answers_have_a_table() -> None:
    text = shown(curves.streamed_benchmark())
    assert "Streamed answers" in text
    assert "intended TTFT p99" in text
    assert "1,440/s" in text


def test_results_of_other_tools_name_them() -> None:
    assert "wrk 4.1.0, imported" in shown(curves.imported_benchmark())


def test_without_limits_nothing_is_said_of_attainment() -> None:
    points = tuple(curves.closed_point(1, 60.0, None, good_requests=None) for _ in range(2))
    result = curves.sample_benchmark(points)
    assert result.objective != Objective()
    assert "attainment" not in shown(result)
