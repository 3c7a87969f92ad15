"""What a machine carries by published curves: within the objective, in whole replicas, and never extrapolated."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner.catalog import Selection, load_catalog
from aiops_planner.demand import Demand
from aiops_planner.errors import CatalogError, UsageError
from aiops_planner.objectives import multiplied
from aiops_planner.performance import Objective
from aiops_planner.plans import Problem
from aiops_planner.published import Choice, Curve, Length, Reading, Setup, load_curves
from aiops_planner.published_offers import (
    Workload,
    capacity_rps,
    largest_load,
    offers_from_published,
)
from aiops_planner.sizing import plan

AWS = Selection(clouds={"aws": ("us-east-1",)})
P5 = replace(AWS, families=("p5", "p5en"))
BOTH = Selection(clouds={"aws": ("us-east-1",), "gcp": ("us-central1",)})
GPT = Choice(model="openai/gpt-oss-120b", precision="fp4")
CHAT = Workload(choice=GPT, lengths={"chat": Length(1024, 1024)})
QUICK = Objective(ttft_p50=0.5, tpot_p50=0.012)

CURVE = Curve(
    model="a/b",
    system="h100_sxm",
    precision="fp8",
    setup=Setup("vllm", "1.0", 2, 2, 1, None),
    length=Length(100, 101),
    readings=(Reading(4, 0.1, 0.01), Reading(8, 0.2, 0.02), Reading(16, 0.8, 0.08)),
    measured=None,
)


def by_name(offers):
    return {offer.name: offer for offer in offers}


@pytest.mark.parametrize(
    ("objective", "load", "rps"),
    [
        (Objective(ttft_p50=0.05), None, None),
        (Objective(tpot_p50=0.009), None, None),
        (Objective(ttft_p50=0.1), 4, 4 / 1.1),
        (Objective(ttft_p50=0.15), 6, 6 / (0.15 + 0.015 * 100)),
        (Objective(tpot_p50=0.05), 12, 4 / 1.1),  # 12 / (0.5 + 5.0) is less than the curve carries at its best
        (Objective(p50=2.2), 8, 8 / 2.2),
        (Objective(ttft_p50=0.2, p50=1.1), 4, 4 / 1.1),
        (Objective(ttft_p50=9.0), 16, 4 / 1.1),
    ],
)
def test_the_capacity_is_the_most_that_keeps_to_every_limit(objective, load, rps):
    assert largest_load(CURVE, objective) == (None if load is None else pytest.approx(load))
    assert capacity_rps(CURVE, objective) == (None if rps is None else pytest.approx(rps))


@given(
    curve=st.sampled_from(load_curves()),
    ttft_s=st.floats(0.02, 5.0),
    tpot_s=st.floats(0.002, 0.2),
    looser=st.floats(1.0, 4.0),
)
def test_a_looser_objective_never_carries_less_and_never_more_than_was_published(curve, ttft_s, tpot_s, looser):
    objective = Objective(ttft_p50=ttft_s, tpot_p50=tpot_s)
    tight = capacity_rps(curve, objective) or 0.0
    loose = capacity_rps(curve, multiplied(objective, looser)) or 0.0
    assert tight <= loose * (1 + 1e-12)
    assert loose <= max(map(curve.rps, curve.readings)) * (1 + 1e-12)


def test_a_machine_carries_as_much_as_the_replicas_that_fit_it():
    offers, _, _ = offers_from_published(
        replace(CHAT, choice=replace(GPT, backend="vllm", version="0.18.0")), QUICK, BOTH
    )
    capacities = {offer.machine: offer.capacity_rps["chat"] for offer in offers}
    one = capacities["a3-highgpu-2g"]
    assert capacities["a3-highgpu-4g"] == pytest.approx(2 * one)
    assert capacities["a3-highgpu-8g"] == capacities["p5.48xlarge"] == pytest.approx(4 * one)
    offer = by_name(offers)["p5.48xlarge with 4 × vllm 0.18.0 TP2"]
    assert (offer.capacity_source, offer.capacity_error) == ("published", 0.15)
    assert offer.machine_key == "aws/us-east-1/p5.48xlarge"
    assert offer.prices_usd_per_hour["on_demand"] == 55.04
    assert offer.servers is None


def test_of_one_class_only_the_best_setup_of_a_machine_type_is_offered():
    offers, _, _ = offers_from_published(CHAT, QUICK, BOTH)
    machines = [offer.machine for offer in offers]
    assert len(machines) == len(set(machines))
    every = Workload(choice=GPT, lengths={"chat": Length(1024, 1024), "code": Length(8192, 1024)})
    several, _, _ = offers_from_published(every, QUICK, BOTH)
    assert len(several) > len(offers)
    assert len({offer.key for offer in several}) == len(several)
    for offer in offers:
        rates = [other.capacity_rps.get("chat", 0.0) for other in several if other.machine == offer.machine]
        assert max(rates) == offer.capacity_rps["chat"]


def test_shorter_requests_are_sized_by_longer_published_ones_and_told_so():
    shorter = Workload(choice=GPT, lengths={"chat": Length(900, 300)})
    offers, _, notes = offers_from_published(shorter, QUICK, AWS)
    as_published, _, quiet = offers_from_published(CHAT, QUICK, AWS)
    assert by_name(offers) == by_name(as_published)
    said = "requests of chat (900 + 300 tokens) are taken to be as long as published ones of 1024 + 1024"
    assert any(note.startswith(said) for note in notes)
    assert not any("taken to be as long" in note for note in quiet)


@settings(max_examples=30)
@given(tokens=st.tuples(st.integers(1, 8192), st.integers(1, 1024)), more=st.integers(0, 500))
def test_longer_requests_never_carry_more(tokens, more):
    length = Length(*tokens)
    longer = Length(tokens[0], min(tokens[1] + more, 1024))
    offers, _, _ = offers_from_published(Workload(choice=GPT, lengths={"chat": length}), QUICK, P5)
    fewer, _, _ = offers_from_published(Workload(choice=GPT, lengths={"chat": longer}), QUICK, P5)
    most = {offer.machine: offer.capacity_rps["chat"] for offer in offers}
    assert all(offer.capacity_rps["chat"] <= most[offer.machine] * (1 + 1e-12) for offer in fewer)


def test_what_cannot_be_sized_is_left_out_with_its_reason():
    families = ("c7i", "g6", "p5", "p5en")
    _, left_out, _ = offers_from_published(CHAT, QUICK, replace(AWS, families=families))
    reasons = {out.reason: out.examples for out in left_out}
    assert (
        "aws/us-east-1/g6.12xlarge"
        in reasons[
            "no curve of openai/gpt-oss-120b is published for its accelerator; measure it and give capacity.profiles"
        ]
    )
    assert reasons["every published replica of openai/gpt-oss-120b takes more accelerators than it has"] == (
        "aws/us-east-1/p5.4xlarge",
    )
    assert "it has no accelerator, and published curves are of accelerators" in reasons
    offers, left_out, notes = offers_from_published(CHAT, Objective(ttft_p50=0.001), replace(AWS, families=("p5",)))
    assert (offers, notes) == ((), ())
    assert "even the least published load misses the objective" in {out.reason for out in left_out}


def test_an_accelerator_without_requests_as_long_is_left_out_alone():
    glm = Workload(choice=Choice(model="GLM-5", precision="fp8"), lengths={"story": Length(1024, 8192)})
    offers, left_out, _ = offers_from_published(glm, Objective(tpot_p50=0.2), AWS)
    assert {offer.machine for offer in offers} == {"p5en.48xlarge", "p6-b200.48xlarge"}
    reasons = {out.reason: out.examples for out in left_out}
    assert reasons["no curve of zhipuai/GLM-5 on its accelerator is of requests as long"] == (
        "aws/us-east-1/p6-b300.48xlarge",
    )


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (Objective(), "capacity.slo has no limit that sizes the fleet; add one, like ttft_p50: 500ms"),
        (Objective(errors=0.01), "capacity.slo has no limit that sizes the fleet"),
        (Objective(ttft_p99=1.0), "capacity.slo.ttft_p99: published curves are means"),
        (Objective(p99=1.0, tpot_p50=0.1), "capacity.slo.p99: published curves are means"),
    ],
)
def test_an_objective_that_means_do_not_tell_of_is_refused(objective, said):
    with pytest.raises(UsageError) as refused:
        offers_from_published(CHAT, objective, AWS)
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_requests_longer_than_all_published_are_refused():
    with pytest.raises(CatalogError, match=r"those of 'chat', 100000 \+ 10 tokens"):
        offers_from_published(Workload(choice=GPT, lengths={"chat": Length(100_000, 10)}), QUICK, AWS)


def test_every_system_of_the_curves_but_whole_racks_is_sold_as_a_machine_type():
    sold = set()
    everywhere = Selection(clouds={"aws": ("us-east-1",), "gcp": ("us-central1", "us-east5")})
    catalog = load_catalog(everywhere.clouds)
    for curve in {(curve.model, curve.precision): curve for curve in load_curves()}.values():
        choice = Choice(model=curve.model, precision=curve.precision)
        workload = Workload(choice=choice, lengths={"any": Length(1, 1)})
        offers, _, _ = offers_from_published(workload, Objective(ttft_p50=60.0), everywhere, catalog=catalog)
        sold |= {offer.machine for offer in offers}
    assert sold == {
        *("p5.4xlarge", "p5.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6-b300.48xlarge"),
        *("a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g", "a3-highgpu-8g", "a3-megagpu-8g"),
    }


def test_a_plan_from_published_curves_says_what_it_rests_on():
    offers, left_out, notes = offers_from_published(CHAT, QUICK, AWS)
    found = plan(Problem(demand=Demand.of_classes({"chat": 40}), offers=offers), explained=False)
    assert {item.capacity_source for item in found.fleet} == {"published"}
    assert any("on a published capacity (up to ±15" in note for note in found.notes)
    assert found.verification is not None
    assert found.verification.status == "not_simulated"
    assert left_out
    assert "ai-dynamo/aiconfigurator" in notes[0]
    assert any("may carry more" in note for note in notes)
