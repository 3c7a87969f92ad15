"""Reports of two commits of one service, whose capacities differ by as much as a test asks for."""

from dataclasses import replace
from math import exp
from random import Random

from aiops_planner.capacity import find_capacity
from aiops_planner.performance import Batches, LoadPoint
from aiops_reports.record import CommitReport
from support.reports_samples import OBJECTIVE, closed_point, open_point, sample_benchmark, sample_commit, sample_report

BASE_SHA = "aaaa1111bbbb2222cccc3333dddd4444eeee5555"
HEAD_SHA = "ffff1111bbbb2222cccc3333dddd4444eeee5555"
_BATCHES = 20


def report_at(sha: str, capacity_rps: float, *, slower: float = 1.0) -> CommitReport:
    """A report of a service that meets its objective up to about this rate, each request taking `slower` times as long.

    What its 1 % of requests above 50 ms cross is measured at eight rates, so its capacity has an interval.
    """
    report = sample_report()
    ladder = tuple(closed_point(clients, rate / slower, 0.0062 * slower) for clients, rate in ((1, 410), (2, 690)))
    rates = tuple(
        _measured(factor * capacity_rps, capacity_rps) for factor in (0.4, 0.6, 0.8, 0.9, 0.96, 1.04, 1.1, 1.2)
    )
    points = ladder + rates
    result = replace(sample_benchmark(points), capacity=find_capacity(points, OBJECTIVE))
    return replace(report, benchmarks=(result,), commit=replace(sample_commit(), sha=sha), plan=None)


def _measured(rate_rps: float, capacity_rps: float) -> LoadPoint:
    """An open-loop point with as many requests above the limit as this capacity has at this rate, by batches."""
    share = min(0.9, 0.01 * exp(12 * (rate_rps / capacity_rps - 1)))
    p99_s = 0.045 if share <= 0.01 else 0.055
    draw = Random(round(rate_rps))
    requests = round(rate_rps)
    over = tuple(sum(draw.random() < share for _ in range(requests)) for _ in range(_BATCHES))
    point = open_point(rate_rps, 0.01, p99_s)
    batches = Batches(
        seconds=1.0,
        successes=(requests,) * _BATCHES,
        requests=(requests,) * _BATCHES,
        response_s=(0.01,) * _BATCHES,
        mean_concurrency=(rate_rps * 0.01,) * _BATCHES,
        over={"p99": over},
    )
    return replace(point, batches=batches)
