"""The load engine's own error: how late it sends, and how much time it adds, against a server that answers at once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.schedule import constant
from aiops_toolkit.bench.targets.http import HttpLoad
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.config.targets import HttpTarget
from aiops_toolkit.doctor.findings import EngineCheck

RATES_RPS = (200.0, 1000.0)
SECONDS = 3.0  # 600 requests at the lower rate: 459 resolve a p99
DRAIN_S = 1.0


class Unwatched:
    """A probe for a server whose use of the machine is of no interest."""

    log = None

    def alive(self) -> bool:
        """Taken for granted: the server is ours."""
        return True

    def usage(self) -> None:
        """Not measured."""


def check_engine() -> tuple[EngineCheck, ...]:
    """Send at a constant rate for three seconds each and see what the engine itself adds."""
    with reference_server() as port:
        target = HttpTarget(url=f"http://127.0.0.1:{port}/")
        requests = build_requests(target, root=Path(), url=target.url, environment={})
        with Engine(HttpLoad(requests), Unwatched()) as engine:
            return tuple(_check(engine, rate_rps) for rate_rps in RATES_RPS)


@contextmanager
def reference_server() -> Iterator[int]:
    """The port of a reference server that runs inside the block."""
    command = [sys.executable, "-m", "aiops_toolkit.doctor.reference"]
    try:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise MeasurementError(f"{command[0]} cannot be started: {error.strerror}; check the installation") from error
    with server:
        assert server.stdin is not None and server.stdout is not None  # asked for above
        try:
            yield _announced_port(server.stdout)
        finally:
            server.stdin.close()


def _announced_port(output: IO[bytes]) -> int:
    line = output.readline()
    if not line.strip().isdigit():
        raise MeasurementError("the reference server ended before it named its port; its error stands above")
    return int(line)


def _check(engine: Engine, rate_rps: float) -> EngineCheck:
    run = engine.open(constant(rate_rps, SECONDS), SECONDS, drain_s=DRAIN_S)
    point = load_point(run, Load(rate_rps=rate_rps, arrivals="constant"), Objective())
    return EngineCheck(
        offered_rps=rate_rps,
        throughput_rps=point.throughput_rps,
        send_lag_p50_s=point.send_lag_s.p50 if point.send_lag_s else None,
        send_lag_p99_s=point.send_lag_s.p99 if point.send_lag_s else None,
        response_p50_s=point.response_s.p50 if point.response_s else None,
        generator_utilisation=point.generator_utilisation or 0.0,
        invalid_because=point.invalid_because,
    )
