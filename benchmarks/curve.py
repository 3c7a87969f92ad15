"""How near knee, capacity and warm-up come to the truth: 200 simulated benchmarks of 60 s of each service."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from aiops_toolkit.bench.steady import settle
from support.queue_benchmarks import SERVICES, Known, benchmark
from support.queue_traces import DURATION_S, decay, decay_is_over_s, step, trace

RUNS = 200
BUDGET_S = 60.0
LARGEST_LOSS = 0.10
COVERAGE_BAR = 0.90
SAFE_BAR = 0.95
TRANSIENTS = {
    "decay of 50 %, tau 0.5 s": (decay(0.5, 0.5), decay_is_over_s(0.5, 0.5)),
    "decay of 300 %, tau 0.3 s": (decay(3.0, 0.3), decay_is_over_s(3.0, 0.3)),
    "step of 50 % until 1 s": (step(0.5, 1.0), 1.0),
    "step of 100 % until 2 s": (step(1.0, 2.0), 2.0),
    "none": (lambda _: 1.0, 0.0),
}
NEVER_STEADY = {"ever slower": lambda at_s: 1 + 0.5 * at_s, "slower from 3.5 s on": lambda at_s: 1 + 0.5 * (at_s > 3.5)}


def curve(name: str, known: Known, runs: int) -> str:
    """One line of the table of knees and capacities."""
    outcomes = [benchmark(known, seed=seed, budget_s=BUDGET_S) for seed in range(runs)]
    losses = np.array([known.lost_power(outcome.knee.concurrency) for outcome in outcomes])
    raw = [known.lost_power(outcome.knee.measured_concurrency or 1.0) for outcome in outcomes]
    covered = np.mean([outcome.covers(known.capacity_rps) for outcome in outcomes])
    widths = [(outcome.ends[1] - outcome.ends[0]) / known.capacity_rps for outcome in outcomes]
    errors = [abs((outcome.capacity.rps or 0.0) / known.capacity_rps - 1) for outcome in outcomes]
    width = np.quantile(widths, 0.5, method="inverted_cdf")
    return (
        f"{name:<10}{np.mean(losses <= LARGEST_LOSS):>12.1%}{losses.max():>12.1%}{max(raw):>12.1%}"
        f"{covered:>12.1%}{width:>12.1%}{np.median(errors):>12.1%}"
    )


def main() -> None:
    """Print what part of the runs met each bar; an argument gives another number of runs."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    print(
        f"{runs} simulated benchmarks of {BUDGET_S:g} s each; bars: knee within {LARGEST_LOSS:.0%} of the peak power,"
    )
    print(f"capacity interval covers the truth in {COVERAGE_BAR:.0%} of runs")
    heads = ("knee near", "most lost", "raw argmax", "covered", "width", "error")
    print(f"{'service':<10}" + "".join(f"{head:>12}" for head in heads))
    for name, known in SERVICES.items():
        print(curve(name, known, runs), flush=True)
    print(f"\nwarm-up cut within 10 % of the truth or later, never beyond half of the run; bar: {SAFE_BAR:.0%}")
    for name, (slowness, truth_s) in TRANSIENTS.items():
        cuts = np.array([settle(trace(slowness, seed=seed)).warm_up_s for seed in range(runs)])
        safe = np.mean((cuts >= 0.9 * truth_s) & (cuts <= DURATION_S / 2))
        print(f"{name:<28}{safe:>8.1%}   truth {truth_s:.2f} s, median cut {np.median(cuts):.2f} s")
    for name, slowness in NEVER_STEADY.items():
        found = [settle(trace(slowness, seed=seed)).steadiness for seed in range(runs)]
        told = np.mean([steadiness in {"never-steady", "slowing-down"} for steadiness in found])
        print(f"{name:<28}{told:>8.1%}   called never-steady or slowing-down")


if __name__ == "__main__":
    main()
