"""The description of a build against a loopback Jenkins with accounts, crumbs and a path prefix."""

import socket
from dataclasses import replace

import pytest

from aiops_planner.errors import PublishError
from aiops_toolkit.ci.jenkins import JenkinsBuild, describe
from support.jenkins_server import TOKEN, USER, FakeJenkins, running_jenkins

TEXT = "Passed · 14 tests passed · S 690/s, T 2.90 ms · $197/month"


def build_of(jenkins: FakeJenkins, job: str = "classifier") -> JenkinsBuild:
    return JenkinsBuild(server=jenkins.url, job=job, number=7, user=USER, token=TOKEN)


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ("classifier", "job/classifier/7"),
        ("team/ml/classifier", "job/team/job/ml/job/classifier/7"),
        ("classifier/feature%2Ffaster", "job/classifier/job/feature%252Ffaster/7"),
        ("image classifier", "job/image%20classifier/7"),
    ],
    ids=["plain", "in folders", "branch of a multibranch job", "with a blank"],
)
def test_the_build_takes_the_description(job: str, path: str) -> None:
    with running_jenkins(path) as jenkins:
        describe(build_of(jenkins, job), TEXT)
        assert jenkins.description == TEXT


def test_a_jenkins_without_crumbs_is_served_too() -> None:
    with running_jenkins("job/classifier/7") as jenkins:
        jenkins.crumbs = None
        describe(build_of(jenkins), TEXT)
        assert jenkins.description == TEXT


def test_a_wrong_token_is_explained_and_not_shown() -> None:
    with (
        running_jenkins("job/classifier/7") as jenkins,
        pytest.raises(PublishError, match=r"401.*AIOPS_JENKINS_TOKEN and the permission Run/Update") as caught,
    ):
        describe(replace(build_of(jenkins), token="wrong-token"), TEXT)
    assert "wrong-token" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_permission_is_explained() -> None:
    with running_jenkins("job/classifier/7") as jenkins:
        jenkins.may_update = False
        with pytest.raises(PublishError, match=r"403.*permission Run/Update"):
            describe(build_of(jenkins), TEXT)


def test_an_unknown_job_is_explained() -> None:
    with (
        running_jenkins("job/classifier/7") as jenkins,
        pytest.raises(PublishError, match=r"no build at http.*/job/elsewhere/7/, or ci-bot may not see it"),
    ):
        describe(build_of(jenkins, "elsewhere"), TEXT)


@pytest.mark.parametrize("crumbs", ["<html>", {"crumb": "without a field"}])
def test_a_crumb_that_is_none_is_explained(crumbs: object) -> None:
    with running_jenkins("job/classifier/7") as jenkins:
        jenkins.crumbs = crumbs
        with pytest.raises(PublishError, match=r"is not Jenkins; check JENKINS_URL"):
            describe(build_of(jenkins), TEXT)


def test_a_jenkins_that_cannot_be_reached_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/jenkins"
        build = JenkinsBuild(server=url, job="classifier", number=7, user=USER, token=TOKEN)
        with pytest.raises(PublishError, match=f"cannot be reached at {url}: .*JENKINS_URL"):
            describe(build, TEXT)
    assert TOKEN not in repr(build)
