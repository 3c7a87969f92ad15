"""What the load loops know of a target: lanes that carry one request at a time, and what is learnt after a load.

A loop asks the target to `open` lanes and gives each one sample after the other. Lanes report the end of every request
to their owner, in time and by name, whatever happens; parsing that can wait is done in `finish`, after the load.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops_toolkit.bench.samples import Samples
from aiops_toolkit.bench.watch import ServiceProbe

IDLE = -1


class Lane(Protocol):
    """Carries at most one request at a time: a connection, a worker's channel, a slot for a command.

    `sample` is the row of the request in flight, IDLE without one. `usable` turns False when no further request may be
    sent. `first_byte_s` (perf_counter) belongs to the request that ended last, NaN when nothing came.
    """

    sample: int
    usable: bool
    first_byte_s: float

    def send(self, sample: int) -> None:
        """Send the request of row `sample`; the lane must be usable and idle."""

    def expire(self, now: float) -> None:
        """Give up the request in flight as timed out."""

    def close(self) -> None:
        """Close at once; a request in flight stays unfinished."""

    def location(self) -> str | None:
        """Where the answer that came last redirects to; None when it does not say, or cannot."""


class Owner(Protocol):
    """The loop a lane works for. Both methods are called on the event loop."""

    def ended(self, lane: Lane, sample: int, outcome: int, now: float) -> None:
        """The request of `sample` ended at `now`; the lane may be given the next one if it is `usable`."""

    def lost(self, lane: Lane) -> None:
        """The lane is closed for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTable:
    """What streamed answers said, a value a row of the load's table; times are of `time.perf_counter`.

    `first_token` is NaN where no token came; token counts are -1 where the server named none. `gaps_s` are the times
    between one chunk and the next, `gap_rows` the rows they belong to.
    """

    first_token: NDArray[np.float64]
    chunks: NDArray[np.int32]
    output_tokens: NDArray[np.int32]
    input_tokens: NDArray[np.int32]
    gaps_s: NDArray[np.float32]
    gap_rows: NDArray[np.int32]


class Target(Protocol):
    """One thing to load. It can be pickled before it is entered; each generator process enters a copy of its own.

    `label` is what reports call it: POST http://127.0.0.1:8000/v1/classify, without anything secret. `max_lanes` bounds
    the requests in flight. `probe` watches what does the work where that is not the service (a callable's process).
    """

    label: str
    timeout_s: float
    max_lanes: int
    probe: ServiceProbe | None

    def __enter__(self) -> object:
        """Look up names, start what has to run. Raises MeasurementError when that fails."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what was started."""

    async def open(self, owner: Owner) -> Lane:
        """A new lane, ready to send. Raises OSError (TimeoutError, ssl.SSLError too) when there can be none now."""

    def start(self) -> None:
        """A load begins: forget what was kept of the last one."""

    def finish(self, samples: Samples) -> StreamTable | None:
        """A load has ended: read what was kept of its answers, and correct outcomes that only reading can tell."""

    def hint(self, kind: str) -> str:
        """What the user should check when every request ends as `kind` (connect-refused, status-404)."""
