"""What `aiops bench` shows: every load point in its row, invalid ones struck through, intervals and cost below."""

import re
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from aiops_planner.performance import Objective
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.cli.results import show_benchmarks
from support import reports_curves as curves


def shown(*results: BenchmarkResult, terminal: bool = False, width: int = 160) -> str:
    stream = StringIO()
    colours = "truecolor" if terminal else None
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=colours)
    show_benchmarks(console, results)
    return stream.getvalue()


def row_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def note_below(text: str, start: str) -> str:
    lines = text.splitlines()
    return lines[lines.index(row_of(text, start)) + 1].strip()


def test_every_load_point_has_a_row_with_its_note() -> None:
    text = shown(curves.sample_benchmark())
    assert row_of(text, "2 clients").split() == [
        *("2", "clients", "690/s", "2.90", "ms", "2.61", "ms", "6.20", "ms", "238", "k/s²", "0", "100", "%"),
    ]
    assert note_below(text, "2 clients") == "largest measured power"
    assert note_below(text, "900/s") == "never steady, misses the objective; 38 × status 503; 4 × timeout"


def test_an_invalid_row_is_struck_through_and_its_reason_is_not() -> None:
    lines = shown(curves.sample_benchmark(), terminal=True).splitlines()
    (place,) = [number for number, line in enumerate(lines) if "32 clients" in line]
    assert re.fullmatch("\x1b\\[2;9m32 clients[^\x1b]*90.5 %\x1b\\[0m", lines[place])
    assert "invalid: the generator used 84 % of its core" in lines[place + 1]
    assert "\x1b[2;9m" not in lines[place + 1]


@pytest.mark.parametrize("make", [curves.sample_benchmark, curves.streamed_benchmark, curves.imported_benchmark])
def test_tables_fit_a_terminal_of_80_characters(make: Callable[[], BenchmarkResult]) -> None:
    rows = [line for line in shown(make(), width=80).splitlines() if re.match(r"[\d.,]+(/s| clients?)  ", line)]
    assert len(rows) >= len(make().load_points)
    assert max(map(len, rows)) <= 80


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
    assert "TTFT p99" in text
    assert "1,440/s" in text


def test_results_of_other_tools_name_them() -> None:
    assert "wrk 4.1.0, imported" in shown(curves.imported_benchmark())


def test_without_limits_nothing_is_said_of_attainment() -> None:
    points = tuple(curves.closed_point(1, 60.0, None, good_requests=None) for _ in range(2))
    result = curves.sample_benchmark(points)
    assert result.objective != Objective()
    assert "attainment" not in shown(result)
