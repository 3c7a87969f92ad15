"""The two ways to load a service: closed (N clients, each waits for its answer) and open (a schedule that never waits).

Both keep every request's times in Samples. Callbacks run on the event loop and do next to nothing.
"""

import asyncio
import errno
import ssl
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from aiops_toolkit.bench.alarm import Alarm, create_alarm
from aiops_toolkit.bench.gpu import GpuReading
from aiops_toolkit.bench.samples import Outcome, Samples, Table
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.standstill import Standstill, TickWatch
from aiops_toolkit.bench.target import IDLE, Lane, StreamTable, Target
from aiops_toolkit.bench.watch import Reading, Watch

TICK_S = 0.2
RECONNECT_PAUSE_S = 0.02  # a refused connection costs nothing; without a pause it would be tried 20,000 times a second
MAX_BURST = 64  # then answers are read before more overdue requests are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load as it happened. Times are of `time.perf_counter`.

    Requests were meant to be sent from `started_s` to `stopped_s`; answers were awaited until `cut_s`.
    `location` is where the first redirection points that names a place; `stream` is there for streamed answers.
    So many `processes` sent the requests; `standstills` are when one of them did not run. `gpus` are readings of them.
    """

    mode: Literal["closed", "open"]
    table: Table
    started_s: float
    stopped_s: float
    cut_s: float
    readings: list[Reading]
    location: str | None = None
    stream: StreamTable | None = None
    standstills: tuple[Standstill, ...] = ()
    processes: int = 1
    gpus: tuple[GpuReading, ...] = ()


class LoadLoop(ABC):
    """What both loops share: lanes, time-outs, the end of a run."""

    mode: Literal["closed", "open"]

    def __init__(self, target: Target, watch: Watch) -> None:
        self.samples = Samples()
        self._target = target
        self._timeout_s = target.timeout_s
        self._watch = watch
        self._lanes: set[Lane] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._stopping = False
        self._ticker: asyncio.TimerHandle | None = None
        self._ticks = TickWatch()
        self._location: str | None = None

    async def run(self, duration_s: float, drain_s: float, start_s: float | None = None) -> Run:
        """Load for `duration_s` from `start_s` (now) on, then wait up to `drain_s` for the answers still missing."""
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._target.start()
        self._watch.look(with_usage=True)
        started_s = perf_counter() if start_s is None else start_s
        await asyncio.sleep(max(0.0, started_s - perf_counter()))
        try:
            self._start(started_s)
            self._tick()
            self._loop.call_later(duration_s, self._stop, started_s + duration_s, drain_s)
            await self._finished
        finally:
            cut_s = perf_counter()
            await self._close()
        self._watch.look(with_usage=True)
        stream = self._target.finish(self.samples)
        return Run(
            mode=self.mode,
            table=self.samples.table(),
            started_s=started_s,
            stopped_s=started_s + duration_s,
            cut_s=cut_s,
            readings=self._watch.readings,
            location=self._location,
            stream=stream,
            standstills=tuple(self._ticks.found),
        )

    def ended(self, lane: Lane, sample: int, outcome: int, now: float) -> None:
        """Put the lane to use again, then record how its request ended: the next one should not wait for that."""
        first_byte_s = lane.first_byte_s
        if 300 <= outcome < 400 and self._location is None:
            self._location = lane.location()
        self._continue(lane if lane.usable else None)
        self.samples.first_byte[sample] = first_byte_s
        self._record_end(sample, outcome, now)

    def lost(self, lane: Lane) -> None:
        """Forget a closed lane."""
        self._lanes.discard(lane)

    @abstractmethod
    def _start(self, started_s: float) -> None:
        """Send, or arrange to send, the first requests."""

    @abstractmethod
    def _continue(self, lane: Lane | None, *, pause_s: float = 0.0) -> None:
        """A request ended; `lane` is free now if it still is one. Connect again only after `pause_s`."""

    def _send(self, lane: Lane, sample: int) -> None:
        self._in_flight += 1
        self.samples.sent[sample] = perf_counter()
        lane.send(sample)

    def _connect_and_send(self, sample: int) -> None:
        """Opening a connection is part of the request that needs it: its user waits for that too."""
        self._in_flight += 1
        self.samples.sent[sample] = perf_counter()
        task = self._loop.create_task(self._connect(sample))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, sample: int) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                lane = await self._target.open(self)
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors too
            self._continue(None, pause_s=RECONNECT_PAUSE_S)
            self._record_end(sample, _outcome_of_connecting(error), perf_counter())
            return
        self.samples.connected[sample] = perf_counter()
        self._lanes.add(lane)
        lane.send(sample)

    def _record_end(self, sample: int, outcome: int, now: float) -> None:
        self.samples.end[sample] = now
        self.samples.outcome[sample] = outcome
        self._in_flight -= 1
        if self._stopping and not self._in_flight:
            self._finish()

    def _tick(self) -> None:
        now = perf_counter()
        if not self._ticks.came(now):  # after a standstill answers may be waiting to be read
            self._expire(now)
        try:
            self._watch.look()
        except Exception as error:
            self._finish(error)
        interval_s = min(TICK_S, self._timeout_s / 4)
        self._ticks.due(perf_counter() + interval_s)
        self._ticker = self._loop.call_later(interval_s, self._tick)

    def _expire(self, now: float) -> None:
        expired = now - self._timeout_s
        for lane in tuple(self._lanes):
            if lane.sample != IDLE and self.samples.sent[lane.sample] < expired:
                lane.expire(now)

    def _stop(self, at_s: float, drain_s: float) -> None:
        early_s = at_s - perf_counter()
        if early_s > 0:  # the loop's clock stands still while a callback runs, so its timers may ring early
            self._loop.call_later(early_s, self._stop, at_s, drain_s)
            return
        self._stopping = True
        if self._in_flight:
            self._loop.call_later(drain_s, self._finish)
        else:
            self._finish()

    def _finish(self, error: Exception | None = None) -> None:
        if self._finished.done():
            return
        if error is None:
            self._finished.set_result(None)
        else:
            self._finished.set_exception(error)

    async def _close(self) -> None:
        self._stopping = True
        if self._ticker is not None:
            self._ticker.cancel()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for lane in tuple(self._lanes):
            lane.close()
        await asyncio.sleep(0)  # transports that were aborted say good-bye in the next round


class ClosedLoop(LoadLoop):
    """`clients` users; each sends its next request as soon as the answer to the last one came."""

    mode: Literal["closed", "open"] = "closed"

    def __init__(self, target: Target, watch: Watch, *, clients: int) -> None:
        super().__init__(target, watch)
        self._clients = clients

    def _start(self, started_s: float) -> None:
        for _ in range(self._clients):
            self._connect_and_send(self.samples.add(started_s))

    def _continue(self, lane: Lane | None, *, pause_s: float = 0.0) -> None:
        if self._stopping:
            return
        if lane is not None:
            self._send(lane, self.samples.add(perf_counter()))
        elif pause_s:
            self._loop.call_later(pause_s, self._reconnect)
        else:
            self._reconnect()

    def _reconnect(self) -> None:
        if not self._stopping:
            self._connect_and_send(self.samples.add(perf_counter()))


class OpenLoop(LoadLoop):
    """Sends at the times of a schedule whatever the answers do.

    Lanes are opened as they are needed, up to the target's `max_lanes`; beyond that requests queue here, and the time
    they wait counts, because their intended time is long recorded.
    """

    mode: Literal["closed", "open"] = "open"

    def __init__(
        self,
        target: Target,
        watch: Watch,
        *,
        schedule: Schedule,
    ) -> None:
        super().__init__(target, watch)
        self._schedule = schedule
        self._max_lanes = target.max_lanes
        self._idle: list[Lane] = []
        self._queue: deque[int] = deque()
        self._next = 0
        self._alarm: Alarm | None = None

    def lost(self, lane: Lane) -> None:
        """Forget a closed lane."""
        super().lost(lane)
        if lane in self._idle:
            self._idle.remove(lane)

    def _start(self, started_s: float) -> None:
        self.samples = Samples.planned(self._schedule, started_s)
        self._alarm = create_alarm(self._loop, self._wake)
        self._wake()

    def _wake(self) -> None:
        times, planned = self.samples.intended, self.samples.count
        stop = min(self._next + MAX_BURST, planned)
        while self._next < stop and times[self._next] <= perf_counter():
            self._dispatch(self._next)
            self._next += 1
        if self._next < planned and self._alarm is not None:
            self._alarm.set(times[self._next])

    def _dispatch(self, sample: int) -> None:
        while self._idle:
            lane = self._idle.pop()
            if lane.usable:
                self._send(lane, sample)
                return
        if len(self._lanes) + len(self._connecting) < self._max_lanes:
            self._connect_and_send(sample)
        else:
            self._queue.append(sample)

    def _continue(self, lane: Lane | None, *, pause_s: float = 0.0) -> None:  # noqa: ARG002
        if lane is not None:
            self._idle.append(lane)
        if self._queue and not self._finished.done():
            self._dispatch(self._queue.popleft())

    async def _close(self) -> None:
        if self._alarm is not None:
            self._alarm.close()
        self._idle.clear()
        await super()._close()


def _outcome_of_connecting(error: OSError) -> Outcome:
    if isinstance(error, TimeoutError):
        return Outcome.CONNECT_TIMEOUT
    if isinstance(error, ssl.SSLError):
        return Outcome.TLS
    if isinstance(error, ConnectionRefusedError):
        return Outcome.CONNECT_REFUSED
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return Outcome.TOO_MANY_OPEN_FILES
    return Outcome.CONNECT_FAILED
