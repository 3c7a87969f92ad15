"""The step between the rows of a file of traffic, which has to be regular, and what stands where rows are missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_planner.errors import UsageError
from aiops_planner.file_form import Gaps
from aiops_planner.series import span
from aiops_planner.timestamps import HOUR_S, TimeColumn
from aiops_planner.wording import counted, number

MOST_ROWS = 5_000_000
LEAST_ROW_STEP_S = 1e-3
_TOLERANCE = 1e-3  # relative: recorded steps may be off by a little
_TAKEN_AS = {"zero": "zero", "hold": "the row before", "interpolate": "lying between the rows around"}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a file in the order of their times: these in seconds, values by class (columns), and lines."""

    source: str
    times: TimeColumn
    seconds: Floats
    values: Floats
    lines: NDArray[np.int64]

    def in_order(self) -> "Rows":
        """The same rows in the order of their times."""
        order = np.argsort(self.seconds, kind="stable")
        return Rows(
            source=self.source,
            times=self.times,
            seconds=self.seconds[order],
            values=self.values[order],
            lines=self.lines[order],
        )

    def step_s(self) -> float:
        """The step of most rows, in whole seconds where it is nearly that; a single row is one unit or hour long.

        Raises UsageError for rows that are there twice or all at once, and where numbered hours do not begin with 0.
        """
        if self.times.counts_hours and self.seconds[0] > 0:
            raise UsageError(f"{self.source}: {self.times.label(0.0)} is missing; hours count from 0 without gaps")
        gaps = np.diff(self.seconds)
        self._refuse_twice(gaps)
        if self.times.counts_hours or not len(gaps):
            return self.times.unit_s or HOUR_S
        step_s = float(np.median(gaps))
        if step_s < LEAST_ROW_STEP_S:
            raise UsageError(
                f"{self.source}: rows come every {step_s:g} s; say rows: arrivals if each row is one request"
            )
        return float(round(step_s)) if abs(step_s - round(step_s)) <= _TOLERANCE * step_s else step_s

    def filled(self, step_s: float, gaps: Gaps) -> tuple[Floats, str]:
        """The values at every step, and in words what was missing.

        Raises UsageError for rows off the step, and for missing ones unless `gaps` says what to take them as.
        """
        steps = np.diff(self.seconds) / step_s
        whole = np.maximum(np.rint(steps), 1.0)
        off = np.flatnonzero(np.abs(steps - whole) > _TOLERANCE * whole)
        missing = np.flatnonzero(whole > 1)
        if len(off) and (gaps != "refuse" or not len(missing) or off[0] <= missing[0]):
            raise self._irregular(int(off[0]), step_s)
        if not len(missing):
            return self.values, ""
        if gaps == "refuse":
            raise self._missing(int(missing[0]), len(missing), step_s)
        places = np.concatenate(([0], np.cumsum(whole))).astype(np.int64)
        every = int(places[-1]) + 1
        if every > MOST_ROWS:
            raise UsageError(
                f"{self.source}: lacks {every - len(places):,} rows, too many to fill; check the dates of its rows"
            )
        lacking = counted(every - len(places), "missing row")
        return _filled(places, self.values, gaps), f"{lacking} taken as {_TAKEN_AS[gaps]}"

    def _refuse_twice(self, gaps: Floats) -> None:
        twice = np.flatnonzero(gaps == 0)
        if not len(twice):
            return
        one, other = sorted(int(self.lines[place]) for place in (twice[0], twice[0] + 1))
        raise UsageError(
            f"{self.source}:{other}: {self.times.label(self.seconds[twice[0]])} is there twice, first in line {one}; "
            f"{self.times.twice_hint()}"
        )

    def _missing(self, place: int, gaps: int, step_s: float) -> UsageError:
        """The gap behind a row, which is the first of so many."""
        gap_s = float(self.seconds[place + 1] - self.seconds[place])
        rows = round(gap_s / step_s) - 1
        lacking = f", and {counted(rows - 1, 'row')} behind it" if rows > 1 else ""
        first = f", the first of {number(gaps)} gaps" if gaps > 1 else ""
        return UsageError(
            f"{self.source}:{self.lines[place + 1]}: {self.times.label(float(self.seconds[place]) + step_s)} "
            f"is missing before this row{lacking}{first}; {self.times.gap_hint(gap_s - step_s)}"
        )

    def _irregular(self, place: int, step_s: float) -> UsageError:
        gap_s = float(self.seconds[place + 1] - self.seconds[place])
        return UsageError(
            f"{self.source}:{self.lines[place + 1]}: comes {span(gap_s)} after the row before, where most come after "
            f"{span(step_s)}; write rows at a regular step, or rows: arrivals if each is one request"
        )


def _filled(places: NDArray[np.int64], values: Floats, gaps: Gaps) -> Floats:
    """Values at every place from the first to the last, of which only some are given."""
    every = np.arange(places[-1] + 1)
    if gaps == "hold":
        return values[np.searchsorted(places, every, side="right") - 1]
    if gaps == "interpolate":
        return np.column_stack([np.interp(every, places, column) for column in values.T])
    full = np.zeros((len(every), values.shape[1]))
    full[places] = values
    return full
