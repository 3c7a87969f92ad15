"""Results of other tools in the main job: read after the tests wrote them, reported and planned with, without load."""

import shutil
import sys
from pathlib import Path

from aiops_planner.plans import Plan
from aiops_reports.markdown import render_comment
from aiops_reports.record import CommitReport
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.job import IMPORTED_MACHINE, Facts, JobOptions, run_job
from aiops_toolkit.preflight import preflight
from aiops_toolkit.progress import Silent
from support.imported import SAMPLES
from support.project import Project
from support.reports_samples import sample_report

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider --junitxml=$AIOPS_JUNIT test_tiny.py"
OFFER = {"name": "small", "price": "0.1 USD/h", "capacity": "100/s"}
FROM_CATALOG = {
    "demand": "2000/s",
    "catalog": {"clouds": {"aws": ["us-east-1"]}, "families": ["c7a"], "max_vcpus": 8},
}


def project(root: Path, tool_format: str, path: str, **sections: object) -> Project:
    """The tiny project with an import as its one benchmark, and no service of its own."""
    target = {"import": {"format": tool_format, "path": path}, "slo": {"p99": "100ms"}}
    made = Project(root, service={"name": "tiny"}, benchmarks={"predict": target}, **{"capacity": None, **sections})
    for sample in ("wrk2.txt", "custom.json"):
        shutil.copy(SAMPLES / sample, root)
    return made


def test_bench_reports_imported_points_without_any_load(tmp_path: Path) -> None:
    finished = project(tmp_path, "wrk2", "wrk2.txt").run("bench", "--json", "-")
    assert finished.exit_code == 0, finished.stderr
    (benchmark,) = finished.json["benchmarks"]
    assert (benchmark["source"], benchmark["capacity"]["rps"]) == ("wrk2", 500.0)
    assert [point["offered_rps"] for point in benchmark["load_points"]] == [500.0, 2000.0]
    assert all(point["generator_cpu_s"] is None for point in benchmark["load_points"])


def test_the_main_job_reads_what_its_tests_measured_and_sizes_a_fleet_with_it(tmp_path: Path) -> None:
    tests = {"command": f"cp custom.json measured.json && {PYTEST}"}
    project(tmp_path, "custom-json", "measured.json", tests=tests, capacity=FROM_CATALOG)
    report = job(tmp_path)
    assert [stage.status for stage in report.stages] == ["ok"] * 4, report.stages
    assert report.benchmarks[0].capacity.rps == 500.0
    assert isinstance(report.plan, Plan)
    assert report.plan.fleet
    assert IMPORTED_MACHINE in report.notes
    assert "predict-bench 1.2" in render_comment(report)


def job(folder: Path) -> CommitReport:
    """The report of the project in a folder, in process and without its pages."""
    loaded = load_settings(folder / "aiops.yml")
    preflight(loaded, {})  # must not miss results that the tests may yet write
    facts = Facts(environment=sample_report().environment, commit=None)
    return run_job(loaded, JobOptions(), facts, work=folder / "logs", save=lambda _: None, progress=Silent())


def test_results_that_are_not_there_end_the_stage_and_not_the_job(tmp_path: Path) -> None:
    project(tmp_path, "wrk2", "forgotten.txt", tests=None, capacity={"demand": "5/s", "offers": [OFFER]})
    report = job(tmp_path)
    stages = {stage.name: stage for stage in report.stages}
    said = "forgotten.txt: there are no results of wrk2 here; let the test command run wrk2"
    assert said in (stages["benchmarks"].message or "")
    assert (stages["benchmarks"].exit_code, stages["plan"].status, report.exit_code) == (2, "ok", 2)
