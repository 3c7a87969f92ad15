"""Simulated services whose knee and capacity are known, under an engine like the real one and a clock of their own."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapreplace
from itertools import repeat
from math import log

import numpy as np

from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Outcome, Table
from aiops_toolkit.bench.watch import Reading

Floats = np.ndarray
DrawServiceTimes = Callable[[np.random.Generator, int], Floats]


def always(seconds: float) -> DrawServiceTimes:
    return lambda _, count: np.full(count, seconds)


def exponential(mean_s: float) -> DrawServiceTimes:
    return lambda random, count: random.exponential(mean_s, count)


def lognormal(mean_s: float, sigma: float) -> DrawServiceTimes:
    return lambda random, count: random.lognormal(log(mean_s) - sigma**2 / 2, sigma, count)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """`count` servers that take requests first come, first served, each for a random time."""

    count: int
    draw: DrawServiceTimes
    mean_s: float

    def throughput_rps(self, clients: float) -> float:
        """The truth in closed loop."""
        return min(clients, self.count) / self.mean_s

    def serve(self, arrivals: Floats, random: np.random.Generator) -> Floats:
        """The ends of requests that arrive at these ascending times."""
        service = self.draw(random, len(arrivals))
        if self.count == 1:
            before = np.cumsum(service) - service
            return np.maximum.accumulate(arrivals - before) + before + service
        free, ends = [0.0] * self.count, []
        for arrival, seconds in zip(arrivals.tolist(), service.tolist(), strict=True):
            end = (arrival if arrival > free[0] else free[0]) + seconds
            heapreplace(free, end)
            ends.append(end)
        return np.array(ends)

    def serve_clients(self, clients: int, duration_s: float, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Times sent and ended, of so many clients that send again at once, for `duration_s`."""
        busy = min(clients, self.count)
        most = int(1.3 * busy * duration_s / self.mean_s) + 200
        service = self.draw(random, most).tolist()
        running = sorted(service[:busy])
        ends, starts = service[:busy], [0.0] * clients
        for seconds in service[busy:]:
            now = running[0]
            if now < duration_s:
                starts.append(now)
            elif len(ends) == len(starts):
                break
            heapreplace(running, now + seconds)
            ends.append(now + seconds)
        return np.array(starts), np.array(ends)


@dataclass(frozen=True, kw_only=True)
class Batching:
    """Serves up to `most` waiting requests at once, in `base_s` and `each_s` for every one, a tenth more or less."""

    most: int
    base_s: float
    each_s: float
    spread: float = 0.1

    def throughput_rps(self, clients: float) -> float:
        """The truth in closed loop: all clients ride in one batch while they fit in."""
        batch = min(clients, self.most)
        return batch / (self.base_s + self.each_s * batch)

    def serve(self, arrivals: Floats, random: np.random.Generator) -> Floats:
        """The ends of requests that arrive at these ascending times."""
        times, ends = arrivals.tolist(), []
        noise = iter(random.lognormal(-(self.spread**2) / 2, self.spread, len(times) + 1).tolist())
        now, first, count = 0.0, 0, len(times)
        while first < count:
            now = max(now, times[first])
            last = min(int(np.searchsorted(arrivals, now, side="right")), first + self.most)
            now += (self.base_s + self.each_s * (last - first)) * next(noise)
            ends.extend(repeat(now, last - first))
            first = last
        return np.array(ends)

    def serve_clients(self, clients: int, duration_s: float, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Times sent and ended, of so many clients that send again at once, for `duration_s`."""
        waiting, now = deque([0.0] * clients), 0.0
        starts, ends = [], []
        while waiting:
            batch = min(len(waiting), self.most)
            starts.extend(waiting.popleft() for _ in range(batch))
            now += (self.base_s + self.each_s * batch) * random.lognormal(-(self.spread**2) / 2, self.spread)
            ends.extend(repeat(now, batch))
            if now < duration_s:
                waiting.extend(repeat(now, batch))
        return np.array(starts), np.array(ends)


Service = Servers | Batching


@dataclass
class SimulatedEngine:
    """Loads a service as the real engine does; `clock` is what the simulated load takes."""

    service: Service
    seed: int
    max_lanes: int = 512
    now_s: float = 0.0
    random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def clock(self) -> float:
        return self.now_s

    def closed(self, clients: int, duration_s: float, *, drain_s: float) -> Run:
        sent, ends = self.service.serve_clients(clients, duration_s, self.random)
        kept = sent < max(duration_s, 1e-9)
        return self._run("closed", sent[kept], ends[kept], duration_s, drain_s)

    def open(self, schedule: Floats, duration_s: float, *, drain_s: float) -> Run:
        return self._run("open", schedule, self.service.serve(schedule, self.random), duration_s, drain_s)

    def hint(self, kind: str) -> str:
        return f"{kind} does not happen here"

    def _run(self, mode: str, sent: Floats, ends: Floats, duration_s: float, drain_s: float) -> Run:
        last_s = min(float(ends.max(initial=0.0)), duration_s + drain_s)
        started_s, cut_s = self.now_s, self.now_s + max(duration_s, last_s)
        done = started_s + ends <= cut_s
        ended = np.where(done, started_s + ends, np.nan)
        self.now_s = cut_s
        table = Table(
            intended=started_s + sent,
            sent=started_s + sent,
            connected=np.full(len(sent), np.nan),
            first_byte=ended,
            end=ended,
            outcome=np.where(done, Outcome.OK, Outcome.UNFINISHED).astype(np.int16),
        )
        readings = [Reading(at_s=at_s, generator_cpu_s=0.0) for at_s in (started_s, cut_s)]
        return Run(
            mode=mode,
            table=table,
            started_s=started_s,
            stopped_s=started_s + duration_s,
            cut_s=cut_s,
            readings=readings,
        )
