"""The main job on a small real project: what it prints, what it writes, what it leaves behind."""

import json
from pathlib import Path

import jsonschema
import pytest

from support.project import Finished, Project

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("job") / "tiny")


@pytest.fixture(scope="module")
def finished(project: Project) -> Finished:
    return project.run("run", "--quick", "--budget", "8s", "--json", "-")


def test_a_good_commit_ends_with_exit_code_0(finished: Finished) -> None:
    assert finished.exit_code == 0, finished.stderr
    assert finished.json["outcome"] == "passed"


def test_standard_output_is_one_document_that_validates_against_the_shipped_schema(finished: Finished) -> None:
    import aiops_reports

    schema = json.loads((Path(aiops_reports.__file__).parent / "schemas" / "report-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(finished.json)


def test_every_stage_ran(finished: Finished) -> None:
    assert [(stage["name"], stage["status"]) for stage in finished.json["stages"]] == [
        ("service", "ok"),
        ("tests", "ok"),
        ("benchmarks", "ok"),
        ("plan", "ok"),
    ]


def test_the_commit_and_the_machine_are_on_record(project: Project, finished: Finished) -> None:
    commit, environment = finished.json["commit"], finished.json["environment"]
    assert commit["sha"] == project.git("rev-parse", "HEAD").strip()
    assert (commit["branch"], commit["subject"], commit["dirty"]) == ("main", "Serve hello", False)
    assert commit["author_time"]
    assert environment["logical_cores"] >= 1
    assert environment["fingerprint"]


def test_throughput_and_power_follow_from_the_raw_figures(finished: Finished) -> None:
    points = finished.json["benchmarks"][0]["load_points"]
    assert {point["mode"] for point in points} == {"closed", "open"}
    for point in points:
        assert point["throughput_rps"] == pytest.approx(point["successes"] / point["window_s"])
        assert point["power"] == pytest.approx(point["throughput_rps"] / point["response_s"]["mean"])


def test_the_cost_follows_from_counts_and_prices(finished: Finished) -> None:
    plan = finished.json["plan"]
    assert plan["status"] == "optimal"
    assert [(item["offer"], item["count"]) for item in plan["fleet"]] == [("small", 3)]
    total = sum(item["count"] * item["unit_usd_per_hour"] for item in plan["fleet"])
    assert plan["usd_per_hour"] == pytest.approx(total)
    assert plan["usd_per_month"] == pytest.approx(total * 730)


def test_the_report_is_kept_as_figures_and_pages(project: Project, finished: Finished) -> None:
    (folder,) = {path.parent for path in project.root.glob(".aiops/*/report.json")}
    assert json.loads((folder / "report.json").read_text()) == finished.json
    assert (folder / "report.html").stat().st_size > 10_000
    assert "tiny" in (folder / "comment.md").read_text()
    assert list((folder / "charts").glob("*.png"))


def test_the_store_does_not_make_the_repository_dirty(project: Project, finished: Finished) -> None:
    assert finished.exit_code == 0
    assert project.git("status", "--porcelain").replace("?? __pycache__/\n", "") == ""


def test_the_terminal_names_the_figures_and_the_paths(finished: Finished) -> None:
    assert "report.html" in finished.stderr
    assert "requests/s" in finished.stderr or "/s" in finished.stderr


def test_nothing_is_left_running(project: Project, finished: Finished) -> None:
    assert finished.exit_code == 0
    assert project.left_running() == []


def test_the_report_can_be_rendered_again(project: Project, finished: Finished) -> None:
    (page,) = project.root.glob(".aiops/*/report.html")
    page.unlink()
    again = project.run("report", "--json", "-")
    assert again.exit_code == 0, again.stderr
    assert again.json == finished.json
    assert page.exists()


def test_the_plan_can_be_made_alone(project: Project) -> None:
    alone = project.run("plan", "--json", "-")
    assert alone.exit_code == 0, alone.stderr
    assert alone.json["usd_per_hour"] == pytest.approx(0.3)


def test_tests_alone(project: Project) -> None:
    alone = project.run("test", "--json", "-")
    assert alone.exit_code == 0, alone.stderr
    assert alone.json["checks"]["passed"] == 1
    assert alone.json["checks"]["gates"] == [
        {"metric": "accuracy", "condition": ">= 0.97", "value": 0.98, "passed": True}
    ]
