"""Programs that a benchmark starts: each is bounded in time and ended by its own process id."""

import os
import resource
import select
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1]
ANSWER_S = 20.0  # for what normally takes a fraction of a second


class ChildError(Exception):
    """A program did not do what it was started for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a program printed, and the CPU seconds it and its threads used from start to end."""

    output: str
    cpu_s: float


def run(command: Sequence[str], *, limit_s: float, environment: Mapping[str, str] | None = None) -> Finished:
    """Run a program to its end. Raises ChildError when it fails or takes longer than `limit_s`."""
    before_s = _children_cpu_s()
    try:
        finished = subprocess.run(
            command,
            cwd=FOLDER,
            env=None if environment is None else {**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildError(f"{_name(command)} took longer than {limit_s:g} s and was ended") from None
    if finished.returncode:
        said = (finished.stderr or finished.stdout).strip().splitlines() or ["nothing"]
        raise ChildError(f"{_name(command)} ended with {finished.returncode} and said: {said[-1]}")
    return Finished(output=finished.stdout, cpu_s=_children_cpu_s() - before_s)


@contextmanager
def serving(command: Sequence[str] = (), *, service_s: float = 0.0) -> Iterator[str]:
    """The URL of a server in a process that ends with the context. Raises ChildError when there is none.

    The server is `peers.server`, or the one that `command` starts and that says its port as that one does.
    """
    if not hasattr(select, "epoll"):
        raise ChildError("the server to load needs epoll, which only Linux has")
    process = subprocess.Popen(
        command or python("peers.server", "--service-s", str(service_s)),
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], ANSWER_S)
        port = process.stdout.readline().strip() if ready else ""
        if not port:
            raise ChildError("the server to load did not say its port")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this folder by this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def fetch(url: str) -> bytes:
    """The body of one answer of a server started by `serving`."""
    with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:  # noqa: S310
        return bytes(answer.read())


def _name(command: Sequence[str]) -> str:
    """The program and what tells it from another one: python -m peers.ours."""
    return " ".join([Path(command[0]).name, *command[1:3]])


def _children_cpu_s() -> float:
    """CPU seconds of every child that has ended; a server that still runs is not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
