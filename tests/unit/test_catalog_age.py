"""What a plan says of the age of its prices."""

from dataclasses import replace
from datetime import date

import pytest

from aiops_planner.catalog import load_catalog
from aiops_planner.catalog_file import Refreshed, pack_refreshed
from aiops_planner.estimate import UNKNOWN_CPU_ERROR
from aiops_planner.machine_types import to_row
from aiops_planner.offers import Offer
from aiops_planner.performance import Objective
from aiops_planner.plans import Plan
from aiops_toolkit.catalog.age import price_notes
from aiops_toolkit.config.settings import CapacitySettings, CatalogSettings, DemandSettings
from aiops_toolkit.sizing import size_fleet
from support.reports_samples import sample_report

TODAY = date(2026, 11, 22)


def offer(cloud, price_date):
    return Offer(name="m", cloud=cloud, price_date=price_date, prices_usd_per_hour={}, capacity_rps={})


@pytest.mark.parametrize(
    ("offers", "notes"),
    [
        ([offer("aws", "2026-08-24"), offer(None, None)], ()),
        ([offer("aws", "2026-08-23")], ("prices of AWS are up to 91 days old",)),
        ([offer("gcp", "2026-11-21"), offer("gcp", "2025-11-22")], ("prices of Google Cloud are up to 365 days old",)),
        ([offer("gcp", "2026-01-01"), offer("aws", "2026-01-01")], ("prices of AWS", "prices of Google Cloud")),
    ],
)
def test_prices_older_than_90_days_are_noted_by_cloud(offers, notes):
    found = price_notes(offers, TODAY)
    assert len(found) == len(notes)
    assert all(
        text.startswith(begun) and "aiops catalog refresh" in text for text, begun in zip(found, notes, strict=True)
    )


@pytest.fixture
def plan_with(tmp_path, monkeypatch):
    """The plan of a measured report with the prices of a refreshed file of these bytes."""

    def planned(content, region="us-east-1"):
        (tmp_path / "catalog.csv.xz").write_bytes(content)
        monkeypatch.setenv("AIOPS_CATALOG", str(tmp_path / "catalog.csv.xz"))
        report = sample_report()
        environment = replace(report.environment, cpu_family="GenuineIntel 6 143")  # rented as c7i
        catalog = CatalogSettings(clouds={"aws": (region,)}, families=("c7a",), max_vcpus=8)
        settings = CapacitySettings(
            demand=DemandSettings(rates={"requests": 500.0}), slo=Objective(p99=0.1), catalog=catalog
        )
        found = size_fleet(settings, report.benchmarks, environment, tmp_path)
        assert isinstance(found, Plan)
        return found

    return planned


@pytest.mark.parametrize(("price_date", "noted"), [("2020-02-02", True), ("2999-02-02", False)])
def test_a_plan_has_the_dates_of_refreshed_prices(plan_with, price_date, noted):
    types = load_catalog({"aws": ("us-east-1",)}, families=("c7a",))
    rows = [to_row(replace(machine, price_date=price_date)) for machine in types]
    plan = plan_with(pack_refreshed({"aws/us-east-1": Refreshed(at="2020", source="test")}, rows))
    assert plan.price_dates == {"aws": price_date}
    assert any("days old" in note for note in plan.notes) is noted


def test_a_region_that_the_snapshot_lacks_can_be_planned_with_once_it_is_refreshed(plan_with):
    types = load_catalog({"aws": ("us-east-1",)}, families=("c7a", "c7i"))
    rows = [to_row(replace(machine, region="eu-west-1", price_date="2999-02-02")) for machine in types]
    plan = plan_with(pack_refreshed({"aws/eu-west-1": Refreshed(at="2999", source="test")}, rows), "eu-west-1")
    assert {item.region for item in plan.fleet} == {"eu-west-1"}
    assert all(item.capacity_source == "estimated" for item in plan.fleet)
    assert all(item.capacity_error < UNKNOWN_CPU_ERROR for item in plan.fleet)  # by the scores of the other region


def test_a_plan_says_that_a_damaged_file_was_not_used(plan_with):
    plan = plan_with(b"half a fi")
    assert any("are not used" in note and "cut short" in note for note in plan.notes)
    assert plan.price_dates == {"aws": "2026-07-20"}
