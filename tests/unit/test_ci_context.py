"""Which CI system this runs in: one table of what each system sets and what we make of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_toolkit.ci.context import READERS, CiContext, read_context

SHA = "3f9c1d27ab54e08c6f2b7d915a40e3c8d1f6b2a7"
MERGE = "9d5cc7c4b8c2aa20d5a1d0a3a5f0f8f0c2f3e4d5"

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SHA": MERGE,
    "GITHUB_REPOSITORY": "octo/classifier",
    "GITHUB_RUN_ID": "987",
    "GITHUB_RUN_NUMBER": "17",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
}
IN_GITHUB: dict[str, Any] = {
    "provider": "github",
    "repository": "octo/classifier",
    "build_url": "https://github.com/octo/classifier/actions/runs/987",
    "api_url": "https://api.github.com",
    "run_number": 17,
}
GITHUB_PULL = {
    **GITHUB,
    "GITHUB_REF": "refs/pull/42/merge",
    "GITHUB_HEAD_REF": "faster",
    "GITHUB_BASE_REF": "main",
    "GITHUB_EVENT_PATH": "/event.json",
}
IN_GITHUB_PULL = {**IN_GITHUB, "pull_request": 42, "branch": "faster", "base_branch": "main"}
JENKINS = {
    "JENKINS_URL": "https://ci.example.org/jenkins/",
    "BUILD_URL": "https://ci.example.org/jenkins/job/classifier/job/PR-42/3/",
    "BUILD_NUMBER": "3",
    "GIT_COMMIT": SHA,
    "GIT_URL": "git@github.com:octo/classifier.git",
}
IN_JENKINS: dict[str, Any] = {
    "provider": "jenkins",
    "sha": SHA,
    "repository": "octo/classifier",
    "build_url": "https://ci.example.org/jenkins/job/classifier/job/PR-42/3/",
    "api_url": "https://ci.example.org/jenkins/",
    "run_number": 3,
}
CIRCLECI = {
    "CIRCLECI": "true",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_BRANCH": "faster",
    "CIRCLE_PROJECT_USERNAME": "octo",
    "CIRCLE_PROJECT_REPONAME": "classifier",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/octo/classifier/5",
    "CIRCLE_BUILD_NUM": "5",
}
IN_CIRCLECI: dict[str, Any] = {
    "provider": "circleci",
    "sha": SHA,
    "branch": "faster",
    "repository": "octo/classifier",
    "build_url": "https://circleci.com/gh/octo/classifier/5",
    "run_number": 5,
}
TRAVIS = {
    "TRAVIS": "true",
    "TRAVIS_COMMIT": MERGE,
    "TRAVIS_BRANCH": "main",
    "TRAVIS_REPO_SLUG": "octo/classifier",
    "TRAVIS_BUILD_NUMBER": "8",
    "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/octo/classifier/builds/1",
}
IN_TRAVIS: dict[str, Any] = {
    "provider": "travis",
    "repository": "octo/classifier",
    "build_url": "https://app.travis-ci.com/octo/classifier/builds/1",
    "run_number": 8,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_COMMIT_SHA": MERGE,
    "CI_PROJECT_PATH": "octo/group/classifier",
    "CI_JOB_URL": "https://gitlab.com/octo/classifier/-/jobs/1",
    "CI_API_V4_URL": "https://gitlab.com/api/v4",
    "CI_PIPELINE_IID": "21",
}
IN_GITLAB: dict[str, Any] = {
    "provider": "gitlab",
    "sha": MERGE,
    "repository": "octo/group/classifier",
    "build_url": "https://gitlab.com/octo/classifier/-/jobs/1",
    "api_url": "https://gitlab.com/api/v4",
    "run_number": 21,
}
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_COMMIT": SHA,
    "BUILDKITE_BRANCH": "faster",
    "BUILDKITE_REPO": "https://github.com/octo/classifier.git",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/octo/classifier/builds/2",
    "BUILDKITE_BUILD_NUMBER": "2",
}
IN_BUILDKITE: dict[str, Any] = {
    "provider": "buildkite",
    "sha": SHA,
    "branch": "faster",
    "repository": "octo/classifier",
    "build_url": "https://buildkite.com/octo/classifier/builds/2",
    "run_number": 2,
}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_SOURCEVERSION": MERGE,
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_REPOSITORY_NAME": "octo/classifier",
    "BUILD_BUILDID": "77",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/octo/",
    "SYSTEM_TEAMPROJECT": "ai",
}
IN_AZURE: dict[str, Any] = {
    "provider": "azure",
    "sha": MERGE,
    "branch": "main",
    "repository": "octo/classifier",
    "build_url": "https://dev.azure.com/octo/ai/_build/results?buildId=77",
    "run_number": 77,
}


def case(name: str, environment: dict[str, str], expected: dict[str, Any], event: object = None) -> Any:
    return pytest.param(environment, event, CiContext(**expected), id=name)


def pull_request(source: str | None) -> dict[str, object]:
    head = {"sha": SHA, "ref": "faster", "repo": {"full_name": source} if source else None}
    base = {"sha": MERGE, "ref": "main", "repo": {"full_name": "octo/classifier"}}
    return {"pull_request": {"number": 42, "head": head, "base": base}}


CASES = [
    case(
        "GitHub, push",
        {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_HEAD_REF": ""},
        {**IN_GITHUB, "sha": MERGE, "branch": "main"},
    ),
    case("GitHub, tag", {**GITHUB, "GITHUB_REF": "refs/tags/v1"}, {**IN_GITHUB, "sha": MERGE}),
    case(
        "GitHub, pull request: the head's commit, not the merge that was checked out",
        GITHUB_PULL,
        {**IN_GITHUB_PULL, "sha": SHA, "is_fork": False},
        pull_request("octo/classifier"),
    ),
    case(
        "GitHub, pull request of a fork",
        GITHUB_PULL,
        {**IN_GITHUB_PULL, "sha": SHA, "is_fork": True},
        pull_request("ada/classifier"),
    ),
    case(
        "GitHub, pull request of a fork that is gone",
        GITHUB_PULL,
        {**IN_GITHUB_PULL, "sha": SHA, "is_fork": True},
        pull_request(None),
    ),
    case("GitHub, pull request without an event document", GITHUB_PULL, {**IN_GITHUB_PULL, "sha": MERGE}),
    case("GitHub, event that is no object", GITHUB_PULL, {**IN_GITHUB_PULL, "sha": MERGE}, ["?"]),
    case("GitHub, event cut short", GITHUB_PULL, {**IN_GITHUB_PULL, "sha": MERGE}, b'{"pull_request": {'),
    case(
        "GitHub, merge queue",
        {**GITHUB, "GITHUB_REF": f"refs/heads/gh-readonly-queue/release/1/pr-12-{SHA}"},
        {
            **IN_GITHUB,
            "sha": MERGE,
            "pull_request": 12,
            "branch": f"gh-readonly-queue/release/1/pr-12-{SHA}",
            "base_branch": "release/1",
        },
    ),
    case("Jenkins, branch", {**JENKINS, "BRANCH_NAME": "main"}, {**IN_JENKINS, "branch": "main"}),
    case("Jenkins, freestyle job", {**JENKINS, "GIT_BRANCH": "origin/main"}, {**IN_JENKINS, "branch": "main"}),
    case(
        "Jenkins, pull request",
        {**JENKINS, "BRANCH_NAME": "PR-42", "CHANGE_ID": "42", "CHANGE_BRANCH": "faster", "CHANGE_TARGET": "main"},
        {**IN_JENKINS, "pull_request": 42, "branch": "faster", "base_branch": "main", "is_fork": False},
    ),
    case(
        "Jenkins, pull request of a fork",
        {**JENKINS, "CHANGE_ID": "42", "CHANGE_BRANCH": "faster", "CHANGE_TARGET": "main", "CHANGE_FORK": "ada"},
        {**IN_JENKINS, "pull_request": 42, "branch": "faster", "base_branch": "main", "is_fork": True},
    ),
    case("CircleCI, push", CIRCLECI, IN_CIRCLECI),
    case(
        "CircleCI, pull request",
        {**CIRCLECI, "CIRCLE_PULL_REQUEST": "https://github.com/octo/classifier/pull/42"},
        {**IN_CIRCLECI, "pull_request": 42, "is_fork": False},
    ),
    case(
        "CircleCI, pull request of a fork",
        {**CIRCLECI, "CIRCLE_PR_NUMBER": "42", "CIRCLE_PR_USERNAME": "ada"},
        {**IN_CIRCLECI, "pull_request": 42, "is_fork": True},
    ),
    case(
        "Travis, push",
        {**TRAVIS, "TRAVIS_PULL_REQUEST": "false"},
        {**IN_TRAVIS, "sha": MERGE, "branch": "main"},
    ),
    case(
        "Travis, pull request: TRAVIS_BRANCH is the base",
        {
            **TRAVIS,
            "TRAVIS_PULL_REQUEST": "42",
            "TRAVIS_PULL_REQUEST_SHA": SHA,
            "TRAVIS_PULL_REQUEST_BRANCH": "faster",
            "TRAVIS_PULL_REQUEST_SLUG": "ada/classifier",
        },
        {**IN_TRAVIS, "sha": SHA, "pull_request": 42, "branch": "faster", "base_branch": "main", "is_fork": True},
    ),
    case("GitLab, branch", {**GITLAB, "CI_COMMIT_BRANCH": "main"}, {**IN_GITLAB, "branch": "main"}),
    case(
        "GitLab, merge request",
        {
            **GITLAB,
            "CI_MERGE_REQUEST_IID": "42",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "faster",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": SHA,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "ada/classifier",
            "CI_MERGE_REQUEST_PROJECT_PATH": "octo/group/classifier",
        },
        {**IN_GITLAB, "sha": SHA, "pull_request": 42, "branch": "faster", "base_branch": "main", "is_fork": True},
    ),
    case("Buildkite, push", BUILDKITE, IN_BUILDKITE),
    case("Buildkite, commit not known yet", {**BUILDKITE, "BUILDKITE_COMMIT": "HEAD"}, {**IN_BUILDKITE, "sha": None}),
    case(
        "Buildkite, pull request",
        {
            **BUILDKITE,
            "BUILDKITE_PULL_REQUEST": "42",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
            "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/octo/classifier.git",
        },
        {**IN_BUILDKITE, "pull_request": 42, "base_branch": "main", "is_fork": False},
    ),
    case("Azure, push", AZURE, IN_AZURE),
    case(
        "Azure, pull request",
        {
            **AZURE,
            "BUILD_SOURCEBRANCH": "refs/pull/42/merge",
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "42",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "1234567",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": SHA,
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/faster",
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
            "SYSTEM_PULLREQUEST_ISFORK": "False",
        },
        {**IN_AZURE, "sha": SHA, "pull_request": 42, "branch": "faster", "base_branch": "main", "is_fork": False},
    ),
]


def reader(event: object) -> Any:
    def read_file(path: Path) -> str:
        if event is None:
            raise FileNotFoundError(path)
        return event.decode() if isinstance(event, bytes) else json.dumps(event)

    return read_file


@pytest.mark.parametrize(("environment", "event", "expected"), CASES)
def test_each_system_is_read_as_it_describes_itself(
    environment: dict[str, str], event: object, expected: CiContext
) -> None:
    assert read_context(environment, reader(event)) == expected


def test_outside_ci_there_is_no_context() -> None:
    assert read_context({"PATH": "/usr/bin", "GITHUB_ACTIONS": ""}) is None


def test_the_event_document_is_read_from_its_file(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(pull_request("octo/classifier")))
    context = read_context({**GITHUB_PULL, "GITHUB_EVENT_PATH": str(event)})
    assert context is not None
    assert context.sha == SHA


@given(
    marker=st.sampled_from(sorted(READERS)),
    values=st.dictionaries(
        st.sampled_from(sorted({name for row in CASES for name in row.values[0]})), st.text(max_size=30)
    ),
)
def test_no_text_in_the_environment_is_too_odd_to_be_read(marker: str, values: dict[str, str]) -> None:
    assert read_context({**values, marker: "true"}, reader(None)) is not None
