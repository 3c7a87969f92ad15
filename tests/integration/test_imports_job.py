"""Results of other tools in the main job: read after the tests wrote them, reported and planned with, without load."""

import json
import shutil
import sys
from pathlib import Path

from support.imported import SAMPLES
from support.project import Project

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider --junitxml=$AIOPS_JUNIT test_tiny.py"
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
    made = project(tmp_path, "custom-json", "measured.json", tests=tests, capacity=FROM_CATALOG)
    finished = made.run("run", "--json", "report.json")
    assert finished.exit_code == 0, finished.stderr + finished.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert [stage["status"] for stage in report["stages"]] == ["ok"] * 4
    assert report["benchmarks"][0]["capacity"]["rps"] == 500.0
    assert report["plan"]["fleet"]
    (page,) = tmp_path.glob(".aiops/*/report.html")
    assert "predict-bench 1.2" in page.read_text()


def test_results_that_are_not_there_end_the_stage_and_keep_the_rest(tmp_path: Path) -> None:
    finished = project(tmp_path, "wrk2", "forgotten.txt").run("run", "--json", "report.json")
    assert finished.exit_code == 2
    report = json.loads((tmp_path / "report.json").read_text())
    (stage,) = [stage for stage in report["stages"] if stage["name"] == "benchmarks"]
    assert "forgotten.txt: there are no results of wrk2 here; let the test command run wrk2" in stage["message"]
    assert report["checks"]["passed"] == 1
