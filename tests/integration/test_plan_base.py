"""`aiops plan --base`: an earlier report is found by path, by its commit or by a revision, and the bill is compared."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_reports.record import CommitReport
from aiops_reports.store import Store
from aiops_toolkit.cli.main import run
from support.commit_reports import BASE_SHA, HEAD_SHA, report_at

CONFIG = """\
version: 1
service: {name: image-classifier, command: serve $PORT}
benchmarks:
  classify: {http: {url: "http://127.0.0.1:$PORT/"}, slo: {p99: 50ms, errors: 0.1%}}
capacity:
  demand: 4000/s
  catalog: {clouds: {aws: [us-east-1]}, families: [c7a], max_vcpus: 8}
  simulation: {requests: 20000}
"""
BASE, HEAD = report_at(BASE_SHA, 520), report_at(HEAD_SHA, 380)


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    done = subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the reports of two commits, the later one on the branch."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aiops.yml").write_text(CONFIG)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    shas = []
    for subject in ("first", "second"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", subject)
        shas.append(git(tmp_path, "rev-parse", "HEAD"))
    for report, sha in ((BASE, shas[0]), (HEAD, shas[1])):
        Store(tmp_path / ".aiops").write_record(at(report, sha))
    (tmp_path / "first.sha").write_text(shas[0])
    return tmp_path


def at(report: CommitReport, sha: str, *, dirty: bool = False) -> CommitReport:
    return replace(report, commit=replace(report.commit, sha=sha, dirty=dirty))


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["plan", "--json", "-", *arguments]) == 0
    return json.loads(capsys.readouterr().out)["commit_cost"]


@pytest.mark.parametrize("name", ["{sha:.7}", "{sha}", "HEAD~1", ".aiops/{sha:.12}/report.json", ".aiops/{sha:.12}"])
def test_a_base_is_named_by_path_commit_or_revision(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = (project / "first.sha").read_text()
    cost = compared(capsys, "--base", name.format(sha=sha))
    assert cost["before"]["name"] == sha[:12]
    assert cost["verdict"] == "dearer"


def test_the_terminal_says_what_the_commit_costs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--base", "HEAD~1"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "this commit costs $" in shown
    assert "What the commit costs, from" in shown


def test_a_report_of_changed_files_stands_back_behind_that_of_the_commit(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = (project / "first.sha").read_text()
    Store(project / ".aiops").write_record(at(report_at(BASE_SHA, 450), sha, dirty=True))
    Store(project / ".aiops").write_record(at(HEAD, git(project, "rev-parse", "HEAD")))
    assert compared(capsys, "--base", sha[:8])["before"]["name"] == sha[:12]
    assert compared(capsys, "--base", f"{sha[:12]}-dirty")["before"]["name"] == f"{sha[:12]}-dirty"


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("nothing", "nothing: neither a file nor a commit with a report in .aiops, which has"),
        ("-x", "-x: neither a file nor a commit"),
        ("HEAD", "the base is the report itself"),
        ("aiops.yml", "aiops.yml: is not JSON"),
        ("newer.json", "newer.json: was written by a newer aiops-action"),
    ],
)
def test_a_base_that_is_none_is_refused_in_one_line(
    base: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "newer.json").write_text('{"schema": "aiops/report/9"}')
    assert run(["plan", f"--base={base}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {said}")


def test_digits_that_several_commits_share_are_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in ("1", "2"):
        Store(project / ".aiops").write_record(at(BASE, f"abcd{ending}" + "0" * 35))
    assert run(["plan", "--base", "abcd"]) == 2
    assert "several reports in .aiops begin so; choose from" in capsys.readouterr().err
