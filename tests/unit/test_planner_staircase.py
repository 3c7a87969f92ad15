"""The least cost of whole machines that carry at least so much: against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner.staircase import cheapest_steps

KINDS = st.lists(st.tuples(st.floats(1.0, 9.0), st.floats(0.1, 5.0)), min_size=1, max_size=3)
PLENTY = 100_000


def stairs(kinds, most_rps, most_steps=PLENTY):
    rps, usd = zip(*kinds, strict=True)
    return cheapest_steps(np.array(rps), np.array(usd), most_rps, most_steps)


@settings(max_examples=60, deadline=None)
@given(KINDS, st.floats(0.5, 20.0), st.integers(0, 20))
def test_no_machines_carry_as_much_for_less(kinds, most_rps, part):
    wanted = part / 20 * most_rps
    least = wanted - 1e-9 * most_rps
    found = stairs(kinds, most_rps)
    numbers = itertools.product(*(range(int(most_rps / rps) + 2) for rps, _ in kinds))
    able = [n for n in numbers if sum(k * rps for k, (rps, _) in zip(n, kinds, strict=True)) >= least]
    cheapest = min(sum(k * usd for k, (_, usd) in zip(n, kinds, strict=True)) for n in able)
    assert found.usd_at(np.array([wanted]))[0] == pytest.approx(cheapest, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(KINDS, st.floats(0.5, 20.0))
def test_every_step_says_which_machines_carry_and_cost_it(kinds, most_rps):
    found = stairs(kinds, most_rps)
    rps, usd = np.array(kinds).T
    assert found.counts @ usd == pytest.approx(found.usd)
    assert np.minimum(found.counts @ rps, most_rps) == pytest.approx(found.rps)
    assert (np.diff(found.rps) > 0).all()
    assert (np.diff(found.usd) > 0).all()


def test_three_machines_of_a_tenth_carry_three_tenths():
    assert stairs([(0.1, 1.0)], 0.3).usd.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_nothing_costs_nothing_and_more_than_all_machines_carry_costs_infinity():
    found = stairs([(2.0, 1.0)], 5.0)
    assert found.usd_at(np.array([-1.0, 0.0, 5.0])).tolist() == [0.0, 0.0, 3.0]
    assert stairs([(2.0, np.inf)], 5.0).usd_at(np.array([0.0, 0.1])).tolist() == [0.0, np.inf]


def test_what_takes_too_many_steps_is_given_up():
    assert stairs([(1.0, 1.0)], 50.0, most_steps=51) is not None
    assert stairs([(1.0, 1.0)], 50.0, most_steps=50) is None


def test_the_steps_up_to_a_rate_end_with_the_first_that_carries_it():
    found = stairs([(2.0, 1.0)], 10.0).up_to(3.0)
    assert found.rps.tolist() == [0.0, 2.0, 4.0]
    assert found.raised(5.0).rps.tolist() == [5.0, 7.0, 9.0]
