"""Percentiles are exact and only where enough requests resolve them; samples keep what happened to each request."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from aiops_planner.performance import PERCENTILES
from aiops_toolkit.bench.percentiles import distribution, quantile, requests_needed
from aiops_toolkit.bench.samples import CHUNK_ROWS, Outcome, Samples, kind_of


@pytest.mark.parametrize(
    ("percentile", "over", "requests"),
    [
        ("p50", 0, 7),
        ("p90", 0, 44),
        ("p90", 1, 64),
        ("p90", 2, 81),
        ("p90", 10, 197),
        ("p95", 0, 90),
        ("p99", 0, 459),
        ("p99", 1, 662),
        ("p99", 2, 838),
        ("p99", 10, 2010),
    ],
)
def test_the_binomial_rule_gives_mlperfs_figures(percentile, over, requests):
    assert requests_needed(percentile, over) == requests


@given(st.sampled_from(PERCENTILES), st.integers(0, 200))
def test_one_request_fewer_would_not_be_enough(percentile, over):
    exceeding = 1 - int(percentile[1:]) / 100
    needed = requests_needed(percentile, over)
    assert binom.cdf(over, needed, exceeding) <= 0.01 + 1e-12
    assert binom.cdf(over, needed - 1, exceeding) > 0.01 - 1e-12


@pytest.mark.parametrize(
    ("count", "resolved"),
    [(1, ()), (6, ()), (7, ("p50",)), (44, ("p50", "p90")), (90, ("p50", "p90", "p95")), (459, PERCENTILES)],
)
def test_only_percentiles_with_enough_requests_are_given(count, resolved):
    found = distribution(np.arange(count, dtype=float))
    assert found.mean == (count - 1) / 2
    assert tuple(name for name in PERCENTILES if found.at(name) is not None) == resolved


def test_nothing_has_no_distribution():
    assert distribution(np.array([])) is None


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=50), st.sampled_from(PERCENTILES))
def test_a_percentile_is_an_observed_value_that_covers_its_share(values, percentile):
    found = quantile(np.array(values), percentile)
    assert found in values
    assert np.mean(np.array(values) <= found) >= int(percentile[1:]) / 100 - 1e-9


def test_samples_grow_beyond_their_first_chunk():
    samples = Samples()
    for index in range(CHUNK_ROWS + 10):
        assert samples.add(float(index)) == index
    samples.end[CHUNK_ROWS + 5] = 1.5
    table = samples.table()
    assert len(table.intended) == len(table.outcome) == CHUNK_ROWS + 10
    assert (table.intended == np.arange(CHUNK_ROWS + 10)).all()
    assert np.flatnonzero(~np.isnan(table.end)).tolist() == [CHUNK_ROWS + 5]
    assert (table.outcome == Outcome.UNFINISHED).all()


def test_planned_samples_know_when_they_are_meant_to_leave():
    table = Samples.planned(np.arange(CHUNK_ROWS + 1.0)).table()
    assert table.intended[-1] == CHUNK_ROWS
    assert np.isnan(table.sent).all()


@pytest.mark.parametrize(
    ("outcome", "kind"), [(0, "ok"), (-1, "unfinished"), (1, "connect-refused"), (404, "status-404")]
)
def test_outcomes_have_names(outcome, kind):
    assert kind_of(outcome) == kind
