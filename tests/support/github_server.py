"""A loopback GitHub: pull requests with their comments, held in memory and answered as GitHub's API answers.

What is asked and what is answered is held against GitHub's OpenAPI document; `violations` collects what does not fit.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.github_openapi import find_operation, request_problems, response_problems

PREFIX = "/api/v3"
WORKFLOW_TOKEN = "ghs_" + "w" * 36
PERSON_TOKEN = "ghp_" + "p" * 36
TIME = "2025-11-22T11:37:07Z"


@dataclass(frozen=True)
class Account:
    """Who a token belongs to. The token of a workflow belongs to a bot and may not ask who it is."""

    login: str
    kind: str = "User"
    read_only: bool = False


@dataclass
class Comment:
    id: int
    repository: str
    issue: int
    author: Account
    body: str


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class FakeGitHub:
    """The state. Tests set it up and look at it afterwards."""

    def __init__(self) -> None:
        self.accounts = {
            WORKFLOW_TOKEN: Account("github-actions[bot]", "Bot"),
            PERSON_TOKEN: Account("ada"),
        }
        self.pull_requests = {("octo/classifier", 42)}
        self.comments: list[Comment] = []
        self.requests: list[tuple[str, str]] = []
        self.violations: list[str] = []
        self.next_failures: list[Answer] = []
        self.before_create: Callable[[], None] = lambda: None
        self.url = ""
        self._last_id = 1000

    def add_comment(self, author: str, body: str, *, kind: str = "User") -> Comment:
        self._last_id += 1
        comment = Comment(self._last_id, "octo/classifier", 42, Account(author, kind), body)
        self.comments.append(comment)
        return comment

    def writes(self) -> list[str]:
        """The methods of the requests that change something, in order."""
        return [method for method, _ in self.requests if method != "GET"]

    def answer(self, method: str, target: str, token: str, body: Any) -> Answer:
        """One request, checked and answered."""
        address = urlsplit(target)
        path = address.path.removeprefix(PREFIX)
        self.requests.append((method, path))
        if self.next_failures:
            return self.next_failures.pop(0)
        operation = find_operation(method, path)
        if operation is None:
            self.violations.append(f"GitHub has no {method} {path}")
            return _message(404, "Not Found")
        self.violations += [f"{method} {path}: {problem}" for problem in request_problems(operation, body)]
        account = self.accounts.get(token)
        if account is None:
            return _message(401, "Bad credentials")
        answer = self._perform(operation, path.split("/")[1:], account, body, parse_qs(address.query))
        problems = response_problems(operation, answer.status, answer.body)
        self.violations += [f"answer to {method} {path}: {problem}" for problem in problems]
        return answer

    def _perform(
        self, operation: tuple[str, str], parts: list[str], account: Account, body: Any, query: dict[str, list[str]]
    ) -> Answer:
        template, method = operation
        if template == "/user":
            refused = account.kind == "Bot"
            return _message(403, "Resource not accessible by integration") if refused else Answer(200, _user(account))
        if method != "get" and account.read_only:
            return _message(403, "Resource not accessible by integration")
        if template.endswith("/{comment_id}"):
            return self._one_comment(method, int(parts[-1]), account, body)
        repository, number = f"{parts[1]}/{parts[2]}", int(parts[4])
        if (repository, number) not in self.pull_requests:
            return _message(404, "Not Found")
        if template.endswith("/comments"):
            return self._create(account, body) if method == "post" else self._list(repository, number, query)
        return Answer(200, self._issue(repository, number))

    def _one_comment(self, method: str, number: int, account: Account, body: Any) -> Answer:
        found = next((comment for comment in self.comments if comment.id == number), None)
        if found is None:
            return _message(404, "Not Found")
        if method == "delete":
            self.comments.remove(found)
            return Answer(204)
        if method == "patch":
            if found.author.login != account.login:
                return _message(403, "Must have admin rights to Repository.")
            found.body = body["body"]
        return Answer(200, self._comment(found))

    def _create(self, account: Account, body: Any) -> Answer:
        self.before_create()
        if len(body["body"]) > 65_536:
            return _message(422, "Validation Failed")
        return Answer(201, self._comment(self.add_comment(account.login, body["body"], kind=account.kind)))

    def _list(self, repository: str, number: int, query: dict[str, list[str]]) -> Answer:
        size, page = min(100, int(query.get("per_page", ["30"])[0])), int(query.get("page", ["1"])[0])
        found = [comment for comment in self.comments if (comment.repository, comment.issue) == (repository, number)]
        shown = [self._comment(comment) for comment in found[(page - 1) * size : page * size]]
        headers = {}
        if page * size < len(found):
            base = f"{self.url}/repos/{repository}/issues/{number}/comments?per_page={size}"
            last = -(-len(found) // size)
            headers["Link"] = f'<{base}&page={page + 1}>; rel="next", <{base}&page={last}>; rel="last"'
        return Answer(200, shown, headers)

    def _comment(self, comment: Comment) -> dict[str, Any]:
        repository = f"{self.url}/repos/{comment.repository}"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{repository}/issues/comments/{comment.id}",
            "html_url": f"https://github.com/{comment.repository}/pull/{comment.issue}#issuecomment-{comment.id}",
            "issue_url": f"{repository}/issues/{comment.issue}",
            "body": comment.body,
            "user": _user(comment.author),
            "created_at": TIME,
            "updated_at": TIME,
            "author_association": "NONE",
        }

    def _issue(self, repository: str, number: int) -> dict[str, Any]:
        url = f"{self.url}/repos/{repository}"
        links = {name: f"{url}/issues/{number}/{name}" for name in ("comments", "events")}
        return {
            **{f"{name}_url": link for name, link in links.items()},
            "id": number,
            "node_id": f"PR_{number}",
            "number": number,
            "url": f"{url}/issues/{number}",
            "repository_url": url,
            "labels_url": f"{url}/issues/{number}/labels{{/name}}",
            "html_url": f"https://github.com/{repository}/pull/{number}",
            "state": "open",
            "title": "Decode images straight into the input tensor",
            "body": None,
            "user": _user(Account("ada")),
            "labels": [],
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "comments": len(self.comments),
            "pull_request": {"url": None, "html_url": None, "diff_url": None, "patch_url": None},
            "closed_at": None,
            "created_at": TIME,
            "updated_at": TIME,
        }


def _message(status: int, text: str) -> Answer:
    return Answer(status, {"message": text, "documentation_url": "https://docs.github.com/rest", "status": str(status)})


def _user(account: Account) -> dict[str, Any]:
    url = f"https://api.github.com/users/{account.login}"
    names = ("events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred")
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    unknown = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio"))
    return {
        **{f"{name}_url": f"{url}/{name}" for name in (*names, "subscriptions")},
        **counts,
        **unknown,
        "login": account.login,
        "id": 1,
        "node_id": "U_1",
        "avatar_url": "https://avatars.githubusercontent.com/u/1",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.com/{account.login}",
        "type": account.kind,
        "site_admin": False,
        "blog": "",
        "created_at": TIME,
        "updated_at": TIME,
    }


@contextmanager
def running_github() -> Iterator[FakeGitHub]:
    """A loopback GitHub on a port of the system's choice; `url` is what belongs into GITHUB_API_URL."""
    github = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            data = self.rfile.read(length)
            token = self.headers.get("Authorization", "").rpartition(" ")[2]
            answer = github.answer(self.command, self.path, token, json.loads(data) if data else None)
            content = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_port}{PREFIX}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
