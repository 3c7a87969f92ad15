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
from aiops_toolkit.bench.connection import IDLE, Connection
from aiops_toolkit.bench.payloads import Requests
from aiops_toolkit.bench.samples import Outcome, Samples, Table
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.watch import Reading, Watch

TICK_S = 0.2
RECONNECT_PAUSE_S = 0.02  # a refused connection costs nothing; without a pause it would be tried 20,000 times a second
MAX_BURST = 64  # then answers are read before more overdue requests are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A resolved address to connect to; `tls` and `name` are set for https."""

    address: str
    port: int
    tls: ssl.SSLContext | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load as it happened. Times are of `time.perf_counter`.

    Requests were meant to be sent from `started_s` to `stopped_s`; answers were awaited until `cut_s`.
    `location` is where the first redirection points that names a place.
    """

    mode: Literal["closed", "open"]
    table: Table
    started_s: float
    stopped_s: float
    cut_s: float
    readings: list[Reading]
    location: str | None = None


class LoadLoop(ABC):
    """What both loops share: connections, time-outs, the end of a run."""

    mode: Literal["closed", "open"]

    def __init__(self, requests: Requests, destination: Destination, watch: Watch) -> None:
        self.samples = Samples()
        self._messages = requests.messages
        self._has_body = requests.method != "HEAD"
        self._timeout_s = requests.timeout_s
        self._destination = destination
        self._watch = watch
        self._connections: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._stopping = False
        self._ticker: asyncio.TimerHandle | None = None
        self._location: str | None = None

    async def run(self, duration_s: float, drain_s: float) -> Run:
        """Load for `duration_s`, then wait up to `drain_s` for the answers that are still missing."""
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._watch.look(with_usage=True)
        started_s = perf_counter()
        try:
            self._start(started_s)
            self._tick()
            self._loop.call_later(duration_s, self._stop, started_s + duration_s, drain_s)
            await self._finished
        finally:
            cut_s = perf_counter()
            await self._close()
        self._watch.look(with_usage=True)
        return Run(
            mode=self.mode,
            table=self.samples.table(),
            started_s=started_s,
            stopped_s=started_s + duration_s,
            cut_s=cut_s,
            readings=self._watch.readings,
            location=self._location,
        )

    def ended(self, connection: Connection, sample: int, outcome: int, now: float) -> None:
        """Put the connection to use again, then record how its request ended: the next one should not wait for that."""
        first_byte_s = connection.first_byte_s
        if 300 <= outcome < 400 and self._location is None:
            self._location = connection.location()
        self._continue(connection if connection.usable else None)
        self.samples.first_byte[sample] = first_byte_s
        self._record_end(sample, outcome, now)

    def lost(self, connection: Connection) -> None:
        """Forget a closed connection."""
        self._connections.discard(connection)

    @abstractmethod
    def _start(self, started_s: float) -> None:
        """Send, or arrange to send, the first requests."""

    @abstractmethod
    def _continue(self, connection: Connection | None, *, pause_s: float = 0.0) -> None:
        """A request ended; `connection` is free now if it still is one. Connect again only after `pause_s`."""

    def _send(self, connection: Connection, sample: int) -> None:
        self._in_flight += 1
        self.samples.sent[sample] = perf_counter()
        connection.send(self._messages[sample % len(self._messages)], sample)

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
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self, has_body=self._has_body),
                    self._destination.address,
                    self._destination.port,
                    ssl=self._destination.tls,
                    server_hostname=self._destination.name,
                )
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors too
            self._continue(None, pause_s=RECONNECT_PAUSE_S)
            self._record_end(sample, _outcome_of_connecting(error), perf_counter())
            return
        self._connections.add(connection)
        connection.send(self._messages[sample % len(self._messages)], sample)

    def _record_end(self, sample: int, outcome: int, now: float) -> None:
        self.samples.end[sample] = now
        self.samples.outcome[sample] = outcome
        self._in_flight -= 1
        if self._stopping and not self._in_flight:
            self._finish()

    def _tick(self) -> None:
        now = perf_counter()
        expired = now - self._timeout_s
        for connection in tuple(self._connections):
            if connection.sample != IDLE and self.samples.sent[connection.sample] < expired:
                connection.expire(now)
        try:
            self._watch.look()
        except Exception as error:
            self._finish(error)
        self._ticker = self._loop.call_later(min(TICK_S, self._timeout_s / 4), self._tick)

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
        for connection in tuple(self._connections):
            connection.close()
        await asyncio.sleep(0)  # transports that were aborted say good-bye in the next round


class ClosedLoop(LoadLoop):
    """`clients` users; each sends its next request as soon as the answer to the last one came."""

    mode: Literal["closed", "open"] = "closed"

    def __init__(self, requests: Requests, destination: Destination, watch: Watch, *, clients: int) -> None:
        super().__init__(requests, destination, watch)
        self._clients = clients

    def _start(self, started_s: float) -> None:
        for _ in range(self._clients):
            self._connect_and_send(self.samples.add(started_s))

    def _continue(self, connection: Connection | None, *, pause_s: float = 0.0) -> None:
        if self._stopping:
            return
        if connection is not None:
            self._send(connection, self.samples.add(perf_counter()))
        elif pause_s:
            self._loop.call_later(pause_s, self._reconnect)
        else:
            self._reconnect()

    def _reconnect(self) -> None:
        if not self._stopping:
            self._connect_and_send(self.samples.add(perf_counter()))


class OpenLoop(LoadLoop):
    """Sends at the times of a schedule whatever the answers do.

    Connections are opened as they are needed, up to `max_connections`; beyond that requests queue here, and the time
    they wait counts, because their intended time is long recorded.
    """

    mode: Literal["closed", "open"] = "open"

    def __init__(
        self,
        requests: Requests,
        destination: Destination,
        watch: Watch,
        *,
        schedule: Schedule,
        max_connections: int,
    ) -> None:
        super().__init__(requests, destination, watch)
        self._schedule = schedule
        self._max_connections = max_connections
        self._idle: list[Connection] = []
        self._queue: deque[int] = deque()
        self._next = 0
        self._alarm: Alarm | None = None

    def lost(self, connection: Connection) -> None:
        """Forget a closed connection."""
        super().lost(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _start(self, started_s: float) -> None:
        self._times = (self._schedule + started_s).tolist()
        self.samples = Samples.planned(self._times)
        self._alarm = create_alarm(self._loop, self._wake)
        self._wake()

    def _wake(self) -> None:
        times = self._times
        stop = min(self._next + MAX_BURST, len(times))
        while self._next < stop and times[self._next] <= perf_counter():
            self._dispatch(self._next)
            self._next += 1
        if self._next < len(times) and self._alarm is not None:
            self._alarm.set(times[self._next])

    def _dispatch(self, sample: int) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                self._send(connection, sample)
                return
        if len(self._connections) + len(self._connecting) < self._max_connections:
            self._connect_and_send(sample)
        else:
            self._queue.append(sample)

    def _continue(self, connection: Connection | None, *, pause_s: float = 0.0) -> None:  # noqa: ARG002
        if connection is not None:
            self._idle.append(connection)
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
