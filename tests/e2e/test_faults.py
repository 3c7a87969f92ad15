"""What goes wrong in real repositories: one clear line, the right exit code, nothing lost, nothing left running."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.project import Project

pytestmark = pytest.mark.e2e

PYTHON = sys.executable
NO_PAYLOADS = {
    "http": {"method": "POST", "url": "http://127.0.0.1:$PORT/", "payloads": "nothing/*.json"},
    "slo": {"p99": "1s"},
}
NEVER_READY = {
    "name": "tiny",
    "command": f"{PYTHON} service.py $PORT",
    "ready": "http://127.0.0.1:$PORT/healthz",
    "ready_timeout": "1s",
}
NOTHING_ELSE = {"benchmarks": None, "capacity": None}
SLOW_TESTS = {"command": f"{PYTHON} -c 'import time; time.sleep(600)'"}

CASES = [
    pytest.param({"service": NEVER_READY}, "never-ready", 1, "ready", id="a service that never becomes ready"),
    pytest.param({}, "crash", 1, "weights.bin", id="a service that ends at its start"),
    pytest.param({}, "dies", 1, "died|exited|ended|stopped", id="a service that dies under load"),
    pytest.param({}, "not-found", 1, "404", id="a service that answers every request with an error"),
    pytest.param(
        {"tests": {"command": "no-such-program"}, **NOTHING_ELSE},
        "good",
        1,
        "no-such-program",
        id="no such test command",
    ),
    pytest.param(
        {"tests": {"command": "kill -SEGV $$"}, **NOTHING_ELSE}, "good", 1, "SIGSEGV|signal", id="tests that crash"
    ),
    pytest.param(
        {"tests": {"command": "true"}, **NOTHING_ELSE}, "good", 1, "JUnit|AIOPS_JUNIT", id="tests that write nothing"
    ),
    pytest.param(
        {"tests": {"command": "echo '<testsuite' > $AIOPS_JUNIT"}, **NOTHING_ELSE},
        "good",
        1,
        "JUnit|XML",
        id="broken JUnit",
    ),
    pytest.param(
        {"tests": {"command": "echo '<testsuite tests=\"0\"/>' > $AIOPS_JUNIT"}, **NOTHING_ELSE},
        "good",
        1,
        "no test",
        id="no test ran",
    ),
    pytest.param(
        {"benchmarks": {"a": NO_PAYLOADS}},
        "good",
        2,
        "nothing/",
        id="no payload files",
    ),
]


@pytest.mark.parametrize(("sections", "mode", "exit_code", "expected"), CASES)
def test_each_fault_gets_one_clear_line_and_its_exit_code(
    tmp_path: Path, sections: dict[str, object], mode: str, exit_code: int, expected: str
) -> None:
    project = Project(tmp_path / "tiny", **sections)
    finished = project.run("run", "--quick", "--budget", "5s", mode=mode)
    assert finished.exit_code == exit_code, finished.stderr
    assert re.search(expected, finished.stderr), finished.stderr
    assert "Traceback" not in finished.stderr
    assert project.left_running() == []
    assert len(project.stored_reports()) == (0 if exit_code == 2 else 1), "what was started leaves a report"


def test_a_failing_test_and_a_missed_gate_end_with_3(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny", benchmarks=None, capacity=None)
    (project.root / "test_tiny.py").write_text("def test_fails():\n    assert 1 == 2\n")
    finished = project.run("run")
    assert finished.exit_code == 3, finished.stderr
    (report,) = project.stored_reports()
    assert report["checks"]["failed"] == 1
    assert report["checks"]["gates"][0]["passed"] is False


def test_a_target_that_no_fleet_meets_ends_with_4(tmp_path: Path) -> None:
    offers = [{"name": "small", "price": "0.1 USD/h", "capacity": "100/s", "max": 2}]
    project = Project(tmp_path / "tiny", capacity={"demand": "300/s", "offers": offers})
    finished = project.run("plan", "--json", "-")
    assert finished.exit_code == 4, finished.stderr
    assert finished.json["status"] == "infeasible"
    assert finished.json["reasons"]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = {
            "name": "tiny",
            "command": f"{PYTHON} service.py {port}",
            "ready": f"http://127.0.0.1:{port}/healthz",
            "ready_timeout": "3s",
            "port": port,
        }
        project = Project(tmp_path / "tiny", service=service)
        finished = project.run("run", "--quick")
    assert finished.exit_code == 1
    assert str(port) in finished.stderr
    assert project.left_running() == []


def test_a_folder_that_is_no_repository_still_gets_its_report(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny", git=False, benchmarks=None)
    finished = project.run("run", "--json", "-")
    assert finished.exit_code == 0, finished.stderr
    assert finished.json["commit"] is None
    assert any("git" in note for note in finished.json["notes"])


def test_a_shallow_clone_with_a_detached_head_is_recorded_as_such(tmp_path: Path) -> None:
    origin = Project(tmp_path / "origin", benchmarks=None)
    origin.git("commit", "-q", "--allow-empty", "-m", "Second")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{origin.root}", clone], check=True, capture_output=True
    )
    project = object.__new__(Project)
    project.root = clone
    project.git("checkout", "-q", "--detach")
    finished = project.run("run", "--json", "-")
    assert finished.exit_code == 0, finished.stderr
    assert (finished.json["commit"]["shallow"], finished.json["commit"]["branch"]) == (True, None)


INTERRUPTIONS = [
    pytest.param({"service": {**NEVER_READY, "ready_timeout": "60s"}}, "never-ready", "service", id="starting"),
    pytest.param({"tests": SLOW_TESTS}, "child", "tests", id="testing"),
    pytest.param({"tests": None}, "child", "benchmarks", id="loading"),
]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("sections", "mode", "stage"), INTERRUPTIONS)
def test_an_interrupt_at_any_stage_stops_everything_and_keeps_the_report(
    tmp_path: Path, sections: dict[str, object], mode: str, stage: str, stop: signal.Signals
) -> None:
    project = Project(tmp_path / "tiny", **sections)
    process = project.start("run", mode=mode)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"{stage}: started"):
            break
    time.sleep(1.0)
    process.send_signal(stop)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert project.left_running() == []
    (report,) = project.stored_reports()
    assert report["outcome"] == "interrupted"
    assert (stage, "interrupted") in [(found["name"], found["status"]) for found in report["stages"]]


@pytest.mark.parametrize("moment_s", [0.4, 1.1, 1.9, 2.6])
def test_a_cancelled_job_ends_at_whatever_moment_of_the_load(tmp_path: Path, moment_s: float) -> None:
    project = Project(tmp_path / "tiny", tests=None, capacity=None)
    process = project.start("run", "--budget", "8s")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("benchmarks: started"):
            break
    time.sleep(moment_s)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert project.left_running() == []


def test_a_store_that_cannot_be_written_stops_the_job_before_it_measures(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny")
    (project.root / ".aiops").write_text("a file where the folder should be")
    finished = project.run("run", "--quick")
    assert finished.exit_code == 1
    assert ".aiops" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "benchmarks: started" not in finished.stderr


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own at a folder."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """40 kB: enough for the figures of an empty report, too small for its pages."""
    with mounted(tmp_path / "tiny" / ".aiops", "size=40k") as folder:
        yield folder


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that not even root can write to."""
    with mounted(tmp_path / "tiny" / ".aiops", "ro") as folder:
        yield folder


