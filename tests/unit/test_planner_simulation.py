"""Simulated queues, against closed forms, a slow simulator of our own, and ciw."""

import math

import ciw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaincc, gammaln

from aiops_planner.errors import UsageError
from aiops_planner.queueing import ServiceTime, wait_tail
from aiops_planner.simulation import (
    draw_service_s,
    percentiles_of,
    poisson_arrivals,
    renewal_arrivals,
    replayed_arrivals,
    response_times,
)
from support.planner_queues import ciw_response_s, response_percentile_s, slow_response_s

MEAN_S = 0.02
EXPONENTIAL = ServiceTime.exponential(MEAN_S)
REQUESTS = 200_000


def simulated(machines, servers, rho, *, routing="random", requests=REQUESTS, seed=1, p99_s=None):
    random = np.random.default_rng(seed)
    arrivals = poisson_arrivals(rho * machines * servers / MEAN_S, requests, random)
    service = draw_service_s(MEAN_S, p99_s, requests, random)
    return percentiles_of(
        response_times(arrivals, service, machines=machines, servers=servers, routing=routing, random=random)
    )


@pytest.mark.parametrize(
    ("machines", "servers", "rho"), [(1, 1, 0.5), (1, 4, 0.7), (1, 16, 0.9), (8, 1, 0.3), (4, 4, 0.8), (6, 64, 0.9)]
)
def test_the_p99_of_m_m_c_machines_is_within_three_percent_of_theory(machines, servers, rho):
    found = simulated(machines, servers, rho, requests=1_000_000)
    for name in ("p50", "p95", "p99"):
        exact_s = response_percentile_s(name, rho * servers / MEAN_S, EXPONENTIAL, servers)
        assert found.response_s.at(name) == pytest.approx(exact_s, rel=0.03)


def test_nineteen_of_twenty_intervals_hold_the_true_percentile():
    exact_s = response_percentile_s("p99", 0.7 * 4 / MEAN_S, EXPONENTIAL, 4)
    held = 0
    for seed in range(40):
        interval = simulated(1, 4, 0.7, requests=50_000, seed=seed).intervals["p99"]
        held += interval.low <= exact_s <= interval.high
    assert 34 <= held <= 40  # fewer than 34 of 40 come once in a hundred times where 95 % hold it


@pytest.mark.parametrize("p99_s", [MEAN_S, 0.05, 0.1])
def test_a_mean_wait_is_that_of_pollaczek_and_khinchine(p99_s):
    service = draw_service_s(MEAN_S, p99_s, 1_000_000, np.random.default_rng(3))
    scv = service.var() / service.mean() ** 2
    wait_s = 0.6 * MEAN_S * (1 + scv) / 2 / (1 - 0.6)
    assert simulated(1, 1, 0.6, p99_s=p99_s).response_s.mean == pytest.approx(MEAN_S + wait_s, rel=0.02)


@pytest.mark.parametrize("servers", [1, 3])
@pytest.mark.parametrize("routing", ["round-robin", "random", "shortest-queue"])
@given(seed=st.integers(0, 10_000), machines=st.integers(1, 4), rho=st.floats(0.1, 1.5), scv=st.sampled_from([0, 1, 9]))
@settings(max_examples=15, deadline=None)
def test_every_request_waits_as_a_slow_simulation_says(routing, servers, seed, machines, rho, scv):
    random = np.random.default_rng(seed)
    arrivals = renewal_arrivals(rho * machines * servers, scv, 60, random)
    service = random.exponential(1.0, 60)
    own = np.random.default_rng(seed)
    machine = {
        "round-robin": [index % machines for index in range(60)],
        "random": np.random.default_rng(seed).integers(machines, size=60).tolist(),
        "shortest-queue": None,
    }[routing]
    found = response_times(arrivals, service, machines=machines, servers=servers, routing=routing, random=own)
    assert found == pytest.approx(slow_response_s(arrivals, service, machine, machines, servers), rel=1e-9)


def test_the_shortest_queue_answers_sooner_than_turns_and_turns_sooner_than_chance():
    shortest, turns, chance = (
        simulated(8, 2, 0.8, routing=routing).response_s.p99 for routing in ("shortest-queue", "round-robin", "random")
    )
    assert shortest < turns < chance


def test_the_same_seed_gives_the_same_percentiles():
    assert simulated(3, 2, 0.7, requests=10_000) == simulated(3, 2, 0.7, requests=10_000)
    assert simulated(3, 2, 0.7, requests=10_000) != simulated(3, 2, 0.7, requests=10_000, seed=2)


@pytest.mark.parametrize(
    ("service", "p99_s"),
    [(ciw.dists.Exponential(rate=1 / MEAN_S), None), (ciw.dists.Deterministic(value=MEAN_S), MEAN_S)],
)
def test_ciw_and_this_simulation_agree_within_their_intervals(service, p99_s):
    theirs = percentiles_of(ciw_response_s(0.7 * 3 / MEAN_S, service, 3, requests=20_000, seed=5))
    ours = simulated(1, 3, 0.7, p99_s=p99_s)
    for name in ("p50", "p95", "p99"):
        one, other = ours.intervals[name], theirs.intervals[name]
        assert one.low <= other.high
        assert other.low <= one.high


