"""`aiops catalog show`: what is shown for which options, and how much of it fits."""

import io
import json
import re

import pytest
from rich.console import Console

from aiops_planner.catalog import Selection
from aiops_toolkit.catalog.listing import list_types
from aiops_toolkit.catalog.places import chosen_regions
from aiops_toolkit.cli.catalog_table import show_listing
from aiops_toolkit.cli.main import run
from support.docs_pages import DOCS

NORTH = {"aws": ("us-east-1",), "gcp": ("us-central1",)}
C7I = Selection(clouds=NORTH, families=("c7i",))


@pytest.fixture(autouse=True)
def _nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def show(capsys, *arguments):
    assert run(["catalog", "show", *arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        (["--cloud", "aws"], lambda found: found["cloud"] == "aws"),
        (["--region", "us-west1"], lambda found: found["region"] == "us-west1"),
        (["--cloud", "gcp", "--family", "n2"], lambda found: found["family"] == "n2" and found["cloud"] == "gcp"),
        (["--region", "us-east-1", "--arch", "arm64"], lambda found: found["architecture"] == "arm64"),
        (["--cloud", "aws", "--min-vcpus", "8", "--max-vcpus", "16"], lambda found: 8 <= found["vcpus"] <= 16),
        (
            ["--cloud", "aws", "--min-memory", "64", "--max-memory", "128"],
            lambda found: 64 <= found["memory_gib"] <= 128,
        ),
        (["--accelerator", "l4"], lambda found: found["accelerator"] in {"l4", "nvidia-l4"}),
        (["--min-accelerator-memory", "140"], lambda found: found["accelerator_memory_gib"] >= 140),
    ],
)
def test_every_option_bounds_what_is_shown(capsys, arguments, holds):
    listing = show(capsys, *arguments)
    assert listing["matching"] == len(listing["types"]) > 0
    assert all(map(holds, listing["types"]))


def test_without_options_aiops_yml_decides_and_any_option_takes_its_place(capsys, tmp_path):
    (tmp_path / "aiops.yml").write_text(
        "version: 1\nbenchmarks: {b: {http: {url: 'http://x/'}, slo: {p99: 1s}}}\n"
        "capacity: {demand: 1/s, catalog: {clouds: {gcp: [us-west1]}, families: [n2d], max_vcpus: 8}}\n"
    )
    assert {(found["region"], found["family"]) for found in show(capsys)["types"]} == {("us-west1", "n2d")}
    assert {found["family"] for found in show(capsys, "--family", "c7i")["types"]} == {"c7i"}


def test_a_mistake_in_aiops_yml_is_not_passed_over(capsys, tmp_path):
    (tmp_path / "aiops.yml").write_text("version: 1\ncapacity: {demnd: 1/s}\n")
    assert run(["catalog", "show"]) == 2
    assert "demnd" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--region", "us-cental1"], "--region: the catalog has no region 'us-cental1'; did you mean us-central1"),
        (["--region", "eu-west-1"], "aiops catalog refresh --cloud aws --region eu-west-1"),
        (["--family", "c7j"], "--family: the catalog has no family 'c7j'; did you mean c7i"),
        (["--accelerator", "h1000"], "--accelerator: the catalog has no accelerator 'h1000'; did you mean h100"),
        (["--cloud", "gcp", "--region", "us-east-1"], "--region us-east-1 has the form of a region of aws"),
    ],
)
def test_an_unknown_name_gets_the_nearest(capsys, arguments, said):
    assert run(["catalog", "show", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("order", "value"),
    [
        ("price", lambda found: found.prices_usd_per_hour["on_demand"]),
        ("vcpu-price", lambda found: found.prices_usd_per_hour["on_demand"] / found.vcpus),
        ("vcpus", lambda found: found.vcpus),
        ("memory", lambda found: found.memory_gib),
        ("score", lambda found: -found.cpu_score if found.cpu_score is not None else 0.0),
        ("spot", lambda found: found.prices_usd_per_hour.get("spot", float("inf"))),
        ("name", lambda found: found.key),
    ],
)
def test_sorts_with_what_has_no_value_last(order, value):
    listing = list_types(Selection(clouds=NORTH, families=("c7i", "r7i", "c3")), order, None)
    values = [value(found) for found in listing.types]
    assert values == sorted(values)


def rendered(width, selection=C7I, limit=3):
    text = io.StringIO()
    show_listing(Console(file=text, width=width), list_types(selection, "price", limit), 40)
    return text.getvalue()


def test_a_narrow_terminal_gets_the_columns_that_matter_most():
    wide, narrow = rendered(160), rendered(80)
    assert "CPU score" in wide and "priced on" in wide
    assert "a wider window shows" in narrow
    assert max(len(line.rstrip()) for line in narrow.splitlines() if "c7i" in line) <= 80
    assert all("0.0892" in text and "aws/us-east-1" in text for text in (wide, narrow))


def test_the_head_tells_the_catalog_and_the_foot_what_was_left_off():
    text = rendered(160)
    assert "The snapshot that comes with aiops" in text
    assert "Prices of AWS of 2026-07-20." in text
    assert "3 of 9 machine types, --limit 0 shows all" in text
    both = rendered(160, Selection(clouds=NORTH, max_vcpus=2))
    assert "CPU scores compare within a cloud, not between clouds" in both
    assert "No machine type is within these bounds" in rendered(160, Selection(clouds=NORTH, min_vcpus=5000))


def test_a_damaged_file_of_refreshed_prices_is_said(tmp_path, monkeypatch):
    (tmp_path / "prices").write_bytes(b"half a fi")
    monkeypatch.setenv("AIOPS_CATALOG", str(tmp_path / "prices"))
    assert "cut short" in rendered(160)


@pytest.mark.parametrize(
    ("clouds", "regions", "expected"),
    [
        ((), (), {"aws": ("us-east-1",), "gcp": ("a", "b")}),
        (("gcp",), (), {"gcp": ("a", "b")}),
        (
            (),
            ("ap-southeast-2", "europe-west3", "us-gov-west-1"),
            {"aws": ("ap-southeast-2", "us-gov-west-1"), "gcp": ("europe-west3",)},
        ),
        (("aws",), ("us-east-2", "us-east-2"), {"aws": ("us-east-2",)}),
    ],
)
def test_the_form_of_a_region_tells_its_cloud(clouds, regions, expected):
    assert chosen_regions(clouds, regions, {"aws": {"us-east-1"}, "gcp": {"b", "a"}}) == expected


def test_the_page_shows_what_the_command_prints(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)  # as wide as where nobody says how wide it is
    page = (DOCS / "catalog.md").read_text(encoding="utf-8")
    call, shown = re.findall(r"\$ aiops (catalog show [^\n]*)\n(.+?)```", page, re.DOTALL)[0]
    assert run(call.split()) == 0
    assert capsys.readouterr().out.strip("\n") == shown.strip("\n")
