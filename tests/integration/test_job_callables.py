"""The main job on functions and commands, which need no service: measured, sized, and refused with a reason."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops_planner.errors import UsageError
from aiops_planner.performance import Objective
from aiops_reports.record import CommitReport, Stage
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import ImportTarget
from aiops_toolkit.job import Facts, JobOptions, run_job
from aiops_toolkit.progress import Silent
from support.bench_callables import project
from support.reports_samples import sample_report

FUNCTION = {"function": "model:work", "interpreter": sys.executable}


def run(folder: Path, *, budget_s: float = 2.5, **target: Any) -> CommitReport:
    """The report of a project without a service, whose one benchmark loads this target for a short time."""
    benchmark = {**target, "slo": {"p50": "10s"}}
    sections = {"version": 1, "service": {"name": "model"}, "benchmarks": {"predict": benchmark}}
    (folder / "aiops.yml").write_text(yaml.safe_dump(sections))
    facts = Facts(environment=sample_report().environment, commit=None)
    options = JobOptions(quick=True, budget_s=budget_s)
    loaded = load_settings(folder / "aiops.yml")
    return run_job(loaded, options, facts, work=folder / "logs", save=lambda _: None, progress=Silent())


def stage(report: CommitReport, name: str) -> Stage:
    (found,) = [stage for stage in report.stages if stage.name == name]
    return found


@pytest.mark.parametrize(
    ("target", "label"),
    [
        ({"python": FUNCTION}, "python model:work"),
        ({"command": {"command": "cat {payload}", "payloads": "payloads/*"}}, "command cat {payload}"),
    ],
)
def test_a_benchmark_without_a_service_is_measured(tmp_path, target, label):
    report = run(project(tmp_path), **target)
    assert (stage(report, "service").status, stage(report, "benchmarks").status) == ("ok", "ok")
    (result,) = report.benchmarks
    assert result.target == label
    assert "closed" in {point.mode for point in result.load_points}
    assert all(point.errors == 0 for point in result.load_points)
    assert any(point.service_cpu_s for point in result.load_points)
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            {"python": {**FUNCTION, "function": "model:wrong"}},
            r"every request failed: exception .* the function raised ValueError: no digit in it \(model.py:",
        ),
        ({"python": {**FUNCTION, "function": "model:dies"}}, "which wrote last: the weights are gone"),
        ({"python": {**FUNCTION, "function": "model:gone"}}, "python model:gone: model has no gone"),
        ({"command": "no-such-program"}, r"the command ended with exit code 127 \(command not found\)"),
    ],
)
def test_a_target_that_fails_says_why(tmp_path, target, message):
    report = run(project(tmp_path), **target)
    failed = stage(report, "benchmarks")
    assert (failed.status, report.exit_code) == ("error", 1)
    assert re.search(message, failed.message or "")


def test_results_of_another_tool_are_no_target(tmp_path):
    settings = BenchmarkSettings(
        name="theirs", target=ImportTarget(format="hey", path="hey.txt"), slo=Objective(p99=0.1)
    )
    with pytest.raises(UsageError, match="benchmark theirs: results of another tool are imported"):
        make_target(settings, root=tmp_path, substitute=str, environment={})
