"""The load generators that are compared: how each is found, asked for a load, and read."""

import csv
import importlib.metadata
import importlib.util
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from statistics import median_grouped

from peers import children

START_S = 30.0  # room for starting and ending beside the load itself
HEY_RESOLUTION_S = 1e-4
HEY_REQUESTS_EACH_S = 20.0  # its rate is a rate of each client

_WRK_TOTAL = re.compile(r"^\s*(\d+) requests in ([\d.]+)(ms|s|m|h)\b", re.MULTILINE)
_WRK_SOCKET_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_WRK_STATUS_ERRORS = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_HEY_TOTAL = re.compile(r"^\s*Total:\s+([\d.]+) secs", re.MULTILINE)
_HEY_STATUS = re.compile(r"^\s*\[(\d{3})\]\s+(\d+) responses", re.MULTILINE)
_HEY_ERROR = re.compile(r"^\s*\[(\d+)\]\s+(?!\d+ responses)\S", re.MULTILINE)
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one generator did: requests that succeeded and failed, what it used, its own word on the median response."""

    requests: int
    errors: int
    seconds: float
    cpu_s: float = 0.0
    p50_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A load generator; `closed` and `opened` are None where it has no such loop, `missing` says why it is skipped.

    `closed` takes URL, clients and seconds, `opened` takes URL, requests/s, seconds and a seed.
    """

    name: str
    version: str = ""
    missing: str | None = None
    closed: Callable[[str, int, float], Load] | None = None
    opened: Callable[[str, float, float, int], Load] | None = None


def ours() -> Generator:
    """The engine of this project."""
    return _of_python("aiops", "peers.ours", installed_version("aiops-action"))


def with_aiohttp() -> Generator:
    """What one writes with aiohttp."""
    if importlib.util.find_spec("aiohttp") is None:
        return Generator(name="aiohttp", missing="the Python package aiohttp is not installed (extra bench)")
    version = f"{installed_version('aiohttp')}, uvloop {installed_version('uvloop')}"
    return _of_python("aiohttp", "peers.with_aiohttp", version)


def wrk() -> Generator:
    """The C program wrk, with one thread; it has no open loop."""

    def closed(url: str, clients: int, seconds: float) -> Load:
        whole_s = max(1, ceil(seconds))
        finished = children.run(["wrk", "-t1", f"-c{clients}", f"-d{whole_s}s", url], limit_s=whole_s + START_S)
        return read_wrk(finished.output, cpu_s=finished.cpu_s)

    if shutil.which("wrk") is None:
        return Generator(name="wrk", missing="not installed (Debian package wrk)")
    return Generator(name="wrk", version=_debian_version("wrk"), closed=closed)


def hey() -> Generator:
    """The Go program hey; in open loop each of its clients keeps a rate of its own and waits for its answer."""

    def closed(url: str, clients: int, seconds: float) -> Load:
        command = ["hey", "-z", f"{seconds:g}s", "-c", str(clients), url]
        finished = children.run(command, limit_s=seconds + START_S)
        return read_hey(finished.output, cpu_s=finished.cpu_s)

    def opened(url: str, rate_rps: float, seconds: float, seed: int) -> Load:  # noqa: ARG001
        clients = max(1, round(rate_rps / HEY_REQUESTS_EACH_S))
        each = f"{rate_rps / clients:g}"
        command = ["hey", "-z", f"{seconds:g}s", "-c", str(clients), "-q", each, "-o", "csv", url]
        finished = children.run(command, limit_s=seconds + START_S)
        return read_hey_rows(finished.output, seconds=seconds, cpu_s=finished.cpu_s)

    if shutil.which("hey") is None:
        return Generator(name="hey", missing="not installed (Debian package hey)")
    return Generator(name="hey", version=_debian_version("hey"), closed=closed, opened=opened)


def read_wrk(text: str, *, cpu_s: float) -> Load:
    """What wrk printed. Raises ValueError when that is not a result of wrk."""
    total = _WRK_TOTAL.search(text)
    if total is None:
        raise ValueError(f"wrk named no number of requests in: {text.strip()[:200]!r}")
    sockets = _WRK_SOCKET_ERRORS.search(text)
    statuses = _WRK_STATUS_ERRORS.search(text)
    wrong_statuses = int(statuses[1]) if statuses else 0
    return Load(
        requests=int(total[1]) - wrong_statuses,
        errors=wrong_statuses + (sum(map(int, sockets.groups())) if sockets else 0),
        seconds=float(total[2]) * _SECONDS[total[3]],
        cpu_s=cpu_s,
    )


def read_hey(text: str, *, cpu_s: float) -> Load:
    """What hey printed as text. Raises ValueError when that is not a result of hey."""
    total = _HEY_TOTAL.search(text)
    if total is None:
        raise ValueError(f"hey named no total in: {text.strip()[:200]!r}")
    statuses = [(int(status), int(count)) for status, count in _HEY_STATUS.findall(text)]
    failures = sum(map(int, _HEY_ERROR.findall(text.partition("Error distribution:")[2])))
    return Load(
        requests=sum(count for status, count in statuses if 200 <= status < 300),
        errors=failures + sum(count for status, count in statuses if not 200 <= status < 300),
        seconds=float(total[1]),
        cpu_s=cpu_s,
    )


def read_hey_rows(text: str, *, seconds: float, cpu_s: float) -> Load:
    """What hey printed as CSV; its times have four digits, so the median is taken within a class of 0.1 ms."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        raise ValueError("hey listed no request")
    responses_s = [float(row["response-time"]) for row in rows if row["status-code"].startswith("2")]
    return Load(
        requests=len(responses_s),
        errors=len(rows) - len(responses_s),
        seconds=seconds,
        cpu_s=cpu_s,
        p50_s=median_grouped(responses_s, HEY_RESOLUTION_S) if responses_s else None,
    )


def usable(generators: list[Generator]) -> Iterator[Generator]:
    """Those that are there; the others are named with the reason why not."""
    for generator in generators:
        if generator.missing is None:
            yield generator
        else:
            print(f"{generator.name}: skipped, {generator.missing}")


def installed_version(package: str) -> str:
    """The version of an installed Python package."""
    return importlib.metadata.version(package)


def _of_python(name: str, module: str, version: str) -> Generator:
    def load(url: str, how: list[str], seconds: float) -> Load:
        command = children.python(module, url, "--duration-s", f"{seconds:g}", *how)
        return Load(**json.loads(children.run(command, limit_s=seconds + START_S).output))

    def closed(url: str, clients: int, seconds: float) -> Load:
        return load(url, ["--clients", str(clients)], seconds)

    def opened(url: str, rate_rps: float, seconds: float, seed: int) -> Load:
        return load(url, ["--rate", f"{rate_rps:g}", "--seed", str(seed)], seconds)

    return Generator(name=name, version=version, closed=closed, opened=opened)


def _debian_version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return "of unknown version"
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True, text=True, check=False
    )
    return asked.stdout or "of unknown version"
