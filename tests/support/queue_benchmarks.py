"""Whole benchmarks of simulated services, and how far what they find lies from the truth.

A capacity's truth is the rate at which 1 % of responses exceed the limit: of M/M/1 from theory, mu - ln(100) / limit;
of the others by bisection over simulations of 1,500,000 requests each (`np.random.default_rng(7)`, the first 10,000
left out), good to about half a per cent.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf, log

import numpy as np

from aiops_planner.capacity import find_capacity
from aiops_planner.knee import find_knee
from aiops_planner.performance import Capacity, Knee, LoadPoint, Objective
from aiops_toolkit.bench.benchmark import measure
from aiops_toolkit.bench.schedule import poisson
from aiops_toolkit.bench.session import Session
from aiops_toolkit.progress import Silent
from support.queue_simulator import Batching, Servers, Service, SimulatedEngine, always, exponential, lognormal


@dataclass(frozen=True)
class Known:
    """A service with a p99 limit in seconds, and its true capacity in requests/s."""

    service: Service
    limit_s: float
    capacity_rps: float

    @cached_property
    def largest_power(self) -> float:
        """P = S^2 / N at the true knee."""
        return max(self.power(float(clients)) for clients in np.geomspace(1, 512, 5000))

    def power(self, clients: float) -> float:
        """The true P with so many clients."""
        return self.service.throughput_rps(clients) ** 2 / clients

    def lost_power(self, clients: float) -> float:
        """What part of the largest power is lost with so many clients."""
        return 1 - self.power(clients) / self.largest_power


SERVICES = {
    "M/M/1": Known(Servers(count=1, draw=exponential(0.0005), mean_s=0.0005), 0.0115, 2000 - log(100) / 0.0115),
    "M/M/4": Known(Servers(count=4, draw=exponential(0.002), mean_s=0.002), 0.016, 1673.5),
    "M/G/8": Known(Servers(count=8, draw=lognormal(0.004, 0.7), mean_s=0.004), 0.018, 1626.7),
    "batching": Known(Batching(most=32, base_s=0.004, each_s=0.0005), 0.035, 1313.8),
}
UNSEEN_SERVICES = {  # no constant of the estimates was chosen with these in view
    "M/D/2": Known(Servers(count=2, draw=always(0.002), mean_s=0.002), 0.008, 692.6),
    "M/G/4": Known(Servers(count=4, draw=lognormal(0.004, 1.1), mean_s=0.004), 0.05, 819.5),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one benchmark found."""

    points: tuple[LoadPoint, ...]
    knee: Knee
    capacity: Capacity
    seconds: float

    def covers(self, rate_rps: float) -> bool:
        """Whether the capacity's interval holds a rate; an open end bounds nothing."""
        low, high = self.ends
        return low <= rate_rps <= high

    @property
    def ends(self) -> tuple[float, float]:
        interval = self.capacity.ci
        if interval is None:
            return -inf, inf
        return (
            -inf if interval.low is None else interval.low,
            inf if interval.high is None else interval.high,
        )


def benchmark(known: Known, *, seed: int, budget_s: float) -> Outcome:
    """A benchmark of a simulated service on the clock of its simulation."""
    engine = SimulatedEngine(known.service, seed)
    session = Session(
        name="simulated",
        engine=engine,
        objective=Objective(p99=known.limit_s, errors=0.01),
        budget_s=budget_s,
        seed=seed,
        progress=Silent(),
        on_point=lambda _: None,
        make_schedule=lambda rate_rps, duration_s, number: poisson(rate_rps, duration_s, seed=1_000_000 + number),
        clock=engine.clock,
    )
    measure(session, 1 / known.service.throughput_rps(1), quick=budget_s < 20)
    knee = find_knee(session.points)
    assert knee is not None
    capacity = find_capacity(session.points, session.objective)
    return Outcome(points=tuple(session.points), knee=knee, capacity=capacity, seconds=session.elapsed_s)
