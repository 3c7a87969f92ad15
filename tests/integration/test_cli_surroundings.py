"""The command line where the terminal, the working directory or the disk are not what they should be."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from aiops_planner.errors import StorageError
from aiops_reports.store import Store
from aiops_toolkit.cli.session import Keeper
from aiops_toolkit.progress import Silent
from support.reports_samples import sample_report

CAPACITY = {"demand": "300/s", "offers": [{"name": "größer", "price": "0.1 USD/h", "capacity": "100/s"}]}


def aiops(folder: Path, *arguments: str, before: str = "pass") -> subprocess.CompletedProcess[bytes]:
    """Run `aiops` in a folder, on a terminal that speaks ASCII only, after a line of Python."""
    code = f"import os, sys; {before}; from aiops_toolkit.cli.main import main; main(sys.argv[1:])"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=environment, capture_output=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    document = {"version": 1, "service": {"name": "tiny"}, "capacity": CAPACITY}
    (tmp_path / "aiops.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return tmp_path


def test_a_terminal_without_some_letters_gets_the_rest(folder: Path) -> None:
    done = aiops(folder, "plan")
    assert done.returncode == 0, done.stderr
    assert b"gr??er" in done.stdout


def test_json_on_standard_output_is_utf_8_whatever_the_terminal_speaks(folder: Path) -> None:
    done = aiops(folder, "plan", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("utf-8"))["fleet"][0]["offer"] == "größer"


def test_a_working_directory_that_is_gone_is_named(folder: Path) -> None:
    lost = folder / "lost"
    lost.mkdir()
    done = aiops(lost, "plan", before="os.rmdir(os.getcwd())")
    assert done.returncode == 2
    assert done.stderr == b"error: the working directory is gone; change into one that exists\n"


def test_without_any_place_to_write_the_store_s_own_failure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aiops").write_text("a file where the folder should be")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageError, match=r"\.aiops.*: a file is where a folder should be"):
        Keeper(Store(tmp_path / ".aiops"), Silent()).save(sample_report())
