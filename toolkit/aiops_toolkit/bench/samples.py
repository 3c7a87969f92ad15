"""What happened to every request: five times and an outcome in preallocated arrays, read with numpy after the run."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from math import nan

import numpy as np
from numpy.typing import NDArray

CHUNK_ROWS = 65_536


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
    STREAM_CUT = 20
    STREAM_ERROR = 21
    STREAM_MALFORMED = 22
    STREAM_EMPTY = 23
    NOT_A_STREAM = 24


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


class Samples:
    """The rows of one load, grown by chunks so that recording a value is one store into memory that is there."""

    __slots__ = ("_rows", "connected", "count", "end", "first_byte", "intended", "outcome", "sent")

    def __init__(self) -> None:
        self.intended = array("d")
        self.sent = array("d")
        self.connected = array("d")
        self.first_byte = array("d")
        self.end = array("d")
        self.outcome = array("h")
        self.count = 0
        self._rows = 0
        self._grow(CHUNK_ROWS)

    @classmethod
    def planned(cls, intended: Iterable[float]) -> "Samples":
        """One row for each intended time, none of them sent yet."""
        samples = cls()
        times = array("d", intended)
        if len(times) > samples._rows:
            samples._grow(len(times) - samples._rows)
        samples.intended[: len(times)] = times
        samples.count = len(times)
        return samples

    def add(self, intended: float) -> int:
        """A new row; returns its index."""
        index = self.count
        if index == self._rows:
            self._grow(CHUNK_ROWS)
        self.intended[index] = intended
        self.count = index + 1
        return index

    def table(self) -> Table:
        """A copy of what was recorded so far."""
        return Table(
            intended=np.array(self.intended[: self.count]),
            sent=np.array(self.sent[: self.count]),
            connected=np.array(self.connected[: self.count]),
            first_byte=np.array(self.first_byte[: self.count]),
            end=np.array(self.end[: self.count]),
            outcome=np.array(self.outcome[: self.count]),
        )

    def _grow(self, rows: int) -> None:
        unknown = array("d", [nan]) * rows
        for column in (self.intended, self.sent, self.connected, self.first_byte, self.end):
            column.extend(unknown)
        self.outcome.extend(array("h", [Outcome.UNFINISHED]) * rows)
        self._rows += rows
