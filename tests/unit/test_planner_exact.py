"""The planner against enumeration and against published cases."""

import functools
import json
import random
from pathlib import Path

import pytest

from aiops_planner import Demand, Infeasible, Limits, Offer, Plan, Problem, plan
from aiops_planner.fleet import find_cheapest
from support.planner_oracle import cheapest_cost

CASES = json.loads((Path(__file__).parents[1] / "data/planning/melange_fig9_rate_sweep.json").read_text())


def melange_offers(*names):
    return tuple(
        Offer(
            name=name,
            prices_usd_per_hour={"on_demand": CASES["inputs"][name]["cost"]},
            capacity_rps={"requests": CASES["inputs"][name]["cap_rps"]},
        )
        for name in names
    )


@pytest.mark.parametrize("case", CASES["recomputed"], ids=lambda case: f"{case['rate']}/s")
def test_meets_every_cost_of_the_published_rate_sweep_exactly(case):
    for names, key in ((("A10G", "A100"), "mix"), (("A10G",), "a10g_only"), (("A100",), "a100_only")):
        found = plan(
            Problem(demand=Demand.constant(case["rate"]), offers=melange_offers(*names)), gap=0.0, explained=False
        )
        assert found.usd_per_hour == pytest.approx(case[key], abs=1e-9)
        assert found.status == "optimal"


def test_finds_the_published_mix_and_its_savings():
    demand = Demand.constant(4.3)
    mix, small, large = (
        plan(Problem(demand=demand, offers=melange_offers(*names)))
        for names in (("A10G", "A100"), ("A10G",), ("A100",))
    )
    assert {item.offer: item.count for item in mix.fleet} == {"A100": 2, "A10G": 1}
    assert round(100 * (1 - mix.usd_per_hour / large.usd_per_hour)) == CASES["published"]["saving_vs_A100_pct"]
    assert round(100 * (1 - mix.usd_per_hour / small.usd_per_hour)) == CASES["published"]["saving_vs_A10G_pct"]


def random_problem(seed):
    """A problem small enough to enumerate, with every feature switched on at random."""
    draw = random.Random(seed)
    survive = draw.choice(["none", "none", "instance", "zone"])
    hours = 1 if survive == "zone" else draw.choice([1, 1, 2])
    classes = ("short",) if draw.random() < 0.6 else ("short", "long")
    wide = survive != "zone" and hours == 1 and len(classes) == 1
    purchases = draw.choice([("on_demand",), ("on_demand", "spot"), ("on_demand", "reserved_1y")])
    if not wide:
        purchases = ("on_demand",) if survive == "zone" else purchases
    offers = tuple(random_offer(draw, number, classes, purchases) for number in range(3 if wide else 2))
    limits = Limits(
        budget_usd_per_hour=draw.choice([None, None, draw.uniform(0.5, 6)]),
        spot_share=draw.choice([None, 0.0, 0.3, 0.5]) if "spot" in purchases else None,
        quotas=draw.choice([{}, {}, {"*/east/*": draw.randint(1, 8)}, {"aws/*": draw.randint(1, 8)}]),
    )
    top = 5.0 if survive == "none" else 3.0
    rps = tuple(tuple(round(draw.uniform(0.5, top / len(classes)), 2) for _ in classes) for _ in range(hours))
    weights = draw.choice([(), (1.0, 4.0)]) if hours == 2 else ()
    demand = Demand(classes=classes, rps=rps, weights=weights)
    return Problem(demand=demand, offers=offers, purchases=purchases, survive=survive, limits=limits)


def random_offer(draw, number, classes, purchases):
    on_demand = draw.uniform(0.5, 4)
    factors = {"on_demand": 1.0, "reserved_1y": draw.uniform(0.5, 1.1), "spot": draw.uniform(0.2, 1.1)}
    kappa = {name: round(draw.uniform(1.6, 4), 2) for name in classes}
    if len(classes) == 2 and draw.random() < 0.3:
        del kappa[draw.choice(classes)]
    return Offer(
        name=f"type-{number}",
        cloud=draw.choice(["aws", "gcp"]),
        region=draw.choice(["east", "west"]),
        vcpus=draw.choice([1, 2, 4]),
        prices_usd_per_hour={name: round(on_demand * factors[name], 3) for name in purchases},
        capacity_rps=kappa,
        max_count=draw.choice([None, None, None, 2, 3]),
    )


@functools.cache
def enumerated_cost(seed):
    return cheapest_cost(random_problem(seed))


@pytest.mark.parametrize("seed", range(120))
def test_finds_what_enumeration_finds(seed):
    problem = random_problem(seed)
    expected = enumerated_cost(seed)
    found = plan(problem, gap=0.0, explained=False)
    if expected is None:
        assert isinstance(found, Infeasible)
        assert found.reasons
    else:
        assert isinstance(found, Plan)
        assert found.usd_per_hour == pytest.approx(expected, rel=1e-6)
        assert found.lower_bound_usd_per_hour <= found.usd_per_hour * (1 + 1e-9)
        assert found.gap <= 1e-6


def test_the_search_alone_finds_it_for_many_more():
    for seed in range(120, 300):
        found = find_cheapest(random_problem(seed), time_limit_s=60.0, gap=0.0)
        expected = enumerated_cost(seed)
        assert (seed, found.infeasible) == (seed, expected is None)
        if found.fleet is not None:
            assert (seed, found.fleet.usd_per_hour) == (seed, pytest.approx(expected, rel=1e-6))


def test_the_random_problems_are_of_every_kind():
    problems = [random_problem(seed) for seed in range(120)]
    answers = [enumerated_cost(seed) for seed in range(120)]
    assert {problem.survive for problem in problems} == {"none", "instance", "zone"}
    assert 15 < sum(answer is None for answer in answers) < 100
    assert any(len(problem.demand.rps) == 2 and len(problem.demand.classes) == 2 for problem in problems)
    assert any(problem.demand.weights and "reserved_1y" in problem.purchases for problem in problems)
