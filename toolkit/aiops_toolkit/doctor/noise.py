"""How evenly the cores work, and whether binding a thread to one of them helps."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiops_reports.diagnosis import CoreCheck, Noise
from aiops_toolkit.environment import cpu_quota

SECONDS = 2.0  # half of it bound to a core, in turns, so that a change of the machine's mood meets both alike
ROUNDS = 2
WORK_SHARE = 0.5  # of the time; the rest watches the clock
WORK_STEPS = 20_000
GAP_S = 50e-6  # between two looks at the clock: an interrupt takes less, another thread's turn more
ISOLATED = "sys/devices/system/cpu/isolated"


def check_cores(share: float = 1.0, *, root: Path = Path("/")) -> CoreCheck:
    """Look at the cores, and work on them for two seconds, or a `share` of that; `root` is where /sys is found."""
    usable = usable_cores()
    turn_s = share * SECONDS / (2 * ROUNDS)
    free, pinned = [], []
    for _ in range(ROUNDS):
        free.append(measure_noise(turn_s))
        with bound_to(max(usable, default=None)) as is_bound:
            if is_bound:
                pinned.append(measure_noise(turn_s))
    return CoreCheck(
        usable=usable,
        quota=cpu_quota(root),
        isolated=cores_of(_text(root / ISOLATED)),
        free=_together(free),
        pinned=_together(pinned) if pinned else None,
    )


def measure_noise(seconds: float) -> Noise:
    """Repeat fixed work, then watch the clock, for `seconds` in all."""
    end_s = time.perf_counter() + WORK_SHARE * seconds
    works = [_work_s(), _work_s()]
    while time.perf_counter() < end_s:
        works.append(_work_s())
    stolen_s, worst_s, watched_s = _watch_clock((1 - WORK_SHARE) * seconds)
    return Noise(
        work_variation=statistics.stdev(works) / statistics.fmean(works),
        stolen_share=stolen_s / watched_s,
        worst_gap_s=worst_s,
    )


def usable_cores() -> tuple[int, ...]:
    """The numbers of the cores that this process may run on, empty where the system does not tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


@contextmanager
def bound_to(core: int | None) -> Iterator[bool]:
    """Keep this thread on one core inside the block; False where that cannot be done."""
    if core is None:
        yield False
        return
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {core})
    except OSError:  # a sandbox without the call
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def cores_of(text: str) -> tuple[int, ...]:
    """The cores of a list as the kernel writes it: 2-3,6."""
    found: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(found)


def clock_step_s() -> float:
    """The smallest difference between two readings of the clock that are not equal."""
    smallest_s = 1.0
    last = time.perf_counter()
    for _ in range(10_000):
        now = time.perf_counter()
        if now > last:
            smallest_s = min(smallest_s, now - last)
        last = now
    return smallest_s


def _work_s() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(WORK_STEPS):
        total += step
    return time.perf_counter() - began


def _watch_clock(seconds: float) -> tuple[float, float, float]:
    """The sum of the gaps, the worst of them, and the time they were looked for in."""
    read = time.perf_counter
    began = now = last = read()
    end = began + seconds
    stolen = worst = 0.0
    while now < end:
        now = read()
        gap = now - last
        last = now
        if gap > GAP_S:
            stolen += gap
            worst = max(worst, gap)
    return stolen, worst, now - began


def _together(rounds: list[Noise]) -> Noise:
    return Noise(
        work_variation=statistics.fmean(noise.work_variation for noise in rounds),
        stolen_share=statistics.fmean(noise.stolen_share for noise in rounds),
        worst_gap_s=max(noise.worst_gap_s for noise in rounds),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
