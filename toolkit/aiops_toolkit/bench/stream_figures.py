"""The figures of streamed answers: time to first token, time per output token, gaps between chunks, tokens a second.

Definitions as in vLLM and MLPerf: the time per output token leaves the first token out.
"""

from math import nan

import numpy as np
from numpy.typing import NDArray

from aiops_planner.performance import Distribution, StreamFigures
from aiops_toolkit.bench.percentiles import distribution
from aiops_toolkit.bench.samples import Outcome, Table
from aiops_toolkit.bench.target import StreamTable

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


def ttft_s(table: Table, stream: StreamTable, *, intended: bool = False, cut_s: float = nan) -> Floats:
    """Time to the first token in seconds, a value a row, from the first byte sent or from the `intended` time.

    NaN where it is unknown. A request that timed out without a token, or still had none at `cut_s`, has the time it had
    waited: the truth is longer, never shorter.
    """
    waiting = np.isin(table.outcome, (Outcome.TIMEOUT, Outcome.UNFINISHED)) & np.isnan(stream.first_token)
    given_up = np.where(np.isnan(table.end), cut_s, table.end)
    began = table.intended if intended else table.sent
    return np.where(waiting, given_up, stream.first_token) - began


def tpot_s(table: Table, stream: StreamTable) -> Floats:
    """Time per output token after the first in seconds, a value a row: (t_e - t_1) / (n - 1).

    NaN for requests that did not succeed, answers of fewer than two tokens, and those whose tokens are unknown.
    """
    known = (table.outcome == Outcome.OK) & (stream.output_tokens >= 2)
    return np.where(known, table.end - stream.first_token, nan) / np.maximum(stream.output_tokens - 1, 1)


def stream_figures(  # noqa: PLR0913 - a run, which of its rows count for what, and the window
    table: Table,
    stream: StreamTable,
    counted_rows: Rows,
    *,
    window_s: float,
    ended_rows: Rows | None = None,
    intended: bool = True,
    cut_s: float = nan,
) -> StreamFigures:
    """The figures of one load point from the rows whose times count, those of `response_s`.

    Chunks and tokens are those of the answers that succeeded and ended inside the window, `ended_rows` (in closed loop
    the same rows, so it may be left out). In closed loop (`intended=False`) a request is due when it is sent. Token
    counts are None as soon as one of these answers came without `usage`: their sum would be too small.
    """
    first_s = ttft_s(table, stream, cut_s=cut_s)[counted_rows]
    due_s = ttft_s(table, stream, intended=True, cut_s=cut_s)[counted_rows] if intended else first_s
    answered = (counted_rows if ended_rows is None else ended_rows) & (table.outcome == Outcome.OK)
    output_tokens = _total(stream.output_tokens[answered])
    return StreamFigures(
        ttft_s=_distribution(first_s),
        intended_ttft_s=_distribution(due_s),
        tpot_s=_distribution(tpot_s(table, stream)[counted_rows]),
        itl_s=_distribution(stream.gaps_s[counted_rows[stream.gap_rows]].astype(np.float64)),
        chunks=int(np.sum(stream.chunks[answered], dtype=np.int64)),
        output_tokens=output_tokens,
        input_tokens=_total(stream.input_tokens[answered]),
        output_tokens_per_s=None if output_tokens is None else output_tokens / window_s,
        answers_without_usage=int(np.count_nonzero(stream.output_tokens[answered] < 0)),
    )


def _distribution(seconds: Floats) -> Distribution | None:
    return distribution(seconds[~np.isnan(seconds)])


def _total(tokens: NDArray[np.int32]) -> int | None:
    """Their sum; None when one is unknown or there is none."""
    return int(np.sum(tokens, dtype=np.int64)) if len(tokens) and tokens.min() >= 0 else None
