"""Warm-up is cut where the figures settle, and a load that never settles is called so."""

from collections import Counter

import numpy as np
import pytest

from aiops_toolkit.bench.steady import mser5, settle
from aiops_toolkit.bench.trend import mann_kendall, shift
from support.queue_traces import DURATION_S, closed_run, decay, decay_is_over_s, step, trace

SEEDS = range(8)

TRANSIENTS = {
    "a small slow decay": (decay(0.5, 0.5), decay_is_over_s(0.5, 0.5)),
    "a decay": (decay(1.0, 0.3), decay_is_over_s(1.0, 0.3)),
    "a large decay": (decay(3.0, 0.3), decay_is_over_s(3.0, 0.3)),
    "a short step": (step(2.0, 0.3), 0.3),
    "a small step": (step(0.5, 1.0), 1.0),
    "a long step": (step(1.0, 2.0), 2.0),
}


@pytest.mark.parametrize(("slowness", "truth_s"), TRANSIENTS.values(), ids=TRANSIENTS.keys())
def test_the_cut_is_at_the_end_of_the_transient_or_on_the_safe_side(slowness, truth_s):
    settlings = [settle(trace(slowness, seed=seed)) for seed in SEEDS]
    safe = sum(0.9 * truth_s <= settling.warm_up_s <= DURATION_S / 2 for settling in settlings)
    late = sum(settling.steadiness == "warmed-up-late" for settling in settlings)
    assert safe >= len(SEEDS) - 1
    assert late >= len(SEEDS) - 2


def test_without_a_transient_little_is_dropped_and_the_load_is_steady():
    settlings = [settle(trace(lambda _: 1.0, seed=seed)) for seed in SEEDS]
    assert np.median([settling.warm_up_s for settling in settlings]) < 0.1 * DURATION_S
    assert Counter(settling.steadiness for settling in settlings)["steady"] >= len(SEEDS) - 1


@pytest.mark.parametrize(
    "slowness",
    [lambda at_s: 1 + 0.5 * at_s, step(-0.4, 3.5), lambda at_s: 3 - 0.4 * at_s],
    ids=["ever slower", "slow from 3.5 s on", "ever faster"],
)
def test_what_never_settles_is_called_so(slowness):
    found = {settle(trace(slowness, seed=seed)).steadiness for seed in SEEDS}
    assert found <= {"never-steady", "slowing-down"}


def test_a_service_that_slows_down_after_a_good_start_is_slowing_down():
    def slowness(at_s):
        return 1 + 0.08 * max(at_s - 1, 0)

    found = Counter(settle(trace(slowness, seed=seed, spread=0.2)).steadiness for seed in SEEDS)
    assert found["slowing-down"] >= len(SEEDS) - 1


@pytest.mark.parametrize("overload", [1.05, 1.5])
def test_open_loop_above_capacity_is_never_steady(overload):
    capacity_rps = 1000.0
    arrivals = np.sort(np.random.default_rng(1).uniform(0, DURATION_S, int(overload * capacity_rps * DURATION_S)))
    responses = np.maximum(np.arange(1, len(arrivals) + 1) / capacity_rps - arrivals, 1 / capacity_rps)
    assert settle(closed_run(arrivals, responses, DURATION_S, mode="open")).steadiness == "never-steady"


@pytest.mark.parametrize(
    ("response_s", "requests", "duration_s", "cut_s"),
    [(0.01, 100, 1.0, 0.03), (0.5, 20, 10.0, 1.5), (1.0, 5, 4.0, 2.0)],
    ids=["three response times", "of slow ones too", "half at most"],
)
def test_a_short_load_loses_three_response_times_and_nobody_knows_whether_it_is_steady(
    response_s, requests, duration_s, cut_s
):
    sent = np.linspace(0, duration_s, requests, endpoint=False) - response_s
    settling = settle(closed_run(sent, np.full(requests, response_s), duration_s))
    assert settling.warm_up_s == pytest.approx(cut_s)
    assert settling.steadiness is None


def test_a_load_without_answers_has_no_warm_up():
    settling = settle(closed_run(np.array([]), np.array([]), 5.0))
    assert (settling.warm_up_s, settling.steadiness) == (0.0, None)


def test_the_order_of_rows_does_not_matter():
    run = trace(decay(1.0, 0.3), seed=1)
    order = np.random.default_rng(1).permutation(len(run.table.end))
    shuffled = closed_run(run.table.sent[order], (run.table.end - run.table.sent)[order], DURATION_S)
    assert settle(shuffled).steadiness == settle(run).steadiness
    assert settle(shuffled).warm_up_s == pytest.approx(settle(run).warm_up_s)


def test_mser_drops_a_start_that_differs():
    noise = np.random.default_rng(3).normal(1.0, 0.05, 500)
    noise[:100] += 2
    assert 100 <= mser5(noise).dropped <= 150


def test_mser_keeps_what_is_steady():
    assert mser5(np.ones(500)).dropped == 0


def test_mser_refuses_a_series_that_only_settles_at_its_end():
    series = np.concatenate([np.linspace(100, 1, 400), np.ones(100)])
    assert mser5(series).refused


def test_mser_leaves_short_series_alone():
    cut = mser5(np.array([9.0] * 10 + [1.0] * 30))
    assert (cut.dropped, cut.refused) == (0, False)


def test_a_line_rises_and_its_mirror_falls():
    line = np.linspace(1, 2, 40) + np.random.default_rng(2).normal(0, 0.05, 40)
    assert mann_kendall(line).rises
    assert mann_kendall(line[::-1]).falls
    assert mann_kendall(line).drift == pytest.approx(1 / 1.5, rel=0.1)


def test_a_trend_too_small_to_matter_is_none():
    assert not mann_kendall(np.linspace(1, 1.04, 40)).rises


@pytest.mark.parametrize("memory", [0.0, 0.6], ids=["independent values", "values that resemble their neighbours"])
def test_noise_seldom_looks_like_a_trend(memory):
    alarms = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        values = random.normal(0, 1, 60)
        for place in range(1, len(values)):
            values[place] += memory * values[place - 1]
        trend = mann_kendall(10 + values)
        alarms += trend.rises or trend.falls
    assert alarms <= 10  # 1 % asked for; without the correction it would be some 25 %


def test_equal_values_have_no_trend_and_no_shift():
    assert mann_kendall(np.ones(30)).p_value == 1.0
    assert shift(np.ones(30)) == 0.0


def test_a_step_is_a_shift_by_its_height():
    values = np.random.default_rng(4).normal(1.0, 0.05, 60)
    values[40:] += 0.5
    assert shift(values) == pytest.approx(0.5 / 1.17, rel=0.1)
    assert shift(values[:40]) == 0.0
