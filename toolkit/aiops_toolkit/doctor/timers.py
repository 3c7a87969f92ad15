"""How late the timers wake the load generator that it could send by."""

import asyncio
from time import perf_counter

import numpy as np

from aiops_reports.diagnosis import TimerCheck
from aiops_toolkit.bench.alarm import Alarm, LoopAlarm, TimerfdAlarm, timerfd_available
from aiops_toolkit.bench.percentiles import requests_needed

try:
    import uvloop
except ImportError:  # Windows
    uvloop = None  # type: ignore[assignment]

WAKES = requests_needed("p99")
PAUSE_S = 0.0013  # no whole number of the milliseconds in which the event loop counts


def check_timers(share: float = 1.0) -> tuple[TimerCheck, ...]:
    """Set each kind of timer several hundred times, or a `share` of that; the one that is used comes first."""
    wakes = max(2, round(share * WAKES))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        checks = [runner.run(_check(TimerfdAlarm, wakes))] if timerfd_available() else []
        return (*checks, runner.run(_check(LoopAlarm, wakes)))


async def _check(kind: type[TimerfdAlarm] | type[LoopAlarm], wakes: int) -> TimerCheck:
    rings = _Rings(wakes)
    rings.alarm = kind(asyncio.get_running_loop(), rings.ring)
    try:
        rings.set()
        await rings.done
    finally:
        rings.alarm.close()
    late_s = np.array(rings.late_s)
    return TimerCheck(
        name="timerfd" if kind is TimerfdAlarm else "event loop",
        late_p50_s=float(np.quantile(late_s, 0.50)),
        late_p99_s=float(np.quantile(late_s, 0.99)),
    )


class _Rings:
    """Sets an alarm again each time it rings, and keeps how late it was."""

    alarm: Alarm

    def __init__(self, count: int) -> None:
        self.late_s: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count = count
        self._due_s = 0.0

    def set(self) -> None:
        self._due_s = perf_counter() + PAUSE_S
        self.alarm.set(self._due_s)

    def ring(self) -> None:
        self.late_s.append(perf_counter() - self._due_s)
        if len(self.late_s) < self._count:
            self.set()
        elif not self.done.done():
            self.done.set_result(None)
