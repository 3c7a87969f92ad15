"""A file of traffic as a demand: rates or counts at a regular step, or one row for each request that arrived.

A time column comes first; see `timestamps` for what may stand in it. Every mistake is a UsageError with file and line.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from aiops_planner.demand import MOST_RPS, SINGLE_CLASS, Demand
from aiops_planner.errors import UsageError
from aiops_planner.file_form import FileForm
from aiops_planner.series import MOST_SERIES_HOURS, Series, span
from aiops_planner.timestamps import HOUR_S, MINUTE_S, TimeColumn, is_time
from aiops_planner.wording import counted, number

MOST_ROWS = 5_000_000
LEAST_STEP_S = 1.0
GENERIC_NAMES = ("requests", "request_count", "value", "count", "counts", "rate", "rps", "mean_rps")
_LEAST_ROW_STEP_S = 1e-3
_STEP_TOLERANCE = 1e-3  # relative: recorded steps may be off by a little

Floats = NDArray[np.float64]


def read_traffic(lines: Iterable[str] | str, source: str, form: FileForm | None = None) -> Demand:
    """The demand in the lines of a CSV file, or its text; `source` names the file in errors.

    Raises UsageError that names line and column.
    """
    form = form or FileForm()
    if form.step_s is not None and form.step_s < LEAST_STEP_S:
        raise UsageError(f"capacity.demand.step: {form.step_s:g} s is less than {LEAST_STEP_S:g} s; write 1s or more")
    text = io.StringIO(lines, newline="") if isinstance(lines, str) else lines
    table = _Table(text, source)
    try:
        series = _count_arrivals(table, form) if form.rows == "arrivals" else _read_rates(table, form)
    except csv.Error as error:
        raise UsageError(f"{table}: is no CSV ({error}); write hour,requests and numbers") from None
    if not series.rps.any():
        raise UsageError(f"{source}: every rate is zero, so no machine is needed; write the rates to be carried")
    series = series if form.step_s is None else series.averaged(form.step_s)
    return series.demand(quantile=form.quantile, period=form.period)


class _Table:
    """The rows of a CSV file that are not empty; as text, the place of the last one."""

    def __init__(self, lines: Iterable[str], source: str) -> None:
        self.source = source
        unmarked = iter(lines)
        first = next(unmarked, "").removeprefix("\ufeff")
        self._reader = csv.reader(chain([first], unmarked), strict=True)

    @property
    def line(self) -> int:
        """The line of the last row, counted from 1."""
        return max(1, self._reader.line_num)

    def __str__(self) -> str:
        """File and line of the last row, written only where an error asks for it."""
        return f"{self.source}:{self.line}"

    def rows(self) -> Iterator[list[str]]:
        """The rows, at most MOST_ROWS of them."""
        count = 0
        for cells in self._reader:
            if cells:
                count += 1
                if count > MOST_ROWS:
                    raise UsageError(f"{self}: has more than {MOST_ROWS:,} rows; record less, or count by minute")
                yield cells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Rates by row as they stand in the file, with times in seconds and lines."""

    times: TimeColumn
    classes: tuple[str, ...]
    seconds: Floats
    values: Floats
    lines: NDArray[np.int64]


def _read_rates(table: _Table, form: FileForm) -> Series:
    """The series of rates or counts, its rows in any order."""
    found = _read_columns(table, form)
    order = np.argsort(found.seconds, kind="stable")
    seconds, values, lines = found.seconds[order], found.values[order], found.lines[order]
    step_s = _step(table.source, found.times, seconds, lines)
    if form.rows == "counts":
        if len(values) == 1 and found.times.unit_s is None:
            raise UsageError(f"{table.source}: one row does not say how long it counted; write two or more, or rates")
        values = values / step_s
    _check_rates(table.source, found.classes, values, lines)
    _check_length(table.source, len(values) * step_s)
    return Series(
        source=table.source,
        classes=found.classes,
        step_s=step_s,
        rps=values,
        basis=(f"read from {PurePath(table.source).name}",),
        clocks_changed=len(found.times.offsets) > 1,
    )


