"""From the figures another tool states to load points of ours; what it does not state stays None."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aiops_planner.performance import Arrivals, Distribution, LoadPoint, Percentile
from aiops_planner.wording import percent
from aiops_toolkit.bench.imports.reading import ResultFile
from aiops_toolkit.bench.percentiles import requests_needed

MIN_SENT_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a file holds: its load points, the tool and its version where known, and what the tool counts differently.

    `notes` are sentences for the reader of a report.
    """

    points: tuple[LoadPoint, ...]
    source: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many requests a tool made in how many seconds, and how many of them failed, by kind."""

    window_s: float
    requests: int
    errors_by_kind: Mapping[str, int] = field(default_factory=dict)


def times(mean_s: float, samples: int, percentiles_s: Mapping[Percentile, float | None]) -> Distribution | None:
    """Mean and percentiles, leaving out each percentile that `samples` requests do not resolve; None without any."""
    if not samples:
        return None
    resolved = {
        name: value for name, value in percentiles_s.items() if value is not None and samples >= requests_needed(name)
    }
    return Distribution(mean=mean_s, **resolved)


def measured_point(file: ResultFile, tally: Tally, response_s: Distribution | None) -> LoadPoint:
    """A closed-loop point of as yet unknown concurrency. Raises UsageError for figures that contradict each other."""
    errors = {kind: count for kind, count in tally.errors_by_kind.items() if count}
    failed = sum(errors.values())
    if not tally.requests or tally.window_s <= 0:
        raise file.refuse("it holds no request", f"see whether {file.tool} reached the service, and measure again")
    if failed > tally.requests:
        raise file.refuse(
            f"{failed} of {tally.requests} requests failed", f"the file was changed: let {file.tool} write it again"
        )
    mean_s = response_s.mean if response_s is not None and response_s.mean > 0 else 1.0
    if not math.isfinite(tally.requests / tally.window_s / mean_s):
        raise file.refuse(
            f"{tally.requests} requests in {tally.window_s:g} s of {mean_s:g} s each are no measurement",
            f"the file was changed: let {file.tool} write it again",
        )
    point = LoadPoint(
        mode="closed",
        window_s=tally.window_s,
        warm_up_s=None,
        requests=tally.requests,
        successes=tally.requests - failed,
        errors_by_kind=errors,
        response_s=response_s,
        mean_concurrency=None,
        generator_cpu_s=None,
    )
    if not point.successes:
        return replace(point, response_s=None, invalid_because=(f"no request succeeded ({_listed(errors)})",))
    if response_s is None or response_s.mean <= 0:
        return replace(point, response_s=None, invalid_because=("its response time is not known",))
    in_flight = tally.requests / tally.window_s * response_s.mean  # Little's law
    return replace(point, mean_concurrency=in_flight)


def from_sending(point: LoadPoint) -> LoadPoint:
    """The same point, of a tool that counts from the first byte sent: its times are service times too."""
    return replace(point, service_s=point.response_s)


def by_clients(point: LoadPoint, clients: int | None) -> LoadPoint:
    """The same point as one of a closed loop of so many clients, of whom no more can have been waiting at once.

    Where their number is not known (None), the requests in flight stand in. In closed loop response and service time
    are one; tools that include connecting do so for first requests only.
    """
    in_flight = point.mean_concurrency
    if in_flight is not None and clients is None:
        clients = max(1, round(in_flight))
    elif in_flight is not None and clients is not None:
        in_flight = min(in_flight, float(clients))
    service_s = point.service_s or point.response_s
    return replace(point, concurrency=clients, mean_concurrency=in_flight, service_s=service_s)


def at_rate(point: LoadPoint, rate_rps: float, arrivals: Arrivals | None, *, from_schedule: bool) -> LoadPoint:
    """The same point as one of open loop, at the rate that was asked for.

    A tool that does not count from the schedule (`from_schedule` False) hides the wait of what it could not send in
    time, so its point is invalid when it fell behind.
    """
    opened = replace(point, mode="open", concurrency=None, offered_rps=rate_rps, arrivals=arrivals)
    sent_rps = point.requests / point.window_s
    if from_schedule or sent_rps >= MIN_SENT_SHARE * rate_rps:
        return opened
    fault = f"only {sent_rps:,.4g}/s of {rate_rps:,.4g}/s could be sent (limit {percent(MIN_SENT_SHARE)})"
    return replace(opened, invalid_because=(*opened.invalid_because, fault))


def most_at_once(start_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> int:
    """The most requests that were in flight at once; one that ends as another starts makes room for it."""
    edges_s = np.concatenate([end_s, start_s])
    steps = np.repeat([-1, 1], len(end_s))
    order = np.lexsort((steps, edges_s))
    return int(np.cumsum(steps[order]).max(initial=0))


def _listed(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in errors.items())
