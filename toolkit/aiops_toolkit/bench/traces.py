"""Arrivals as they were recorded, from a CSV file: a time for each request, or how many came in each interval.

The first column holds times: seconds, or dates such as 2023-11-16 18:17:03.9799600. Where the second is named as one of
COUNT_COLUMNS, each row stands for an interval that begins at its time; all other columns are left alone.
"""

import csv
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import NoReturn, TextIO

import numpy as np
from numpy.typing import NDArray

from aiops_planner.errors import UsageError
from aiops_planner.performance import Arrivals
from aiops_toolkit.bench.schedule import Schedule, constant, poisson, replay, replay_counts
from aiops_toolkit.config.targets import LoadSettings

COUNT_COLUMNS = ("value", "count", "counts", "requests", "mean_rps", "rps")

MakeSchedule = Callable[[float, float, int], Schedule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Ascending times in seconds from the first; with `counts`, they are the edges of the intervals counted in."""

    times_s: NDArray[np.float64]
    counts: NDArray[np.float64] | None = None


def arrivals_kind(load: LoadSettings) -> Arrivals:
    """What a load point says of how its load arrived."""
    if load.arrivals == "constant":
        return "constant"
    return "poisson" if load.arrivals == "poisson" else "trace"


def arrivals_schedule(load: LoadSettings, root: Path) -> MakeSchedule:
    """What makes an open loop's schedule from a rate (requests/s), a duration (s) and a seed.

    The file of a trace, looked up below `root`, is read here, once. Raises UsageError when it cannot be replayed.
    """
    kind = arrivals_kind(load)
    if kind == "constant":
        return lambda rate_rps, duration_s, _: constant(rate_rps, duration_s)
    if kind == "poisson":
        return lambda rate_rps, duration_s, seed: poisson(rate_rps, duration_s, seed=seed)
    trace = read_trace(root / load.arrivals)
    times_s, counts = trace.times_s, trace.counts
    if counts is None:
        return lambda rate_rps, duration_s, seed: replay(times_s, rate_rps, duration_s, seed=seed)
    return lambda rate_rps, duration_s, seed: replay_counts(times_s, counts, rate_rps, duration_s, seed=seed)


def read_trace(path: Path) -> Trace:
    """The trace in a CSV file, with or without a row of names; rows may be in any order.

    Raises UsageError that names the file and the line: it cannot be read, a time or a count is none, or there are too
    few arrivals to have a rate.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            times, counts = _read(path, file)
    except (OSError, UnicodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not CSV text"
        raise UsageError(f"trace {path} cannot be read ({reason}): name a CSV file of arrival times") from None
    order = np.argsort(times, kind="stable")
    ascending = times[order] - times[order[0]] if len(times) else times
    return _of_arrivals(path, ascending) if counts is None else _of_counts(path, ascending, counts[order])


def _of_arrivals(path: Path, times_s: NDArray[np.float64]) -> Trace:
    if len(times_s) < 2 or not times_s[-1] > 0:
        found = f"{len(times_s)} arrival{'' if len(times_s) == 1 else 's'}"
        at_once = " at one and the same time" if len(times_s) > 1 else ""
        raise UsageError(f"trace {path} has {found}{at_once}, which is no rate: give two or more at different times")
    return Trace(times_s=times_s)


def _of_counts(path: Path, starts_s: NDArray[np.float64], counts: NDArray[np.float64]) -> Trace:
    widths_s = np.diff(starts_s)
    if len(starts_s) < 2 or not (widths_s > 0).all():
        raise UsageError(f"trace {path} needs two or more intervals that begin at different times")
    if not counts.sum() > 0:
        raise UsageError(f"trace {path} counts no request in any interval: there is nothing to replay")
    last_s = starts_s[-1] + np.median(widths_s)
    return Trace(times_s=np.append(starts_s, last_s), counts=counts)


def _read(path: Path, file: TextIO) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    rows = _Rows(path, file)
    times, counts = array("d"), array("d")
    for row in rows:
        times.append(rows.time(row))
        if rows.counts:
            counts.append(rows.count(row))
    return np.array(times), np.array(counts) if rows.counts else None


class _Rows:
    """The rows that are not empty, and what their first two columns say; `counts` is set by the row of names."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.counts = False
        self._path = path
        self._reader = csv.reader(file)

    def __iter__(self) -> Iterator[list[str]]:
        for number, row in enumerate(row for row in self._reader if any(cell.strip() for cell in row)):
            if number == 0 and _seconds(row[0]) is None:
                names = [name.strip().lower() for name in row]
                self.counts = len(names) > 1 and names[1] in COUNT_COLUMNS
            else:
                yield row

    def time(self, row: list[str]) -> float:
        """Seconds, from any moment on."""
        seconds = _seconds(row[0])
        if seconds is None or seconds < 0:
            self._refuse(row[0], "a time in seconds (0 or more) or a date")
        return seconds

    def count(self, row: list[str]) -> float:
        """The requests of an interval, or its rate: only proportions matter."""
        count = _number(row[1]) if len(row) > 1 else None
        if count is None or count < 0:
            self._refuse(row[1] if len(row) > 1 else "", "a count (0 or more)")
        return count

    def _refuse(self, found: str, expected: str) -> NoReturn:
        raise UsageError(
            f"trace {self._path}: line {self._reader.line_num} says '{found.strip()[:40]}' where {expected} is expected"
        )


def _seconds(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
