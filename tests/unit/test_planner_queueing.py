"""Waiting, against closed forms that are derived another way."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaincc, gammaln

from aiops_planner.performance import Objective
from aiops_planner.queueing import ServiceTime, capacity_rps, erlang_b, erlang_c, response_tail, wait_tail

SERVICE = ServiceTime.exponential(0.02)


def erlang_b_by_sum(servers, load):
    """a^c/c! over sum a^k/k!, through the incomplete gamma function."""
    log_term = servers * math.log(load) - load - gammaln(servers + 1)
    return math.exp(log_term) / gammaincc(servers + 1, load)


@pytest.mark.parametrize("servers", [1, 2, 4, 16, 64, 448])
@pytest.mark.parametrize("rho", [0.05, 0.5, 0.9, 0.999])
def test_erlang_b_and_c_equal_their_closed_forms(servers, rho):
    load = rho * servers
    blocked = erlang_b_by_sum(servers, load)
    assert erlang_b(servers, load) == pytest.approx(blocked, rel=1e-9)
    assert erlang_c(servers, load) == pytest.approx(servers * blocked / (servers - load * (1 - blocked)), rel=1e-9)


@pytest.mark.parametrize(("servers", "load", "printed"), [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541)])
def test_erlang_c_equals_printed_tables(servers, load, printed):
    assert erlang_c(servers, load) == pytest.approx(printed, abs=5e-5)


def test_everyone_waits_at_and_above_saturation():
    assert erlang_c(3, 3.0) == erlang_c(3, 7.0) == 1.0
    assert response_tail(10.0, 200.0, SERVICE, 3) == 1.0


@pytest.mark.parametrize("rate_rps", [1.0, 25.0, 49.0])
def test_one_server_answers_as_an_m_m_1_queue(rate_rps):
    for t_s in (0.0, 0.01, 0.1, 1.0):
        exact = math.exp(-(50.0 - rate_rps) * t_s)
        assert response_tail(t_s, rate_rps, SERVICE, 1) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("servers", "rate_rps"), [(2, 60.0), (4, 150.0), (4, 149.999999), (16, 700.0)])
def test_response_tail_is_the_convolution_of_wait_and_service(servers, rate_rps):
    theta = servers * 50.0 - rate_rps
    waiting = erlang_c(servers, rate_rps * 0.02)

    def wait_density(wait_s, t_s):
        return waiting * theta * math.exp(-theta * wait_s - 50 * (t_s - wait_s))

    for t_s in (0.01, 0.05, 0.2):
        waited = quad(wait_density, 0, t_s, args=(t_s,), epsabs=1e-13)[0]
        exact = (1 - waiting) * math.exp(-50 * t_s) + waited + waiting * math.exp(-theta * t_s)
        assert response_tail(t_s, rate_rps, SERVICE, servers) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.016), (4, 0.31), (16, 0.69), (64, 0.90), (128, 0.94)])
def test_largest_load_for_a_p99_wait_of_half_a_service(servers, rho):
    assert wait_tail(0.01, (rho - 0.006) * servers / 0.02, SERVICE, servers) < 0.01
    assert wait_tail(0.01, (rho + 0.006) * servers / 0.02, SERVICE, servers) > 0.01


def test_capacity_of_m_m_1_is_known_in_closed_form():
    objective = Objective(p99=0.1)
    assert capacity_rps(objective, ServiceTime.exponential(0.005), 1) == pytest.approx(200 - math.log(100) / 0.1)


def test_the_tightest_percentile_decides():
    service = ServiceTime.exponential(0.005)
    both = capacity_rps(Objective(p50=0.02, p99=0.1), service, 4)
    alone = [capacity_rps(Objective(p50=0.02), service, 4), capacity_rps(Objective(p99=0.1), service, 4)]
    assert both == min(alone)


@pytest.mark.parametrize("limit_s", [0.01, 0.0229])
def test_an_objective_below_the_bare_service_time_leaves_no_capacity(limit_s):
    assert capacity_rps(Objective(p99=limit_s), ServiceTime.exponential(0.005), 8) is None


def test_a_constant_service_time_meets_any_objective_above_it():
    constant = ServiceTime.fitted(mean_s=0.01, p99_s=0.01)
    assert constant.spread_s == 0
    assert capacity_rps(Objective(p99=0.0099), constant, 2) is None
    assert 0 < capacity_rps(Objective(p99=0.012), constant, 2) < 200


@given(mean_s=st.floats(1e-4, 10), ratio=st.floats(1, 50))
def test_a_fitted_service_time_keeps_its_p99(mean_s, ratio):
    fitted = ServiceTime.fitted(mean_s=mean_s, p99_s=ratio * mean_s)
    assert fitted.floor_s + fitted.spread_s * math.log(100) == pytest.approx(ratio * mean_s, rel=1e-9)
    assert fitted.mean_s == pytest.approx(mean_s, rel=1e-9) or ratio > math.log(100)


@given(
    servers=st.integers(1, 96),
    limit_s=st.floats(0.03, 1.0),
    looser=st.floats(1.0, 3.0),
    p99_s=st.floats(0.02, 0.09),
)
def test_a_looser_objective_or_another_server_never_carries_less(servers, limit_s, looser, p99_s):
    service = ServiceTime.fitted(mean_s=0.02, p99_s=p99_s)
    tight = capacity_rps(Objective(p99=limit_s), service, servers) or 0.0
    assert (capacity_rps(Objective(p99=limit_s * looser), service, servers) or 0.0) >= tight * (1 - 1e-9)
    assert (capacity_rps(Objective(p99=limit_s), service, servers + 1) or 0.0) >= tight * (1 - 1e-9)
    assert tight <= servers / service.mean_s


def test_more_variable_arrivals_carry_less():
    calm, bursty = (capacity_rps(Objective(p99=0.1), SERVICE, 16, arrival_scv=scv) for scv in (1.0, 4.0))
    assert bursty < calm
