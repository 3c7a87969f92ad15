"""Small real programs for the tests of services and processes, and a way to see which of them still run."""

import os
import shlex
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PYTHON = shlex.quote(sys.executable)
SERVE_OK = """
    import http.server, os, sys

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(os.environ.get("STATUS", "200")))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    print("listening", flush=True)
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
# ignores SIGTERM, and leaves a grandchild in a session of its own that ignores it too; both write down their pids
STUBBORN = """
    import os, signal, sys, time

    def hold(name):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(f"{sys.argv[1]}.{name}.new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(f"{sys.argv[1]}.{name}.new", f"{sys.argv[1]}.{name}")
        time.sleep(60)

    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            hold("stray")
        os._exit(0)
    hold("child")
"""


def program(folder: Path, name: str, source: str) -> str:
    """Write a Python program and return the shell command that runs it."""
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(source))
    return f"{PYTHON} {shlex.quote(str(path))}"


def eventually(happened: Callable[[], object], within_s: float = 8.0) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def written_pids(stem: Path) -> list[int]:
    """The pids that the two processes of STUBBORN wrote down, once both have."""
    files = [Path(f"{stem}.{name}") for name in ("child", "stray")]
    assert eventually(lambda: all(file.exists() for file in files)), "the processes never started"
    return [int(file.read_text()) for file in files]


def running_pids(pids: list[int]) -> list[int]:
    """Those of `pids` that are processes still at work."""
    return [pid for pid in pids if _is_running(pid)]


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # also when it ends between the two questions
        return False


def interrupt_once_started(stem: Path, and_also: Callable[[], object] = lambda: True) -> threading.Thread:
    """Send this process SIGTERM, as CI systems do, as soon as the processes of STUBBORN are at work."""

    def interrupt() -> None:
        written_pids(stem)
        eventually(and_also)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread
