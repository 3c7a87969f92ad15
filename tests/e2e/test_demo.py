"""The demo, as a new user runs it: the real classifier tested, loaded and sized, its page opened in a real browser."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.project import Finished, Project

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(360)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "image-classifier"
QUICK_LIMIT_S = 25.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("demo") / "image-classifier"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".aiops", "__pycache__", ".pytest_cache"))
    project = object.__new__(Project)
    project.root = root
    project.git("init", "-q", "-b", "main")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Classify digits")
    return project


@pytest.fixture(scope="module")
def finished(project: Project) -> Finished:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return project.run_undisturbed("run", "--quick", "--json", "-", timeout=150, PATH=path)


def test_the_classifier_passes(finished: Finished) -> None:
    assert finished.exit_code == 0, finished.stderr
    checks = finished.json["checks"]
    assert checks["failed"] == checks["errors"] == 0
    assert checks["metrics"]["accuracy"] >= 0.97
    assert [gate["passed"] for gate in checks["gates"]] == [True]


def test_a_quick_run_spends_at_most_25_seconds_on_measuring(finished: Finished) -> None:
    measured = [stage["seconds"] for stage in finished.json["stages"] if stage["name"] != "plan"]
    assert sum(measured) <= QUICK_LIMIT_S


def test_the_curve_has_a_ladder_and_open_loop_points(finished: Finished) -> None:
    (benchmark,) = finished.json["benchmarks"]
    modes = [point["mode"] for point in benchmark["load_points"]]
    assert modes.count("closed") >= 3
    assert modes.count("open") >= 1
    assert benchmark["knee"]["measured_power"] == max(
        point["power"] for point in benchmark["load_points"] if point["mode"] == "closed" and point["valid"]
    )


def test_the_plan_uses_dated_prices_and_says_what_is_estimated(finished: Finished) -> None:
    plan = finished.json["plan"]
    assert plan["status"] in {"optimal", "feasible"}
    assert set(plan["price_dates"]) == {"aws", "gcp"}
    assert {item["capacity_source"] for item in plan["fleet"]} == {"estimated"}
    assert any("estimate" in note for note in plan["notes"])
    carried = sum(share["rps_by_hour"][0] for share in plan["traffic"])
    assert carried == pytest.approx(plan["demand"]["rps"][0][0])


def test_a_quick_run_says_that_it_was_one(project: Project, finished: Finished) -> None:
    assert finished.json["quick"] is True
    (comment,) = project.root.glob(".aiops/*/comment.md")
    assert "quick run" in comment.read_text()


def test_nothing_is_left_running(project: Project, finished: Finished) -> None:
    assert finished.exit_code == 0
    assert project.left_running() == []


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it as root on Debian)")
def test_the_page_draws_in_a_browser_without_asking_the_network(project: Project, tmp_path: Path) -> None:
    (page,) = project.root.glob(".aiops/*/report.html")
    assert not re.findall(r"""(?:src|href)=["']https?://[^"']+\.(?:js|css|png|svg|woff2?)""", page.read_text())
    picture = tmp_path / "page.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"]
    began = time.monotonic()
    subprocess.run(
        [CHROMIUM, *flags, "--window-size=1280,2400", f"--screenshot={picture}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert picture.stat().st_size > 50_000, f"an empty page after {time.monotonic() - began:.0f} s"