def test_the_closed_form_lies_within_the_interval_of_ciw():
    service = ciw.dists.Exponential(rate=1 / MEAN_S)
    found = percentiles_of(ciw_response_s(0.8 * 4 / MEAN_S, service, 4, requests=20_000, seed=1))
    for name in ("p50", "p99"):
        exact_s = response_percentile_s(name, 0.8 * 4 / MEAN_S, EXPONENTIAL, 4)
        assert found.intervals[name].low <= exact_s <= found.intervals[name].high


def erlang_c_by_sum(servers, load):
    """With the sum of a^k / k! below c as an incomplete gamma function."""
    top = math.exp(servers * math.log(load) - load - gammaln(servers + 1)) * servers / (servers - load)
    return top / (gammaincc(servers, load) + top)


@pytest.mark.parametrize("arrival_scv", [1.0, 4.0])
@pytest.mark.parametrize("scv", [0.0, 0.3, 2.5])
@pytest.mark.parametrize("servers", [1, 2, 16, 96])
@pytest.mark.parametrize("rho", [0.2, 0.95])
def test_the_mean_g_g_c_wait_is_allen_and_cunneens(arrival_scv, scv, servers, rho):
    service = ServiceTime(floor_s=0.0, spread_s=MEAN_S, scv=scv)
    rate_rps = rho * servers / MEAN_S
    idle_rps, variation = servers / MEAN_S - rate_rps, (arrival_scv + scv) / 2
    scale_s = variation / idle_rps
    mean_s = scale_s * quad(lambda t: wait_tail(t * scale_s, rate_rps, service, servers, arrival_scv), 0, math.inf)[0]
    assert mean_s == pytest.approx(variation * erlang_c_by_sum(servers, rho * servers) / idle_rps, rel=1e-9)
    if servers == 1:  # Kingman's, which for Poisson arrivals is Pollaczek and Khinchine's
        assert mean_s == pytest.approx(rho / (1 - rho) * variation * MEAN_S, rel=1e-9)


@pytest.mark.parametrize("scv", [0.0, 0.25, 1.0, 4.0, 30.0])
def test_arrivals_have_the_rate_and_the_variation_asked_for(scv):
    gaps = np.diff(renewal_arrivals(500.0, scv, 400_000, np.random.default_rng(2)))
    assert gaps.mean() == pytest.approx(1 / 500, rel=0.03)
    assert gaps.var() / gaps.mean() ** 2 == pytest.approx(scv, rel=0.05, abs=1e-9)


def test_a_trace_is_replayed_at_another_rate_and_from_the_start_again():
    replayed = replayed_arrivals([10.0, 10.0, 11.0, 14.0], 3.0, 8)
    assert len(replayed) == 8
    gaps = np.diff(replayed)
    mean_gap = 4 / 3
    assert gaps * 3.0 * mean_gap == pytest.approx([1, 3, mean_gap, 0, 1, 3, mean_gap], abs=1e-12)
    assert np.diff(replayed_arrivals([10.0, 10.0, 11.0, 14.0], 3.0, 40_001)).mean() == pytest.approx(1 / 3)


@given(ratio=st.floats(1.0, 40.0))
@settings(max_examples=25, deadline=None)
def test_service_times_have_the_measured_p99_and_the_mean_where_a_lognormal_can(ratio):
    drawn = draw_service_s(MEAN_S, ratio * MEAN_S, 200_000, np.random.default_rng(4))
    assert np.quantile(drawn, 0.99) == pytest.approx(ratio * MEAN_S, rel=0.06)
    assert drawn.mean() == pytest.approx(MEAN_S, rel=0.06) or ratio > 14.9


@pytest.mark.parametrize(
    ("compute", "why"),
    [
        (lambda random: renewal_arrivals(0.0, 1.0, 9, random), "a rate of 0.0 requests/s"),
        (lambda random: renewal_arrivals(math.nan, 1.0, 9, random), "a rate of nan"),
        (lambda random: renewal_arrivals(5.0, -1.0, 9, random), "variation of -1.0"),
        (lambda random: renewal_arrivals(5.0, math.inf, 9, random), "variation of inf"),
        (lambda random: replayed_arrivals([1.0], 5.0, 9), "two or more"),
        (lambda random: replayed_arrivals([1.0, 1.0], 5.0, 9), "over a span of time"),
        (lambda random: replayed_arrivals([2.0, 1.0, 3.0], 5.0, 9), "ascending"),
        (lambda random: percentiles_of(np.ones(9_999)), "9,999 simulated requests are too few.*; take 10,000"),
    ],
)
def test_what_cannot_be_simulated_is_refused(compute, why):
    with pytest.raises(UsageError, match=why):
        compute(np.random.default_rng(1))
