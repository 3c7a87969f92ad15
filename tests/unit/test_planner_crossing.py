"""Where the share of slow requests crosses what is allowed is told by all rates together, never beyond them."""

from dataclasses import replace
from math import exp, inf

import numpy as np
import pytest

from aiops_planner.capacity import find_capacity
from aiops_planner.crossing import Look, find_crossing
from aiops_planner.performance import Batches, Objective
from support.bench_loads import opened

P99 = Objective(p99=0.1)
REQUESTS = 500


def look(rate_rps: float, share: float, requests: int = REQUESTS) -> Look:
    return Look(rate_rps=rate_rps, requests=(requests,) * 20, over=(round(requests * share),) * 20)


def growing(rate_rps: float) -> float:
    """The share of an M/M/1 that crosses 1 % at 900/s."""
    return min(0.01 * exp((rate_rps - 900) * 0.02), 1.0)


@pytest.mark.parametrize("rates", [(800, 850, 950, 1000), (600, 890, 910, 1100)], ids=["around", "far ones too"])
def test_the_crossing_is_found_between_the_rates(rates):
    found = find_crossing([look(rate, growing(rate)) for rate in rates], 0.01)
    assert found.rate_rps == pytest.approx(900, rel=0.03)
    assert found.low < 900 < found.high


def test_more_requests_make_the_interval_narrower():
    few, many = (
        find_crossing([look(rate, growing(rate), requests) for rate in (800, 850, 950, 1000)], 0.01)
        for requests in (200, 5000)
    )
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    ("share", "rate_rps", "open_end"), [(0.0, 1000, "high"), (0.5, 800, "low")], ids=["every rate met it", "none did"]
)
def test_an_end_that_no_rate_bounds_is_open(share, rate_rps, open_end):
    found = find_crossing([look(rate, share) for rate in (800, 900, 1000)], 0.01)
    assert found.rate_rps == rate_rps
    assert getattr(found, open_end) in {inf, -inf}


def test_clusters_of_slow_requests_make_the_interval_wider():
    random = np.random.default_rng(5)

    def clustered(rate: float) -> Look:
        over = (random.random(20) < 0.2) * 5 * growing(rate) * REQUESTS
        return Look(rate_rps=rate, requests=(REQUESTS,) * 20, over=tuple(over.astype(int).tolist()))

    rates = (850, 880, 920, 950)
    even = find_crossing([look(rate, growing(rate)) for rate in rates], 0.01)
    uneven = find_crossing([clustered(rate) for rate in rates], 0.01)
    assert min(uneven.high, 950) - max(uneven.low, 850) > even.high - even.low


def point(rate_rps: float, share: float, **changes):
    batches = Batches(
        seconds=1.0,
        successes=(100,) * 20,
        requests=(REQUESTS,) * 20,
        response_s=(0.01,) * 20,
        mean_concurrency=(1.0,) * 20,
        over={"p99": (round(REQUESTS * share),) * 20},
    )
    return replace(opened(rate_rps, 0.05 if share <= 0.01 else 0.2, **changes), batches=batches)


def test_a_capacity_with_batches_lies_between_rates_and_has_an_interval():
    capacity = find_capacity([point(rate, growing(rate)) for rate in (800, 850, 950, 1000)], P99)
    assert capacity.rps == 850, "never above the largest rate that met it"
    assert capacity.missed_rps == 950
    assert capacity.ci.low is None or capacity.ci.low <= 850
    assert capacity.ci.high is None or capacity.ci.high > 900
    assert capacity.ci.low != capacity.ci.high


def test_a_miss_by_chance_below_rates_that_met_it_moves_the_capacity_but_does_not_end_it():
    rates = [point(800, 0.012), *(point(rate, growing(rate)) for rate in (820, 860, 890, 950, 1000))]
    capacity = find_capacity(rates, P99)
    assert 820 < capacity.rps <= 890
    assert capacity.missed_rps == 950


def test_a_capacity_that_every_rate_met_is_open_above():
    capacity = find_capacity([point(rate, 0.0) for rate in (800, 900)], P99)
    assert (capacity.rps, capacity.ci.high, capacity.missed_rps) == (900, None, None)


def test_a_capacity_that_no_rate_met_is_open_below():
    capacity = find_capacity([point(rate, 0.5) for rate in (800, 900)], P99)
    assert (capacity.rps, capacity.ci.low) == (None, None)
    assert capacity.reason.startswith("no rate met it")


def test_invalid_points_tell_nothing_of_the_interval():
    good = [point(rate, growing(rate)) for rate in (800, 850, 950, 1000)]
    disturbed = point(700, 0.5, invalid_because=("requests left late",), overstated=True)
    assert find_capacity([*good, disturbed], P99) == find_capacity(good, P99)


def test_errors_above_the_objective_bound_the_capacity_too():
    objective = Objective(p99=0.1, errors=0.01)
    failing = {"requests": 1000, "errors_by_kind": {"status-503": 200}}
    rates = [point(800, 0.0), point(850, 0.0), point(950, 0.0, **failing)]
    capacity = find_capacity(rates, objective)
    assert capacity.rps == 850
    assert capacity.missed_rps == 950
