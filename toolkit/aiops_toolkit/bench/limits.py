"""The limits of an objective as one list, whichever time they are on, and which requests are within them."""

from dataclasses import dataclass

import numpy as np

from aiops_planner.performance import Objective, Percentile
from aiops_toolkit.bench.samples import Outcome, Table
from aiops_toolkit.bench.target import StreamTable
from aiops_toolkit.bench.window import Metric, Rows, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit in seconds on a percentile of a time; `name` is as aiops.yml writes it: p99, ttft_p99."""

    name: str
    metric: Metric
    percentile: Percentile
    seconds: float


def limits_of(objective: Objective) -> tuple[Limit, ...]:
    """The limits that are set, those of each time from the loosest percentile to the strictest."""
    response = (
        Limit(name=percentile, metric="response", percentile=percentile, seconds=seconds)
        for percentile, seconds in objective.limits()
    )
    streamed = (
        Limit(name=limit.name, metric=limit.metric, percentile=limit.percentile, seconds=limit.seconds)
        for limit in objective.stream_limits()
    )
    return (*response, *streamed)


def good_requests(window: Window, objective: Objective) -> tuple[int, int]:
    """How many of the requests issued in the window were good, and how many were issued.

    A good request succeeded, and each of its times is within the limit on the highest percentile that is limited. An
    answer of one token has no time per output token to exceed a limit.
    """
    strictest = {limit.metric: limit for limit in limits_of(objective)}.values()
    good = issued = 0
    for rows, stream in window.blocks():
        in_question = window.issued(rows)
        issued += int(np.count_nonzero(in_question))
        within = in_question & (rows.outcome == Outcome.OK)
        for limit in strictest:
            within &= ~exceeds(limit, window, rows, stream)
        good += int(np.count_nonzero(within))
    return good, issued


def exceeds(limit: Limit, window: Window, rows: Table, stream: StreamTable | None) -> Rows:
    """Which rows have a time above the limit."""
    return window.times_s(limit.metric, rows, stream) > limit.seconds
