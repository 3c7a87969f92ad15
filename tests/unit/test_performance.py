"""The knee is the measured point of largest power; capacity is never extrapolated beyond measured rates."""

import pytest

from aiops_planner.performance import Distribution, Objective, find_capacity, find_knee, meets
from support.bench_loads import closed, opened

P99 = Objective(p99=0.1)
LADDER = [closed(1, 100, 0.010), closed(2, 190, 0.0105), closed(4, 200, 0.020)]


def test_power_is_throughput_over_mean_response_time():
    assert LADDER[1].power == pytest.approx(190 / 0.0105)


def test_a_point_without_success_has_no_power():
    assert closed(1, 0, 0.01).power is None


def test_the_knee_is_the_point_of_largest_power():
    knee = find_knee(reversed(LADDER))
    assert (knee.concurrency, knee.throughput_rps, knee.response_s, knee.in_range) == (2.0, 190.0, 0.0105, True)
    assert knee.power == LADDER[1].power


def test_a_knee_at_the_last_level_may_lie_beyond():
    assert find_knee(LADDER[:2]).in_range is False


@pytest.mark.parametrize(
    "points",
    [(), (closed(1, 0, 0.01),), (closed(1, 100, 0.01, invalid_because=("late",)),), (opened(100, 0.05),)],
    ids=["none", "no success", "invalid", "open loop only"],
)
def test_without_a_usable_ladder_there_is_no_knee(points):
    assert find_knee(points) is None


@pytest.mark.parametrize(
    ("point", "objective", "verdict"),
    [
        (opened(100, 0.05), P99, True),
        (opened(100, 0.15), P99, False),
        (opened(100, None), P99, None),
        (opened(100, None), Objective(), True),
        (opened(100, None, response_s=Distribution(mean=0.1, p50=0.2)), Objective(p50=0.1, p99=0.3), False),
        (opened(100, 0.05, errors_by_kind={"timeout": 2}), Objective(errors=0.01), False),
        (opened(100, 0.05, errors_by_kind={"timeout": 1}), Objective(errors=0.01), True),
        (opened(100, None, response_s=None), Objective(), False),
    ],
    ids=["within", "beyond", "unresolved", "no limits", "one missed", "errors", "few errors", "no success"],
)
def test_a_point_meets_its_objective_or_not_or_nobody_knows(point, objective, verdict):
    assert meets(point, objective) is verdict


@pytest.mark.parametrize(
    ("points", "rps", "missed_rps", "reason"),
    [
        ([opened(100, 0.05), opened(200, 0.08), opened(300, 0.2)], 200, 300, None),
        ([opened(100, 0.05), opened(200, 0.08)], 200, None, None),
        ([opened(100, 0.05), opened(200, 0.2), opened(300, 0.08)], 100, 200, None),
        ([opened(200, 0.2)], None, 200, "the lowest rate that was measured already misses the objective"),
        ([opened(100, None)], None, None, "too few requests were sent to resolve the percentile of the objective"),
        ([closed(1, 100, 0.01)], None, None, "no valid open-loop point was measured"),
        (
            [opened(200, 0.05, invalid_because=("it was late",)), opened(100, 0.05, invalid_because=("too few", "x"))],
            None,
            None,
            "no valid open-loop point was measured: too few",
        ),
    ],
    ids=["between", "all met", "a miss below", "all missed", "unresolved", "none", "invalid"],
)
def test_capacity_lies_between_measured_rates(points, rps, missed_rps, reason):
    capacity = find_capacity(points, P99)
    assert (capacity.rps, capacity.missed_rps, capacity.reason) == (rps, missed_rps, reason)
    assert capacity.slo == P99
