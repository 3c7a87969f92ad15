"""Comments on GitHub pull requests: the only home of PyGithub, and the one place where its errors are translated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from github import Auth, Github, GithubException
from github.GithubException import BadAttributeException, RateLimitExceededException
from github.Issue import Issue
from github.IssueComment import IssueComment
from urllib3.util import Retry

from aiops_planner.errors import PublishError
from aiops_toolkit import __version__
from aiops_toolkit.ci.published import PermissionRefusedError, first_line
from aiops_toolkit.ci.sticky import Create, Edit, PostedComment, StickyComment, decide, own

Change = Literal["created", "edited", "unchanged", "newer"]

TIMEOUT_S = 15
PAGE = 100
# GitHub's passing troubles are tried again; a rate limit is not, for waiting it out may take an hour.
RETRIES = Retry(
    total=3,
    backoff_factor=0.3,
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
    respect_retry_after_header=False,
)


class PullRequests:
    """The pull requests one token can reach. `api_url` is that of github.com or of a GitHub Enterprise server."""

    def __init__(self, *, token: str, api_url: str) -> None:
        if not api_url.startswith(("https://", "http://")):
            raise PublishError(f"{api_url!r} is no address of a GitHub API; set GITHUB_API_URL to one with https://")
        self._api_url = api_url
        self._client = Github(
            auth=Auth.Token(token),
            base_url=api_url.rstrip("/"),
            timeout=TIMEOUT_S,
            per_page=PAGE,
            retry=RETRIES,
            lazy=True,
            seconds_between_requests=None,  # a handful of them; writes keep the second that GitHub asks for
            user_agent=f"aiops-action/{__version__}",
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, comment: StickyComment) -> Change:
        """Let `comment` stand once on its pull request: create it, edit it, or leave it as it is.

        Raises PermissionRefusedError when the token may not write there, PublishError for anything else.
        """
        with self._translated(comment):
            issue = self._client.get_repo(comment.repository).get_issue(comment.pull_request)
            author = self._login()
            step = decide(comment, map(_posted, issue.get_comments()), author)
            if isinstance(step, Create):
                created = issue.create_comment(step.body)
                return self._without_duplicate(issue, comment, created, author)
            if isinstance(step, Edit):
                issue.get_comment(step.id).edit(step.body)
                return "edited"
            return step.because

    def _without_duplicate(
        self, issue: Issue, comment: StickyComment, created: IssueComment, author: str | None
    ) -> Change:
        """Two runs may both have found no comment and created one: the older stays, and takes the newer run's text."""
        posted = [_posted(other) for other in issue.get_comments()]
        ours = own(comment, posted, author)
        if not ours or ours[0].id >= created.id:
            return "created"
        step = decide(comment, posted, author)
        if isinstance(step, Edit):
            issue.get_comment(step.id).edit(step.body)
        created.delete()
        return "edited" if isinstance(step, Edit) else "unchanged"

    def _login(self) -> str | None:
        """The account behind the token; None for the token of a workflow or an app, which may not ask."""
        try:
            return self._client.get_user().login
        except GithubException as error:
            if error.status == 403 and not isinstance(error, RateLimitExceededException):
                return None
            raise

    @contextmanager
    def _translated(self, comment: StickyComment) -> Iterator[None]:
        where = f"pull request {comment.pull_request} of {comment.repository}"
        try:
            yield
        except RateLimitExceededException as error:
            raise PublishError(
                f"GitHub's rate limit is used up, so {where} got no comment: {_said(error)}; run it again later"
            ) from error
        except GithubException as error:
            raise _refusal(error, where) from error
        except OSError as error:  # what requests raises when no answer comes is one
            raise PublishError(
                f"GitHub cannot be reached at {self._api_url}, so {where} got no comment: {first_line(error)}; "
                "check GITHUB_API_URL and the network"
            ) from error
        except (BadAttributeException, TypeError, AssertionError) as error:
            raise PublishError(
                f"what answers at {self._api_url} is not GitHub's API, so {where} got no comment; check GITHUB_API_URL"
            ) from error


def _posted(comment: IssueComment) -> PostedComment:
    user = comment.user  # None once its account is gone
    return PostedComment(
        id=comment.id,
        author=user.login if user else "",
        by_bot=bool(user) and user.type == "Bot",
        body=comment.body or "",
    )


def _refusal(error: GithubException, where: str) -> PublishError:
    said = f"{error.status} {_said(error)}"
    if error.status == 403:
        return PermissionRefusedError(
            f"the token may not comment on {where} ({said}): builds of forks get a read-only token; "
            "elsewhere give the job the permission `pull-requests: write`"
        )
    causes = {
        401: "the token is wrong or has expired; check github-token",
        404: "there is no such pull request, or the token cannot see the repository; check github-token",
        422: "GitHub did not accept the comment; please report this",
    }
    unknown = "GitHub has troubles of its own; run it again later"
    if error.status < 500:
        unknown = "this is no answer of GitHub's API; check GITHUB_API_URL"
    cause = causes.get(error.status, unknown)
    return PublishError(f"{where} got no comment ({said}): {cause}")


def _said(error: GithubException) -> str:
    message = error.data.get("message") if isinstance(error.data, dict) else None
    return str(message or error.data or "no reason given").splitlines()[0][:200]
