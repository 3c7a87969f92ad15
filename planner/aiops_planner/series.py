"""Traffic at a regular step, and the demand it makes: by the hour, typical days or weeks, what repeats kept once.

Machines follow the hour, so each hour is planned for its busiest step. Nothing is approximated without saying so: what
was done to the rates stands in the demand's `basis`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiops_planner.demand import MOST_HOURS, Demand
from aiops_planner.errors import UsageError
from aiops_planner.file_form import Period
from aiops_planner.timestamps import HOUR_S, MINUTE_S
from aiops_planner.wording import counted, number

DAY_HOURS = 24
PERIOD_HOURS = {"day": DAY_HOURS, "week": 7 * DAY_HOURS}
MOST_SERIES_HOURS = 20 * 8784
_STEP_TOLERANCE = 1e-6  # relative: twelve steps of 300 s are an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Requests/s of each class (columns) in each step (rows), from the beginning of its first hour on.

    `source` names the file in messages and `basis` says what was done to it; `clocks_changed` tells that the hours of
    the day moved within it.
    """

    source: str
    classes: tuple[str, ...]
    step_s: float
    rps: NDArray[np.float64]
    basis: tuple[str, ...] = ()
    clocks_changed: bool = False

    def averaged(self, step_s: float) -> "Series":
        """The means over longer steps. Raises UsageError unless the steps fit into each other and into hours."""
        together = _whole(step_s / self.step_s)
        if together is None or not (_whole(HOUR_S / step_s) or _whole(step_s / HOUR_S)):
            raise UsageError(
                f"capacity.demand.step: {span(step_s)} is no multiple of the file's {span(self.step_s)} that fits into "
                f"an hour; write {span(self.step_s)}, 1 h, or what lies between and divides both"
            )
        if together == 1:
            return self
        starts = np.arange(0, len(self.rps), together)
        lengths = np.diff(np.append(starts, len(self.rps)))
        means = np.add.reduceat(self.rps, starts, axis=0) / lengths[:, None]
        note = f"steps of {span(self.step_s)} averaged over {span(step_s)}"
        return replace(self, step_s=step_s, rps=means, basis=(*self.basis, note))

    def demand(self, *, quantile: float | None = None, period: Period | None = None, every_day: bool = False) -> Demand:
        """The demand by the hour: of the hours as they are, or of a typical day or week that a quantile is taken of.

        Days that repeat are kept once, unless `every_day` is asked for.
        Raises UsageError for a quantile without repeats, and for more hours than can be planned.
        """
        rows, weights = self._by_hour()
        basis = list(self.basis)
        if self.step_s < HOUR_S:
            basis.append(f"each hour is planned for its busiest {span(self.step_s)}{self._above_mean(rows, weights)}")
        if quantile is not None:
            rows, said = self._typical(rows[weights >= 1], quantile, period)
            weights = np.ones(len(rows))
            basis += said
        demand = _demand(self.classes, rows, weights, basis)
        if every_day:
            return demand
        demand = days_kept_once(demand)
        if len(demand.rps) > MOST_HOURS:
            raise UsageError(
                f"{self.source}: {len(demand.rps):,} hours are more than a year's {MOST_HOURS:,}, even with repeated "
                "days kept once; leave out the oldest, or plan for a quantile over the weeks, like quantile: p95"
            )
        return demand

    def _by_hour(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The largest rates of each hour, and the part of the hour that the series covers (all but the last: one)."""
        exact = len(self.rps) * self.step_s / HOUR_S
        hours = max(1, int(np.ceil(exact - _STEP_TOLERANCE)))
        edges = np.arange(hours + 1) * HOUR_S / self.step_s
        first = np.floor(edges[:-1] + _STEP_TOLERANCE).astype(int)
        behind = np.minimum(np.ceil(edges[1:] - _STEP_TOLERANCE).astype(int), len(self.rps))
        padded = np.concatenate((self.rps, np.zeros((1, self.rps.shape[1]))))
        rows = np.maximum.reduceat(padded, np.column_stack((first, behind)).ravel(), axis=0)[::2]
        weights = np.ones(hours)
        weights[-1] = min(1.0, exact - (hours - 1))
        return rows, weights

    def _above_mean(self, rows: NDArray[np.float64], weights: NDArray[np.float64]) -> str:
        """How far the planned mean lies above the recorded one."""
        ratio = float(np.average(rows.sum(axis=1), weights=weights) / self.rps.sum(axis=1).mean())
        return f", {number(ratio)} times the mean" if number(ratio) != "1" else ""

    def _typical(
        self, rows: NDArray[np.float64], quantile: float, period: Period | None
    ) -> tuple[NDArray[np.float64], list[str]]:
        """The quantile of each hour of the period over its repeats: the least rate that as many of them do not exceed.

        Weeks unless there are fewer than two of them.
        """
        chosen: Period = period or ("week" if len(rows) >= 2 * PERIOD_HOURS["week"] else "day")
        length = PERIOD_HOURS[chosen]
        repeats = len(rows) // length
        if repeats < 2:
            raise UsageError(
                f"{self.source}: a quantile of each hour of the {chosen} needs two {chosen}s or more, and the file has "
                f"{counted(len(rows), 'whole hour')}; leave out quantile, or record for longer"
            )
        places = (rows[hour::length] for hour in range(length))
        typical = np.array([np.quantile(place, quantile, axis=0, method="inverted_cdf") for place in places])
        said = [f"p{100 * quantile:g} of each hour of the {chosen} over {counted(repeats, chosen)}"]
        if not typical.any():
            raise UsageError(f"{self.source}: {said[0]} is zero, so no machine is needed; take a higher quantile")
        if self.clocks_changed:
            said.append("clocks were changed within the file, and hours are counted from its first row")
        return typical, said


def span(seconds: float) -> str:
    """A length of time as it would be written: 5min, 1h, 0.5s."""
    for unit, name in ((HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= unit and _whole(seconds / unit):
            return f"{round(seconds / unit)} {name}"
    return f"{number(seconds)} s"


def days_kept_once(demand: Demand) -> Demand:
    """The days that differ, each hour weighted by how often its day comes; repeated weeks are repeated days."""
    rows = np.array(demand.rps)
    weights = np.array(demand.weights) if demand.weights else np.ones(len(rows))
    starts = range(0, len(rows), DAY_HOURS)
    days: dict[tuple[bytes, bytes], list[int]] = {}
    for start in starts:
        day = slice(start, start + DAY_HOURS)
        days.setdefault((rows[day].tobytes(), weights[day].tobytes()), []).append(start)
    if len(days) == len(starts):
        return demand
    kept = [(slice(found[0], found[0] + DAY_HOURS), len(found)) for found in days.values()]
    joined = np.concatenate([rows[day] for day, _ in kept])
    weighted = np.concatenate([weights[day] * times for day, times in kept])
    different = "which are all alike" if len(days) == 1 else f"of which {len(days):,} differ{_weekly(rows)}"
    once = _demand(demand.classes, joined, weighted, [*demand.basis, f"{len(starts):,} days, {different}"])
    return replace(once, origins=demand.origins)


def _demand(
    classes: tuple[str, ...], rows: NDArray[np.float64], weights: NDArray[np.float64], basis: Sequence[str]
) -> Demand:
    equal = bool((weights == weights[0]).all())
    return Demand(
        classes=classes,
        rps=tuple(map(tuple, rows.tolist())),
        weights=() if equal else tuple(weights.tolist()),
        basis=tuple(basis),
    )


def _weekly(rows: NDArray[np.float64]) -> str:
    """That all weeks are like the first, where they are."""
    week = PERIOD_HOURS["week"]
    alike = len(rows) >= 2 * week and bool((rows[week:] == rows[:-week]).all())
    return " and come again every week" if alike else ""


def _whole(ratio: float) -> int | None:
    """The whole number a ratio stands for, or None when it is none from 1 on."""
    nearest = round(ratio)
    return nearest if nearest >= 1 and abs(ratio - nearest) <= _STEP_TOLERANCE * nearest else None
