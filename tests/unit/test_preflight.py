"""What would stop a job later is told before anything is started, in the words of later."""

from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner import cbc
from aiops_planner.errors import CatalogError, ConfigError, DocumentError, ServiceError, SolverError, UsageError
from aiops_planner.performance import Objective
from aiops_toolkit.config.settings import (
    BenchmarkSettings,
    CapacitySettings,
    CatalogSettings,
    DemandSettings,
    ProfileSettings,
    PublishedSettings,
    ServiceSettings,
    Settings,
    SimulationSettings,
)
from aiops_toolkit.config.targets import CommandTarget, HttpTarget, OpenaiTarget
from aiops_toolkit.preflight import preflight

SERVICE = ServiceSettings(name="digits", command="touch started", ready="http://127.0.0.1:$PORT/healthz")
TARGET = HttpTarget(url="http://127.0.0.1:$PORT/", method="POST", payloads="*.json", headers={"X-Key": "$VAULT"})
STREAMED = OpenaiTarget(url="http://127.0.0.1:$PORT/v1", model="tiny", prompts="prompts.txt")
CAPACITY = CapacitySettings(
    demand=DemandSettings(file=Path("demand.csv")),
    catalog=CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("c7a",)),
)
TRACED = SimulationSettings(arrivals="gone.csv")
CURVES = {
    "catalog": CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("p5",)),
    "slo": Objective(ttft_p50=1.0),
    "published": PublishedSettings(model="gpt-oss-120b", precision="fp4", input_tokens=9, output_tokens=9),
}
REPORTED = {"profiles": {"c7a.large": ProfileSettings(report=Path("gone.json"))}}


@pytest.fixture
def check(tmp_path):
    def check(*, service=None, target=None, capacity=None, files=None):
        texts = {"one.json": "{}", "demand.csv": "hour,requests\n0,100\n"} | (files or {})
        for name, text in texts.items():
            if text is not None:
                (tmp_path / name).write_text(text)
        parts = {
            "service": replace(SERVICE, **(service or {})),
            "benchmarks": (BenchmarkSettings(name="all", target=target or TARGET, slo=Objective(p99=1.0)),),
            "capacity": replace(CAPACITY, **(capacity or {})),
        }
        preflight(Settings(path=tmp_path / "aiops.yml", **parts), {"VAULT": "from-vault"})
        assert not (tmp_path / "started").exists()

    return check


def catalog(**changes):
    return {"capacity": {"catalog": replace(CAPACITY.catalog, **changes)}}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"capacity": {"demand": DemandSettings(rates={"requests": 100.0})}},
        {"service": {"command": None, "ready": None}, "target": replace(TARGET, url="http://127.0.0.1:8000/")},
        {"service": {"setup": "make files"}, "files": {"one.json": None, "demand.csv": None}},
        {"service": {"setup": "make files"}, "files": {"one.json": ""}},
        {"service": {"setup": "make files"}, "target": STREAMED},
        {"service": {"setup": "make files"}, "capacity": {"simulation": TRACED}},
        {"service": {"setup": "make files"}, "capacity": REPORTED},
        {"capacity": {"profiles": {"c7a.large": ProfileSettings(rates={"requests": 5.0})}}},
        {"capacity": CURVES},
    ],
)
def test_a_job_that_can_run_passes_and_starts_nothing(changes, check):
    check(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"capacity": {"demand": DemandSettings(rates={"requests": 1e15})}}, UsageError, "capacity.demand"),
        ({"capacity": {"demand": DemandSettings(rates={"requests": 0.0})}}, UsageError, "every rate is zero"),
        ({"capacity": {"simulation": TRACED}}, UsageError, "gone.csv cannot be read"),
        ({"service": {"ready": "http://"}}, ServiceError, "service.ready: found 'http://'"),
        ({"service": {"command": None}}, ServiceError, "service.ready uses $PORT, but there is no port"),
        (
            {"target": CommandTarget(command="cat", payloads="*.json")},
            UsageError,
            "it does not use its payloads; write {payload}",
        ),
        ({"target": replace(TARGET, headers={"X-Key": "$GONE"})}, UsageError, "the environment has no variable GONE"),
        ({"target": replace(TARGET, headers={"Connection": "close"})}, UsageError, "the load engine sets it itself"),
        ({"target": replace(TARGET, url="http://127.0.0.1:x/")}, UsageError, "the benchmark's url cannot be read"),
        ({"target": replace(TARGET, payloads="no/*.json")}, UsageError, "'no/*.json' matches no file"),
        ({"files": {"one.json": ""}}, UsageError, "one.json is empty"),
        ({"target": STREAMED}, UsageError, "prompts.txt"),
        ({"files": {"demand.csv": None}}, UsageError, "the demand cannot be read: No such file"),
        ({"files": {"demand.csv": "hour,requests\nx,1\n"}}, UsageError, "column hour: 'x' is neither a number"),
        (
            {"files": {"demand.csv": "hour,requests\nx,1\n"}, "service": {"setup": "make files"}},
            UsageError,
            "column hour: 'x' is neither a number",
        ),
        (catalog(clouds={"aws": ("us-east-9",)}), CatalogError, "us-east-9"),
        (catalog(clouds={"azure": ("westus",)}), CatalogError, "azure"),
        (catalog(families=("c99",)), CatalogError, "c99"),
        ({"capacity": REPORTED}, DocumentError, "gone.json: cannot be read"),
        ({"capacity": {**CURVES, "slo": Objective()}}, UsageError, "capacity.slo has no limit that sizes the fleet"),
        (
            {"capacity": {**CURVES, "published": replace(CURVES["published"], model="gpt-5")}},
            CatalogError,
            "capacity.published.model: there is no curve for 'gpt-5'",
        ),
        (
            {"capacity": {"demand": DemandSettings(rates={"a": 1.0, "b": 1.0})}},
            ConfigError,
            "capacity.demand has the classes a, b",
        ),
    ],
)
def test_what_would_stop_it_later_is_told_at_once(changes, error, said, check):
    with pytest.raises(error) as caught:
        check(**changes)
    assert said in caught.value.message
    assert "from-vault" not in caught.value.message


def test_a_chosen_solver_that_is_missing_is_told_at_once(check, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(cbc, "import_module", missing)
    check(capacity={"solver": "highs"})
    with pytest.raises(SolverError, match="the solver CBC was chosen and is not installed"):
        check(capacity={"solver": "cbc"})
