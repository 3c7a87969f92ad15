"""Prices of Google Cloud's machine types, put together from those of their parts."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from aiops_planner.catalog import load_catalog
from aiops_planner.errors import PriceError
from aiops_toolkit.catalog.google_prices import Sku, UnitPrices, part_of, region_prices
from aiops_toolkit.catalog.sources import Known

WORDS = {"n1": "N1 Predefined", "c2": "Compute optimized", "n2d": "N2D AMD", "c2d": "C2D AMD", "t2d": "T2D AMD"}
WORDS |= {"t2a": "T2A Arm", "c4a": "C4A Arm"}
GPUS = {"g2": "Nvidia L4 GPU", "a2": "Nvidia Tesla A100 GPU", "g4": "RTX 6000 96GB"}
USAGES = {"on_demand": "OnDemand", "spot": "Preemptible", "reserved_1y": "Commit1Yr", "reserved_3y": "Commit3Yr"}


def described(words, part, purchase):
    if purchase.startswith("reserved"):
        series = "" if words == "N1 Predefined" else f"{words} "
        return f"Commitment v1: {series}{'Cpu' if part == 'Core' else part} in Iowa for {purchase[9]} Year"
    return f"{'Spot Preemptible ' if purchase == 'spot' else ''}{words} Instance {part} running in Iowa"


def accelerator(name, purchase):
    if purchase.startswith("reserved"):
        return f"Commitment v1: {name} running in Iowa for {purchase[9]} Year"
    return f"{name} {'attached to Spot Preemptible VMs' if purchase == 'spot' else ''} running in Iowa".replace(
        "  ", " "
    )


def skus_behind(machines, region):
    """The resources whose prices explain those of the machine types, by least squares for every series and purchase."""
    groups = defaultdict(list)
    for machine in machines:
        for purchase, price in machine.prices_usd_per_hour.items():
            groups[machine.family, purchase].append(
                (machine.vcpus, machine.memory_gib, machine.accelerator_count or 0, price)
            )
    for (family, purchase), rows in groups.items():
        table = np.array(rows)
        cpu, memory, gpu = np.linalg.lstsq(table[:, :3], table[:, 3], rcond=None)[0]
        words, usage = WORDS.get(family, family.upper()), USAGES[purchase]
        for part, unit, usd in (("Core", "h", cpu), ("Ram", "GiBy.h", memory)):
            description = described(words, part, purchase)
            yield Sku(description=description, usage=usage, unit=unit, regions=(region,), usd=usd)
        if family in GPUS:
            description = accelerator(GPUS[family], purchase)
            yield Sku(description=description, usage=usage, unit="h", regions=(region,), usd=gpu)


def composable(region):
    skipped = ("m1", "m2", "m3", "m4", "a3", "z3", "f1", "g1")
    return [
        machine
        for machine in load_catalog({"gcp": (region,)})
        if machine.family not in skipped
        and not machine.name.endswith("lssd")
        and "ultragpu" not in machine.name
        and machine.name not in ("e2-micro", "e2-small", "e2-medium")
    ]


@pytest.mark.parametrize("region", ["us-central1", "europe-west3", "asia-south1"])
def test_the_prices_of_the_snapshot_come_back_from_the_prices_of_their_parts(region):
    machines = composable(region)
    prices = UnitPrices(skus_behind(machines, region))
    assert len({machine.family for machine in machines}) > 15
    for machine in machines:
        assert prices.compose(machine, region) == pytest.approx(machine.prices_usd_per_hour, rel=1e-4), machine.key


def test_a_region_gets_new_prices_and_keeps_what_cannot_be_composed():
    known = Known(load_catalog(families=("n2", "m3", "c4")))
    skus = list(skus_behind([m for m in composable("us-central1") if m.family == "n2"], "us-central1"))
    dearer = UnitPrices(replace(sku, usd=2 * sku.usd) for sku in skus if sku.usage != "Commit3Yr")
    found = region_prices("us-central1", dearer, known, "2026-11-22")
    before = {machine.name: machine for machine in known.types_in("us-central1")}
    after = {machine.name: machine for machine in found.types}
    assert set(after) == set(before)
    old, new = before["n2-standard-4"], after["n2-standard-4"]
    assert new.price_date == "2026-11-22"
    assert new.prices_usd_per_hour["on_demand"] == pytest.approx(2 * old.prices_usd_per_hour["on_demand"], rel=1e-4)
    assert new.prices_usd_per_hour["reserved_3y"] == old.prices_usd_per_hour["reserved_3y"]
    assert new.whole_month_usd_per_hour == pytest.approx(2 * old.whole_month_usd_per_hour, rel=1e-4)
    assert new.cpu_score == old.cpu_score
    assert after["m3-ultramem-32"] == before["m3-ultramem-32"]
    assert found.kept_types == sum(machine.family != "n2" for machine in before.values())
    assert found.kept_prices == sum(machine.family == "n2" for machine in before.values())


def test_a_region_that_is_new_has_the_shapes_of_the_others():
    known = Known(load_catalog({"gcp": ("us-central1",)}))
    prices = UnitPrices(skus_behind([m for m in composable("us-central1") if m.family == "n2"], "mars-north1"))
    found = region_prices("mars-north1", prices, known, "2026-11-22")
    assert {machine.family for machine in found.types} == {"n2"}
    assert {machine.region for machine in found.types} == {"mars-north1"}
    assert all(machine.cpu_score == known.shape(machine.name).cpu_score for machine in found.types)


@pytest.mark.parametrize(
    ("description", "unit", "part"),
    [
        ("N2 Instance Core running in Americas", "h", ("vCPU", "n2")),
        ("Spot Preemptible N2D AMD Instance Ram running in Iowa", "GiBy.h", ("GiB", "n2d")),
        ("Commitment v1: Cpu in Americas for 1 Year", "h", ("vCPU", "n1")),
        ("Commitment: Compute optimized Cpu running in Americas for 3 Year", "h", ("vCPU", "c2")),
        ("Nvidia L4 GPU attached to Spot Preemptible VMs running in Iowa", "h", ("accelerator", "nvidia-l4")),
        ("N2 Custom Instance Core running in Americas", "h", None),
        ("N2 Sole Tenancy Instance Core running in Iowa", "h", None),
        ("M3 Memory-optimized Instance Core running in Iowa", "h", None),
        ("Nvidia Tesla A100 80GB GPU running in Iowa", "h", None),
        ("C4 Instance Local SSD running in Iowa", "GiBy.mo", None),
        ("N2 Instance Core running in Americas", "mo", None),
    ],
)
def test_a_resource_is_known_by_its_words_and_its_unit(description, unit, part):
    assert part_of(Sku(description=description, usage="OnDemand", unit=unit, regions=(), usd=1)) == part


def test_two_prices_for_one_part_are_doubtful_and_not_used():
    core = Sku(
        description="N2 Instance Core running in Iowa", usage="OnDemand", unit="h", regions=("us-central1",), usd=1
    )
    ram = replace(core, description="N2 Instance Ram running in Iowa", unit="GiBy.h")
    machine = load_catalog({"gcp": ("us-central1",)}, families=("n2",))[0]
    assert UnitPrices([core, ram, core]).compose(machine, "us-central1")
    assert UnitPrices([core, ram, replace(core, usd=2)]).compose(machine, "us-central1") == {}


def test_a_price_list_in_other_words_is_refused():
    known = Known(load_catalog({"gcp": ("us-central1",)}))
    with pytest.raises(PriceError, match="update aiops-action"):
        region_prices("us-central1", UnitPrices([]), known, "2026-11-22")
