"""This project's load engine as a program of its own: loads a URL once and prints what that cost as JSON."""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np

from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.schedule import poisson
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import HttpTarget

DRAIN_S = 5.0


class Unwatched:
    """A service whose process is nobody's business here: the comparison is between generators."""

    log = None

    def alive(self) -> bool:
        """See ServiceProbe."""
        return True

    def usage(self) -> None:
        """See ServiceProbe."""


def main() -> None:
    """Load in closed loop by `--clients`, or in open loop at `--rate`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--duration-s", type=float, required=True)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--clients", type=int)
    how.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    settings = BenchmarkSettings(name="peer", target=HttpTarget(url=arguments.url), slo=Objective())
    target = make_target(settings, root=Path(), substitute=str, environment={})
    with Engine(target, Unwatched()) as engine:
        began_cpu_s = process_time()
        if arguments.clients:
            run = engine.closed(arguments.clients, arguments.duration_s, drain_s=DRAIN_S)
        else:
            schedule = poisson(arguments.rate, arguments.duration_s, seed=arguments.seed)
            run = engine.open(schedule, arguments.duration_s, drain_s=DRAIN_S)
        cpu_s = process_time() - began_cpu_s
    print(json.dumps(_figures(run) | {"cpu_s": cpu_s}))


def _figures(run: Run) -> dict[str, float | None]:
    succeeded = run.table.outcome == Outcome.OK
    responses = (run.table.end - run.table.intended)[succeeded]
    return {
        "requests": int(succeeded.sum()),
        "errors": int((~succeeded).sum()),
        "seconds": run.cut_s - run.started_s,
        "p50_s": float(np.median(responses)) if len(responses) else None,
    }


if __name__ == "__main__":
    main()
