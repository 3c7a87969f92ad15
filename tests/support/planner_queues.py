"""Queues whose answers are known: percentiles of closed forms by root finding, and a simulator that is only slow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import brentq

from aiops_planner.performance import PERCENTILE_SHARES, Percentile
from aiops_planner.queueing import ServiceTime, response_tail


def response_percentile_s(name: Percentile, rate_rps: float, service: ServiceTime, servers: int) -> float:
    """Where the tail of the response time falls to 1 - p."""
    tail = 1 - PERCENTILE_SHARES[name]
    longest = service.mean_s
    while response_tail(longest, rate_rps, service, servers) > tail:
        longest *= 2
    return brentq(lambda t_s: response_tail(t_s, rate_rps, service, servers) - tail, 0.0, longest, xtol=1e-12)


def slow_response_s(
    arrivals_s: Sequence[float],
    service_s: Sequence[float],
    machine_of: Sequence[int] | None,
    machines: int,
    servers: int,
) -> list[float]:
    """Response times of requests that are followed one by one; without machines given, each takes the emptiest."""
    done: list[list[tuple[float, float]]] = [[] for _ in range(machines)]  # by machine: (begin, end)
    answered = []
    for index, (arrival, service) in enumerate(zip(arrivals_s, service_s, strict=True)):
        if machine_of is None:
            present = [sum(end > arrival for _, end in done[own]) for own in range(machines)]
            own = present.index(min(present))
        else:
            own = machine_of[index]
        begin = arrival
        while sum(begun <= begin < end for begun, end in done[own]) >= servers:
            begin = min(end for begun, end in done[own] if begun <= begin < end)
        done[own].append((begin, begin + service))
        answered.append(begin + service - arrival)
    return answered


def ciw_response_s(rate_rps: float, service: Any, servers: int, *, requests: int, seed: int) -> np.ndarray:
    """Response times of so many requests at one machine, in the order of arrival, simulated by ciw."""
    import ciw

    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=rate_rps)],
        service_distributions=[service],
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(requests, method="Finish")
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return np.array([record.exit_date - record.arrival_date for record in records])
