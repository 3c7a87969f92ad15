"""How steadily this machine repeats the same work and wakes from the same sleep."""

import statistics
import time

from aiops_toolkit.doctor.findings import Noise

WORK_REPEATS = 200
WORK_STEPS = 40_000
SLEEPS = 200
SLEEP_S = 0.002


def measure_noise() -> Noise:
    """Repeat fixed work and fixed sleeps for about a second in all."""
    return Noise(
        work_variation=_variation([_work_s() for _ in range(WORK_REPEATS)]),
        sleep_late_p99_s=sorted(_sleep_late_s() for _ in range(SLEEPS))[int(SLEEPS * 0.99) - 1],
        timer_resolution_s=_clock_step_s(),
    )


def _work_s() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(WORK_STEPS):
        total += step
    return time.perf_counter() - began


def _sleep_late_s() -> float:
    began = time.perf_counter()
    time.sleep(SLEEP_S)
    return time.perf_counter() - began - SLEEP_S


def _clock_step_s() -> float:
    """The smallest difference between two readings that are not equal."""
    smallest = 1.0
    last = time.perf_counter()
    for _ in range(10_000):
        now = time.perf_counter()
        if now > last:
            smallest = min(smallest, now - last)
        last = now
    return smallest


def _variation(samples: list[float]) -> float:
    return statistics.stdev(samples) / statistics.fmean(samples)
