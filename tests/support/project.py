"""A small but real project to point `aiops` at: a git repository with a service, a test and an aiops.yml."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

SERVICE = '''
"""Answers every request with its count; MODE decides how it misbehaves."""
import os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

mode, port = os.environ.get("MODE", "good"), int(sys.argv[1])
if mode == "child":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
if mode == "never-ready":
    time.sleep(600)
if mode == "crash":
    sys.exit("no model file at weights.bin")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet: two would wait for the client's delayed acknowledgement
    served = 0

    def do_GET(self):
        if self.path != "/healthz":
            Handler.served += 1
            if mode == "dies" and Handler.served > 60:
                os._exit(9)
        body = b'{"ok": true}'
        status = 404 if mode == "not-found" and self.path != "/healthz" else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
'''

ASKS_FOR_QUIET = "measure again with a larger --budget on a quieter machine"

PASSING_TEST = """
import json, os

def test_passes():
    with open(os.environ["AIOPS_METRICS"], "w") as metrics:
        json.dump({"accuracy": 0.98}, metrics)
"""


def settings(**changes: Any) -> dict[str, Any]:
    """An aiops.yml that runs, as a mapping; `changes` replace whole sections."""
    base: dict[str, Any] = {
        "version": 1,
        "service": {
            "name": "tiny",
            "command": f"{sys.executable} service.py $PORT",
            "ready": "http://127.0.0.1:$PORT/healthz",
        },
        "tests": {
            "command": f"{sys.executable} -m pytest -q -p no:cacheprovider --junitxml=$AIOPS_JUNIT test_tiny.py",
            "gates": {"accuracy": ">= 0.97"},
        },
        "benchmarks": {"hello": {"http": {"url": "http://127.0.0.1:$PORT/hello"}, "slo": {"p99": "100ms"}}},
        "capacity": {
            "demand": "300/s",
            "offers": [{"name": "small", "price": "0.1 USD/h", "capacity": "100/s"}],
        },
    }
    base.update(changes)
    return {key: value for key, value in base.items() if value is not None}


@dataclass(frozen=True)
class Finished:
    """What a run of `aiops` left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


class Project:
    """The repository, and ways to run `aiops` in it."""

    def __init__(self, root: Path, *, git: bool = True, **sections: Any) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "service.py").write_text(SERVICE)
        (root / "test_tiny.py").write_text(PASSING_TEST)
        (root / "aiops.yml").write_text(yaml.safe_dump(settings(**sections)))
        if git:
            self.git("init", "-q", "-b", "main")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "Serve hello")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Tester", "-c", "user.email=tester@example.invalid"]
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout

    def start(self, *arguments: str, mode: str = "good", **environment: str) -> subprocess.Popen[str]:
        """Start `aiops` with these arguments, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "aiops_toolkit.cli", *arguments],
            cwd=self.root,
            env={**clean_environment(), "MODE": mode, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, mode: str = "good", timeout: float = 90, **environment: str) -> Finished:
        """Run `aiops` to its end."""
        process = self.start(*arguments, mode=mode, **environment)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=20)
            raise AssertionError(f"aiops {arguments} did not end in {timeout} s: {stderr}") from None
        return Finished(process.returncode, stdout, stderr)

    def run_undisturbed(self, *arguments: str, timeout: float = 90, **environment: str) -> Finished:
        """Run `aiops`, once more when it asks for a quieter machine, as other work on this one may make it."""
        finished = self.run(*arguments, timeout=timeout, **environment)
        if finished.exit_code == 1 and ASKS_FOR_QUIET in finished.stderr:
            finished = self.run(*arguments, timeout=timeout, **environment)
        return finished

    def left_running(self, *, within_s: float = 3.0) -> list[str]:
        """Command lines of processes that still work in this folder, after a moment for them to end."""
        deadline = time.monotonic() + within_s
        while (alive := self._alive()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return alive

    def _alive(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()) == self.root.resolve() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except (psutil.Error, OSError):
                continue
        return found

    def stored_reports(self) -> list[Any]:
        """Every report.json in the store."""
        return [json.loads(path.read_text()) for path in sorted(self.root.glob(".aiops/*/report.json"))]


def clean_environment() -> dict[str, str]:
    """This process's environment without what a CI system or an outer run of aiops put there, or refreshed prices."""
    prefixes = ("GITHUB_", "RUNNER_", "AIOPS_", "JENKINS_", "CIRCLE", "TRAVIS", "GITLAB_", "BUILDKITE", "TF_BUILD")
    kept = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith(prefixes)}
    return {**kept, "AIOPS_CATALOG": ""}
