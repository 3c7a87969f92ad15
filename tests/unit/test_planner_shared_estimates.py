"""Catalog offers for several models, each sized from a measurement of its own."""

from dataclasses import replace

import pytest

from aiops_planner import Objective
from aiops_planner.catalog import Selection
from aiops_planner.estimate import Reference, size_catalog_offers
from aiops_planner.shared_estimates import MISSED_BY_ALL, size_for_models

SELECTION = Selection(clouds={"aws": ("us-east-1",)}, families=("c7i", "m7i"), max_vcpus=8)
CHAT = Reference(
    objective=Objective(p99=6.0),
    mean_service_s=0.4,
    usable_cores=4,
    cpu_s_per_request=1.6,
    capacity_rps=1.0,
    missed_rps=2.0,
    cpu_family="AuthenticAMD 25 17",
    cpu_model="AMD EPYC 9B14",
)
EMBED = replace(CHAT, objective=Objective(p99=0.05), mean_service_s=0.004, cpu_s_per_request=0.004, capacity_rps=None)


def size(**references):
    return size_for_models(SELECTION, references, ("on_demand",))


def alone(reference):
    offers, _, _ = size_catalog_offers(SELECTION, reference, ("on_demand",))
    return {offer.key: offer for offer in offers}


def test_each_machine_type_carries_what_it_would_carry_of_each_model_alone():
    offers, _, _ = size(chat=CHAT, embed=EMBED)
    chat, embed = alone(CHAT), alone(EMBED)
    assert {offer.key for offer in offers} == set(embed)
    for offer in offers:
        expected = {"embed": embed[offer.key].capacity_rps["requests"]}
        if offer.key in chat:
            expected["chat"] = chat[offer.key].capacity_rps["requests"]
        assert offer.capacity_rps == expected
        assert set(offer.service_mean_s) == set(expected)


def test_the_simulated_queue_has_the_servers_of_the_model_that_takes_the_most_and_the_right_load():
    offers, _, _ = size(chat=CHAT, embed=EMBED)
    chat, embed = alone(CHAT), alone(EMBED)
    shared = [offer for offer in offers if offer.key in chat]
    assert shared
    for offer in shared:
        assert offer.servers == chat[offer.key].servers < embed[offer.key].servers
        for name, own in (("chat", chat[offer.key]), ("embed", embed[offer.key])):
            load = offer.load_factor.get(name, 1.0) / offer.efficiency * offer.service_mean_s[name] / offer.servers
            assert load == pytest.approx(own.service_mean_s["requests"] / own.servers / own.efficiency)


def test_a_type_that_misses_every_objective_is_left_out_once():
    hopeless = replace(CHAT, objective=Objective(p99=0.01), capacity_rps=None, missed_rps=None)
    offers, left_out, _ = size(chat=hopeless, embed=replace(hopeless, mean_service_s=0.5))
    assert offers == ()
    (missed,) = [out for out in left_out if out.reason == MISSED_BY_ALL]
    assert missed.count == len(alone(EMBED))


def test_notes_say_which_model_they_are_about_where_they_are_not_about_all():
    _, _, notes = size(chat=CHAT, embed=EMBED)
    assert any(note.startswith("embed: no capacity was measured at the objective") for note in notes)
    assert sum("Poisson arrivals and no other bottleneck" in note for note in notes) == 1
    _, _, same = size(chat=CHAT, embed=CHAT)
    assert not any(note.startswith(("chat", "embed")) for note in same)


def test_the_objective_of_every_model_is_multiplied():
    offers, _, _ = size(embed=EMBED)
    tighter, _, _ = size_for_models(SELECTION, {"embed": EMBED}, ("on_demand",), objective_factor=0.5)
    assert all(
        one.capacity_rps["embed"] < other.capacity_rps["embed"] for one, other in zip(tighter, offers, strict=True)
    )
