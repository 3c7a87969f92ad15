"""From what aiops.yml says of arrivals and routing to what a plan is simulated against."""

from pathlib import Path

from aiops_planner.performance import Objective
from aiops_planner.proofs import Proof
from aiops_toolkit.bench.schedule import replay_counts
from aiops_toolkit.bench.traces import read_trace
from aiops_toolkit.config.settings import SimulationSettings


def proof_from(settings: SimulationSettings, objective: Objective, root: Path) -> Proof:
    """The proof of a plan; the file of a trace is looked up below `root`. Raises UsageError when it cannot be used."""
    times_s = () if settings.arrivals == "poisson" else _arrival_times_s(root / settings.arrivals, settings)
    return Proof(
        objective=objective,
        arrival_scv=settings.burstiness,
        arrival_times_s=times_s,
        routing=settings.routing,
        requests=settings.requests,
        seed=settings.seed,
    )


def _arrival_times_s(path: Path, settings: SimulationSettings) -> tuple[float, ...]:
    """The arrivals of a trace; where it only counts them they are drawn at random, in proportion to its counts."""
    trace = read_trace(path)
    if trace.counts is None:
        return tuple(trace.times_s.tolist())
    duration_s = float(trace.times_s[-1])
    counts = trace.counts * (settings.requests / trace.counts.sum())  # what is drawn goes through the trace once
    rate_rps = settings.requests / duration_s
    return tuple(replay_counts(trace.times_s, counts, rate_rps, duration_s, seed=settings.seed).tolist())
