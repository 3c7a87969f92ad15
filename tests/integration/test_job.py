"""The main job in process: each stage once on record, and what its line says when something is wrong."""

from pathlib import Path
from typing import Any

import yaml

from aiops_reports.record import CommitReport, Stage
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.job import Facts, JobOptions, run_job
from aiops_toolkit.progress import Silent
from support.project import SERVICE, settings
from support.reports_samples import sample_report

PYTHON_TARGET = {"python": "model:predict", "slo": {"p99": "100ms"}}


def run(folder: Path, **sections: Any) -> CommitReport:
    """The report of the tiny project with these sections of aiops.yml."""
    (folder / "service.py").write_text(SERVICE)
    (folder / "aiops.yml").write_text(yaml.safe_dump(settings(tests=None, **sections)))
    facts = Facts(environment=sample_report().environment, commit=None)
    options = JobOptions(quick=True, budget_s=2.0)
    loaded = load_settings(folder / "aiops.yml")
    return run_job(loaded, options, facts, work=folder / "logs", save=lambda _: None, progress=Silent())


def stage(report: CommitReport, name: str) -> Stage:
    """The one stage of that name."""
    (found,) = [stage for stage in report.stages if stage.name == name]
    return found


def test_a_target_of_another_kind_is_a_matter_of_aiops_yml(tmp_path: Path) -> None:
    report = run(tmp_path, benchmarks={"predict": PYTHON_TARGET}, capacity=None)
    assert (stage(report, "benchmarks").status, report.exit_code) == ("error", 2)
    assert "benchmark predict: this version measures http targets only" in (stage(report, "benchmarks").message or "")
