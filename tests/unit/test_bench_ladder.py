"""What to load next follows from what was measured: levels until the peak is passed, then rates around the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import Objective
from aiops_toolkit.bench.ladder import RateSearch, Rung, leans_to_met, levels_around, next_level, plan_open_point
from support.bench_loads import opened

P99 = Objective(p99=0.1)


def climbed(workers: int, max_clients: int = 512) -> list[int]:
    """The levels that are tried on a service of so many workers of 10 ms each."""
    rungs = []
    while (clients := next_level(rungs, max_clients)) is not None:
        rungs.append(Rung(clients=clients, throughput_rps=min(clients, workers) * 100))
    return [rung.clients for rung in rungs]


@pytest.mark.parametrize(
    ("workers", "levels"),
    [(1, [1, 2, 4]), (2, [1, 2, 4, 8]), (4, [1, 2, 4, 8, 16]), (6, [1, 2, 4, 8, 16, 32])],
)
def test_the_ladder_ends_two_levels_beyond_the_peak_of_power(workers, levels):
    assert climbed(workers) == levels


def test_the_ladder_ends_at_the_most_clients_there_may_be():
    assert climbed(10_000, max_clients=20) == [1, 2, 4, 8, 16]


def test_the_ladder_goes_on_while_throughput_rises_though_power_falls():
    rungs = [Rung(clients=clients, throughput_rps=rps) for clients, rps in ((1, 100), (2, 110), (4, 125))]
    assert next_level(rungs, 512) == 8


def test_the_ladder_ends_where_nothing_succeeds_any_more():
    assert next_level([Rung(clients=1, throughput_rps=100), Rung(clients=2, throughput_rps=0)], 512) is None


@given(st.integers(0, 9).map(lambda power: 2**power), st.sampled_from([512, 100, 4, 1]))
def test_the_levels_surround_the_peak(peak, max_clients):
    levels = levels_around(peak, max_clients)
    assert levels == sorted(set(levels))
    assert levels[0] == 1
    assert levels[-1] <= max_clients
    if 8 * peak <= max_clients:
        assert 6 <= len(levels) <= 8
        assert peak in levels
        assert sum(level > peak for level in levels) >= 2


@pytest.mark.parametrize(
    ("peak", "levels"), [(1, [1, 2, 3, 4, 6, 8]), (4, [1, 2, 3, 4, 6, 8, 16]), (64, [1, 16, 32, 48, 64, 96, 128, 256])]
)
def test_the_levels_lie_close_where_the_peak_is(peak, levels):
    assert levels_around(peak, 512) == levels


@given(st.floats(1, 1e5), st.floats(0.01, 1.09))
def test_the_search_closes_in_on_the_capacity(best, share):
    search, capacity, tried = RateSearch(best), best * share, 0
    while (rate := search.next_rate()) is not None and tried < 12:
        assert search.met_rps < rate < search.missed_rps
        search.judge(rate, met=rate <= capacity)
        tried += 1
    assert search.met_rps <= capacity <= search.missed_rps
    assert search.missed_rps - search.met_rps <= max(0.05 * search.missed_rps, best / 1000)


@pytest.mark.parametrize(
    ("point", "met"),
    [
        (opened(100, 0.05), True),
        (opened(100, 0.15), False),
        (opened(100, None), True),
        (opened(100, None, response_s=None, successes=0, requests=100), False),
        (opened(100, 0.05, invalid_because=("requests left late",)), True),
    ],
    ids=["met", "missed", "unresolved with a small mean", "nothing succeeded", "met though measured late"],
)
def test_the_search_turns_towards_the_capacity(point, met):
    assert leans_to_met(point, P99) is met


def test_an_open_point_lasts_long_enough_for_its_percentile_where_time_allows():
    plan = plan_open_point(P99, 100, response_s=0.01, left_s=30, points_left=6)
    assert 459 / 100 < plan.needed_s == plan.duration_s < 8
    assert plan.resolves


def test_an_open_point_takes_its_share_of_the_time_when_that_is_more():
    plan = plan_open_point(P99, 10_000, response_s=0.001, left_s=30, points_left=6)
    assert plan.duration_s == 5
    assert plan.resolves


def test_an_open_point_that_cannot_resolve_its_percentile_leaves_time_for_others():
    plan = plan_open_point(P99, 10, response_s=0.1, left_s=12, points_left=6)
    assert plan.duration_s == 4
    assert plan.needed_s > 45
    assert not plan.resolves


def test_no_open_point_lasts_less_than_a_second_while_there_is_one():
    assert plan_open_point(Objective(), 1000, response_s=0.001, left_s=2, points_left=6).duration_s == 1
    assert plan_open_point(Objective(), 1000, response_s=0.001, left_s=0.6, points_left=6).duration_s == 0.6


def test_without_limits_any_duration_resolves_everything():
    assert plan_open_point(Objective(), 1, response_s=0.01, left_s=6, points_left=6).resolves
