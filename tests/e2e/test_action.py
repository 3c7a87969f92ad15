"""The action as a pull request's workflow runs it: under act, on a small service, against a loopback GitHub."""

import json
import re
import shutil
import site
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.act_runner import PROGRAMS, Actions, Ended
from support.github_server import WORKFLOW_TOKEN, Account, FakeGitHub, running_github
from support.project import Project

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (PROGRAMS / "act").exists(), reason="act is not installed; make test installs it"),
    pytest.mark.skipif(sys.platform != "linux", reason="the action runs on Linux"),
]

READ_ONLY_TOKEN = "ghs_" + "r" * 36
# A test of the service that also tells whether the token reached it.
TEST = """
import json, os, pathlib

def test_accuracy():
    pathlib.Path(os.environ["AIOPS_METRICS"]).write_text(json.dumps({"accuracy": 0.98}))
    pathlib.Path(os.environ["DUMP"], "names").write_text("\\n".join(os.environ))
    assert %s
"""
WORKFLOW = """
name: aiops
on: pull_request
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - id: report
        uses: octo/aiops-action@v1
        with:
          %s
      - if: always()
        shell: bash
        env:
          OUTPUTS: ${{ toJSON(steps.report.outputs) }}
          FILES: >-
            ${{ steps.report.outputs.report-json }} ${{ steps.report.outputs.report-html }}
            ${{ steps.report.outputs.comment-file }}
        run: |
          printf '%%s' "$OUTPUTS" >"$DUMP/outputs.json"
          for file in $FILES; do cp "$file" "$DUMP"; done
"""
MEASURING = (
    WORKFLOW
    % f"""
          quick: true
          args: --budget 5s
          aiops-command: {PROGRAMS / "aiops"}
"""
)
# A later job of the same pull request may only read, as all jobs of a fork.
AND_A_FORK = f"""
      - if: always()
        shell: bash
        env:
          AIOPS_GITHUB_TOKEN: {READ_ONLY_TOKEN}
          GITHUB_RUN_NUMBER: 9
        run: |
          {PROGRAMS / "aiops"} publish
          echo "publish ended with $?"
"""


@dataclass(frozen=True)
class TwoRuns:
    github: FakeGitHub
    first: Ended
    second: Ended
    body_after_first: str


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Actions:
    return Actions(tmp_path_factory.mktemp("actions"))


@pytest.fixture(scope="module")
def runs(actions: Actions) -> Iterator[TwoRuns]:
    """One pull request, two commits: the first passes, the second fails its test."""
    project = Project(actions.folder / "project")
    project.git("remote", "add", "origin", "https://github.com/octo/classifier.git")
    with running_github() as github:
        github.accounts[READ_ONLY_TOKEN] = Account("github-actions[bot]", "Bot", read_only=True)
        found = []
        for number, (passes, workflow) in enumerate([("True", MEASURING), ("False", MEASURING + AND_A_FORK)], 7):
            (project.root / "test_tiny.py").write_text(TEST % passes)
            project.git("commit", "-q", "-a", "-m", f"Change {number}")
            ended = actions.run(
                project, workflow, token=WORKFLOW_TOKEN, api_url=github.url, GITHUB_RUN_NUMBER=str(number)
            )
            found.append((ended, github.comments[0].body if github.comments else ""))
        yield TwoRuns(github, found[0][0], found[1][0], found[0][1])


def test_a_commit_that_passes_is_green_with_figures_as_outputs(runs: TwoRuns) -> None:
    assert runs.first.exit_code == 0, runs.first.log
    outputs = runs.first.outputs
    assert outputs["outcome"] == "passed"
    assert outputs["exit-code"] == "0"
    assert float(outputs["power"]) == pytest.approx(
        float(outputs["throughput-rps"]) / float(outputs["response-seconds"]), rel=1e-4
    )
    assert float(outputs["usd-per-month"]) == pytest.approx(0.3 * 730)


def test_the_outputs_name_the_files_of_the_report(runs: TwoRuns) -> None:
    assert json.loads(runs.first.files["report.json"])["commit"]["pull_request"] == 42
    assert "</html>" in runs.first.files["report.html"]
    assert runs.first.files["comment.md"].strip() in runs.body_after_first


def test_the_report_is_the_job_summary(runs: TwoRuns) -> None:
    assert f"Summary - {runs.first.files['comment.md'].rstrip()}\n" in runs.first.log


def test_a_commit_that_fails_its_test_is_red_with_exit_code_3_and_an_annotation(runs: TwoRuns) -> None:
    assert runs.second.exit_code != 0
    assert runs.second.outputs["exit-code"] == "3"
    assert runs.second.outputs["outcome"] == "failed"
    assert float(runs.second.outputs["power"]) > 0
    assert re.search(r"::error title=\S*test_accuracy failed::.*assert False", runs.second.log)


def test_the_second_run_edits_the_comment_of_the_first(runs: TwoRuns) -> None:
    (comment,) = runs.github.comments
    assert comment.body != runs.body_after_first
    assert comment.body.startswith("<!-- aiops-action report tiny -->\n<!-- aiops-action run 8 -->\n")
    assert runs.github.writes()[:2] == ["POST", "PATCH"]


def test_a_token_that_may_only_read_is_a_warning(runs: TwoRuns) -> None:
    assert "publish: comment: refused" in runs.second.log
    assert "publish ended with 0" in runs.second.log


def test_every_request_was_one_that_github_describes(runs: TwoRuns) -> None:
    assert runs.github.violations == []


def test_no_token_is_in_the_log_or_in_the_reach_of_the_code_under_test(runs: TwoRuns) -> None:
    names = runs.second.files["names"].splitlines()
    assert WORKFLOW_TOKEN not in runs.first.log + runs.second.log
    assert "AIOPS_JUNIT" in names
    assert "AIOPS_GITHUB_TOKEN" not in names


def test_the_action_installs_itself(actions: Actions, tmp_path: Path) -> None:
    """Needs the package registry for the build backend; the dependencies are those of this environment."""
    project = Project(tmp_path / "project")
    installing = WORKFLOW % "args: --help"
    with running_github() as github:
        ended = actions.run(
            project, installing, token=WORKFLOW_TOKEN, api_url=github.url, PYTHONPATH=site.getsitepackages()[0]
        )
    assert ended.exit_code == 0, ended.log
    assert "Installing into" in ended.log
    assert "Usage: aiops run [OPTIONS]" in ended.log
    assert ended.outputs["exit-code"] == "0"
    shutil.rmtree(actions.folder / "home")
