"""The other way round: not the cheapest fleet for a demand, but the most of the demand that the limits pay for.

The demand gives the mix of classes and the shape of the hours; what is carried is a share of it, or a multiple. The
relaxation bounds that share from above and gives the scale at which the program in whole machines is then solved.
"""

from dataclasses import dataclass, replace
from time import monotonic

from aiops_planner.demand import MOST_RPS
from aiops_planner.fleet import largest_share, prepare
from aiops_planner.plans import Problem
from aiops_planner.program import FleetProgram
from aiops_planner.solver import solve

_STEP = 8.0  # by which the demand grows until the limits no longer carry all of it
_SAFE = 1 - 1e-6  # what is carried to the solver's tolerance is carried for certain a little below


@dataclass(frozen=True, slots=True, kw_only=True)
class MostTraffic:
    """The share of the demand that a fleet carries, and the share that none can exceed."""

    share: float
    bound: float


def most_traffic(problem: Problem, *, time_limit_s: float, gap: float) -> MostTraffic | None:
    """The most of the demand, at every hour alike, within the limits; None when not even a part can be carried."""
    deadline = monotonic() + time_limit_s
    bound = _relaxed_share(problem, deadline)
    if bound is None:
        return None
    scaled = replace(problem, demand=problem.demand.scaled(bound))
    share = largest_share(scaled, time_limit_s=deadline - monotonic(), gap=gap)
    return None if share is None else MostTraffic(share=bound * share * _SAFE, bound=bound)


def _relaxed_share(problem: Problem, deadline: float) -> float | None:
    """The share that could be carried if machines could be divided, looked for at ever larger demands."""
    scale = 1.0
    while True:
        scaled = replace(problem, demand=problem.demand.scaled(scale))
        prepared = prepare(scaled, max)
        if not prepared.offers:
            return None
        program = FleetProgram(prepared, goal="served", layout="summed")
        outcome = solve(program.model, time_limit_s=deadline - monotonic(), relaxed=True)
        if outcome.objective is None or outcome.objective > -1e-12:
            return None
        largest = scaled.demand.peak_rps * _STEP > MOST_RPS
        if -outcome.objective < 1 - 1e-6 or largest:
            return scale * -outcome.objective
        scale *= _STEP
