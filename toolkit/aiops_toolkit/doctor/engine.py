"""The load engine's own error: how late it sends, and how much time it adds, against a server that answers at once."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Objective
from aiops_reports import formatting
from aiops_reports.diagnosis import EngineCheck, Sensitivity
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.schedule import constant
from aiops_toolkit.bench.targets.http import HttpLoad
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.config.targets import HttpTarget
from aiops_toolkit.doctor.sensitivity import measure_sensitivity

SECONDS_BY_RATE = {200.0: 3.2, 1000.0: 1.5, 5000.0: 1.5}  # enough requests for a p99 after warm-up
DRAIN_S = 1.0


class Unwatched:
    """A probe for a server whose use of the machine is of no interest."""

    log = None

    def alive(self) -> bool:
        """Taken for granted: the server is ours."""
        return True

    def usage(self) -> None:
        """Not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """What the load engine adds at each rate, and how small a change it could show; None where that was not found."""

    checks: tuple[EngineCheck, ...]
    sensitivity: Sensitivity | None


def check_engine(share: float, say: Callable[[str], None]) -> EngineReport:
    """Load the reference server at each rate and in closed loop, for eleven seconds in all or a `share` of that.

    `say` hears what is done next. Raises MeasurementError when no load can be generated.
    """
    with reference_server() as port:
        target = HttpTarget(url=f"http://127.0.0.1:{port}/")
        requests = build_requests(target, root=Path(), url=target.url, environment={})
        with Engine(HttpLoad(requests), Unwatched()) as engine:
            checks = []
            for rate_rps, seconds in SECONDS_BY_RATE.items():
                say(f"sending {formatting.rate(rate_rps)}")
                checks.append(_check(engine, rate_rps, share * seconds))
            say("looking for the smallest change")
            try:
                sensitivity = measure_sensitivity(engine, share)
            except MeasurementError:
                sensitivity = None
            return EngineReport(checks=tuple(checks), sensitivity=sensitivity)


@contextmanager
def reference_server() -> Iterator[int]:
    """The port of a reference server that runs inside the block."""
    command = [sys.executable, "-P", "-m", "aiops_toolkit.doctor.reference"]
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


def _check(engine: Engine, rate_rps: float, seconds: float) -> EngineCheck:
    run = engine.open(constant(rate_rps, seconds), seconds, drain_s=DRAIN_S)
    point = load_point(run, Load(rate_rps=rate_rps, arrivals="constant"), Objective())
    return EngineCheck(
        offered_rps=rate_rps,
        throughput_rps=point.throughput_rps,
        send_lag_p50_s=point.send_lag_s.p50 if point.send_lag_s else None,
        send_lag_p99_s=point.send_lag_s.p99 if point.send_lag_s else None,
        response_p50_s=point.response_s.p50 if point.response_s else None,
        response_p99_s=point.response_s.p99 if point.response_s else None,
        generator_utilisation=point.generator_utilisation or 0.0,
        invalid_because=point.invalid_because,
    )
