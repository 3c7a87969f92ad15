"""The knee comes from a fitted curve that noise bends less than the raw maximum, with intervals from the batches."""

from dataclasses import replace

import numpy as np
import pytest

from aiops_planner import softmin
from aiops_planner.knee import find_knee, power_interval
from aiops_planner.performance import Batches, Scalability
from aiops_planner.scalability import find_scalability, power_peak
from support.bench_loads import closed

LEVELS = (1, 2, 3, 4, 6, 8, 16)


def level(clients: int, throughput_rps: float, *, noise: float = 0.02, batches: int = 20):
    random = np.random.default_rng(clients)
    successes = np.round(throughput_rps * (1 + noise * random.standard_normal(batches)) / batches)
    cut = Batches(
        seconds=1 / batches,
        successes=tuple(successes.tolist()),
        requests=tuple(successes.tolist()),
        response_s=(clients / throughput_rps,) * batches,
        mean_concurrency=(float(clients),) * batches,
    )
    return closed(clients, throughput_rps, clients / throughput_rps, batches=cut)


def servers(count: int, levels=LEVELS):
    return [level(clients, 1000.0 * min(clients, count)) for clients in levels]


@pytest.mark.parametrize(("count", "levels"), [(1, LEVELS), (4, LEVELS), (5, LEVELS), (8, (1, 2, 4, 6, 8, 12, 16, 32))])
def test_the_knee_of_parallel_servers_is_their_number(count, levels):
    knee = find_knee(servers(count, levels))
    assert knee.method == "soft-min"
    assert knee.concurrency == pytest.approx(count, rel=0.12)
    assert knee.power == pytest.approx(1000.0**2 * count, rel=0.12)
    assert knee.throughput_rps / knee.response_s == pytest.approx(knee.power)
    assert knee.fit.throughput_rps(knee.concurrency) == pytest.approx(knee.throughput_rps)
    assert knee.in_range


def test_intervals_hold_what_they_are_of_and_widen_with_noise():
    calm = find_knee([level(clients, 1000.0 * min(clients, 4), noise=0.02) for clients in LEVELS])
    noisy = find_knee([level(clients, 1000.0 * min(clients, 4), noise=0.8) for clients in LEVELS])
    assert calm.power_ci.low <= calm.power * 1.02
    assert calm.power_ci.high >= calm.power * 0.98
    assert noisy.power_ci.high - noisy.power_ci.low > 2 * (calm.power_ci.high - calm.power_ci.low)


def test_a_ladder_that_still_rises_has_its_knee_at_the_end_and_not_in_range():
    knee = find_knee([level(clients, 1000.0 * clients) for clients in LEVELS])
    assert knee.in_range is False
    assert knee.concurrency == 16
    assert knee.concurrency_ci.high is None


def test_one_disturbed_level_does_not_move_the_knee():
    points = servers(4)
    points[1] = level(2, 800.0)
    assert find_knee(points).concurrency == pytest.approx(4, rel=0.15)


def test_fewer_than_five_levels_carry_no_fit():
    knee = find_knee(servers(4, (1, 2, 4, 8)))
    assert (knee.method, knee.concurrency, knee.fit, knee.power_ci) == ("measured", 4.0, None, None)


def test_levels_measured_twice_count_once():
    assert find_knee([*servers(4, (1, 2, 4, 8)), level(4, 3900.0)]).method == "measured"


def test_a_point_with_few_batches_has_no_interval_of_its_own():
    assert power_interval(level(2, 1000.0, batches=4)) is None
    assert power_interval(closed(2, 1000.0, 0.002)) is None
    assert power_interval(level(2, 1000.0)).low < 1000.0 / 0.002


def test_the_fit_recovers_the_curve_it_was_made_from():
    truth = np.log([[500.0, 4000.0, 3.0, 1e-4]])
    concurrency = np.array([1, 2, 4, 8, 12, 16, 32, 64], dtype=float)
    made = softmin.Curves(parameters=truth, costs=np.zeros(1))
    found = softmin.fit(concurrency, np.exp(made.log_throughput(concurrency)[0]))
    assert found.log_throughput(concurrency) == pytest.approx(made.log_throughput(concurrency), abs=0.01)


@pytest.mark.parametrize(
    ("alpha", "beta", "peak"),
    [(0.0, 0.0, None), (0.1, 0.0, 9.0), (0.0, 1 / 300, 10.5), (1.5, 0.1, 1.0)],
    ids=["linear", "contention alone", "coherency alone", "contention from the first"],
)
def test_the_power_peak_of_the_universal_scalability_law(alpha, beta, peak):
    found = power_peak(alpha, beta)
    assert found is peak or found == pytest.approx(peak, rel=0.05)
    if peak not in {None, 1.0}:
        around = [
            clients / (1 + alpha * (clients - 1) + beta * clients * (clients - 1)) ** 2
            for clients in (0.98 * found, found, 1.02 * found)
        ]
        assert max(around) == around[1]


def test_the_universal_scalability_law_is_recovered():
    def throughput(clients):
        return 1000 * clients / (1 + 0.05 * (clients - 1) + 0.001 * clients * (clients - 1))

    found = find_scalability(
        [closed(clients, throughput(clients), clients / throughput(clients)) for clients in LEVELS]
    )
    assert isinstance(found, Scalability)
    assert (found.alpha, found.beta) == (pytest.approx(0.05, abs=0.002), pytest.approx(0.001, abs=0.0002))
    assert found.gamma_rps == pytest.approx(1000, rel=0.01)
    assert found.residual < 0.001


def test_too_few_levels_have_no_scalability():
    assert find_scalability(servers(4, (1, 2, 4, 8))) is None
    assert find_scalability([replace(point, invalid_because=("late",)) for point in servers(4)]) is None
