"""A file of traffic as a demand: rates or counts at a regular step, or one row for each request that arrived.

A time column comes first; see `timestamps` for what may stand in it. Every mistake is a UsageError with file and line.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import PurePath

import numpy as np

from aiops_planner.demand import MOST_RPS, SINGLE_CLASS, Demand
from aiops_planner.errors import UsageError
from aiops_planner.file_form import FileForm
from aiops_planner.regular_steps import LEAST_ROW_STEP_S, MOST_ROWS, Rows
from aiops_planner.series import MOST_SERIES_HOURS, Series, span
from aiops_planner.timestamps import HOUR_S, MINUTE_S, TimeColumn, is_time
from aiops_planner.traffic_columns import classes, header
from aiops_planner.wording import counted, number

LEAST_STEP_S = 1.0


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
    return series.demand(quantile=form.quantile, period=form.period, every_day=form.every_day)


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


def _read_rates(table: _Table, form: FileForm) -> Series:
    """The series of rates or counts, its rows in any order."""
    read, names = _read_rows(table, form)
    rows = read.in_order()
    step_s = rows.step_s()
    if form.rows == "counts":
        if len(rows.values) == 1 and rows.times.unit_s is None:
            raise UsageError(f"{table.source}: one row does not say how long it counted; write two or more, or rates")
        rows = replace(rows, values=rows.values / step_s)
    _check_rates(names, rows)
    values, missing = rows.filled(step_s, form.gaps)
    _check_length(table.source, len(values) * step_s)
    basis = (f"read from {PurePath(table.source).name}", missing)
    return Series(
        source=table.source,
        classes=names,
        step_s=step_s,
        rps=values,
        basis=tuple(said for said in basis if said),
        clocks_changed=len(rows.times.offsets) > 1,
    )


def _read_rows(table: _Table, form: FileForm) -> tuple[Rows, tuple[str, ...]]:
    """The rows as they stand in the file, and the request classes of their values."""
    rows = table.rows()
    names = header(next(rows, []), table.source)
    found, picked = classes(names, form.column, table.source)
    times = TimeColumn(names[0], form.timezone)
    seconds, lines, values = array("d"), array("q"), array("d")
    for cells in rows:
        if len(cells) != len(names):
            raise UsageError(
                f"{table}: has {counted(len(cells), 'column')}, the header has {len(names)}; write as many, "
                "and a point for decimals"
            )
        seconds.append(times.seconds(cells[0], table))
        lines.append(table.line)
        for place in picked:
            values.append(_rate(cells[place], names[place], table))
    if not seconds:
        raise UsageError(f"{table.source}: has no row below its header; write one for each hour, like 0,1500")
    read = Rows(
        source=table.source,
        times=times,
        seconds=np.array(seconds),
        values=np.array(values).reshape(-1, len(picked)) + 0.0,  # a rate of -0 is one of 0
        lines=np.array(lines, dtype=np.int64),
    )
    return read, found


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
    if lasted_s < LEAST_ROW_STEP_S:
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


def _rate(cell: str, column: str, where: object) -> float:
    """A finite number of at least zero, in ASCII digits."""
    text = cell.strip()
    try:
        rate = float(text) if text.isascii() and "_" not in text else -1.0
    except ValueError:
        rate = -1.0
    if not 0 <= rate < np.inf:
        raise UsageError(
            f"{where}: column {column}: {text[:40]!r} is not a number of at least 0; "
            "write digits with a point for decimals and nothing for thousands, like 1500 or 12.5"
        )
    return rate


def _check_rates(names: tuple[str, ...], rows: Rows) -> None:
    large = np.argwhere(rows.values > MOST_RPS)
    if len(large):
        row, place = large[0]
        raise UsageError(
            f"{rows.source}:{rows.lines[row]}: column {names[place]}: {number(float(rows.values[row, place]))} "
            f"requests/s; more than {number(MOST_RPS)} cannot be meant"
        )


def _check_length(source: str, lasted_s: float) -> None:
    hours = lasted_s / HOUR_S
    if hours > MOST_SERIES_HOURS:
        raise UsageError(
            f"{source}: covers {number(hours)} hours, more than {number(MOST_SERIES_HOURS)} (20 years); "
            "check the unit of its time column"
        )
