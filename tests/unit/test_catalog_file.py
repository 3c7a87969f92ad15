"""The file of refreshed prices: what takes the place of what, and what a file gets that cannot be used."""

import json
import lzma
from dataclasses import replace

import pytest

from aiops_planner.catalog import load_catalog, regions_by_cloud
from aiops_planner.catalog_file import Refreshed, open_catalog, pack_refreshed, read_refreshed, refreshed_path
from aiops_planner.machine_types import from_row, to_row

IRELAND = "aws/eu-west-1"
FETCHED = {IRELAND: Refreshed(at="2026-11-22T10:00:00+00:00", source="AWS Price List")}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_CATALOG", str(tmp_path / "catalog.csv.xz"))
    return tmp_path / "catalog.csv.xz"


@pytest.fixture
def machine():
    known = load_catalog({"aws": ("us-east-1",)}, families=("c7i",))
    return replace(known[0], region="eu-west-1", price_date="2026-11-22")


def header(text, **changes):
    """The bytes of a refreshed file with another first line or other rows."""
    first, rest = text.split("\n", 1)
    record = {**json.loads(first[2:]), **changes}
    return lzma.compress(f"# {json.dumps(record)}\n{rest}".encode())


def test_every_shipped_machine_type_survives_a_row():
    types = load_catalog()
    assert all(from_row(to_row(machine)) == machine for machine in types[:: len(types) // 500])


def test_what_was_packed_is_read_back(machine):
    assert read_refreshed(pack_refreshed(FETCHED, [to_row(machine)])) == (FETCHED, (to_row(machine),))


def test_refreshed_regions_take_the_place_of_the_snapshot_and_leave_the_rest(path, machine):
    cheaper = replace(machine, region="us-east-1", prices_usd_per_hour={"on_demand": 0.01})
    both = {**FETCHED, "aws/us-east-1": FETCHED[IRELAND]}
    path.write_bytes(pack_refreshed(both, [to_row(machine), to_row(cheaper)]))
    assert regions_by_cloud()["aws"] == {"us-east-1", "eu-west-1"}
    assert load_catalog({"aws": ("us-east-1",)}) == (cheaper,)
    assert load_catalog({"aws": ("eu-west-1",)}) == (machine,)
    assert len(load_catalog({"gcp": ("us-central1",)})) > 400
    assert open_catalog().refreshed == both


def test_a_file_that_changes_is_read_again(path, machine):
    assert open_catalog().refreshed == {}
    path.write_bytes(pack_refreshed(FETCHED, [to_row(machine)]))
    assert open_catalog().refreshed == FETCHED
    path.unlink()
    assert open_catalog().refreshed == {}


def damaged(machine):
    good = pack_refreshed(FETCHED, [to_row(machine)])
    text = lzma.decompress(good).decode()
    return {
        "cut short": good[:-30],
        "no compressed text": b"provider,instance_type\n",
        "which regions": lzma.compress(text.split("\n", 1)[1].encode()),
        "its format is aiops/catalog/2": header(text, schema="aiops/catalog/2"),
        "first line is damaged": header(text, refreshed=["aws/eu-west-1"]),
        "not of the regions": header(text, refreshed={"gcp/us-central1": {"at": "", "source": ""}}),
        "its columns": lzma.compress(text.replace("vcpus", "cores").encode()),
        "row of it is cut short": lzma.compress(text.rstrip().rpartition(",")[0].encode()),
        "where a number belongs": lzma.compress(text.replace("2026-11-22,", "2026-11-22,free").encode()),
        "has something else": lzma.compress(text.replace("2026-11-22,", "2026-11-22,-").encode()),
    }


@pytest.mark.parametrize(
    "said",
    [
        "cut short",
        "no compressed text",
        "which regions",
        "its format is aiops/catalog/2",
        "first line is damaged",
        "not of the regions",
        "its columns",
        "row of it is cut short",
        "where a number belongs",
        "has something else",
    ],
)
def test_a_damaged_file_leaves_the_snapshot_in_effect_and_is_named(path, machine, said):
    path.write_bytes(damaged(machine)[said])
    opened = open_catalog()
    assert opened.refreshed == {}
    assert len(opened.rows) == 18_231
    assert opened.warning is not None
    assert said in opened.warning and str(path) in opened.warning and "aiops catalog refresh" in opened.warning
    assert "\n" not in opened.warning


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AIOPS_CATALOG": "/srv/prices.xz", "XDG_CACHE_HOME": "/cache"}, "/srv/prices.xz"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/aiops-action/catalog.csv.xz"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.cache/aiops-action/catalog.csv.xz"),
        ({"AIOPS_CATALOG": ""}, "None"),
    ],
)
def test_finds_the_file_where_caches_are_kept(environment, expected, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert str(refreshed_path(environment)) == expected