def _read_columns(table: _Table, form: FileForm) -> _Columns:
    rows = table.rows()
    names = _header(next(rows, []), table.source)
    classes, picked = _classes(names, form.column, table.source)
    times = TimeColumn(names[0], form.timezone)
    seconds, lines, values = array("d"), array("q"), array("d")
    for cells in rows:
        if len(cells) != len(names):
            raise UsageError(f"{table}: has {counted(len(cells), 'column')}, the header has {len(names)}")
        seconds.append(times.seconds(cells[0], table))
        lines.append(table.line)
        for place in picked:
            values.append(_rate(cells[place], names[place], table))
    if not seconds:
        raise UsageError(f"{table.source}: has no row below its header; write one for each hour, like 0,1500")
    return _Columns(
        times=times,
        classes=classes,
        seconds=np.array(seconds),
        values=np.array(values).reshape(-1, len(picked)) + 0.0,  # a rate of -0 is one of 0
        lines=np.array(lines, dtype=np.int64),
    )


def _count_arrivals(table: _Table, form: FileForm) -> Series:
    """The rates of requests counted in steps; what comes after the last whole step is left out."""
    rows = table.rows()
    first = next(rows, [""])
    named = not is_time(first[0])
    times = TimeColumn(first[0].strip() if named else "time", form.timezone, crowded=True)
    read = array("d")
    if not named:
        read.append(times.seconds(first[0], table))
    read.extend(times.seconds(cells[0], table) for cells in rows)
    step_s = form.step_s or MINUTE_S
    seconds = np.array(read) - min(read, default=0.0)
    lasted_s = float(seconds.max(initial=0.0))
    if lasted_s < _LEAST_ROW_STEP_S:
        at_once = " at one and the same time" if len(read) > 1 else ""
        raise UsageError(
            f"{table.source}: has {counted(len(read), 'arrival')}{at_once}, which is no rate; "
            "write one row a request, its time first"
        )
    _check_length(table.source, max(lasted_s, step_s))
    steps = int(lasted_s / step_s)
    if steps > MOST_ROWS:
        raise UsageError(
            f"{table.source}: covers {steps:,} steps of {span(step_s)}, more than {MOST_ROWS:,}; "
            "count in longer ones with capacity.demand.step"
        )
    said = f"{counted(len(seconds), 'arrival')} read from {PurePath(table.source).name}"
    if steps:
        counts = np.bincount((seconds / step_s).astype(np.int64))[:steps]
        left_out = len(seconds) - int(counts.sum())
        tail = f"the last {number(left_out)} left out, in less than a whole {span(step_s)}" if left_out else ""
    else:
        counts = np.array([(len(seconds) - 1) * step_s / lasted_s])
        tail = f"their {number(lasted_s)} s taken for a whole {span(step_s)}"
    return Series(
        source=table.source,
        classes=(SINGLE_CLASS,),
        step_s=step_s,
        rps=(counts / step_s)[:, None],
        basis=(said, tail) if tail else (said,),
        clocks_changed=len(times.offsets) > 1,
    )


def _header(cells: list[str], source: str) -> list[str]:
    """The names in a header "hour,class,...", each there once."""
    names = [cell.strip() for cell in cells]
    if len(names) < 2 or "" in names or is_time(names[0]):
        found = ",".join(names)[:60]
        raise UsageError(
            f"{source}:1: the header is {found!r}; write hour,requests or a time and one column a class; "
            "for a file with one row a request say rows: arrivals"
        )
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise UsageError(f"{source}:1: column {twice!r} is there twice; name each class once")
    return names


def _classes(names: list[str], column: str | None, source: str) -> tuple[tuple[str, ...], list[int]]:
    """The request classes, and the places of their columns. A column that says "requests" names no class."""
    if column is not None:
        if column not in names[1:]:
            raise UsageError(f"{source}:1: there is no column {column[:40]!r}; there are {', '.join(names[1:])[:200]}")
        return (SINGLE_CLASS,), [names.index(column)]
    if len(names) == 2 and names[1].lower() in GENERIC_NAMES:
        return (SINGLE_CLASS,), [1]
    return tuple(names[1:]), list(range(1, len(names)))


