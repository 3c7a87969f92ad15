"""The smallest quota with which there is a fleet: the same program, with what it strains the quota as its objective."""

from dataclasses import replace
from time import monotonic

from aiops_planner.fleet import MOST_LEVELS, sellable
from aiops_planner.hours import join_hours
from aiops_planner.plans import Problem
from aiops_planner.program import FleetProgram
from aiops_planner.pruning import matches_quota, quota_vcpus, undominated
from aiops_planner.solver import solve


def least_quota(problem: Problem, lifted: Problem, pattern: str, *, time_limit_s: float, gap: float) -> float | None:
    """The least vCPUs under a pattern that carry the demand, all other limits kept; None where none was found in time.

    `lifted` is the problem without the quota; with it, what strains the quota less is kept among the offers.
    """
    deadline = monotonic() + time_limit_s
    joined = sellable(replace(problem, demand=join_hours(problem.demand, MOST_LEVELS, max)))
    pruned = replace(lifted, demand=joined.demand, offers=undominated(joined))
    program = FleetProgram(pruned)
    needed = program.model.add_variable()
    for hour in program.hours:
        strain = [
            (program.machines[pool, hour], quota_vcpus(pruned.offers[pool.offer]) * pool.machines)
            for pool in program.pools
            if matches_quota(pruned.offers[pool.offer], pattern)
        ]
        program.model.add_row(f"strain_hour_{hour}", [*strain, (needed, -1.0)], high=0.0)
    program.model.costs[:] = [0.0] * len(program.model.costs)
    program.model.minimise([(needed, 1.0)])
    outcome = solve(program.model, time_limit_s=deadline - monotonic(), gap=gap)
    return None if outcome.objective is None else round(outcome.objective, 6)
