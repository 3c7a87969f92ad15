"""What machines cost on average over the hours of a demand, and what sending their answers adds to it."""

from collections.abc import Mapping

from aiops_planner.hours import Levels
from aiops_planner.plans import Problem
from aiops_planner.pools import Pool, mean_usd_per_hour
from aiops_planner.routing import Shares, egress_usd_per_hour, route


def fleet_usd_per_hour(problem: Problem, machines: Mapping[Pool, tuple[int, ...]], levels: Levels) -> float:
    """Mean USD an hour of machines by pool and level, answers sent the cheapest way.

    Raises SolverError when answers cost something and the machines cannot carry the demand.
    """
    usd = mean_usd_per_hour(machines, levels)
    if any(offer.egress_usd_per_request for offer in problem.offers):
        for level, weight in enumerate(levels.weight):
            shares = route_level(problem, machines, level, levels.rps[level])
            usd += weight * egress_usd_per_hour(problem.offers, shares)
    return usd


def route_level(
    problem: Problem, machines: Mapping[Pool, tuple[int, ...]], level: int, rates: tuple[float, ...]
) -> Shares:
    """How the machines of one level share rates that are no higher. Raises SolverError where they cannot."""
    counts = [0] * len(problem.offers)
    for pool, by_level in machines.items():
        counts[pool.offer] += by_level[level] * pool.machines
    wanted = dict(zip(problem.demand.classes, rates, strict=True))
    return route(problem.offers, counts, wanted, problem.limits.cloud_shares)
