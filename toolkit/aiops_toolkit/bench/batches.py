"""A load point's window in equal parts: what confidence intervals are resampled from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_planner.performance import Batches, Objective
from aiops_toolkit.bench.limits import Limit, exceeds, limits_of
from aiops_toolkit.bench.samples import Outcome, Table
from aiops_toolkit.bench.target import StreamTable
from aiops_toolkit.bench.window import Floats, Window

PARTS = 20
MIN_REQUESTS = 10  # in a part on average, where there are so many


def batches_of(window: Window, objective: Objective, *, requests: int) -> Batches:
    """The window in about 20 parts; `requests` are those whose response time counts."""
    parts = min(max(requests // MIN_REQUESTS, 1), PARTS)
    sums = _Sums(window, parts, limits_of(objective))
    for rows, stream in window.blocks():
        sums.add(rows, stream)
    return Batches(
        seconds=window.seconds / parts,
        successes=tuple(sums.successes.tolist()),
        requests=tuple(sums.requests.tolist()),
        response_s=tuple((sums.response_s / np.maximum(sums.requests, 1)).tolist()),
        mean_concurrency=tuple(concurrency(window, parts).tolist()),
        over={name: tuple(counts.tolist()) for name, counts in sums.over.items()},
    )


class _Sums:
    """What is added up by part. An answer belongs to the part it ended in.

    A response time does too in closed loop, and to the part of its intended time in open loop.
    """

    def __init__(self, window: Window, parts: int, limits: Sequence[Limit]) -> None:
        self.successes = np.zeros(parts, dtype=np.intp)
        self.requests = np.zeros(parts, dtype=np.intp)
        self.response_s = np.zeros(parts)
        self.over = {limit.name: np.zeros(parts, dtype=np.intp) for limit in limits}
        self._window = window
        self._parts = parts
        self._limits = limits

    def add(self, rows: Table, stream: StreamTable | None) -> None:
        """Add some rows of the run."""
        window = self._window
        succeeded = (rows.outcome == Outcome.OK) & window.contains(rows.end)
        self.successes += self._count(rows.end[succeeded])
        counted = window.counted(rows)
        times_s = rows.intended if window.run.mode == "open" else rows.end
        self.requests += self._count(times_s[counted])
        self.response_s += np.bincount(
            self._part(times_s[counted]), weights=window.response_s(rows)[counted], minlength=self._parts
        )
        for limit in self._limits:
            self.over[limit.name] += self._count(times_s[counted & exceeds(limit, window, rows, stream)])

    def _part(self, times_s: Floats) -> NDArray[np.intp]:
        parts = (times_s - self._window.start_s) * (self._parts / self._window.seconds)
        return np.minimum(parts.astype(np.intp), self._parts - 1)

    def _count(self, times_s: Floats) -> NDArray[np.intp]:
        return np.bincount(self._part(times_s), minlength=self._parts)


def concurrency(window: Window, parts: int) -> Floats:
    """The mean number of requests in flight in each of so many equal parts of the window.

    What all requests sent before a moment have spent since then, less what those that ended before it have spent since
    their ends, is the time-integral of the requests in flight until that moment.
    """
    edges_s = np.linspace(0.0, window.seconds, parts + 1)
    integral_s = np.zeros(parts + 1)
    for rows, _ in window.blocks():
        sent = rows.sent[~np.isnan(rows.sent)]
        ended = rows.end[~np.isnan(rows.end) & ~np.isnan(rows.sent)]  # others ended later than the window
        integral_s += _spent_s(sent - window.start_s, edges_s) - _spent_s(ended - window.start_s, edges_s)
    return np.maximum(np.diff(integral_s), 0.0) / (window.seconds / parts)


def _spent_s(times_s: Floats, edges_s: Floats) -> Floats:
    """The sum, at each edge, of the time since those `times_s` that lie before it."""
    first_edge = np.searchsorted(edges_s, times_s)
    counts = np.bincount(first_edge, minlength=len(edges_s) + 1)[:-1]
    totals_s = np.bincount(first_edge, weights=times_s, minlength=len(edges_s) + 1)[:-1]
    return edges_s * np.cumsum(counts) - np.cumsum(totals_s)
