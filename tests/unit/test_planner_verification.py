"""Plans that are simulated: what they are held against, what is lost, and what happens to one that misses."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.errors import SolverError, UsageError
from aiops_planner.offers import Offer
from aiops_planner.performance import Objective
from aiops_planner.plans import Infeasible, Limits, Problem
from aiops_planner.proofs import Proof
from aiops_planner.queueing import ServiceTime, capacity_rps
from aiops_planner.simulation import renewal_arrivals
from aiops_planner.sizing import plan
from aiops_planner.verification import prove, verify

MEAN_S = 0.02
P99 = Objective(p99=0.15)
EXACT_RPS = capacity_rps(P99, ServiceTime.exponential(MEAN_S), 4)
PROOF = Proof(objective=P99, requests=60_000)


def machine(name="m", rps=EXACT_RPS, **more):
    fields = {"prices_usd_per_hour": {"on_demand": 0.1}, "servers": 4, "service_mean_s": {SINGLE_CLASS: MEAN_S}}
    return Offer(name=name, capacity_rps={SINGLE_CLASS: rps}, **(fields | more))


def problem(rate_rps=10 * EXACT_RPS, *, offers=None, proof=PROOF, **more):
    return Problem(demand=Demand.constant(rate_rps), offers=offers or (machine(),), proof=proof, **more)


def test_the_p99_of_a_plan_of_m_m_c_machines_is_within_three_percent_of_its_objective():
    # sized by the exact closed form and fully loaded, with Poisson arrivals at each: the p99 is the objective itself
    asked = problem(proof=replace(PROOF, routing="random", requests=1_000_000))
    found = verify(plan(replace(asked, proof=Proof())), asked).rounds[0].scenarios[0]
    assert found.machines == 10
    assert found.response_s.p99 == pytest.approx(P99.p99, rel=0.03)
    assert found.utilisation == pytest.approx(EXACT_RPS * MEAN_S / 4, rel=1e-6)


def test_a_large_fleet_is_simulated_by_some_of_its_machines():
    asked = problem(5_000 * EXACT_RPS, proof=replace(PROOF, routing="random", requests=400_000))
    found = verify(plan(replace(asked, proof=Proof())), asked).rounds[0].scenarios[0]
    assert found.machines == 5_000
    assert found.response_s.p99 == pytest.approx(P99.p99, rel=0.05)


def test_a_plan_that_meets_its_objective_is_solved_once():
    answer = plan(problem())
    proven = answer.verification
    assert (proven.status, proven.reason, len(proven.rounds), proven.capacity_scale) == ("met", None, 1, 1.0)
    assert proven.rounds[0].usd_per_month == answer.usd_per_month
    interval = proven.rounds[0].scenarios[0].intervals["p99"]
    assert interval.low < proven.rounds[0].scenarios[0].response_s.p99 < interval.high < P99.p99


@pytest.mark.parametrize("routing", ["round-robin", "shortest-queue", "random"])
@pytest.mark.parametrize("overstated", [1.08, 1.6])  # near saturation, and beyond it
def test_a_plan_with_capacities_that_are_too_high_is_tightened_until_it_meets(routing, overstated):
    offers = (machine(rps=200.0 * overstated),)
    answer = plan(problem(3_000.0, offers=offers, proof=replace(PROOF, routing=routing)))
    first, *_, last = answer.verification.rounds
    assert answer.verification.status == "met"
    assert not first.met
    assert last.met
    assert first.capacity_scale == 1.0 > last.capacity_scale == answer.verification.capacity_scale
    assert first.usd_per_month < last.usd_per_month == pytest.approx(answer.usd_per_month)
    assert last.usd_per_month < 1.6 * 0.1 * 730 * 3_000 / EXACT_RPS


def test_machines_that_cannot_keep_up_have_no_response_time():
    proven = plan(problem(2_000.0, offers=(machine(rps=500.0),))).verification
    overloaded = proven.rounds[0].scenarios[0]
    assert (overloaded.response_s, overloaded.intervals, overloaded.met) == (None, {}, False)
    assert overloaded.utilisation == pytest.approx(2.5)


@pytest.mark.parametrize(
    "arrivals",
    [
        {"arrival_scv": 40.0},
        {"arrival_times_s": tuple(renewal_arrivals(5.0, 40.0, 20_000, np.random.default_rng(7)).tolist())},
    ],
)
def test_bursts_take_more_machines_than_poisson_arrivals(arrivals):
    calm = plan(problem())
    bursty = plan(problem(proof=replace(PROOF, **arrivals)))
    assert bursty.verification.status == "met"
    assert len(bursty.verification.rounds) > 1
    assert bursty.verification.arrival_scv == arrivals.get("arrival_scv")
    assert bursty.usd_per_hour > calm.usd_per_hour


def test_the_load_is_raised_where_a_machine_carries_less_than_its_queue():
    half = machine(rps=EXACT_RPS / 2, efficiency=0.5)
    found = plan(problem(5 * EXACT_RPS, offers=(half,), proof=replace(PROOF, routing="random"))).verification.rounds[0]
    assert found.scenarios[0].machines == 10
    assert found.scenarios[0].utilisation == pytest.approx(EXACT_RPS * MEAN_S / 4)


@pytest.mark.parametrize(
    ("asked", "lost", "machines"),
    [
        (problem(), [None], [10]),
        (problem(survive="instance"), [None, "one m"], [11, 10]),
        (
            problem(6 * EXACT_RPS, offers=(machine(cloud="aws", region="r"),), survive="zone"),
            [None, "zone [123] of aws/r"],
            [9, 6],
        ),
        (
            problem(
                offers=(machine(prices_usd_per_hour={"on_demand": 0.1, "spot": 0.01}),),
                purchases=("on_demand", "spot"),
                limits=Limits(spot_share=0.5),
            ),
            [None, "the spot machines, at 50 % of the demand"],
            [10, 5],
        ),
    ],
)
def test_what_has_to_be_survived_is_lost_in_the_simulation(asked, lost, machines):
    proven = plan(asked).verification
    scenarios = proven.rounds[0].scenarios
    assert [scenario.machines for scenario in scenarios] == machines
    for scenario, words in zip(scenarios, lost, strict=True):
        assert re.fullmatch(str(words), str(scenario.lost))
    assert proven.status == "met"


def test_the_hour_that_strains_the_machines_most_is_simulated():
    rates = (3.0 * EXACT_RPS, 0.0, 2.999 * EXACT_RPS, 1.0 * EXACT_RPS)
    demand = Demand(classes=(SINGLE_CLASS,), rps=tuple((rate,) for rate in rates))
    intact, without_one = plan(replace(problem(), demand=demand, survive="instance")).verification.rounds[0].scenarios
    assert (intact.hour, intact.offered_rps) == (0, rates[0])
    assert without_one.hour in (0, 3)
    assert without_one.utilisation == pytest.approx(EXACT_RPS * MEAN_S / 4)


def test_two_classes_share_the_machines_with_their_own_service_times():
    offer = Offer(
        name="m",
        prices_usd_per_hour={"on_demand": 0.1},
        capacity_rps={"short": 300.0, "long": 30.0},
        servers=8,
        service_mean_s={"short": 0.01, "long": 0.1},
        service_p99_s={"short": 0.02, "long": 0.2},
    )
    demand = Demand.of_classes({"short": 600.0, "long": 60.0, "none": 0.0})
    proven = plan(
        Problem(demand=demand, offers=(offer,), proof=replace(PROOF, objective=Objective(p99=0.3)))
    ).verification
    found = proven.rounds[0].scenarios[0]
    assert found.utilisation == pytest.approx((600 * 0.01 + 60 * 0.1) / (8 * 4))
    assert found.response_s.mean == pytest.approx(0.01 * 10 / 11 + 0.1 / 11, rel=0.1)


def test_the_same_seed_gives_the_same_verification():
    assert plan(problem()).verification == plan(problem()).verification
    assert plan(problem()).verification != plan(problem(proof=replace(PROOF, seed=2))).verification


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (problem(proof=Proof()), "the objective limits no response time"),
        (problem(proof=Proof(objective=Objective(ttft_p99=0.2, errors=0.01))), "the objective limits no response time"),
        (problem(offers=(machine("A100", servers=None),)), "of A100 only a capacity is stated"),
        (problem(offers=(machine("A100", service_mean_s={}),)), "of A100 only a capacity is stated"),
    ],
)
def test_what_cannot_be_simulated_is_said_and_not_made_up(asked, why):
    proven = plan(asked).verification
    assert (proven.status, proven.rounds, proven.capacity_scale) == ("not_simulated", (), None)
    assert proven.reason.startswith(why)


def test_an_offer_that_is_not_bought_needs_no_service_time():
    dear = machine("dear", prices_usd_per_hour={"on_demand": 9.0}, servers=None)
    assert plan(problem(offers=(machine(), dear))).verification.status == "met"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (problem(2_400.0, offers=(machine(rps=240.0, max_count=10),)), "no fleet within the limits has the spare"),
        (
            problem(proof=replace(PROOF, arrival_times_s=(0.0,) * 200 + (1.0,))),
            "even a small part of the demand misses",
        ),
    ],
)
def test_a_plan_that_cannot_be_tightened_says_why_and_stays(asked, why):
    answer = plan(asked)
    assert answer.verification.status == "missed"
    assert answer.verification.reason.startswith(why)
    assert len(answer.verification.rounds) == 1
    assert answer.fleet


def test_a_plan_that_cannot_be_solved_again_stays():
    asked = problem(2_000.0, offers=(machine(rps=240.0),))
    answers = iter([plan(replace(asked, proof=Proof()))])

    def solve(_):
        found = next(answers, None)
        if found is None:
            raise SolverError("the solver crashed")
        return found

    assert prove(asked, solve).verification.reason == "it could not be tightened: the solver crashed"


def test_tightening_ends_after_four_rounds():
    asked = problem(2_000.0, offers=(machine(rps=240.0),))
    hopeless = plan(replace(asked, proof=Proof()))
    proven = prove(asked, lambda _: hopeless).verification
    assert proven.reason == "it still misses after 4 rounds of tightening"
    assert len(proven.rounds) == 4
    scales = [each.capacity_scale for each in proven.rounds]
    assert scales == sorted(scales, reverse=True)


def test_a_refusal_is_not_simulated():
    assert isinstance(plan(problem(offers=(machine(max_count=1),))), Infeasible)


def test_a_plan_can_be_verified_by_itself_against_another_objective():
    answer = plan(problem())
    strict = replace(problem(), proof=replace(PROOF, objective=Objective(p50=0.001)))
    assert verify(answer, strict).status == "missed"


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (Proof(routing="fastest"), "proof.routing: 'fastest' is not known; choose from round-robin, shortest-queue"),
        (Proof(arrival_scv=-1.0), "proof.arrival_scv: -1.0 is no squared"),
        (Proof(arrival_scv=math.nan), "proof.arrival_scv: nan is no squared"),
        (Proof(requests=9_999), "proof.requests: 9,999 cannot be simulated; choose from 10,000 to 10,000,000"),
        (Proof(requests=10**9), "proof.requests: 1,000,000,000 cannot be simulated"),
        (Proof(arrival_times_s=(3.0, 2.0)), "a trace to simulate needs two or more finite, ascending"),
    ],
)
def test_a_simulation_that_cannot_be_meant_is_refused_before_anything_is_solved(proof, why):
    with pytest.raises(UsageError) as refused:
        plan(problem(proof=proof))
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"servers": 0}, "servers is 0; a machine serves at least 1"),
        ({"efficiency": 0.0}, "the efficiency is 0; it must be above 0"),
        ({"efficiency": 1.5}, "the efficiency is 1.5; it must be above 0"),
        ({"efficiency": math.nan}, "the efficiency is nan"),
        ({"service_mean_s": {SINGLE_CLASS: 0.0}}, "the mean service time of 'requests' is 0"),
        ({"service_mean_s": {SINGLE_CLASS: math.inf}}, "the mean service time of 'requests' is inf"),
        ({"service_p99_s": {SINGLE_CLASS: -0.1}}, "the p99 service time of 'requests' is -0.1"),
        (
            {"service_p99_s": {SINGLE_CLASS: 0.01}},
            "the p99 service time of 'requests' is 0.01 s and the mean is 0.02 s",
        ),
        ({"service_p99_s": {SINGLE_CLASS: 2.5}}, "the p99 service time of 'requests' is 2.5 s and the mean is 0.02 s"),
        ({"service_p99_s": {"other": 2.5}}, "the p99 service time of 'other' is 2.5 s and the mean is not given"),
    ],
)
def test_a_queue_that_no_machine_can_have_is_refused(fields, why):
    with pytest.raises(UsageError) as refused:
        plan(problem(offers=(machine(**fields),)))
    assert str(refused.value).startswith(f"capacity.offers: 'm': {why}")
