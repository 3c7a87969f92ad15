"""This project's load engine on token streams, as a program of its own: one closed-loop load, its cost as JSON."""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np

from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.stream_figures import ttft_s
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.bench.watch import generator_cpu_s
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import OpenaiTarget, SyntheticPrompts
from peers.ours import DRAIN_S, Unwatched


def main() -> None:
    """Load by `--clients`; `cpu_s` includes the reading of the answers after the load, `load_cpu_s` does not.

    The time to the first token is that of requests over open connections: the server sees nothing of opening them.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--duration-s", type=float, required=True)
    parser.add_argument("--clients", type=int, required=True)
    asked = parser.parse_args()
    target = OpenaiTarget(url=asked.url, model="tiny", prompts=SyntheticPrompts(input_tokens=20, count=50))
    settings = BenchmarkSettings(name="peer", target=target, slo=Objective())
    load = make_target(settings, root=Path(), substitute=str, environment={})
    with Engine(load, Unwatched()) as engine:
        began_cpu_s = process_time()
        run = engine.closed(asked.clients, asked.duration_s, drain_s=DRAIN_S)
        cpu_s = process_time() - began_cpu_s
    assert run.stream is not None
    succeeded = run.table.outcome == Outcome.OK
    first_s = ttft_s(run.table, run.stream)[succeeded & np.isnan(run.table.connected)]
    print(
        json.dumps(
            {
                "requests": int(succeeded.sum()),
                "errors": int((~succeeded).sum()),
                "chunks": int(run.stream.chunks.sum()),
                "cpu_s": cpu_s,
                "load_cpu_s": generator_cpu_s(run.readings, run.started_s, run.cut_s),
                "ttft_p50_s": float(np.median(first_s)) if len(first_s) else None,
            }
        )
    )


if __name__ == "__main__":
    main()
