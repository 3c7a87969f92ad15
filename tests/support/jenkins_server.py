"""A loopback Jenkins with one build: a path prefix, accounts, crumbs, and the redirect after a description is set."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

USER, TOKEN = "ci-bot", "11" + "a" * 32
CRUMB = "c0ffee"


class FakeJenkins:
    """The state. `build_path` is the encoded path of the only build, as Jenkins itself writes it."""

    def __init__(self, build_path: str) -> None:
        self.build_path = build_path
        self.description: str | None = None
        self.may_update = True
        self.crumbs: Any = {"crumbRequestField": "Jenkins-Crumb", "crumb": CRUMB}
        self.url = ""

    def answer(self, method: str, path: str, headers: Any, body: str) -> tuple[int, str, dict[str, str]]:
        """Status, content and headers of one answer."""
        expected = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if headers.get("Authorization") != expected:
            return 401, "Invalid password/token", {}
        if path == "/jenkins/crumbIssuer/api/json":
            return (200, json.dumps(self.crumbs), {}) if self.crumbs else (404, "no crumbs here", {})
        if not path.startswith(f"/jenkins/{self.build_path}/"):
            return 404, "Not Found", {}
        return (200, "<html>build page</html>", {}) if method == "GET" else self._post(path, headers, body)

    def _post(self, path: str, headers: Any, body: str) -> tuple[int, str, dict[str, str]]:
        if self.crumbs and headers.get("Jenkins-Crumb") != CRUMB:
            return 403, "No valid crumb was included in the request", {}
        if not self.may_update:
            return 403, f"{USER} is missing the Run/Update permission", {}
        if not path.endswith("/submitDescription"):
            return 404, "Not Found", {}
        self.description = parse_qs(body)["description"][0]
        return 302, "", {"Location": f"{self.url}{self.build_path}/"}


@contextmanager
def running_jenkins(build_path: str) -> Iterator[FakeJenkins]:
    """A loopback Jenkins under /jenkins/ on a port of the system's choice."""
    jenkins = FakeJenkins(build_path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, content, headers = jenkins.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        do_GET = do_POST = _handle  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    jenkins.url = f"http://127.0.0.1:{server.server_port}/jenkins/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield jenkins
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