def _rate(cell: str, column: str, where: object) -> float:
    """A finite number of at least zero, in ASCII digits."""
    text = cell.strip()
    try:
        rate = float(text) if text.isascii() and "_" not in text else -1.0
    except ValueError:
        rate = -1.0
    if not 0 <= rate < np.inf:
        raise UsageError(
            f"{where}: column {column}: {text[:40]!r} is not a number of at least 0; write digits like 1500 or 12.5"
        )
    return rate


def _step(source: str, times: TimeColumn, seconds: Floats, lines: NDArray[np.int64]) -> float:
    """The step between ascending rows, in seconds. Raises UsageError for a row twice, one missing, or no regular step.

    Hours that are numbered have to be all there, from 0 on.
    """
    if times.counts_hours:
        _check_first_hour(source, times, seconds)
    gaps = np.diff(seconds)
    step_s = _usual_step(times, gaps)
    twice = np.flatnonzero(gaps == 0)
    if len(twice):
        one, other = sorted(int(lines[place]) for place in (twice[0], twice[0] + 1))
        raise UsageError(
            f"{source}:{other}: {times.label(seconds[twice[0]])} is there twice, first in line {one}; "
            f"{times.twice_hint()}"
        )
    off = np.flatnonzero(np.abs(gaps - step_s) > _STEP_TOLERANCE * step_s)
    if len(off):
        raise _irregular(source, times, (float(seconds[off[0]]), float(gaps[off[0]])), int(lines[off[0] + 1]), step_s)
    if step_s < _LEAST_ROW_STEP_S:
        raise UsageError(f"{source}: rows come every {step_s:g} s; say rows: arrivals if each row is one request")
    return step_s


def _usual_step(times: TimeColumn, gaps: Floats) -> float:
    """The step of most rows, in whole seconds where it is nearly that; a single row is one unit or hour long."""
    if times.counts_hours or not len(gaps):
        return times.unit_s or HOUR_S
    median_s = float(np.median(gaps))
    return float(round(median_s)) if abs(median_s - round(median_s)) <= _STEP_TOLERANCE * median_s else median_s


def _check_first_hour(source: str, times: TimeColumn, seconds: Floats) -> None:
    if seconds[0] > 0:
        raise UsageError(f"{source}: {times.label(0.0)} is missing; hours count from 0 without gaps")


def _irregular(source: str, times: TimeColumn, row: tuple[float, float], line: int, step_s: float) -> UsageError:
    """What is wrong between a row, given by its time and the gap behind it, and the next one, given by its line."""
    before_s, gap_s = row
    missing = gap_s / step_s
    if missing > 1.5 and abs(missing - round(missing)) <= _STEP_TOLERANCE * missing:
        return UsageError(
            f"{source}:{line}: {times.label(before_s + step_s)} is missing before this row; "
            f"{times.gap_hint(gap_s - step_s)}"
        )
    return UsageError(
        f"{source}:{line}: comes {span(gap_s)} after the row before, where most come after {span(step_s)}; write rows "
        "at a regular step, or rows: arrivals if each is one request"
    )


def _check_rates(source: str, classes: tuple[str, ...], rps: Floats, lines: NDArray[np.int64]) -> None:
    large = np.argwhere(rps > MOST_RPS)
    if len(large):
        row, place = large[0]
        raise UsageError(
            f"{source}:{lines[row]}: column {classes[place]}: {number(float(rps[row, place]))} requests/s; "
            f"more than {number(MOST_RPS)} cannot be meant"
        )


def _check_length(source: str, lasted_s: float) -> None:
    hours = lasted_s / HOUR_S
    if hours > MOST_SERIES_HOURS:
        raise UsageError(
            f"{source}: covers {number(hours)} hours, more than {number(MOST_SERIES_HOURS)} (20 years); "
            "check the unit of its time column"
        )
