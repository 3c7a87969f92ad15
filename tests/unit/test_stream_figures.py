"""Figures of streamed answers follow their definitions exactly, and leave out what nobody said."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import StreamFigures
from aiops_toolkit.bench.samples import Outcome, Table
from aiops_toolkit.bench.stream_figures import stream_figures, tpot_s, ttft_s
from aiops_toolkit.bench.target import StreamTable

OK, TIMEOUT, UNFINISHED, CUT = (
    int(kind) for kind in (Outcome.OK, Outcome.TIMEOUT, Outcome.UNFINISHED, Outcome.STREAM_CUT)
)


def answers(*rows: tuple[float, float, float, float, int, int]) -> tuple[Table, StreamTable]:
    """Rows of intended, sent, first token, end, output tokens and outcome; each token after the first is a chunk."""
    intended, sent, first, end, tokens, outcome = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    table = Table(
        intended=intended,
        sent=sent,
        connected=np.full_like(sent, nan),
        first_byte=first,
        end=end,
        outcome=outcome.astype(np.int16),
    )
    gaps = [(row, (end - first) / (n - 1)) for row, (_, _, first, end, n, _) in enumerate(rows) for _ in range(1, n)]
    stream = StreamTable(
        first_token=first,
        chunks=np.maximum(tokens, 0).astype(np.int32),
        output_tokens=tokens.astype(np.int32),
        input_tokens=np.full(len(rows), 7, dtype=np.int32),
        gaps_s=np.array([gap for _, gap in gaps], dtype=np.float32),
        gap_rows=np.array([row for row, _ in gaps], dtype=np.int32),
    )
    return table, stream


def figures(*rows: tuple[float, float, float, float, int, int], **changes: object) -> StreamFigures:
    table, stream = answers(*rows)
    counted = np.ones(len(rows), dtype=bool)
    return stream_figures(table, stream, counted, **{"window_s": 10.0} | changes)


def test_each_figure_of_one_answer_follows_its_definition():
    found = figures((1.0, 1.5, 2.0, 4.0, 5, OK))
    assert found.ttft_s.mean == 0.5
    assert found.intended_ttft_s.mean == 1.0
    assert found.tpot_s.mean == 0.5  # 2 s for the 4 tokens after the first
    assert found.itl_s.mean == 0.5
    assert (found.chunks, found.output_tokens, found.input_tokens) == (5, 5, 7)
    assert found.output_tokens_per_s == 0.5
    assert found.answers_without_usage == 0


def test_in_closed_loop_a_request_is_due_when_it_is_sent():
    found = figures((1.0, 1.5, 2.0, 4.0, 5, OK), intended=False)
    assert found.intended_ttft_s == found.ttft_s


def test_percentiles_wait_until_the_sample_resolves_them():
    few, enough = ([(0.0, 0.0, 0.1, 1.0, 2, OK)] * count for count in (6, 44))
    assert figures(*few).ttft_s.p50 is None
    assert figures(*enough).ttft_s.p90 == pytest.approx(0.1)
    assert figures(*enough).ttft_s.p99 is None


def test_tokens_nobody_counted_make_no_rate_and_no_time_per_token():
    found = figures((0.0, 0.0, 0.5, 1.0, 3, OK), (0.0, 0.0, 0.5, 1.0, -1, OK))
    assert (found.output_tokens, found.output_tokens_per_s, found.answers_without_usage) == (None, None, 1)
    assert found.tpot_s.mean == 0.25
    assert figures((0.0, 0.0, 0.5, 1.0, -1, OK)).tpot_s is None
    assert figures((0.0, 0.0, 0.5, 1.0, -1, OK)).ttft_s.mean == 0.5


def test_a_single_token_has_no_time_per_token():
    table, stream = answers((0.0, 0.0, 0.5, 0.5, 1, OK))
    assert isnan(tpot_s(table, stream)[0])
    assert figures((0.0, 0.0, 0.5, 0.5, 1, OK)).itl_s is None


def test_only_answers_that_ended_in_the_window_count_for_tokens_a_second():
    table, stream = answers((0.0, 0.0, 0.5, 1.0, 3, OK), (0.0, 0.0, 0.5, 9.0, 5, OK))
    found = stream_figures(table, stream, np.array([True, True]), window_s=2.0, ended_rows=np.array([True, False]))
    assert (found.chunks, found.output_tokens, found.output_tokens_per_s) == (3, 3, 1.5)
    assert found.itl_s.mean == pytest.approx((2 * 0.25 + 4 * 2.125) / 6)


def test_rows_that_do_not_count_leave_no_trace():
    table, stream = answers((0.0, 0.0, 0.5, 1.0, 3, OK), (0.0, 0.0, 0.1, 9.0, 5, OK))
    found = stream_figures(table, stream, np.array([True, False]), window_s=2.0)
    assert (found.ttft_s.mean, found.itl_s.mean, found.output_tokens) == (0.5, 0.25, 3)


@pytest.mark.parametrize(
    ("first_token", "end", "outcome", "expected"),
    [
        (nan, 5.0, TIMEOUT, 4.0),
        (2.0, 5.0, TIMEOUT, 1.0),
        (nan, nan, UNFINISHED, 7.0),
        (2.0, nan, UNFINISHED, 1.0),
        (nan, 5.0, CUT, nan),
        (nan, 5.0, 500, nan),
    ],
)
def test_waiting_in_vain_counts_with_the_time_waited(first_token, end, outcome, expected):
    table, stream = answers((0.0, 1.0, first_token, end, -1, outcome))
    assert ttft_s(table, stream, cut_s=8.0)[0] == pytest.approx(expected, nan_ok=True)
    assert ttft_s(table, stream, cut_s=8.0, intended=True)[0] == pytest.approx(expected + 1.0, nan_ok=True)
    assert isnan(tpot_s(table, stream)[0])


def test_a_load_without_any_answer_has_no_figures():
    found = figures((0.0, 0.0, nan, 1.0, -1, 500))
    assert found.ttft_s is found.tpot_s is found.itl_s is None
    assert (found.chunks, found.output_tokens, found.output_tokens_per_s) == (0, None, None)


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0.001, 5), st.integers(2, 40), st.floats(0.001, 5)), min_size=1))
def test_first_token_and_the_tokens_after_it_add_up_to_the_response(rows):
    table, stream = answers(
        *((sent, sent, sent + first, sent + first + rest, tokens, OK) for sent, first, tokens, rest in rows)
    )
    whole = ttft_s(table, stream) + tpot_s(table, stream) * (stream.output_tokens - 1)
    assert np.allclose(whole, table.end - table.sent)
