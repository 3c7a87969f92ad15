"""The fitted operating curve is Amdahl's law or a sharp bend at the ends of its range, and never overflows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import SoftMin

POSITIVE = st.floats(1e-6, 1e9)


def test_with_k_of_one_and_no_coherency_delay_it_is_the_law_of_amdahl() -> None:
    curve = SoftMin(gamma_rps=400, largest_rps=1000, k=1, beta=0)
    serial_share = 400 / 1000
    for clients in (1, 2, 8, 64):
        expected = 400 * clients / (1 + serial_share * clients)
        assert curve.throughput_rps(clients) == pytest.approx(expected)


def test_with_a_large_k_it_bends_sharply() -> None:
    curve = SoftMin(gamma_rps=400, largest_rps=1000, k=500, beta=0)
    assert [round(curve.throughput_rps(clients)) for clients in (1, 2, 4, 64)] == [400, 800, 1000, 1000]


def test_beta_bends_it_down_again() -> None:
    curve = SoftMin(gamma_rps=400, largest_rps=1000, k=500, beta=0.01)
    assert curve.throughput_rps(1) == pytest.approx(400)
    assert curve.throughput_rps(11) == pytest.approx(1000 / (1 + 0.01 * 110))


@given(gamma=POSITIVE, largest=POSITIVE, k=POSITIVE, beta=st.floats(0, 1e9), clients=st.floats(1, 1e6))
def test_it_stays_finite_and_never_above_either_of_its_limits(
    gamma: float, largest: float, k: float, beta: float, clients: float
) -> None:
    found = SoftMin(gamma_rps=gamma, largest_rps=largest, k=k, beta=beta).throughput_rps(clients)
    assert math.isfinite(found)
    assert 0 <= found <= min(gamma * clients, largest) * (1 + 1e-9)
