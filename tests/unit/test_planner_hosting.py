"""Which models a machine hosts at once, and what fleets that share machines cost."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner import Demand, HostedModel, Offer, Problem
from aiops_planner.errors import UsageError
from aiops_planner.fleet import find_cheapest
from aiops_planner.hosting import check_models, fitting_sets, hosted
from support.planner_oracle import cheapest_cost

CHAT = HostedModel(name="chat", memory_gib=14)
EMBED = HostedModel(name="embed", memory_gib=2)
RANK = HostedModel(name="rank", memory_gib=8)
MODELS = (CHAT, EMBED, RANK)


def machine(name="m", memory_gib=16.0, **changes):
    values = {
        "prices_usd_per_hour": {"on_demand": 1.0},
        "capacity_rps": {"chat": 4.0, "embed": 100.0, "rank": 20.0},
    }
    return Offer(name=name, memory_gib=memory_gib, **(values | changes))


@pytest.mark.parametrize(
    ("memory_gib", "sets"),
    [
        (1, []),
        (2, [{"embed"}]),
        (10, [{"embed", "rank"}]),
        (14, [{"embed", "rank"}, {"chat"}]),
        (16, [{"chat", "embed"}, {"embed", "rank"}]),
        (24, [{"chat", "embed", "rank"}]),
        (None, [{"chat", "embed", "rank"}]),
    ],
)
def test_finds_the_largest_sets_that_fit_into_the_memory(memory_gib, sets):
    found = [{model.name for model in chosen} for chosen in fitting_sets(MODELS, memory_gib)]
    assert sorted(found, key=sorted) == sorted(sets, key=sorted)


@given(memory_gib=st.floats(0.5, 100), sizes=st.lists(st.floats(0.1, 40), min_size=1, max_size=6))
def test_every_set_fits_has_no_room_for_another_model_and_no_fitting_set_is_lost(memory_gib, sizes):
    models = tuple(HostedModel(name=f"m{number}", memory_gib=size) for number, size in enumerate(sizes))
    found = [set(chosen) for chosen in fitting_sets(models, memory_gib)]
    assert all(sum(model.memory_gib for model in chosen) <= memory_gib * (1 + 1e-6) for chosen in found)
    for chosen, other in combinations(found, 2):
        assert not chosen <= other
        assert not other <= chosen
    for size in range(1, len(models) + 1):
        for chosen in combinations(models, size):
            if sum(model.memory_gib for model in chosen) <= memory_gib:
                assert any(set(chosen) <= larger for larger in found)


def test_a_type_becomes_an_offer_for_each_set_with_the_capacities_of_its_models():
    found = hosted([machine("g6.xlarge", cloud="aws", region="us-east-1")], MODELS)
    assert [(offer.name, offer.machine, offer.models, dict(offer.capacity_rps)) for offer in found.offers] == [
        ("g6.xlarge with chat and embed", "g6.xlarge", ("chat", "embed"), {"chat": 4.0, "embed": 100.0}),
        ("g6.xlarge with embed and rank", "g6.xlarge", ("embed", "rank"), {"embed": 100.0, "rank": 20.0}),
    ]
    assert {offer.machine_key for offer in found.offers} == {"aws/us-east-1/g6.xlarge"}
    assert found.shared
    assert found.left_out == found.notes == found.homeless == ()


def test_a_type_with_room_for_all_models_becomes_one_offer():
    assert [offer.name for offer in hosted([machine(memory_gib=64)], MODELS).offers] == ["m with chat, embed and rank"]
    many = tuple(HostedModel(name=name, memory_gib=1) for name in "abcd")
    large = machine(memory_gib=64, capacity_rps=dict.fromkeys("abcd", 1.0))
    assert [offer.name for offer in hosted([large], many).offers] == ["m with all 4 models"]


def test_one_model_leaves_the_names_alone():
    (found,) = hosted([machine()], [CHAT]).offers
    assert (found.name, found.models) == ("m", ("chat",))


def test_apart_every_model_has_machines_of_its_own():
    found = hosted([machine(memory_gib=64)], MODELS, together=False)
    assert [offer.models for offer in found.offers] == [("chat",), ("embed",), ("rank",)]
    assert not found.shared


def test_models_are_hosted_where_they_can_be_served_only():
    found = hosted([machine(memory_gib=64, capacity_rps={"embed": 100.0, "chat": 0.0})], MODELS)
    assert [offer.models for offer in found.offers] == [("embed",)]


def test_variants_stay_the_same_where_a_capacity_is_gone_at_another_objective():
    tighter = machine(capacity_rps={"embed": 50.0})
    found = hosted([tighter], MODELS, carried={"m": ("chat", "embed", "rank")})
    assert [offer.name for offer in found.offers] == [offer.name for offer in hosted([machine()], MODELS).offers]
    assert [dict(offer.capacity_rps) for offer in found.offers] == [{"embed": 50.0}, {"embed": 50.0}]


def test_classes_of_one_model_stay_together():
    chat = HostedModel(name="chat", classes=("short", "long"), memory_gib=14)
    found = hosted([machine(capacity_rps={"short": 4.0, "long": 1.0, "rank": 20.0})], (chat, RANK))
    assert [dict(offer.capacity_rps) for offer in found.offers] == [{"short": 4.0, "long": 1.0}, {"rank": 20.0}]


def test_says_which_offers_host_nothing_and_which_models_no_offer_can_host():
    small, other = machine("small", memory_gib=4, capacity_rps={"chat": 1.0}), machine("other", capacity_rps={"x": 1.0})
    found = hosted([small, other], (CHAT, EMBED))
    assert found.offers == ()
    assert [(out.reason, out.examples) for out in found.left_out] == [
        ("has less memory than any model takes that it could serve", ("small",)),
        ("serves none of the models", ("other",)),
    ]
    assert found.homeless == (
        "chat takes 14 GiB, and no machine that could serve it has more than 4 GiB",
        "no offer carries requests to embed within its objective",
    )


@pytest.mark.parametrize(
    ("offers", "models", "words"),
    [
        ([machine()], (CHAT, HostedModel(name="embed")), "the memory of embed is not stated, so it is taken to fit"),
        (
            [machine()],
            (HostedModel(name="chat"), HostedModel(name="embed")),
            "the memory of chat and embed is not stated, so they are taken to fit",
        ),
        ([machine("own", None)], MODELS, "the memory of own is not stated, so every model is taken to fit there"),
        (
            [machine(f"own{number}", None) for number in range(4)],
            MODELS,
            "the memory of own0, own1, own2 and others is not stated, so every model is taken to fit there",
        ),
    ],
)
def test_notes_what_is_taken_for_granted(offers, models, words):
    (note,) = hosted(offers, models).notes
    assert note.startswith(words)


@pytest.mark.parametrize(
    ("models", "classes", "words"),
    [
        ([CHAT, CHAT], None, "'chat' is there twice"),
        ([CHAT, HostedModel(name="other", classes=("chat",))], None, "2 models serve the class 'chat'"),
        ([HostedModel(name=f"m{number}") for number in range(9)], None, "9 models share the fleet, and at most 8 can"),
        ([replace(CHAT, memory_gib=0.0)], None, "memory is 0.0 GiB; it must be above 0"),
        ([replace(CHAT, memory_gib=float("nan"))], None, "memory is nan GiB"),
        ([CHAT, EMBED], ("chat", "rank"), "no model serves the class 'rank' of the demand"),
    ],
)
def test_refuses_models_that_cannot_be_meant(models, classes, words):
    with pytest.raises(UsageError, match=r"^capacity\.models") as refused:
        check_models(models, classes)
    assert words in refused.value.message


@st.composite
def fleets(draw):
    """Two models, two machine types with little memory, and a demand that four machines of each kind can carry."""
    models = tuple(HostedModel(name=name, memory_gib=draw(st.sampled_from([4.0, 8.0]))) for name in ("chat", "embed"))
    offers = tuple(
        Offer(
            name=name,
            prices_usd_per_hour={"on_demand": draw(st.sampled_from([0.5, 1.0, 1.7, 2.3]))},
            capacity_rps={"chat": draw(st.sampled_from([2.0, 3.0, 5.0])), "embed": draw(st.sampled_from([4.0, 10.0]))},
            memory_gib=draw(st.sampled_from([8.0, 12.0, 16.0])),
        )
        for name in ("small", "large")
    )
    demand = Demand.of_classes({"chat": draw(st.floats(0.5, 5)), "embed": draw(st.floats(0.5, 8))})
    return Problem(demand=demand, offers=offers), models


def cost_of(problem, models, **how):
    offers = hosted(problem.offers, models, **how).offers
    return find_cheapest(replace(problem, offers=offers), time_limit_s=10.0, gap=0.0).fleet.usd_per_hour


@settings(max_examples=25)
@given(fleets())
def test_sharing_costs_what_every_way_to_place_the_models_costs_at_least(case):
    problem, models = case
    every = tuple(
        replace(offer, name=f"{offer.name}/{number}", capacity_rps={name: offer.capacity_rps[name] for name in names})
        for offer in problem.offers
        for number, names in enumerate([("chat",), ("embed",), ("chat", "embed")])
        if sum(model.memory_gib for model in models if model.name in names) <= offer.memory_gib
    )
    best = cheapest_cost(replace(problem, offers=every), most=3)
    assert cost_of(problem, models) == pytest.approx(best, abs=1e-9)


@settings(max_examples=25)
@given(fleets(), st.floats(1, 3))
def test_sharing_is_never_dearer_than_apart_and_more_memory_never_dearer_than_less(case, factor):
    problem, models = case
    shared = cost_of(problem, models)
    apart = sum(cost_of(replace(problem, demand=of_one(problem, model)), [model]) for model in models)
    roomier = tuple(replace(offer, memory_gib=offer.memory_gib * factor) for offer in problem.offers)
    assert shared <= apart + 1e-9
    assert cost_of(problem, models, together=False) == pytest.approx(apart, abs=1e-9)
    assert cost_of(replace(problem, offers=roomier), models) <= shared + 1e-9


def of_one(problem, model):
    """The demand for one of the models."""
    rates = dict(zip(problem.demand.classes, problem.demand.rps[0], strict=True))
    return Demand.of_classes({model.name: rates[model.name]})
