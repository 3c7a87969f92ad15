"""Notices when the load generator did not run: stopped, starved of CPU, or suspended with the whole machine.

Only clocks that nobody sets are read. `time.perf_counter` goes on while a process is stopped, but not while the machine
is suspended; CLOCK_BOOTTIME, where there is one, goes on then too.
"""

import time
from dataclasses import dataclass

MAX_LATE_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """For how long nothing was sent or read, until `end_s` of `time.perf_counter`; it counts no `suspended` time."""

    end_s: float
    seconds: float
    suspended: bool = False


class TickWatch:
    """Compares when ticks come with when they were due."""

    def __init__(self) -> None:
        self.found: list[Standstill] = []
        self._due_s: float | None = None
        self._asleep_s = _asleep_s()

    def due(self, at_s: float) -> None:
        """The next tick is meant to come at `at_s`."""
        self._due_s = at_s

    def came(self, now: float) -> bool:
        """A tick came at `now`. Whether the generator stood still until then."""
        asleep_s = _asleep_s()
        late_s = 0.0 if self._due_s is None else now - self._due_s
        slept_s, self._asleep_s = asleep_s - self._asleep_s, asleep_s
        if late_s > MAX_LATE_S:
            self.found.append(Standstill(end_s=now, seconds=late_s))
        if slept_s > MAX_LATE_S:
            self.found.append(Standstill(end_s=now, seconds=slept_s, suspended=True))
        return max(late_s, slept_s) > MAX_LATE_S


if hasattr(time, "CLOCK_BOOTTIME") and hasattr(time, "CLOCK_MONOTONIC"):

    def _asleep_s() -> float:
        """How long the machine has been suspended since it was started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)

else:

    def _asleep_s() -> float:
        """Unknown here."""
        return 0.0
