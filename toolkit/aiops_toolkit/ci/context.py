"""Which CI system this runs in, and what it says about the commit: one value, read by a table of pure readers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

Provider = Literal["github", "gitlab", "circleci", "travis", "buildkite", "azure", "jenkins"]

MERGE_QUEUE = re.compile(r"^(?:refs/heads/)?gh-readonly-queue/(?P<base>.+)/pr-(?P<number>\d+)-[0-9a-f]+$")
REPOSITORY_URL = re.compile(r"^(?:[a-z+]+://(?:[^/@]+@)?[^/]+/|[^/@]+@[^:/]+:)(?P<name>.+?)(?:\.git)?/?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CiContext:
    """What a CI system says about the build; None where it does not say.

    `sha` is the head of the pull request where the system tells it, not the merge commit it may have checked out.
    `branch` and `base_branch` are plain names; `repository` is written owner/name. `is_fork` is True when the pull
    request comes from another repository, whose builds get no secrets. `run_number` grows with every build.
    """

    provider: Provider
    sha: str | None = None
    pull_request: int | None = None
    branch: str | None = None
    base_branch: str | None = None
    repository: str | None = None
    build_url: str | None = None
    is_fork: bool | None = None
    api_url: str | None = None
    run_number: int | None = None


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def read_context(environment: Mapping[str, str], read_file: Callable[[Path], str] = _read_text) -> CiContext | None:
    """The context of the CI system that set `environment`, or None outside CI.

    `read_file` reads the event document of GitHub Actions; one that cannot be read leaves what the environment says.
    """
    said = {name: value for name, value in environment.items() if value}
    for variable, read in READERS.items():
        if variable in said:
            return read(said, read_file)
    return None


def _github(said: Mapping[str, str], read_file: Callable[[Path], str]) -> CiContext:
    reference = said.get("GITHUB_REF", "")
    numbered = re.match(r"refs/pull/(\d+)/", reference)
    repository = said.get("GITHUB_REPOSITORY")
    run = said.get("GITHUB_RUN_ID")
    server = said.get("GITHUB_SERVER_URL", "https://github.com")
    context = CiContext(
        provider="github",
        sha=said.get("GITHUB_SHA"),
        pull_request=int(numbered[1]) if numbered else None,
        branch=said.get("GITHUB_HEAD_REF") or _branch(reference),
        base_branch=said.get("GITHUB_BASE_REF"),
        repository=repository,
        build_url=f"{server}/{repository}/actions/runs/{run}" if repository and run else None,
        api_url=said.get("GITHUB_API_URL", "https://api.github.com"),
        run_number=_number(said.get("GITHUB_RUN_NUMBER")),
    )
    queued = MERGE_QUEUE.match(reference)
    if queued:
        return replace(context, pull_request=int(queued["number"]), base_branch=queued["base"])
    return _with_event(context, _event(said.get("GITHUB_EVENT_PATH"), read_file))


def _event(path: str | None, read_file: Callable[[Path], str]) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        document = json.loads(read_file(Path(path)))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _with_event(context: CiContext, event: Mapping[str, Any]) -> CiContext:
    head, base = _at(event, "pull_request", "head"), _at(event, "pull_request", "base")
    if head is None or base is None:
        return context
    source, target = _at(head, "repo", "full_name"), _at(base, "repo", "full_name")
    return replace(
        context,
        sha=_at(head, "sha") or context.sha,
        pull_request=_at(event, "pull_request", "number") or context.pull_request,
        branch=_at(head, "ref") or context.branch,
        base_branch=_at(base, "ref") or context.base_branch,
        is_fork=source != target,  # a fork that was deleted since has no repository any more
    )


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def _gitlab(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    source, target = said.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"), said.get("CI_MERGE_REQUEST_PROJECT_PATH")
    return CiContext(
        provider="gitlab",
        # A merged-results pipeline checks out a merge commit and names the head apart.
        sha=said.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or said.get("CI_COMMIT_SHA"),
        pull_request=_number(said.get("CI_MERGE_REQUEST_IID")),
        branch=said.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or said.get("CI_COMMIT_BRANCH"),
        base_branch=said.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        repository=said.get("CI_PROJECT_PATH"),
        build_url=said.get("CI_JOB_URL") or said.get("CI_PIPELINE_URL"),
        is_fork=source != target if source and target else None,
        api_url=said.get("CI_API_V4_URL"),
        run_number=_number(said.get("CI_PIPELINE_IID")),
    )


def _circleci(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    owner, author = said.get("CIRCLE_PROJECT_USERNAME"), said.get("CIRCLE_PR_USERNAME")
    request = said.get("CIRCLE_PULL_REQUEST", "").rstrip("/").rpartition("/")[2]
    name = said.get("CIRCLE_PROJECT_REPONAME")
    number = _number(request) or _number(said.get("CIRCLE_PR_NUMBER"))
    return CiContext(
        provider="circleci",
        sha=said.get("CIRCLE_SHA1"),
        pull_request=number,
        branch=said.get("CIRCLE_BRANCH"),
        repository=f"{owner}/{name}" if owner and name else None,
        build_url=said.get("CIRCLE_BUILD_URL"),
        is_fork=author is not None and author != owner if number else None,
        run_number=_number(said.get("CIRCLE_BUILD_NUM")),
    )


def _travis(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    number = _number(said.get("TRAVIS_PULL_REQUEST"))  # "false" on other builds
    target = said.get("TRAVIS_BRANCH")  # the base on pull requests, the branch itself otherwise
    repository, source = said.get("TRAVIS_REPO_SLUG"), said.get("TRAVIS_PULL_REQUEST_SLUG")
    return CiContext(
        provider="travis",
        sha=said.get("TRAVIS_PULL_REQUEST_SHA") or said.get("TRAVIS_COMMIT"),
        pull_request=number,
        branch=said.get("TRAVIS_PULL_REQUEST_BRANCH") if number else target,
        base_branch=target if number else None,
        repository=repository,
        build_url=said.get("TRAVIS_BUILD_WEB_URL"),
        is_fork=source != repository if number and source else None,
        run_number=_number(said.get("TRAVIS_BUILD_NUMBER")),
    )


def _buildkite(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    number = _number(said.get("BUILDKITE_PULL_REQUEST"))  # "false" on other builds
    repository = _repository(said.get("BUILDKITE_REPO"))
    source = _repository(said.get("BUILDKITE_PULL_REQUEST_REPO"))
    sha = said.get("BUILDKITE_COMMIT")
    return CiContext(
        provider="buildkite",
        sha=None if sha == "HEAD" else sha,
        pull_request=number,
        branch=said.get("BUILDKITE_BRANCH"),
        base_branch=said.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
        repository=repository,
        build_url=said.get("BUILDKITE_BUILD_URL"),
        is_fork=source != repository if number and source else None,
        run_number=_number(said.get("BUILDKITE_BUILD_NUMBER")),
    )


def _azure(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    number = said.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER") or said.get("SYSTEM_PULLREQUEST_PULLREQUESTID")
    base = said.get("SYSTEM_PULLREQUEST_TARGETBRANCH")
    fork = said.get("SYSTEM_PULLREQUEST_ISFORK")
    project = said.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "").rstrip("/") + "/" + said.get("SYSTEM_TEAMPROJECT", "")
    build = said.get("BUILD_BUILDID")
    return CiContext(
        provider="azure",
        sha=said.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or said.get("BUILD_SOURCEVERSION"),
        pull_request=_number(number),
        branch=_branch(said.get("SYSTEM_PULLREQUEST_SOURCEBRANCH") or said.get("BUILD_SOURCEBRANCH", "")),
        base_branch=base.removeprefix("refs/heads/") if base else None,
        repository=said.get("BUILD_REPOSITORY_NAME"),
        build_url=f"{project}/_build/results?buildId={build}" if project.startswith("http") and build else None,
        is_fork=fork.lower() == "true" if fork and number else None,
        run_number=_number(build),
    )


def _jenkins(said: Mapping[str, str], _: Callable[[Path], str]) -> CiContext:
    number = _number(said.get("CHANGE_ID"))
    local = said.get("GIT_BRANCH", "").removeprefix("origin/")
    return CiContext(
        provider="jenkins",
        sha=said.get("GIT_COMMIT"),
        pull_request=number,
        branch=said.get("CHANGE_BRANCH") or said.get("BRANCH_NAME") or local or None,
        base_branch=said.get("CHANGE_TARGET"),
        repository=_repository(said.get("GIT_URL")),
        build_url=said.get("BUILD_URL"),
        is_fork="CHANGE_FORK" in said if number else None,
        api_url=said.get("JENKINS_URL"),
        run_number=_number(said.get("BUILD_NUMBER")),
    )


# The variable each system always sets. Jenkins comes last: its agents may run inside another system's jobs.
READERS: Mapping[str, Callable[[Mapping[str, str], Callable[[Path], str]], CiContext]] = {
    "GITHUB_ACTIONS": _github,
    "GITLAB_CI": _gitlab,
    "CIRCLECI": _circleci,
    "TRAVIS": _travis,
    "BUILDKITE": _buildkite,
    "TF_BUILD": _azure,
    "JENKINS_URL": _jenkins,
}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def _branch(reference: str) -> str | None:
    """The branch a full reference names; None for tags and pull requests."""
    name = reference.removeprefix("refs/heads/")
    return None if not name or name.startswith("refs/") else name


def _repository(url: str | None) -> str | None:
    """owner/name from any of git's ways to write a remote."""
    found = REPOSITORY_URL.match(url or "")
    return found["name"] if found else None
