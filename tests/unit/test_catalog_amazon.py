"""AWS' price list and machine descriptions as machine types of the catalog."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from aiops_planner.catalog import load_catalog
from aiops_planner.errors import PriceError
from aiops_toolkit.catalog.amazon_prices import Answers, read_product, read_shape, region_prices, spot_prices
from aiops_toolkit.catalog.sources import Known
from support.catalog_clouds import product

KNOWN = Known(load_catalog({"aws": ("us-east-1",)}))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_commitment_is_what_is_paid_upfront_over_the_hours_of_its_term():
    listed = read_product(product("c7i.xlarge", 0.1785, lease_1yr=876, lease_3yr=1752))
    assert listed is not None
    assert listed.name == "c7i.xlarge"
    expected = {"on_demand": 0.1785, "reserved_1y": 876 / 8760, "reserved_3y": 1752 / 26280}
    assert listed.prices == pytest.approx(expected)


@pytest.mark.parametrize("usd", [None, 0.0])
def test_what_has_no_price_on_demand_is_no_machine_type_to_rent(usd):
    assert read_product(product("c7i.xlarge", usd, lease_1yr=876)) is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "not of the form this version knows"),
        (json.dumps({"product": {}}), "KeyError: 'attributes'"),
        (json.dumps({"product": {"attributes": {"instanceType": "a"}}, "terms": []}), "AttributeError"),
        (product("c7i.xlarge", 1.2, currency="CNY"), "c7i.xlarge is priced in CNY, and the catalog is in USD"),
    ],
)
def test_an_entry_of_another_form_or_currency_is_refused(document, said):
    with pytest.raises(PriceError) as refusal:
        read_product(document)
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


def test_the_spot_price_is_the_mean_over_zones_of_the_newest():
    def row(zone, hours, usd):
        at = NOW - timedelta(hours=hours)
        return {"InstanceType": "c7i.xlarge", "AvailabilityZone": zone, "Timestamp": at, "SpotPrice": str(usd)}

    history = [row("a", 1, 0.04), row("a", 5, 9.0), row("b", 3, 0.06), row("b", 4, 9.0)]
    assert spot_prices(history) == pytest.approx({"c7i.xlarge": 0.05})


def test_a_region_gets_its_prices_and_the_scores_of_another():
    listed = tuple(
        filter(None, map(read_product, (product("c7i.xlarge", 0.2, lease_1yr=876), product("x9.large", 1.0))))
    )
    found = region_prices(
        "eu-west-1", Answers(listed=listed, spot={"c7i.xlarge": 0.05}, shapes={}), KNOWN, "2026-11-22"
    )
    (machine,) = found.types  # x9.large has no shape
    snapshot = KNOWN.here("us-east-1", "c7i.xlarge")
    assert found.place == "aws/eu-west-1"
    assert machine.key == "aws/eu-west-1/c7i.xlarge"
    assert machine.prices_usd_per_hour == {"on_demand": 0.2, "reserved_1y": 0.1, "spot": 0.05}
    assert (machine.vcpus, machine.cpu_score, machine.price_date) == (4, snapshot.cpu_score, "2026-11-22")


def test_of_two_entries_for_a_machine_type_the_dearer_counts():
    listed = tuple(filter(None, (read_product(product("c7i.xlarge", usd)) for usd in (0.2, 0.3, 0.1))))
    found = region_prices("eu-west-1", Answers(listed=listed, spot={}, shapes={}), KNOWN, "2026-11-22")
    assert [machine.prices_usd_per_hour["on_demand"] for machine in found.types] == [0.3]


def test_a_commitment_that_is_not_listed_keeps_its_price_and_an_old_spot_price_does_not():
    listed = (read_product(product("c7i.xlarge", 0.2)),)
    found = region_prices("us-east-1", Answers(listed=listed, spot={}, shapes={}), KNOWN, "2026-11-22")
    before = KNOWN.here("us-east-1", "c7i.xlarge").prices_usd_per_hour
    assert "spot" in before
    assert found.types[0].prices_usd_per_hour == {"on_demand": 0.2, "reserved_3y": before["reserved_3y"]}
    assert found.kept_prices == 1


def test_a_region_without_a_price_is_refused():
    with pytest.raises(PriceError, match="no machine type of eu-west-1"):
        region_prices("eu-west-1", Answers(listed=(), spot={}, shapes={}), KNOWN, "2026-11-22")


@pytest.fixture(scope="module")
def descriptions():
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        client = boto3.client("ec2", region_name="us-east-1")
        names = ["c7i.xlarge", "c7g.large", "g5.12xlarge", "inf1.xlarge", "m5.metal", "p4d.24xlarge"]
        pages = client.get_paginator("describe_instance_types").paginate(InstanceTypes=names)
        return {found["InstanceType"]: found for page in pages for found in page["InstanceTypes"]}


@pytest.mark.parametrize("name", ["c7i.xlarge", "c7g.large", "g5.12xlarge", "p4d.24xlarge", "inf1.xlarge"])
def test_the_shape_that_aws_describes_is_that_of_the_snapshot(descriptions, name):
    shape, known = read_shape({**descriptions[name], "CurrentGeneration": True}, "us-east-1"), KNOWN.shape(name)
    for attribute in ("family", "architecture", "vcpus", "memory_gib", "accelerator", "accelerator_count"):
        assert getattr(shape, attribute) == getattr(known, attribute), attribute
    if known.accelerator_memory_gib is not None:
        assert shape.accelerator_memory_gib == pytest.approx(known.accelerator_memory_gib, rel=0.1)


def test_bare_metal_and_earlier_generations_have_no_shape(descriptions):
    assert read_shape(descriptions["m5.metal"], "us-east-1") is None
    assert read_shape({**descriptions["c7i.xlarge"], "CurrentGeneration": False}, "us-east-1") is None
