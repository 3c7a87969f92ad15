"""What a user's surroundings may be like: another run at work, secrets, odd paths, packages of the same name."""

import signal
import sys
from pathlib import Path

import pytest

from support.project import Project, settings

pytestmark = pytest.mark.e2e

SERVICE = settings()["service"]
TELLING_TEST = """
import os

def test_tells_what_it_knows():
    assert False, "password " + os.environ["DB_PASSWORD"] + " key " + os.environ["MY_KEY"]
"""


def test_two_runs_at_once_would_spoil_each_other_so_the_second_is_refused(tmp_path: Path) -> None:
    waiting = {**SERVICE, "ready_timeout": "60s"}
    project = Project(tmp_path / "tiny", service=waiting, benchmarks=None, capacity=None)
    first = project.start("run", mode="never-ready")
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("service: started"):
            break
    second = project.run("test")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=20)
    assert second.exit_code == 1
    assert "another aiops is measuring here" in second.stderr
    assert project.run("test").exit_code == 0, "the lock goes with its process"


def test_no_secret_reaches_the_report_or_the_screen(tmp_path: Path) -> None:
    project = Project(
        tmp_path / "tiny",
        service={**SERVICE, "environment": {"DB_PASSWORD": "hunter2secret"}},
        tests={"command": f"DB_PASSWORD=hunter2secret {sys.executable} -m pytest -q --junitxml=$AIOPS_JUNIT"},
        benchmarks={
            "hello": {
                "http": {"url": "http://127.0.0.1:$PORT/hello", "headers": {"Authorization": "Bearer $MY_KEY"}},
                "slo": {"p99": "100ms"},
            }
        },
        capacity=None,
    )
    (project.root / "test_tiny.py").write_text(TELLING_TEST)
    finished = project.run("run", "--quick", "--budget", "5s", "--json", "-", MY_KEY="topsecret99")
    assert finished.exit_code == 3, finished.stderr
    kept = [path for path in project.root.glob(".aiops/*/*") if path.is_file()]
    assert len(kept) >= 4
    texts = [finished.stdout, finished.stderr, *(path.read_text() for path in kept)]
    assert [secret for secret in ("hunter2secret", "topsecret99") for text in texts if secret in text] == []
    assert "password *** key ***" in finished.json["checks"]["failures"][0]["message"]


def test_a_path_with_blanks_and_other_letters_is_no_obstacle(tmp_path: Path) -> None:
    project = Project(tmp_path / "mein Dienst für Ziffern", benchmarks=None, capacity=None)
    finished = project.run("run", "--json", "-")
    assert finished.exit_code == 0, finished.stderr
    assert finished.json["checks"]["passed"] == 1


def test_packages_of_the_user_with_our_folders_names_are_theirs(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny", benchmarks=None)
    for name in ("reports", "planner", "toolkit", "tests"):
        (project.root / name).mkdir()
        (project.root / name / "__init__.py").write_text("raise ImportError('the wrong package was taken')\n")
    finished = project.run("plan", "--json", "-", PYTHONPATH=str(project.root))
    assert finished.exit_code == 0, finished.stderr


def test_it_works_from_a_folder_below(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny", benchmarks=None, capacity=None)
    (project.root / "below").mkdir()
    below = object.__new__(Project)
    below.root = project.root / "below"
    assert below.run("run").exit_code == 0
    assert len(project.stored_reports()) == 1


def test_a_configuration_that_asks_for_nothing_is_no_success(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny", tests=None, benchmarks=None, capacity=None)
    finished = project.run("run")
    assert finished.exit_code == 2
    assert "nothing to do" in finished.stderr
