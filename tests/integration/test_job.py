"""The main job in process: each stage once on record, and what its line says when something is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops_reports.record import CommitReport, Stage
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.job import Facts, JobOptions, run_job
from aiops_toolkit.progress import Silent
from support.project import SERVICE, settings
from support.reports_samples import sample_report


def run(folder: Path, **sections: Any) -> CommitReport:
    """The report of the tiny project with these sections of aiops.yml."""
    (folder / "service.py").write_text(SERVICE)
    (folder / "aiops.yml").write_text(yaml.safe_dump(settings(**{"tests": None} | sections)))
    facts = Facts(environment=sample_report().environment, commit=None)
    options = JobOptions(quick=True, budget_s=2.0)
    loaded = load_settings(folder / "aiops.yml")
    return run_job(loaded, options, facts, work=folder / "logs", save=lambda _: None, progress=Silent())


def stage(report: CommitReport, name: str) -> Stage:
    """The one stage of that name."""
    (found,) = [stage for stage in report.stages if stage.name == name]
    return found


NO_SERVICE = {"name": "tiny", "command": "exit 3", "ready": "http://127.0.0.1:$PORT/healthz"}
FROM_CATALOG = {"demand": "300/s", "catalog": {"clouds": {"aws": ["us-east-1"]}}}


@pytest.mark.parametrize(
    ("sections", "status", "message"),
    [
        pytest.param({}, "ok", "$", id="offers that state their capacity need no measurement"),
        pytest.param({"capacity": FROM_CATALOG}, "skipped", "no capacity was measured", id="catalog offers do"),
        pytest.param({"capacity": None}, "skipped", "states no demand", id="nothing to plan"),
    ],
)
def test_every_stage_is_on_record_once_when_the_service_does_not_start(
    tmp_path: Path, sections: dict[str, Any], status: str, message: str
) -> None:
    report = run(tmp_path, service=NO_SERVICE, **sections)
    assert [stage.name for stage in report.stages] == ["service", "tests", "benchmarks", "plan"]
    assert (stage(report, "plan").status, report.exit_code) == (status, 1)
    assert message in (stage(report, "plan").message or "")
    assert stage(report, "benchmarks").message == "not reached: the service did not start"


def test_a_service_that_dies_under_load_is_quoted_with_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "dies")
    said = stage(run(tmp_path, capacity=None), "benchmarks").message or ""
    assert "finished load points; the service ended with exit code 9" in said
    assert str(tmp_path / "logs" / "service.log") in said


ONE_ERROR = "<testsuite><testcase name='a'/><testcase name='b'><error message='no model'/></testcase></testsuite>"


def test_the_lines_of_stages_use_the_words_of_the_report(tmp_path: Path) -> None:
    tests = {"command": f'echo "{ONE_ERROR}" > $AIOPS_JUNIT; exit 1', "gates": {"accuracy": ">= 0.97"}}
    target = {"http": {"url": "http://127.0.0.1:$PORT/"}, "slo": {"p99": "1s"}}
    report = run(tmp_path, tests=tests, benchmarks={"first": target, "second": target})
    assert stage(report, "tests").message == "1 error, 1 passed; gate accuracy >= 0.97 not met"
    said = stage(report, "benchmarks").message or ""
    assert said.startswith("first: ")
    assert "; second: " in said
    assert stage(report, "plan").message == "$219/month, proven to be the cheapest"
