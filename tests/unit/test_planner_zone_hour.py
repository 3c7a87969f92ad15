"""One hour in three zones, one of which may fail: against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiops_planner.staircase import cheapest_steps
from aiops_planner.zone_hour import ZoneHour

RPS = 100.0
ONE_RPS, ONE_USD = 30.0, 1.0
SPARE_RPS, SPARE_USD = 25.0, 1.7
ORDERS = ((1, 2, 0), (0, 2, 1), (0, 1, 2))
BASES = st.tuples(*[st.one_of(st.just(0.0), st.floats(0.0, 120.0))] * 3)


def stairs(rps, usd):
    return cheapest_steps(np.array([rps]), np.array([usd]), RPS, 1000)


def cheapest(bases, firm_rps, flexible):
    """The cheapest way to add machines to zones that carry so much already, or None."""
    hour = ZoneHour(rps=RPS, firm_rps=firm_rps, flexible=flexible)
    zones = [stairs(SPARE_RPS, SPARE_USD).raised(base) for base in bases]
    found = []
    for order in ORDERS:
        ordered = tuple(zones[zone] for zone in order)
        choice = hour.cheapest(ordered)
        if choice is not None:
            bought = hour.bought(ordered, choice)
            assert choice.usd <= bought.usd + 1e-9
            found.append(bought.usd)
    return min(found, default=None)


def enumerated(bases, firm_rps):
    costs = []
    for spares in itertools.product(range(5), repeat=3):
        firm = [base + SPARE_RPS * count for base, count in zip(bases, spares, strict=True)]
        if sum(firm) < firm_rps - 1e-7:
            continue
        for counts in itertools.product(range(5), repeat=3):
            carried = [base + ONE_RPS * count for base, count in zip(firm, counts, strict=True)]
            if sum(carried) - max(carried) >= RPS - 1e-7:
                costs.append(SPARE_USD * sum(spares) + ONE_USD * sum(counts))
    return min(costs)


@settings(max_examples=25, deadline=None)
@given(BASES)
@example((99.5, 99.5, 0.0))  # all but nothing is missing: a bound of zero
@example((120.0, 120.0, 0.0))
def test_without_firm_machines_the_cheapest_is_found(bases):
    assert cheapest(bases, 0.0, stairs(ONE_RPS, ONE_USD)) == pytest.approx(enumerated(bases, 0.0))


@pytest.mark.parametrize("firm_rps", [50.0, 90.0])
@pytest.mark.parametrize("bases", [(0.0, 0.0, 0.0), (10.0, 20.0, 5.0), (45.0, 0.0, 0.0), (26.0, 26.0, 26.0)])
def test_firm_machines_are_spread_over_the_zones(bases, firm_rps):
    assert cheapest(bases, firm_rps, stairs(ONE_RPS, ONE_USD)) == pytest.approx(enumerated(bases, firm_rps))


def test_nothing_to_buy_carries_what_is_there_and_no_more():
    nothing = stairs(ONE_RPS, np.inf)
    hour = ZoneHour(rps=RPS, firm_rps=0.0, flexible=nothing)
    enough, short = (tuple(nothing.raised(base) for base in bases) for bases in ((50.0, 50.0, 50.0), (99.5, 99.5, 0.0)))
    assert hour.cheapest(enough).usd == 0.0
    assert hour.cheapest(short) is None
