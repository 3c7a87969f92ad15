"""Where a report goes in each CI system, and what is said about the places it could not go."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_reports.record import CommitReport
from aiops_reports.store import StoredReport
from aiops_toolkit.ci.context import CiContext
from aiops_toolkit.ci.publish import decide_steps, outputs, publish
from aiops_toolkit.ci.published import Published
from aiops_toolkit.ci.tokens import withdraw_tokens
from support.github_server import WORKFLOW_TOKEN, Account, FakeGitHub, running_github
from support.jenkins_server import TOKEN, USER, running_jenkins
from support.reports_samples import failed_report, infeasible_report, partial_report, sample_report

PULL_REQUEST = CiContext(provider="github", pull_request=42, repository="octo/classifier", run_number=7)
TEXT = "## Passed\n\nS 690/s"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with running_github() as server:
        yield server
        assert server.violations == []


def stored(folder: Path) -> StoredReport:
    return StoredReport(
        folder=folder,
        record=folder / "report.json",
        comment=folder / "comment.md",
        page=folder / "report.html",
        load_points=folder / "load_points.csv",
        charts=(),
    )


def send(
    folder: Path,
    environment: dict[str, str],
    context: CiContext | None = PULL_REQUEST,
    report: CommitReport | None = None,
) -> tuple[dict[str, Published], str]:
    log = io.StringIO()
    published = publish(
        report or sample_report(), stored(folder), TEXT, context=context, environment=environment, log=log
    )
    return {item.place: item for item in published}, log.getvalue()


def runner(folder: Path, github: FakeGitHub) -> dict[str, str]:
    return {
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_API_URL": github.url,
        "AIOPS_GITHUB_TOKEN": WORKFLOW_TOKEN,
    }


def test_a_pull_request_on_github_gets_everything(tmp_path: Path, github: FakeGitHub) -> None:
    published, log = send(tmp_path, runner(tmp_path, github), report=failed_report())
    assert {place: item.status for place, item in published.items()} == dict.fromkeys(
        ("annotations", "summary", "outputs", "comment"), "done"
    )
    assert (tmp_path / "summary.md").read_text() == TEXT + "\n"
    assert "outcome<<" in (tmp_path / "output").read_text()
    assert TEXT in github.comments[0].body
    assert log.splitlines()[0] == f"::add-mask::{WORKFLOW_TOKEN}"
    assert log.count("::error ") == 4


def test_the_token_is_shown_to_nobody_but_the_mask(tmp_path: Path, github: FakeGitHub) -> None:
    published, log = send(tmp_path, runner(tmp_path, github))
    assert log.count(WORKFLOW_TOKEN) == 1
    steps = decide_steps(
        sample_report(), stored(tmp_path), TEXT, context=PULL_REQUEST, environment=runner(tmp_path, github)
    )
    assert WORKFLOW_TOKEN not in repr(steps) + repr(published)


def test_a_fork_is_refused_the_comment_and_still_gets_its_summary(tmp_path: Path, github: FakeGitHub) -> None:
    github.accounts[WORKFLOW_TOKEN] = Account("github-actions[bot]", "Bot", read_only=True)
    published, _ = send(tmp_path, runner(tmp_path, github))
    assert published["comment"].status == "refused"
    assert published["summary"].status == "done"
    assert github.comments == []


def test_one_place_that_fails_does_not_keep_the_report_from_the_others(tmp_path: Path, github: FakeGitHub) -> None:
    environment = {**runner(tmp_path, github), "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "such" / "folder")}
    github.accounts.clear()
    published, _ = send(tmp_path, environment)
    assert published["summary"].status == "failed"
    assert "No such file or directory" in published["summary"].message
    assert published["comment"].status == "failed"
    assert "401" in published["comment"].message
    assert published["outputs"].status == "done"


@pytest.mark.parametrize(
    ("context", "environment", "because"),
    [
        (None, {}, "no build of a CI system"),
        (PULL_REQUEST, {}, "AIOPS_GITHUB_TOKEN is not set"),
        (PULL_REQUEST, {"AIOPS_GITHUB_TOKEN": "t", "AIOPS_COMMENT": "false"}, "AIOPS_COMMENT turns it off"),
        (replace(PULL_REQUEST, pull_request=None), {"AIOPS_GITHUB_TOKEN": "t"}, "this build is of no pull request"),
        (replace(PULL_REQUEST, provider="gitlab"), {"AIOPS_GITHUB_TOKEN": "t"}, "comments go to GitHub"),
        (replace(PULL_REQUEST, repository=None), {"AIOPS_GITHUB_TOKEN": "t"}, "which repository this is"),
    ],
    ids=["on a laptop", "no token", "turned off", "a push", "GitLab", "no repository"],
)
def test_without_a_place_to_comment_the_reason_is_given(
    tmp_path: Path, context: CiContext | None, environment: dict[str, str], because: str
) -> None:
    published, _ = send(tmp_path, environment, context)
    assert published["comment"].status == "skipped"
    assert because in published["comment"].message


def test_another_ci_system_with_a_token_comments_on_github_too(tmp_path: Path, github: FakeGitHub) -> None:
    environment = {"GITHUB_API_URL": github.url, "AIOPS_GITHUB_TOKEN": WORKFLOW_TOKEN}
    published, _ = send(tmp_path, environment, replace(PULL_REQUEST, provider="circleci"))
    assert list(published) == ["comment"]
    assert published["comment"].status == "done"


def test_a_jenkins_build_is_described_in_one_line(tmp_path: Path) -> None:
    with running_jenkins("job/team/job/classifier/job/PR-42/7") as jenkins:
        environment = {
            "JENKINS_URL": jenkins.url,
            "JOB_NAME": "team/classifier/PR-42",
            "BUILD_NUMBER": "7",
            "AIOPS_JENKINS_USER": USER,
            "AIOPS_JENKINS_TOKEN": TOKEN,
        }
        published, log = send(tmp_path, environment, replace(PULL_REQUEST, provider="jenkins"))
        assert published["build description"].status == "done"
        assert jenkins.description is not None
        assert jenkins.description.startswith("Passed · 14 tests passed · S ")
        assert "\n" not in jenkins.description
        assert log == ""


@pytest.mark.parametrize(
    ("environment", "because"),
    [
        (
            {"JENKINS_URL": "http://ci", "JOB_NAME": "j", "BUILD_NUMBER": "7"},
            "AIOPS_JENKINS_USER and AIOPS_JENKINS_TOKEN",
        ),
        (
            {
                "JENKINS_URL": "http://ci",
                "JOB_NAME": "j",
                "BUILD_NUMBER": "seven",
                "AIOPS_JENKINS_USER": "u",
                "AIOPS_JENKINS_TOKEN": "t",
            },
            "BUILD_NUMBER is no number: 'seven'",
        ),
    ],
    ids=["no account", "odd build number"],
)
def test_a_jenkins_build_that_cannot_be_described_says_why(
    tmp_path: Path, environment: dict[str, str], because: str
) -> None:
    published, _ = send(tmp_path, environment, replace(PULL_REQUEST, provider="jenkins"))
    assert published["build description"].status == "skipped"
    assert because in published["build description"].message


def test_the_outputs_are_the_figures_of_the_report(tmp_path: Path) -> None:
    report = sample_report()
    values = outputs(report, stored(tmp_path))
    knee = report.benchmarks[0].knee
    assert knee is not None
    assert float(values["throughput-rps"]) == pytest.approx(knee.throughput_rps, rel=1e-5)
    assert float(values["power"]) == pytest.approx(
        float(values["throughput-rps"]) / float(values["response-seconds"]), rel=1e-4
    )
    assert values["outcome"] == "passed"
    assert values["report-json"] == str(tmp_path / "report.json")


@pytest.mark.parametrize("report", [partial_report(), infeasible_report()], ids=["interrupted", "infeasible"])
def test_what_was_not_found_is_an_empty_output(report: CommitReport, tmp_path: Path) -> None:
    values = outputs(report, stored(tmp_path))
    assert values["usd-per-month"] == ""
    assert values["outcome"] == report.outcome


def test_the_code_under_test_does_not_inherit_the_tokens() -> None:
    inherited = {"AIOPS_GITHUB_TOKEN": "a", "AIOPS_JENKINS_TOKEN": "b", "AIOPS_JENKINS_USER": "ci", "PATH": "/bin"}
    ours = withdraw_tokens(inherited)
    assert inherited == {"AIOPS_JENKINS_USER": "ci", "PATH": "/bin"}
    assert ours["AIOPS_GITHUB_TOKEN"] == "a"
    assert ours["AIOPS_JENKINS_TOKEN"] == "b"
