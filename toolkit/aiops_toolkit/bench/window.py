"""The part of a run that is measured, and the times of the requests that count in it, a block of rows at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import BLOCK_ROWS, Outcome, Table
from aiops_toolkit.bench.stream_figures import tpot_s, ttft_s
from aiops_toolkit.bench.target import StreamTable

Metric = Literal["response", "ttft", "tpot"]
Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A run from `start_s`, the end of its warm-up, until no more requests were meant to be sent.

    The methods take some rows of the run's table and return a value for each, or those of the rows that count.
    """

    run: Run
    start_s: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.run.stopped_s - self.start_s

    def blocks(self) -> Iterator[tuple[Table, StreamTable | None]]:
        """The rows of the run, some at once, with what streamed answers said of them."""
        stream = self.run.stream
        for number, rows in enumerate(self.run.table.blocks()):
            yield rows, None if stream is None else _of_block(stream, number * BLOCK_ROWS, len(rows))

    def contains(self, times_s: Floats) -> Rows:
        """Which times lie in it; NaN does not."""
        inside: Rows = (times_s >= self.start_s) & (times_s < self.run.stopped_s)
        return inside

    def issued(self, rows: Table) -> Rows:
        """Which requests the window answers for: those that ended in it, or in open loop were meant to be sent in it.

        In open loop the slowest would otherwise drop out.
        """
        return self.contains(rows.intended if self.run.mode == "open" else rows.end)

    def counted(self, rows: Table) -> Rows:
        """Which of them have a response time.

        Failed requests have none, except time-outs and those cut off at the end, which count with the time they had
        waited: the truth is longer, never shorter.
        """
        waited = (rows.outcome == Outcome.TIMEOUT) | (rows.outcome == Outcome.UNFINISHED)
        counted: Rows = self.issued(rows) & (waited | (rows.outcome == Outcome.OK))
        return counted

    def response_s(self, rows: Table) -> Floats:
        """From the intended time in open loop, from the first byte sent in closed loop, to the end; for every row."""
        return self._ended_s(rows) - (rows.intended if self.run.mode == "open" else rows.sent)

    def times_s(self, metric: Metric, rows: Table, stream: StreamTable | None) -> Floats:
        """What an objective may limit, for every row; NaN where it is unknown, as all of a stream is without one."""
        if metric == "response":
            return self.response_s(rows)
        if stream is None:
            return np.full(len(rows), np.nan)
        if metric == "tpot":
            return tpot_s(rows, stream)
        return ttft_s(rows, stream, intended=self.run.mode == "open", cut_s=self.run.cut_s)

    def counted_response_s(self, rows: Table) -> Floats:
        """The response times that count."""
        return self.response_s(rows)[self.counted(rows)]

    def counted_service_s(self, rows: Table) -> Floats:
        """From the first byte sent to the end, of those that were sent in time."""
        return (self._ended_s(rows) - rows.sent)[self.counted(rows) & self._sent(rows)]

    def counted_connect_s(self, rows: Table) -> Floats:
        """The time to open a lane, of those that had to."""
        opened = self.counted(rows) & ~np.isnan(rows.connected)
        return (rows.connected - rows.sent)[opened]

    def counted_first_byte_s(self, rows: Table) -> Floats:
        """From the first byte sent, on a lane that was open by then, to the first one received."""
        answered = self.counted(rows) & ~np.isnan(rows.first_byte)
        return (rows.first_byte - np.fmax(rows.sent, rows.connected))[answered]

    def lag_s(self, rows: Table) -> Floats:
        """How late requests left that were issued and sent in the window; in closed loop there is no late."""
        if self.run.mode == "closed":
            return np.zeros(int(np.count_nonzero(self.counted(rows))))
        return (rows.sent - rows.intended)[self.issued(rows) & self._sent(rows)]

    def gather(self, values: Callable[[Table], Floats]) -> Floats:
        """The values of all blocks in one new array; nothing else gets as long as the table."""
        found = np.empty(len(self.run.table))
        count = 0
        for rows in self.run.table.blocks():
            block = values(rows)
            found[count : count + len(block)] = block
            count += len(block)
        return found[:count]

    def _ended_s(self, rows: Table) -> Floats:
        return np.where(np.isnan(rows.end), self.run.cut_s, rows.end)

    def _sent(self, rows: Table) -> Rows:
        return rows.sent < self.run.stopped_s


def _of_block(stream: StreamTable, start: int, count: int) -> StreamTable:
    rows = slice(start, start + count)
    none = slice(0, 0)  # gaps belong to whole tables
    return StreamTable(
        first_token=stream.first_token[rows],
        chunks=stream.chunks[rows],
        output_tokens=stream.output_tokens[rows],
        input_tokens=stream.input_tokens[rows],
        gaps_s=stream.gaps_s[none],
        gap_rows=stream.gap_rows[none],
    )
