"""Records requests as both loops do, makes a load point of them, and prints the most memory that took as JSON."""

import argparse
import json
import resource
import sys
from time import perf_counter
from typing import Literal

from aiops_planner.performance import Objective
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.samples import Outcome, Samples
from aiops_toolkit.bench.schedule import Schedule, constant
from aiops_toolkit.bench.watch import Reading

RATE_RPS = 100_000.0
UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Record `--rows` requests of one mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["closed", "open"])
    parser.add_argument("--rows", type=int, required=True)
    arguments = parser.parse_args()
    schedule = constant(RATE_RPS, arguments.rows / RATE_RPS) if arguments.mode == "open" else None
    run = closed(arguments.rows) if schedule is None else opened(schedule)  # who asks for one keeps the schedule
    point = load_point(run, Load(clients=1, rate_rps=RATE_RPS), Objective(p50=1.0, p99=1.0))
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(json.dumps({"peak_bytes": peak_bytes, "requests": point.requests, "recorded": len(run.table)}))


def closed(rows: int) -> Run:
    """One client whose answers come at once."""
    samples, started_s = Samples(), perf_counter()
    for _ in range(rows):
        row = samples.add(perf_counter())
        samples.sent[row] = perf_counter()
        record(samples, row, perf_counter())
    return run_of("closed", samples, started_s, perf_counter())


def opened(schedule: Schedule) -> Run:
    """A schedule whose requests leave in time and take a millisecond each."""
    samples = Samples.planned(schedule)
    for row in range(len(schedule)):
        samples.sent[row] = samples.intended[row]
        record(samples, row, samples.intended[row] + 0.001)
    return run_of("open", samples, schedule[0], len(schedule) / RATE_RPS)


def record(samples: Samples, row: int, end_s: float) -> None:
    """What a loop keeps of an answer."""
    samples.first_byte[row] = samples.end[row] = end_s
    samples.outcome[row] = Outcome.OK


def run_of(mode: Literal["closed", "open"], samples: Samples, started_s: float, stopped_s: float) -> Run:
    """The run of a load without anything to watch."""
    readings = [Reading(at_s=at_s, generator_cpu_s=0.0) for at_s in (started_s, stopped_s)]
    return Run(
        mode=mode,
        table=samples.table(),
        started_s=started_s,
        stopped_s=stopped_s,
        cut_s=stopped_s,
        readings=readings,
    )


if __name__ == "__main__":
    main()
