"""How near knee, capacity and warm-up come to the truth: 200 simulated benchmarks of 60 s of each service."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from aiops_toolkit.bench.steady import settle
from peers.figures import table
from peers.scripts import describe_machine
from support.queue_benchmarks import SERVICES, UNSEEN_SERVICES, benchmark
from support.queue_traces import DURATION_S, decay, decay_is_over_s, step, trace

RUNS, CHECK_RUNS = 200, 4
FIRST_SEED = 1000  # the estimates' constants were chosen with seeds below 100 in view
BUDGET_S = 60.0
LARGEST_LOSS = 0.10
NEAR_BAR, COVERAGE_BAR, SAFE_BAR = 0.90, 0.90, 0.95
ALL_SERVICES = SERVICES | UNSEEN_SERVICES
TRANSIENTS = {
    "decay of 50 %, tau 0.5 s": (decay(0.5, 0.5), decay_is_over_s(0.5, 0.5)),
    "decay of 300 %, tau 0.3 s": (decay(3.0, 0.3), decay_is_over_s(3.0, 0.3)),
    "step of 50 % until 1 s": (step(0.5, 1.0), 1.0),
    "step of 100 % until 2 s": (step(1.0, 2.0), 2.0),
    "none": (lambda _: 1.0, 0.0),
}
NEVER_STEADY = {"ever slower": lambda at_s: 1 + 0.5 * at_s, "slower from 3.5 s on": lambda at_s: 1 + 0.5 * (at_s > 3.5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one simulated benchmark found, as shares of the truth."""

    lost_power: float
    raw_lost_power: float
    covered: bool
    width: float
    error: float


def find(name: str, seed: int) -> Found:
    """One benchmark of a service of that name."""
    known = ALL_SERVICES[name]
    outcome = benchmark(known, seed=seed, budget_s=BUDGET_S)
    return Found(
        lost_power=known.lost_power(outcome.knee.concurrency),
        raw_lost_power=known.lost_power(outcome.knee.measured_concurrency or 1.0),
        covered=outcome.covers(known.capacity_rps),
        width=(outcome.ends[1] - outcome.ends[0]) / known.capacity_rps,
        error=abs((outcome.capacity.rps or 0.0) / known.capacity_rps - 1),
    )


def curve(name: str, found: Sequence[Found]) -> list[str]:
    """One line of the table of knees and capacities."""
    near = np.mean([one.lost_power <= LARGEST_LOSS for one in found])
    covered = np.mean([one.covered for one in found])
    width = np.quantile([one.width for one in found], 0.5, method="inverted_cdf")
    return [
        name if name in SERVICES else f"{name} (unseen)",
        judged(near, NEAR_BAR),
        f"{max(0.0, *(one.lost_power for one in found)):.1%}",
        f"{max(0.0, *(one.raw_lost_power for one in found)):.1%}",
        judged(covered, COVERAGE_BAR),
        f"{width:.0%}" if np.isfinite(width) else "open",
        f"{np.median([one.error for one in found]):.1%}",
    ]


def judged(share: float, bar: float) -> str:
    """A share and whether it reaches its bar."""
    return f"{share:.1%} {'met' if share >= bar else 'MISSED'}"


def is_safe(slowness: Callable[[np.ndarray], np.ndarray], truth_s: float, seed: int) -> bool:
    """Whether the cut is within 10 % of the truth or later, and not beyond half of the run."""
    return bool(0.9 * truth_s <= settle(trace(slowness, seed=seed)).warm_up_s <= DURATION_S / 2)


def warm_ups(seeds: range) -> list[list[str]]:
    """The table of warm-ups."""
    lines = [["start of the load", "safe", "truth"]]
    for name, (slowness, truth_s) in TRANSIENTS.items():
        share = float(np.mean([is_safe(slowness, truth_s, seed) for seed in seeds]))
        lines.append([name, judged(share, SAFE_BAR), f"{truth_s:.2f} s"])
    for name, slowness in NEVER_STEADY.items():
        found = [settle(trace(slowness, seed=seed)).steadiness for seed in seeds]
        told = float(np.mean([steadiness in {"never-steady", "slowing-down"} for steadiness in found]))
        lines.append([f"{name}, told as such", judged(told, SAFE_BAR), "never"])
    return lines


def main() -> None:
    """Print what part of the runs met each bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="of each service (default %(default)s)")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the runs (default %(default)s)")
    parser.add_argument("--check", action="store_true", help="few runs, to see that everything works")
    asked = parser.parse_args()
    runs = CHECK_RUNS if asked.check else max(asked.runs, 1)
    seeds = range(asked.first_seed, asked.first_seed + runs)
    print(f"Curve: {runs} simulated benchmarks of {BUDGET_S:g} s of each service, seeds from {asked.first_seed}")
    print(describe_machine())
    print(f"bars: knee within {LARGEST_LOSS:.0%} of the peak power in {NEAR_BAR:.0%} of the runs; the interval of the")
    print(f"capacity covers the truth in {COVERAGE_BAR:.0%}; the warm-up is cut at 90 % of its length or later in")
    print(f"{SAFE_BAR:.0%}\n")
    lines = [["service", "knee near", "most lost", "raw argmax", "covered", "width", "error"]]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        lines += [curve(name, list(pool.map(partial(find, name), seeds, chunksize=1))) for name in ALL_SERVICES]
    print(f"{table(lines)}\n")
    print(table(warm_ups(seeds)))


if __name__ == "__main__":
    main()
