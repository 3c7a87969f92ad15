"""Objectives below the bare service time: no machine meets them, however many there are."""

from dataclasses import replace

import numpy as np
import pytest

from aiops_planner import Demand, Infeasible, Objective, Offer, Plan, Problem, Proof, plan
from aiops_planner.bare_service import without_too_slow
from aiops_planner.simulation import draw_service_s, service_quantile_s


def offer(name, mean_s, p99_s=None, price=1.0):
    return Offer(
        name=name,
        prices_usd_per_hour={"on_demand": price},
        capacity_rps={"requests": 100.0},
        servers=4,
        service_mean_s={"requests": mean_s},
        service_p99_s={} if p99_s is None else {"requests": p99_s},
    )


def problem(*offers, **limits):
    return Problem(
        demand=Demand.constant(50.0), offers=offers, proof=Proof(objective=Objective(**limits), requests=10_000)
    )


def test_an_objective_below_the_bare_service_time_is_refused_with_what_can_be_met():
    refused = plan(problem(offer("a", 0.02, 0.04), offer("b", 0.03, 0.05), p99=0.005))
    assert isinstance(refused, Infeasible)
    assert refused.reasons == (
        "there is no offer to choose from",
        "2 were left out: a request that is alone there already misses p99 ≤ 5 ms, of which it takes 40 ms or more",
    )
    assert refused.left_out[0].examples == ("a", "b")


def test_only_the_offers_that_are_too_slow_are_left_out():
    found = plan(problem(offer("cheap", 0.02, 0.04), offer("fast", 0.001, 0.002, price=3.0), p99=0.03), explained=False)
    assert isinstance(found, Plan)
    assert [item.offer for item in found.fleet] == ["fast"]
    assert [(out.count, out.examples) for out in found.left_out] == [(1, ("cheap",))]


@pytest.mark.parametrize(
    ("limits", "kept"),
    [({"p99": 0.04}, True), ({"p99": 0.0399}, False), ({"p50": 0.01, "p99": 1.0}, False), ({}, True)],
)
def test_every_limit_counts_and_one_that_is_just_met_is_met(limits, kept):
    asked, left_out = without_too_slow(problem(offer("a", 0.02, 0.04), **limits))
    assert (bool(asked.offers), bool(left_out)) == (kept, not kept)


def test_the_way_to_the_clients_counts():
    far = replace(offer("far", 0.02, 0.04), network_s={"requests": 0.07})
    _, (left_out,) = without_too_slow(problem(far, p99=0.1))
    assert "misses p99 ≤ 100 ms, of which it takes 110 ms" in left_out.reason


def test_estimates_and_offers_without_a_service_time_are_left_alone():
    unknown = replace(offer("a", 0.02), service_mean_s={})
    estimated = replace(offer("b", 0.02), capacity_source="estimated")
    asked = problem(unknown, estimated, p99=0.001)
    assert without_too_slow(asked) == (asked, ())


def classes(**times_s):
    return Offer(
        name="a",
        prices_usd_per_hour={"on_demand": 1.0},
        capacity_rps=dict.fromkeys(times_s, 100.0),
        servers=4,
        service_mean_s=times_s,
        service_p99_s=times_s,
    )


def test_classes_that_share_an_objective_are_left_out_together_and_others_each_for_itself():
    asked = Problem(demand=Demand.of_classes({"short": 5.0, "long": 1.0}), offers=(classes(short=0.01, long=0.1),))
    shared = replace(asked, proof=Proof(objective=Objective(p99=0.05)))
    assert without_too_slow(shared) == (shared, ())
    each = Proof(objectives={"short": Objective(p99=0.05), "long": Objective(p99=0.05)})
    (kept,) = without_too_slow(replace(asked, proof=each))[0].offers
    assert set(kept.capacity_rps) == {"short"}
    refused = plan(replace(asked, proof=each))
    assert refused.reasons == ("no offer on sale (on_demand) can serve requests of class 'long' within the objective",)


def test_each_class_is_told_with_its_own_least_time():
    asked = Problem(
        demand=Demand.of_classes({"short": 5.0, "long": 1.0}),
        offers=(classes(short=0.01, long=0.1),),
        proof=Proof(objective=Objective(p99=0.001)),
    )
    _, (left_out,) = without_too_slow(asked)
    assert left_out.reason == (
        "a request that is alone there already misses p99 ≤ 1 ms of class 'short', of which it takes 10 ms or more; "
        "and p99 ≤ 1 ms of class 'long', of which it takes 100 ms or more"
    )


@pytest.mark.parametrize("p99_s", [None, 0.01, 0.03, 0.5], ids=["exponential", "constant", "lognormal", "heavy"])
@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
def test_quantiles_are_those_of_the_service_times_that_are_drawn(p99_s, quantile):
    drawn = draw_service_s(0.01, p99_s, 200_000, np.random.default_rng(1))
    assert service_quantile_s(0.01, p99_s, quantile) == pytest.approx(np.quantile(drawn, quantile), rel=0.03)
