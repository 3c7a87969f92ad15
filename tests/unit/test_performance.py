"""The knee is the measured point of largest power; capacity is never extrapolated beyond measured rates."""

import pytest

from aiops_planner.capacity import find_capacity
from aiops_planner.knee import find_knee
from aiops_planner.performance import Distribution, Objective, meets
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


def late(rate_rps, p99_s, **changes):
    return opened(rate_rps, p99_s, invalid_because=("left late",), overstated=True, **changes)


@pytest.mark.parametrize(
    ("points", "rps", "missed_rps"),
    [
        ([opened(100, 0.05), opened(200, 0.08), opened(300, 0.2)], 200, 300),
        ([opened(100, 0.05), opened(200, 0.08)], 200, None),
        ([opened(100, 0.05), opened(200, 0.2), opened(300, 0.08)], 100, 200),
        ([opened(300, 0.2), late(200, 0.08)], 200, 300),
        ([opened(100, 0.05), late(200, 0.3), late(300, 0.08)], 300, None),
        ([opened(100, 0.05), opened(200, 0.05, invalid_because=("unsent",))], 100, None),
        ([opened(100, 0.2), opened(100, 0.05), opened(200, 0.2), opened(200, 0.3)], 100, 200),
        ([opened(100, 0.2), late(100, 0.05)], 100, None),
        ([opened(100, 0.05), opened(200, 0.2), late(200, 0.3)], 100, 200),
    ],
    ids=[
        "between", "all met", "a miss below", "a late point that met", "a late point that missed proves nothing",
        "an invalid point that met proves nothing", "two looks at each rate", "the second look late", "missed and late",
    ],
)  # fmt: skip
def test_capacity_lies_between_measured_rates(points, rps, missed_rps):
    capacity = find_capacity(points, P99)
    assert (capacity.rps, capacity.missed_rps, capacity.reason) == (rps, missed_rps, None)
    assert capacity.slo == P99


FAILING = {"requests": 100, "errors_by_kind": {"status-500": 20, "timeout": 1}}
TEN_PERCENT = Objective(p99=0.1, errors=0.1)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([closed(1, 100, 0.01)], "no open-loop rate was measured"),
        ([opened(3700, 0.293)], "no rate met it: 3,700/s missed (p99 293.0 ms, limit 100 ms)"),
        (
            [opened(300, 0.2), opened(25.25, 0.15), opened(200, 0.2)],
            "no rate met it: 25.2/s missed (p99 150.0 ms, limit 100 ms); 2 higher missed too",
        ),
        (
            [opened(300, 0.2), late(200, 0.2), late(250, 0.2)],
            "no rate was shown to meet it: 300/s missed (p99 200.0 ms, limit 100 ms); "
            "2 rates were struck out (200/s: left late)",
        ),
        (
            [opened(200, 0.05, invalid_because=("too late",)), opened(100, 0.05, invalid_because=("too few", "x"))],
            "no rate was shown to meet it: 2 rates were struck out (100/s: too few)",
        ),
        (
            [opened(100, None)],
            "no rate was shown to meet it: 1 rate was given too few requests to resolve the percentile",
        ),
        (
            [opened(200, 0.2), opened(100, 0.05, **FAILING)],
            "no rate met it: 100/s missed (21 % of requests failed (status-500), limit 10 %); 1 higher missed too",
        ),
        (
            [opened(200, 0.2), opened(300, 0.05), opened(200, 0.15)],
            "no rate met it below all that missed: 200/s missed (p99 150.0 ms, limit 100 ms); "
            "1 rate was within it, but above one that missed",
        ),
        (
            [late(200, 0.05, **FAILING), opened(100, 0.05, **FAILING)],
            "errors, not time, missed it: 21 % of requests failed (status-500) at 100/s, limit 10 %",
        ),
    ],
    ids=[
        "none",
        "missed",
        "all missed",
        "one missed",
        "struck out",
        "unresolved",
        "one by errors",
        "met above",
        "all by errors",
    ],
)
def test_without_a_capacity_the_reason_says_what_became_of_every_rate(points, reason):
    assert find_capacity(points, TEN_PERCENT).reason == reason


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "the benchmark did not run to its end; until then no open-loop rate was measured"),
        (
            [opened(200, 0.2)],
            "the benchmark did not run to its end; until then no rate met it: 200/s missed (p99 200.0 ms, "
            "limit 100 ms)",
        ),
    ],
    ids=["before the first rate", "after a miss"],
)
def test_the_reason_of_an_unfinished_search_says_that_it_is_unfinished(points, reason):
    capacity = find_capacity(points, P99, finished=False)
    assert (capacity.rps, capacity.reason) == (None, reason)
