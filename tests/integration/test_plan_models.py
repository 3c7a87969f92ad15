"""`aiops plan` for several models on one fleet, from aiops.yml to what is printed."""

import json
from dataclasses import replace

import pytest

from aiops_planner.errors import ConfigError, MeasurementError
from aiops_planner.plans import Plan
from aiops_toolkit.commit_cost import size_commit
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.preflight import preflight
from aiops_toolkit.sizing import size_fleet
from support.plan_folder import PlanFolder
from support.reports_samples import sample_report

MODELS = """\
models:
  chat: {demand: 30/s, slo: {p99: 2s}, memory: 14 GiB}
  embed: {demand: embed.csv, slo: {p99: 50ms}, memory: 2 GiB}
offers:
  - {name: g6, price: 0.8 USD/h, memory: 24 GiB, capacity: {chat: 12/s, embed: 900/s},
     servers: 8, service_mean: {chat: 40ms, embed: 4ms}}
  - {name: t4, price: 0.3 USD/h, memory: 15 GiB, capacity: {chat: 4/s, embed: 400/s},
     servers: 4, service_mean: {chat: 70ms, embed: 5ms}}
"""
FROM_CATALOG = """\
version: 1
benchmarks:
  classify: {http: {url: "http://127.0.0.1:8000/"}, slo: {p99: 100ms}}
capacity:
  models:
    classify: {demand: 300/s, memory: 3 GiB}
    thumbnails: {demand: 100/s, memory: 3 GiB, benchmark: classify, slo: {p99: 300ms}}
  catalog: {clouds: {aws: [us-east-1]}, families: [c7a], max_vcpus: 8}
"""
DAY = "hour,requests\n" + "".join(f"{hour},{300 if 8 <= hour < 20 else 30}\n" for hour in range(24))


@pytest.fixture
def folder(tmp_path) -> PlanFolder:
    return PlanFolder(path=tmp_path)


def test_models_share_machines_and_the_plan_says_what_that_saves(folder) -> None:
    folder.write(MODELS, {"embed.csv": DAY})
    ran = folder.plan("--json", "plan.json")
    assert ran.returncode == 0, ran.stderr
    plan = json.loads((folder.path / "plan.json").read_text())
    assert plan["demand"]["classes"] == ["chat", "embed"]
    assert len(plan["demand"]["rps"]) == 24
    assert {(item["machine"], *item["models"]) for item in plan["fleet"]} <= {
        ("g6", "chat", "embed"),
        ("t4", "chat"),
        ("t4", "embed"),
    }
    assert plan["usd_per_month"] < plan["apart_usd_per_month"]
    assert plan["verification"]["status"] == "met"
    assert {times["request_class"] for times in plan["verification"]["rounds"][-1]["scenarios"][0]["classes"]} == {
        "chat",
        "embed",
    }
    printed = " ".join(ran.stdout.split())
    assert "g6 with chat and embed" in printed
    assert "chat p99 ≤ 2 s and embed p99 ≤ 50 ms" in printed
    assert "with machines of its own for each model" in printed


def test_a_model_that_no_machine_can_host_is_a_refusal(folder) -> None:
    folder.write(MODELS.replace("14 GiB", "80 GiB"), {"embed.csv": DAY})
    ran = folder.plan()
    assert ran.returncode == 4
    assert "chat takes 80 GiB, and no machine that could serve it has more than 24 GiB" in " ".join(ran.stdout.split())


def test_hours_that_do_not_go_together_are_refused(folder) -> None:
    written = MODELS.replace("demand: 30/s", "demand: chat.csv")
    folder.write(written, {"embed.csv": DAY, "chat.csv": "hour,requests\n0,1\n1,2\n2,3\n3,4\n4,5\n"})
    ran = folder.plan()
    assert ran.returncode == 2
    assert "the demand of chat has 5 hours and that of embed 24, which is no multiple of it" in ran.stderr
    settings = load_settings(folder.path / "aiops.yml")
    with pytest.raises(Exception, match="which is no multiple of it"):
        preflight(settings, {})


def from_catalog(folder, text=FROM_CATALOG):
    (folder.path / "aiops.yml").write_text(text)
    report = sample_report()
    settings = load_settings(folder.path / "aiops.yml")
    return size_fleet(settings.capacity, report.benchmarks[:1], report.environment, folder.path)


def test_catalog_offers_are_sized_by_the_benchmark_of_each_model(folder) -> None:
    found = from_catalog(folder)
    assert isinstance(found, Plan)
    assert {item.capacity_source for item in found.fleet} == {"estimated"}
    assert {share.request_class for share in found.traffic} == {"classify", "thumbnails"}
    assert {name: limit.p99 for name, limit in found.verification.objectives.items()} == {
        "classify": 0.05,
        "thumbnails": 0.3,
    }
    small = [item for item in found.fleet if item.machine == "c7a.medium"]
    assert all(len(item.models) == 1 for item in small)
    assert found.cost_by_objective


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ("benchmark: classify, ", "", ConfigError, "thumbnails.benchmark: found none that is called thumbnails"),
        ("demand: 300/s", "demand: {a: 1/s, b: 2/s}", ConfigError, "classify.demand has the classes a, b, but catalog"),
    ],
)
def test_what_catalog_offers_cannot_be_sized_for_is_refused(folder, old, new, error, words) -> None:
    with pytest.raises(error, match=words):
        from_catalog(folder, FROM_CATALOG.replace(old, new))


def test_nothing_is_sized_without_a_measurement(folder) -> None:
    (folder.path / "aiops.yml").write_text(FROM_CATALOG)
    settings = load_settings(folder.path / "aiops.yml")
    with pytest.raises(MeasurementError, match="none was measured; measure them with `aiops run`"):
        size_fleet(settings.capacity, (), None, folder.path)
    report = sample_report()
    with pytest.raises(MeasurementError, match="the machine that was measured is not known"):
        size_fleet(settings.capacity, report.benchmarks[:1], None, folder.path)


def test_a_model_whose_objective_nothing_was_shown_to_meet_is_named(folder) -> None:
    with pytest.raises(MeasurementError, match=r"loosen capacity\.models\.thumbnails\.slo"):
        from_catalog(folder, FROM_CATALOG.replace("p99: 300ms", "p99: 1us"))


def test_what_a_commit_costs_is_told_for_one_benchmark(folder) -> None:
    (folder.path / "aiops.yml").write_text(FROM_CATALOG)
    settings = load_settings(folder.path / "aiops.yml")
    base = sample_report()
    with pytest.raises(ConfigError, match=r"capacity\.models share one fleet"):
        size_commit(settings.capacity, base, replace(base, service="head"), folder.path)
