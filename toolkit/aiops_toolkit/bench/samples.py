"""What happened to every request: five times and an outcome in preallocated arrays, read with numpy after the run."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from math import nan

import numpy as np
from numpy.typing import NDArray

CHUNK_ROWS = 16_384  # writing them takes some 0.2 ms, in which nothing is sent
BLOCK_ROWS = 65_536


class Outcome(IntEnum):
    """How a request ended; an answer with a status other than 2xx has that status as its outcome."""

    UNFINISHED = -1
    OK = 0
    CONNECT_REFUSED = 1
    CONNECT_TIMEOUT = 2
    CONNECT_FAILED = 3
    TLS = 4
    TIMEOUT = 5
    RESET = 6
    CLOSED_EARLY = 7
    MALFORMED = 8
    BODY_TOO_LARGE = 9
    TOO_MANY_OPEN_FILES = 10
    UNEXPECTED_SIZE = 11
    UNEXPECTED_JSON = 12
    STALE_CONNECTION = 13
    STREAM_CUT = 20
    STREAM_ERROR = 21
    STREAM_MALFORMED = 22
    STREAM_EMPTY = 23
    NOT_A_STREAM = 24
    EXCEPTION = 30
    EXIT_CODE = 31


def kind_of(outcome: int) -> str:
    """The name an outcome has in reports: status-500, connect-refused."""
    return f"status-{outcome}" if outcome >= 100 else Outcome(outcome).name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Samples as numpy arrays, a row a request; times are seconds of `time.perf_counter`, NaN where it never came.

    `connected` is when a lane was open for the request, NaN when it took one that was open already.
    """

    intended: NDArray[np.float64]
    sent: NDArray[np.float64]
    connected: NDArray[np.float64]
    first_byte: NDArray[np.float64]
    end: NDArray[np.float64]
    outcome: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.end)

    def blocks(self) -> Iterator["Table"]:
        """Views of consecutive rows, so that what is derived from them need never be as long as the table."""
        for start in range(0, len(self), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield Table(
                intended=self.intended[rows],
                sent=self.sent[rows],
                connected=self.connected[rows],
                first_byte=self.first_byte[rows],
                end=self.end[rows],
                outcome=self.outcome[rows],
            )


_UNKNOWN = array("d", [nan])
_UNFINISHED = array("h", [Outcome.UNFINISHED])


class Samples:
    """The rows of one load, grown by chunks so that recording a value is one store into memory that is there."""

    __slots__ = ("_rows", "connected", "count", "end", "first_byte", "intended", "outcome", "sent")

    def __init__(self, rows: int = CHUNK_ROWS) -> None:
        self.intended = _UNKNOWN * rows
        self.sent = _UNKNOWN * rows
        self.connected = _UNKNOWN * rows
        self.first_byte = _UNKNOWN * rows
        self.end = _UNKNOWN * rows
        self.outcome = _UNFINISHED * rows
        self.count = 0
        self._rows = rows

    @classmethod
    def planned(cls, schedule: NDArray[np.float64], started_s: float = 0.0) -> "Samples":
        """One row for each time of a schedule that begins at `started_s`, none of them sent yet."""
        samples = cls(max(len(schedule), 1))
        samples.count = len(schedule)
        np.add(schedule, started_s, out=samples._view(samples.intended))
        return samples

    def add(self, intended: float) -> int:
        """A new row; returns its index."""
        index = self.count
        if index == self._rows:
            self._grow()
        self.intended[index] = intended
        self.count = index + 1
        return index

    def table(self) -> Table:
        """What was recorded, without a copy: no row can be added while a table is in use."""
        return Table(
            intended=self._view(self.intended),
            sent=self._view(self.sent),
            connected=self._view(self.connected),
            first_byte=self._view(self.first_byte),
            end=self._view(self.end),
            outcome=np.frombuffer(self.outcome, dtype=np.int16)[: self.count],
        )

    def _view(self, column: "array[float]") -> NDArray[np.float64]:
        return np.frombuffer(column)[: self.count]

    def _grow(self) -> None:
        unknown = _UNKNOWN * CHUNK_ROWS
        for column in (self.intended, self.sent, self.connected, self.first_byte, self.end):
            column.extend(unknown)
        self.outcome.extend(_UNFINISHED * CHUNK_ROWS)
        self._rows += CHUNK_ROWS
