"""The sticky comment against a loopback GitHub that checks every request against GitHub's own API description."""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from aiops_planner.errors import PublishError
from aiops_toolkit.ci.github import PullRequests
from aiops_toolkit.ci.published import PermissionRefusedError
from aiops_toolkit.ci.sticky import StickyComment
from support.github_server import (
    PERSON_TOKEN,
    WORKFLOW_TOKEN,
    Account,
    Answer,
    FakeGitHub,
    running_github,
)

COMMENT = StickyComment(
    repository="octo/classifier", pull_request=42, key="classifier", run_number=7, text="S 690/s, T 2.9 ms"
)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with running_github() as server:
        yield server
        assert server.violations == []


def post(github: FakeGitHub, comment: StickyComment, token: str = WORKFLOW_TOKEN) -> str:
    with closing(PullRequests(token=token, api_url=github.url)) as pull_requests:
        return pull_requests.post(comment)


@pytest.mark.parametrize("token", [WORKFLOW_TOKEN, PERSON_TOKEN], ids=["workflow", "person"])
def test_two_runs_leave_one_comment_with_the_figures_of_the_second(github: FakeGitHub, token: str) -> None:
    assert post(github, COMMENT, token) == "created"
    assert post(github, replace(COMMENT, run_number=8, text="S 705/s"), token) == "edited"
    assert [comment.body.splitlines()[-1] for comment in github.comments] == ["S 705/s"]


def test_the_same_report_again_writes_nothing(github: FakeGitHub) -> None:
    post(github, COMMENT)
    assert post(github, COMMENT) == "unchanged"
    assert github.writes() == ["POST"]


def test_our_comment_is_found_beyond_the_first_page(github: FakeGitHub) -> None:
    for number in range(150):
        github.add_comment("ada", f"remark {number}")
    ours = github.add_comment("github-actions[bot]", replace(COMMENT, run_number=1).body, kind="Bot")
    for number in range(70):
        github.add_comment("ada", f"later remark {number}")
    assert post(github, COMMENT) == "edited"
    assert ours.body == COMMENT.body
    assert len(github.comments) == 221


def test_a_person_who_quotes_the_report_keeps_their_words(github: FakeGitHub) -> None:
    quote = github.add_comment("ada", COMMENT.body + "\nIs that good?")
    assert post(github, COMMENT) == "created"
    assert quote.body.endswith("Is that good?")
    assert len(github.comments) == 2


def test_a_person_s_token_does_not_touch_the_comment_of_a_bot(github: FakeGitHub) -> None:
    github.add_comment("github-actions[bot]", "of a bot: " + COMMENT.body, kind="Bot")
    github.add_comment("github-actions[bot]", COMMENT.body, kind="Bot")
    assert post(github, COMMENT, PERSON_TOKEN) == "created"


def test_an_older_run_that_ends_late_does_not_overwrite_a_newer_one(github: FakeGitHub) -> None:
    post(github, replace(COMMENT, run_number=9, text="newest"))
    assert post(github, COMMENT) == "newer"
    assert github.comments[0].body.endswith("newest\n")


def test_two_services_of_one_repository_have_a_comment_each(github: FakeGitHub) -> None:
    assert post(github, COMMENT) == "created"
    assert post(github, replace(COMMENT, key="embedder")) == "created"
    assert len(github.comments) == 2


@pytest.mark.parametrize(
    ("rival_run", "text", "outcome"),
    [(5, COMMENT.text, "edited"), (9, "the newer text", "unchanged")],
    ids=["an older rival takes our text", "a newer rival keeps its own"],
)
def test_of_two_runs_that_create_at_once_one_comment_stays(
    github: FakeGitHub, rival_run: int, text: str, outcome: str
) -> None:
    rival = replace(COMMENT, run_number=rival_run, text="the newer text" if rival_run > 7 else "the older text")

    def create_first() -> None:
        github.add_comment("github-actions[bot]", rival.body, kind="Bot")

    github.before_create = create_first
    assert post(github, COMMENT) == outcome
    assert [comment.body.splitlines()[-1] for comment in github.comments] == [text]


def test_the_read_only_token_of_a_fork_is_refused_and_says_what_to_do(github: FakeGitHub) -> None:
    github.accounts[WORKFLOW_TOKEN] = Account("github-actions[bot]", "Bot", read_only=True)
    with pytest.raises(PermissionRefusedError, match=r"may not comment on pull request 42 .*forks.*pull-requests"):
        post(github, COMMENT)


def test_a_passing_trouble_of_github_is_tried_again(github: FakeGitHub) -> None:
    github.next_failures = [Answer(502, {"message": "Bad Gateway"}), Answer(503, {"message": "Unavailable"})]
    assert post(github, COMMENT) == "created"


LIMITED = Answer(403, {"message": "API rate limit exceeded for installation"}, {"Retry-After": "3600"})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([Answer(401, {"message": "Bad credentials"})], "401 Bad credentials.*token is wrong or has expired"),
        ([Answer(404, {"message": "Not Found"})], "404 Not Found.*no such pull request"),
        ([LIMITED], "rate limit is used up.*later"),
        ([Answer(500, {"message": "Oops"})] * 9, "500 Oops.*troubles of its own"),
        ([Answer(200, "<html>a portal</html>")] * 9, "no answer of GitHub's API.*GITHUB_API_URL"),
        ([Answer(200, {"login": 5})] * 9, "is not GitHub's API.*GITHUB_API_URL"),
    ],
    ids=["wrong token", "unknown pull request", "rate limit", "GitHub down", "a portal", "another API"],
)
def test_what_github_answers_becomes_one_clear_line(github: FakeGitHub, answers: list[Answer], expected: str) -> None:
    github.next_failures = list(answers)
    with pytest.raises(PublishError, match=expected) as caught:
        post(github, COMMENT)
    assert "\n" not in caught.value.message
    assert WORKFLOW_TOKEN not in caught.value.message
    assert not isinstance(caught.value, PermissionRefusedError)


def test_a_github_that_cannot_be_reached_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            closing(PullRequests(token=WORKFLOW_TOKEN, api_url=url)) as pull_requests,
            pytest.raises(PublishError, match=f"cannot be reached at {url}"),
        ):
            pull_requests.post(COMMENT)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(PublishError, match=r"'api.github.com' is no address"):
        PullRequests(token=WORKFLOW_TOKEN, api_url="api.github.com")
