"""Looks after a running load a few times a second: is the service alive, what do both sides use?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from time import perf_counter, process_time
from typing import Protocol

import numpy as np
import psutil

from aiops_planner.errors import MeasurementError

USAGE_INTERVAL_S = 5.0  # reading a process tree takes some 10 ms, in which nothing is sent: rarer than 1 request in 100


class Usage(Protocol):
    """What a process tree has used so far."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds since its start; never falls."""

    @property
    def memory_bytes(self) -> int | None:
        """Resident memory now, None when it cannot be known."""


class ServiceProbe(Protocol):
    """What the load engine asks of the service under test."""

    @property
    def log(self) -> Path | None:
        """The file that keeps what it writes, None when there is none."""

    def alive(self) -> bool:
        """Whether it still runs; True when that cannot be known. Must be cheap."""

    def usage(self) -> Usage | None:
        """What it used so far, None when that cannot be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """CPU seconds and resident memory of both sides at one moment; NaN and None where they were not asked for."""

    at_s: float
    generator_cpu_s: float
    generator_memory_bytes: int | None = None
    service_cpu_s: float = nan
    service_memory_bytes: int | None = None


class Watch:
    """Collects readings; raises MeasurementError from `look` once the service is dead."""

    def __init__(self, probe: ServiceProbe) -> None:
        self.readings: list[Reading] = []
        self._probe = probe
        self._self = psutil.Process()
        self._next_usage_s = 0.0

    def look(self, *, with_usage: bool = False) -> None:
        """Take a reading; the service's share of it only now and then unless asked for."""
        now = perf_counter()
        if not self._probe.alive():
            raise MeasurementError("the service died under load")
        usage, memory_bytes = None, None
        if with_usage or now >= self._next_usage_s:
            self._next_usage_s = now + USAGE_INTERVAL_S
            usage, memory_bytes = self._probe.usage(), self._self.memory_info().rss
        self.readings.append(
            Reading(
                at_s=now,
                generator_cpu_s=process_time(),
                generator_memory_bytes=memory_bytes,
                service_cpu_s=nan if usage is None else usage.cpu_s,
                service_memory_bytes=None if usage is None else usage.memory_bytes,
            )
        )


def generator_cpu_s(readings: list[Reading], start_s: float, end_s: float) -> float:
    """CPU seconds the generator used between two moments."""
    used = _used(readings, lambda reading: reading.generator_cpu_s, start_s, end_s)
    return used or 0.0


def service_cpu_s(readings: list[Reading], start_s: float, end_s: float) -> float | None:
    """CPU seconds the service used between two moments, None when it cannot be known."""
    return _used(readings, lambda reading: reading.service_cpu_s, start_s, end_s)


def peak_memory_bytes(readings: list[Reading]) -> int | None:
    """The largest resident memory of the service that was seen."""
    return _largest(reading.service_memory_bytes for reading in readings)


def peak_generator_bytes(readings: list[Reading]) -> int | None:
    """The largest resident memory of the generator that was seen."""
    return _largest(reading.generator_memory_bytes for reading in readings)


def _largest(seen: Iterable[int | None]) -> int | None:
    return max((count for count in seen if count is not None), default=None)


def _used(readings: list[Reading], value: Callable[[Reading], float], start_s: float, end_s: float) -> float | None:
    known = [reading for reading in readings if not np.isnan(value(reading))]
    if len(known) < 2:
        return None
    times = [reading.at_s for reading in known]
    at_start, at_end = np.interp([start_s, end_s], times, [value(reading) for reading in known])
    return float(max(0.0, at_end - at_start))
