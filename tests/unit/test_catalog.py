"""The catalog's facts, and what a wrong selection gets."""

import time

import pytest

from aiops_planner.catalog import Selection, candidates, load_catalog, select
from aiops_planner.errors import CatalogError

NORTH = {"aws": ("us-east-1",), "gcp": ("us-central1",)}
DEMO = Selection(clouds=NORTH, families=("c7i", "c7a", "m7i", "c3", "n2", "n2d"), max_vcpus=32)


def find(key):
    return next(candidate for candidate in load_catalog() if candidate.key == key)


def test_holds_every_row_once():
    catalog = load_catalog()
    assert len(catalog) == 18_231
    assert len({candidate.key for candidate in catalog}) == 18_231
    assert sum(candidate.cloud == "aws" for candidate in catalog) == 1_160


def test_loads_in_a_blink_and_only_once():
    started = time.process_time()
    first = load_catalog()
    assert time.process_time() - started < 1.0  # 0.2 s alone on the machine; the margin is for a busy one
    assert load_catalog() is first


@pytest.mark.parametrize(
    ("key", "purchase", "usd_per_hour"),
    [
        ("aws/us-east-1/c7i.xlarge", "on_demand", 0.1785),
        ("gcp/us-central1/n2-standard-2", "on_demand", 0.097118),
        ("gcp/us-central1/n2-standard-2", "reserved_1y", 0.061182),
        ("gcp/us-central1/n2-standard-2", "reserved_3y", 0.043706),
        ("gcp/us-central1/n2-standard-2", "spot", 0.04606),
    ],
)
def test_knows_prices(key, purchase, usd_per_hour):
    assert find(key).prices_usd_per_hour[purchase] == usd_per_hour


def test_knows_shapes_scores_and_dates():
    machine = find("gcp/us-central1/n2-standard-2")
    assert (machine.vcpus, machine.memory_gib, machine.architecture, machine.family) == (2, 8, "amd64", "n2")
    assert machine.cpu_score_per_vcpu == pytest.approx(17_367.5)
    assert machine.whole_month_usd_per_hour == 0.077714
    assert machine.price_date == "2026-07-30"
    assert find("aws/us-east-1/c7i.xlarge").whole_month_usd_per_hour is None


def test_a_blank_price_is_no_price():
    assert "reserved_1y" not in find("aws/us-east-1/c7i.xlarge").prices_usd_per_hour


def test_selects_by_region_family_and_size():
    types = select(DEMO, ("on_demand",)).types
    assert {candidate.family for candidate in types} == {"c7i", "c7a", "m7i", "c3", "n2", "n2d"}
    assert max(candidate.vcpus for candidate in types) == 32
    assert {(candidate.cloud, candidate.region) for candidate in types} == {
        ("aws", "us-east-1"),
        ("gcp", "us-central1"),
    }


def test_bounds_on_size_hold():
    bounded = Selection(clouds=NORTH, min_vcpus=4, max_vcpus=8, min_memory_gib=32)
    types = select(bounded, ("on_demand",)).types
    assert types
    assert all(4 <= candidate.vcpus <= 8 and candidate.memory_gib >= 32 for candidate in types)


