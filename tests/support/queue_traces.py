"""Runs whose transient is known: eight clients of a service whose response times change in a given way over time."""

from collections.abc import Callable

import numpy as np

from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.samples import Table
from aiops_toolkit.bench.watch import Reading

CLIENTS = 8
DURATION_S = 5.0
Slowness = Callable[[float], float]


def trace(slowness: Slowness, *, seed: int, rate_rps: float = 3000.0, spread: float = 0.5) -> Run:
    """A closed loop of five seconds whose lognormal response times are `slowness(t)` times longer."""
    random = np.random.default_rng(seed)
    mean_s = CLIENTS / rate_rps
    shortest = int(4 * DURATION_S / mean_s)
    sent, response = [], []
    for _ in range(CLIENTS):
        at_s = 0.0
        for factor in random.lognormal(-(spread**2) / 2, spread, shortest):
            if at_s >= DURATION_S:
                break
            sent.append(at_s)
            response.append(mean_s * factor * slowness(at_s))
            at_s += response[-1]
    return closed_run(np.array(sent), np.array(response), DURATION_S)


def closed_run(sent: np.ndarray, response: np.ndarray, duration_s: float, *, mode: str = "closed") -> Run:
    """A run from 0 to `duration_s` whose requests all succeeded."""
    unknown = np.full(len(sent), np.nan)
    table = Table(
        intended=sent,
        sent=sent,
        connected=unknown,
        first_byte=sent + response,
        end=sent + response,
        outcome=np.zeros(len(sent), dtype=np.int16),
    )
    readings = [Reading(at_s=at_s, generator_cpu_s=0.0) for at_s in (0.0, duration_s)]
    return Run(mode=mode, table=table, started_s=0.0, stopped_s=duration_s, cut_s=duration_s, readings=readings)


def decay(amplitude: float, tau_s: float) -> Slowness:
    """Slow at first, then ever less: exp(-t / tau)."""
    return lambda at_s: 1 + amplitude * np.exp(-at_s / tau_s)


def step(amplitude: float, until_s: float) -> Slowness:
    """Slow until a moment."""
    return lambda at_s: 1 + amplitude * (at_s < until_s)


def decay_is_over_s(amplitude: float, tau_s: float, *, bias: float = 0.01) -> float:
    """The truth of `decay`: from here on, the mean response time of the rest is within 1 % of the steady one."""
    cuts = np.arange(0, DURATION_S, 0.001)
    biases = amplitude * tau_s * np.exp(-cuts / tau_s) / (DURATION_S - cuts)
    return float(cuts[np.argmax(biases < bias)])