def test_a_read_only_store_stops_the_job_before_it_measures(tmp_path: Path, read_only_disk: Path) -> None:
    project = Project(tmp_path / "tiny")
    finished = project.run("run", "--quick")
    assert finished.exit_code == 1
    assert "read-only" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "service: started" not in finished.stderr


def test_a_disk_that_fills_up_loses_nothing_of_what_was_measured(tmp_path: Path, small_disk: Path) -> None:
    project = Project(tmp_path / "tiny", tests=None, capacity=None)
    finished = project.run("run", "--quick", "--budget", "5s", "--json", "-")
    assert finished.exit_code == 1, finished.stderr
    assert "the disk is full" in finished.stderr
    assert finished.json["benchmarks"][0]["load_points"]
    elsewhere = re.search(r"The report goes to (\S+) instead", finished.stderr)
    assert elsewhere is not None, finished.stderr
    (record,) = Path(elsewhere.group(1)).glob("*/report.json")
    assert json.loads(record.read_text()) == finished.json
    shutil.rmtree(elsewhere.group(1))


def test_json_to_a_full_disk_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "tiny")
    finished = project.run("plan", "--json", "/dev/full")
    assert finished.exit_code == 1
    assert "No space left" in finished.stderr
    assert "Traceback" not in finished.stderr
