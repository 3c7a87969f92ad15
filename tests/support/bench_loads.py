"""Short cuts to put a load on a server of `bench_server`, and load points and runs made by hand."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aiops_planner.performance import Distribution, LoadPoint
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Outcome, Table, kind_of
from aiops_toolkit.bench.targets.http import HttpLoad
from aiops_toolkit.bench.targets.link import Link
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.bench.watch import Reading
from aiops_toolkit.config.targets import HttpTarget


@dataclass
class Probe:
    """A service that lives until it is told otherwise and whose use of the machine is unknown."""

    lives: bool = True
    log: Path | None = None

    def alive(self) -> bool:
        return self.lives

    def usage(self) -> None:
        return None


def load_of(url: str, *, root: Path = Path(), **target: Any) -> HttpLoad:
    http = HttpTarget(url=url, **target)
    return HttpLoad(
        build_requests(http, root=root, url=url, environment={}),
        link=Link(root=root, tls=http.tls, socket=http.socket),
        expect=http.expect,
    )


def kinds_of_one(url: str, *, drain_s: float = 5.0, **target: Any) -> list[str]:
    """How a single request ends."""
    with Engine(load_of(url, **target), Probe()) as engine:
        run = engine.closed(1, 0.0, drain_s=drain_s)
    return [kind_of(outcome) for outcome in run.table.outcome.tolist()]


def counts(run: Run) -> Counter[str]:
    return Counter(kind_of(outcome) for outcome in run.table.outcome.tolist())


def closed(clients: int, throughput_rps: float, response_s: float, **changes: Any) -> LoadPoint:
    """A closed-loop point of 1 s with this throughput and response time."""
    return _point(response_s, {"mode": "closed", "concurrency": clients, "successes": round(throughput_rps)} | changes)


def opened(rate_rps: float, p99_s: float | None, **changes: Any) -> LoadPoint:
    """An open-loop point of 1 s whose p99 is this."""
    distribution = Distribution(mean=(p99_s or 0.01) / 2, p99=p99_s)
    defaults = {"mode": "open", "offered_rps": rate_rps, "successes": round(rate_rps), "response_s": distribution}
    return _point(0.0, defaults | changes)


def _point(response_s: float, values: dict[str, Any]) -> LoadPoint:
    defaults = {
        "window_s": 1.0,
        "warm_up_s": 0.0,
        "requests": values["successes"],
        "response_s": Distribution(mean=response_s) if values["successes"] else None,
        "mean_concurrency": float(values.get("concurrency") or 1),
        "generator_cpu_s": 0.1,
    }
    return LoadPoint(**(defaults | values))


def run_of(
    rows: list[tuple[float, float, float, int]],
    *,
    mode: str = "closed",
    stopped_s: float,
    cut_s: float | None = None,
    generator_cpu_s: float = 0.0,
) -> Run:
    """A run that started at 0, from rows of intended, sent, end and outcome."""
    intended, sent, end, outcome = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return Run(
        mode=mode,  # type: ignore[arg-type]
        table=Table(
            intended=intended,
            sent=sent,
            connected=np.full_like(sent, np.nan),
            first_byte=end,
            end=end,
            outcome=outcome.astype(np.int16),
        ),
        started_s=0.0,
        stopped_s=stopped_s,
        cut_s=cut_s or stopped_s,
        readings=[Reading(at_s=0.0, generator_cpu_s=0.0), Reading(at_s=stopped_s, generator_cpu_s=generator_cpu_s)],
    )


OK = int(Outcome.OK)
