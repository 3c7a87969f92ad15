"""A run becomes a load point whose books balance, and a faulty measurement says what is wrong with it."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import Objective
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.steady import MAX_SHARE
from support.bench_loads import OK, run_of

P99 = Objective(p99=0.1)


def back_to_back(clients: int, response_s: float, stopped_s: float) -> list[tuple[float, float, float, int]]:
    """What a closed loop records when every answer takes the same time; the last ones end after the window."""
    rounds = int(stopped_s / response_s) + 1
    return [(n * response_s, n * response_s, (n + 1) * response_s, OK) for n in range(rounds) for _ in range(clients)]


def on_schedule(rate: float, response_s: float, stopped_s: float, lag_s: float = 0.0):
    times = [n / rate for n in range(int(rate * stopped_s))]
    return [(time, time + lag_s, time + response_s, OK) for time in times]


def test_a_closed_loop_with_constant_answers_obeys_littles_law_exactly():
    point = load_point(run_of(back_to_back(4, 0.01, 2.0), stopped_s=2.0), Load(clients=4), P99)
    assert point.warm_up_s == pytest.approx(0.03)
    assert point.window_s == pytest.approx(1.97)
    assert point.throughput_rps == pytest.approx(400, rel=0.01)
    assert point.response_s.mean == pytest.approx(0.01)
    assert point.mean_concurrency == pytest.approx(4)
    assert point.service_s == point.response_s
    assert point.valid


@given(
    st.lists(st.tuples(st.floats(0, 1.9), st.floats(0.001, 3), st.sampled_from([0, 5, 500, -1])), min_size=1),
    st.sampled_from(["closed", "open"]),
)
def test_the_books_balance_whatever_happened(rows, mode):
    table = [(start, start, nan if outcome == -1 else start + took, outcome) for start, took, outcome in rows]
    run = run_of(table, mode=mode, stopped_s=2.0, cut_s=4.9)
    point = load_point(run, Load(clients=len(rows), rate_rps=len(rows) / 2.0), Objective())
    assert point.requests == point.successes + point.errors
    assert 0 <= point.mean_concurrency <= len(rows) + 1e-9
    assert point.window_s + point.warm_up_s == pytest.approx(2.0)
    assert point.warm_up_s <= 2.0 * MAX_SHARE + 1e-9
    assert point.response_s is None or point.successes
    assert point.response_s is not None or point.invalid_because


def test_open_loop_response_counts_from_the_intended_time():
    run = run_of(on_schedule(100, 0.05, 8.0, lag_s=0.0005), mode="open", stopped_s=8.0)
    point = load_point(run, Load(rate_rps=100, arrivals="poisson"), P99)
    assert point.response_s.p99 == pytest.approx(0.05)
    assert point.service_s.p99 == pytest.approx(0.0495)
    assert point.send_lag_s.p99 == pytest.approx(0.0005)
    assert point.mean_concurrency == pytest.approx(100 * 0.0495, rel=0.01)
    assert (point.offered_rps, point.arrivals, point.concurrency) == (100, "poisson", None)
    assert point.valid


def test_requests_cut_off_at_the_end_of_an_open_loop_count_with_the_time_they_waited():
    answered = on_schedule(100, 0.01, 5.0)
    hanging = [(n / 100, n / 100, nan, int(Outcome.UNFINISHED)) for n in range(500, 600)]
    run = run_of(answered + hanging, mode="open", stopped_s=6.0, cut_s=6.5)
    point = load_point(run, Load(rate_rps=100), P99)
    assert point.response_s.p99 > 1.4
    assert point.errors == 0
    assert point.throughput_rps < 90


def test_time_outs_count_as_errors_and_with_the_time_they_waited():
    rows = [(start, sent, end, OK) for start, sent, end, _ in on_schedule(100, 0.01, 6.0)]
    rows[300:320] = [(start, sent, start + 1.0, int(Outcome.TIMEOUT)) for start, sent, _, _ in rows[300:320]]
    point = load_point(run_of(rows, mode="open", stopped_s=6.0), Load(rate_rps=100), P99)
    assert point.errors_by_kind == {"timeout": 20}
    assert point.response_s.p99 == pytest.approx(1.0)
    assert point.valid


def test_errors_of_the_service_do_not_make_a_point_invalid():
    rows = back_to_back(1, 0.01, 2.0)
    rows[50:100] = [(start, sent, end, 500) for start, sent, end, _ in rows[50:100]]
    point = load_point(run_of(rows, stopped_s=2.0), Load(clients=1), P99)
    assert point.errors_by_kind == {"status-500": 50}
    assert point.requests == point.successes + 50
    assert point.valid


INVALID = {
    "nothing succeeded": (
        run_of([(0, 0, 0.5, 500)] * 4, stopped_s=1.0),
        Load(clients=4),
        "no request succeeded in the window (4 status-500)",
    ),
    "nothing ended": (
        run_of([(0, 0, nan, -1)] * 4, stopped_s=1.0),
        Load(clients=4),
        "no request succeeded in the window (none was sent and answered in it)",
    ),
    "nothing due after the warm-up": (
        run_of([(0, 0, 1.5, OK)], mode="open", stopped_s=2.0),
        Load(rate_rps=0.5),
        "no request was meant to be sent after the warm-up: the load was too short for such response times",
    ),
    "idle clients": (
        run_of(back_to_back(3, 0.01, 2.0), stopped_s=2.0),
        Load(clients=4),
        "3.00 of 4 clients had a request in flight on average: 25.0 % off Little's law (limit 2 %)",
    ),
    "a busy generator": (
        run_of(back_to_back(4, 0.01, 2.0), stopped_s=2.0, generator_cpu_s=1.8),
        Load(clients=4),
        "the load generator used 90 % of its core (limit 80 %): it may have been the bottleneck",
    ),
    "unsent requests": (
        run_of([*on_schedule(100, 0.01, 6.0)[:580], *[(5.9, nan, nan, -1)] * 20], mode="open", stopped_s=6.0),
        Load(rate_rps=100),
        "requests could be sent in the window (limit 99 %)",
    ),
    "late requests": (
        run_of(on_schedule(100, 0.03, 6.0, lag_s=0.002), mode="open", stopped_s=6.0),
        Load(rate_rps=100),
        "requests left late: p99 send lag 2.0 ms (limit 1.5 ms)",
    ),
    "too few requests": (
        run_of(on_schedule(100, 0.01, 3.0), mode="open", stopped_s=3.0),
        Load(rate_rps=100),
        "p99 needs 459 requests, 297 were measured: not resolved",
    ),
}


@pytest.mark.parametrize(("run", "load", "reason"), INVALID.values(), ids=INVALID.keys())
def test_a_faulty_measurement_says_what_is_wrong(run, load, reason):
    point = load_point(run, load, P99)
    assert any(reason in found for found in point.invalid_because), point.invalid_because


LATE_AND_BUSY = run_of(on_schedule(100, 0.03, 6.0, lag_s=0.002), mode="open", stopped_s=6.0, generator_cpu_s=5.8)
OVERSTATED = {
    "late": (*INVALID["late requests"][:2], True),
    "late and busy": (LATE_AND_BUSY, Load(rate_rps=100), True),
    "late and too few": (
        run_of(on_schedule(100, 0.03, 3.0, lag_s=0.002), mode="open", stopped_s=3.0),
        Load(rate_rps=100),
        False,
    ),
    "unsent": (*INVALID["unsent requests"][:2], False),
    "busy in closed loop": (*INVALID["a busy generator"][:2], False),
    "nothing succeeded": (*INVALID["nothing succeeded"][:2], False),
    "valid": (run_of(on_schedule(100, 0.03, 6.0), mode="open", stopped_s=6.0), Load(rate_rps=100), False),
}


@pytest.mark.parametrize(("run", "load", "overstated"), OVERSTATED.values(), ids=OVERSTATED.keys())
def test_a_point_is_overstated_when_all_its_faults_only_lengthen_response_times(run, load, overstated):
    point = load_point(run, load, P99)
    assert point.overstated is overstated
    assert not (point.overstated and point.valid)


@pytest.mark.parametrize(("gap_s", "valid"), [(10e-6, True), (100e-6, False)])
def test_a_client_may_take_some_microseconds_between_its_requests(gap_s, valid):
    round_s = 100e-6 + gap_s
    rows = [(n * round_s, n * round_s, n * round_s + 100e-6, OK) for n in range(int(1 / round_s))]
    assert load_point(run_of(rows, stopped_s=1.0), Load(clients=1), P99).valid is valid


def test_the_generators_own_use_is_that_of_the_window():
    run = run_of(back_to_back(4, 0.1, 2.0), stopped_s=2.0, generator_cpu_s=1.0)
    point = load_point(run, Load(clients=4), P99)
    assert point.generator_cpu_s == pytest.approx(0.5 * point.window_s)
    assert (point.service_cpu_s, point.service_memory_bytes) == (None, None)
