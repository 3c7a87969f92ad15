"""The script behind action.yml, called with the variables that action.yml sets; `aiops` itself is a stub here."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "action-run"
INPUTS = {
    "AIOPS_INPUT_CONFIG": "",
    "AIOPS_INPUT_QUICK": "false",
    "AIOPS_INPUT_ARGS": "",
    "AIOPS_INPUT_PYTHON": "",
}
STUB = """#!/usr/bin/env bash
printf '%s\\n' "$@" >arguments
env >environment
exit "${STUB_EXIT:-0}"
"""


def start(folder: Path, *, stub: str = STUB, **environment: str) -> subprocess.Popen[str]:
    command = folder / "stub"
    command.write_text(stub)
    command.chmod(0o755)
    return subprocess.Popen(
        [SCRIPT],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(folder),
            "GITHUB_OUTPUT": str(folder / "output"),
            "AIOPS_INPUT_COMMAND": str(command),
            **INPUTS,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, **environment: str) -> tuple[int, str, list[str]]:
    """Exit code, standard error, and the outputs in the order they were written."""
    process = start(folder, **environment)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors, (folder / "output").read_text().splitlines()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["run", "--publish"]),
        ({"AIOPS_INPUT_QUICK": "true"}, ["run", "--publish", "--quick"]),
        (
            {"AIOPS_INPUT_CONFIG": "services/a b/aiops.yml"},
            ["run", "--publish", "--config", "services/a b/aiops.yml"],
        ),
        ({"AIOPS_INPUT_ARGS": "--budget 120s\n  --seed\t7\n"}, ["run", "--publish", "--budget", "120s", "--seed", "7"]),
        ({"AIOPS_INPUT_ARGS": "* $HOME $(id) ;id"}, ["run", "--publish", "*", "$HOME", "$(id)", ";id"]),
        (
            {"AIOPS_INPUT_CONFIG": "$(touch /tmp/x); `id` \"'"},
            ["run", "--publish", "--config", "$(touch /tmp/x); `id` \"'"],
        ),
    ],
    ids=[
        "defaults",
        "quick",
        "a blank in a path",
        "more arguments",
        "arguments no shell reads",
        "a path no shell reads",
    ],
)
def test_inputs_become_the_arguments_of_one_call(tmp_path: Path, inputs: dict[str, str], expected: list[str]) -> None:
    exit_code, errors, _ = run(tmp_path, **inputs)
    assert exit_code == 0, errors
    assert (tmp_path / "arguments").read_text().splitlines() == expected


@pytest.mark.parametrize("exit_code", [0, 1, 2, 3, 4, 130])
def test_the_exit_code_is_that_of_aiops_and_an_output(tmp_path: Path, exit_code: int) -> None:
    ended, _, outputs = run(tmp_path, STUB_EXIT=str(exit_code))
    assert ended == exit_code
    assert outputs == ["outcome=error", f"exit-code={exit_code}"]


def test_an_input_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    ended, errors, outputs = run(tmp_path, AIOPS_INPUT_QUICK="yes")
    assert ended == 2
    assert errors == "::error title=aiops-action::quick: found 'yes', expected true or false\n"
    assert outputs == ["outcome=error", "exit-code=2"]
    assert not (tmp_path / "arguments").exists()


def test_a_windows_runner_is_refused(tmp_path: Path) -> None:
    ended, errors, _ = run(tmp_path, RUNNER_OS="Windows")
    assert ended == 2
    assert "use runs-on: ubuntu-latest" in errors


def test_a_python_that_is_too_old_is_explained(tmp_path: Path) -> None:
    old = tmp_path / "python3.8"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.20\nexit 1\n')
    old.chmod(0o755)
    ended, errors, outputs = run(tmp_path, AIOPS_INPUT_COMMAND="", AIOPS_INPUT_PYTHON=str(old))
    assert ended == 1
    assert "needs Python 3.11 or newer" in errors
    assert "could not be installed" in errors
    assert outputs == ["outcome=error", "exit-code=1"]


def test_the_inputs_do_not_reach_the_code_under_test(tmp_path: Path) -> None:
    run(tmp_path, AIOPS_COMMENT="true")
    seen = (tmp_path / "environment").read_text()
    assert "AIOPS_INPUT_" not in seen
    assert "AIOPS_COMMENT=true" in seen


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_lets_aiops_finish_its_report(tmp_path: Path, sent: signal.Signals) -> None:
    stub = """#!/usr/bin/env bash
        sleep 60 >/dev/null 2>&1 &
        trap 'kill $!; echo kept >report; exit 130' TERM
        touch started
        wait
    """
    process = start(tmp_path, stub=stub)
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sent)
    process.communicate(timeout=40)
    assert process.returncode == 130
    assert (tmp_path / "report").read_text() == "kept\n"
    assert (tmp_path / "output").read_text().splitlines()[-1] == "exit-code=130"
