"""More looks go where the answer is least certain: inside an interval, beyond its open end, at rivals of the knee."""

from dataclasses import replace

import pytest

from aiops_planner.performance import Capacity, Interval, Knee, Objective
from aiops_toolkit.bench.refine import capacity_width, knee_width, next_level, next_rate
from support.bench_loads import closed, opened
from support.queue_benchmarks import SERVICES, benchmark

P99 = Objective(p99=0.1)
LADDER = [closed(1, 500, 0.002), closed(4, 1000, 0.004)]


def rates(*offered):
    return [opened(rate, 0.05 if rate < 850 else 0.2) for rate in offered]


def capacity(low, high, rps=800.0):
    return Capacity(slo=P99, rps=rps, ci=Interval(low=low, high=high))


@pytest.mark.parametrize(
    ("found", "tried", "rate_rps"),
    [
        (capacity(700, 900), (700, 800, 900), 750),
        (capacity(700, 900), (700, 800, 850, 900), 850),
        (capacity(700, None), (700, 800), 864),
        (capacity(700, None), (700, 1100), 1100),
        (capacity(None, 900), (700, 800), 720),
        (capacity(None, 900, rps=None), (900, 1000), 720),
        (Capacity(slo=P99, rps=None), (), None),
    ],
    ids=["one half", "the other half", "beyond", "at the top again", "below", "far below", "nothing is known"],
)
def test_the_next_rate_narrows_the_interval(found, tried, rate_rps):
    assert next_rate(found, [*LADDER, *rates(*tried)]) == (None if rate_rps is None else pytest.approx(rate_rps))


def test_an_interval_is_as_wide_as_a_part_of_its_value_and_an_open_one_without_end():
    assert capacity_width(capacity(780, 820)) == pytest.approx(0.05)
    assert capacity_width(capacity(780, None)) == float("inf")
    knee = Knee(concurrency=1, throughput_rps=1, response_s=1, power=100, in_range=True)
    assert knee_width(knee) == 0.0
    assert knee_width(replace(knee, power_ci=Interval(low=90, high=110))) == pytest.approx(0.2)


def test_the_level_to_measure_again_rivals_the_knee_and_had_the_least_time():
    points = benchmark(SERVICES["M/M/4"], seed=1, budget_s=6.0).points
    knee = Knee(concurrency=4, throughput_rps=1, response_s=1, power=1, in_range=True)
    assert next_level(knee, points) in {3, 4, 6}


def test_levels_without_batches_are_not_measured_again():
    assert next_level(Knee(concurrency=4, throughput_rps=1, response_s=1, power=1, in_range=True), LADDER) is None