@pytest.mark.parametrize(
    ("selection", "purchases", "reason", "example"),
    [
        (Selection(clouds=NORTH, families=("c3",)), ("spot",), "no CPU score", "gcp/us-central1/c3-standard-4-lssd"),
        (Selection(clouds=NORTH, families=("g5",)), ("spot",), "accelerator", "aws/us-east-1/g5.xlarge"),
        (Selection(clouds=NORTH, families=("e2",)), ("spot",), "shares a core", "gcp/us-central1/e2-micro"),
        (Selection(clouds=NORTH, families=("m4",)), ("spot",), "suspect", "gcp/us-central1/m4-ultramem-224"),
        (Selection(clouds=NORTH, families=("c7g",)), ("spot",), "architecture arm64", "aws/us-east-1/c7g.large"),
        (Selection(clouds=NORTH, families=("c7i",)), ("reserved_1y",), "no price for reserved_1y", "c7i.large"),
    ],
)
def test_says_why_a_type_that_was_asked_for_is_left_out(selection, purchases, reason, example):
    catalog = tuple(candidate for candidate in load_catalog() if candidate.key.endswith(example))
    catalog += tuple(candidate for candidate in load_catalog() if candidate.key == "aws/us-east-1/c7a.large")
    found = select(
        Selection(clouds={c.cloud: (c.region,) for c in catalog}, families=selection.families), purchases, catalog
    )
    assert [(reason in left_out.reason, left_out.count) for left_out in found.left_out] == [(True, 1)]
    assert found.left_out[0].examples[0].endswith(example)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(clouds={}), "names no cloud; choose from aws, gcp"),
        (Selection(clouds={"azure": ("eastus",)}), "no cloud 'azure'; it has aws, gcp"),
        (Selection(clouds={"aws": ()}), "clouds.aws names no region; it has us-east-1"),
        (Selection(clouds={"aws": ("eu-west-1",)}), "aiops catalog refresh --cloud aws --region eu-west-1"),
        (Selection(clouds={"gcp": ("us-cental1",)}), "did you mean us-central1"),
        (Selection(clouds=NORTH, accelerators=("h1000",)), "no accelerator 'h1000'; did you mean h100"),
        (Selection(clouds={"aws": ("us-east-1",)}, accelerators=("nvidia-l4",)), "it is sold in gcp/"),
        (Selection(clouds=NORTH, families=("c7j",)), "no family 'c7j'; did you mean c7i"),
        (Selection(clouds={"aws": ("us-east-1",)}, families=("n2d",)), "'n2d' is not sold in the regions chosen"),
    ],
)
def test_names_the_nearest_right_name(selection, said):
    with pytest.raises(CatalogError) as refusal:
        select(selection, ("on_demand",))
    assert said in refusal.value.message
    assert refusal.value.exit_code == 2


def test_knows_accelerators_with_their_number_and_memory():
    machine = find("gcp/us-central1/a2-highgpu-4g")
    assert (machine.accelerator, machine.accelerator_count, machine.accelerator_memory_gib) == (
        "nvidia-a100-40gb",
        4,
        40,
    )
    assert machine.model_memory_gib == 160
    assert find("gcp/us-central1/g4-standard-6").accelerator_count == 0.125
    assert find("aws/us-east-1/c7i.xlarge").model_memory_gib == 8


@pytest.mark.parametrize(
    ("bounds", "families"),
    [
        ({"accelerators": ("l4",)}, {"g6", "gr6", "g6f", "gr6f", "g2"}),
        ({"accelerators": ("nvidia-a100-80gb",)}, {"a2"}),
        ({"min_accelerator_memory_gib": 140}, {"p5en", "p6-b200", "p6-b300"}),
        ({"accelerators": ("a100", "h100"), "max_memory_gib": 200}, {"a2"}),
    ],
)
def test_accelerators_are_chosen_by_name_and_memory(bounds, families):
    chosen = candidates(Selection(clouds=NORTH, **bounds))
    assert {candidate.family for candidate in chosen} == families


def test_a_part_of_the_catalog_is_what_the_whole_has_of_it():
    regions = {"gcp": ("us-central1", "us-west1")}
    places = {("gcp", region) for region in regions["gcp"]}
    everything = load_catalog()
    assert load_catalog(regions) == tuple(one for one in everything if (one.cloud, one.region) in places)
    assert load_catalog(families=("n2d",)) == tuple(one for one in everything if one.family == "n2d")


def test_only_machines_that_hold_the_model_take_part():
    selection = Selection(clouds=NORTH, families=("c7i", "g6"), model_memory_gib=30)
    found = select(selection, ("on_demand",))
    assert min(candidate.memory_gib for candidate in found.types) == 32
    reasons = {left_out.reason: left_out.examples for left_out in found.left_out}
    assert (
        "aws/us-east-1/c7i.large"
        in reasons["the memory does not hold the model of 30 GiB (capacity.catalog.model_memory)"]
    )
    too_small = reasons[
        "the memory of its accelerators does not hold the model of 30 GiB (capacity.catalog.model_memory)"
    ]
    assert all("g6." in example for example in too_small)
