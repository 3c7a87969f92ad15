"""Of equally cheap fleets the one with the fewest machines: fewer things to start, to watch and to fail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from time import monotonic

from aiops_planner.costs import fleet_usd_per_hour
from aiops_planner.fleet import MOST_LEVELS, Fleet, sellable
from aiops_planner.hours import Levels, join_hours
from aiops_planner.offers import Offer
from aiops_planner.plans import Problem
from aiops_planner.pools import Pool
from aiops_planner.program import FleetProgram
from aiops_planner.pruning import useful_prices
from aiops_planner.solver import solve

_AS_CHEAP = 1e-9  # relative
_LESS = 1e-6  # machines
_LONGEST_S = 1.0


def with_fewest_machines(problem: Problem, fleet: Fleet, *, deadline: float) -> Fleet:
    """The fleet, or one that costs the same with fewer machines where one is found by the deadline, soon or not at all.

    Pruning keeps small machines where a large one costs as much as several of them: those large ones come back here.
    """
    deadline = min(deadline, monotonic() + _LONGEST_S)
    used = [fleet.offers[index] for index in sorted({pool.offer for pool in fleet.machines})]
    larger = [offer for offer in sellable(problem).offers if _stands_in(offer, used, problem)]
    if len(used) + len(larger) == 1 or max(fleet.of_hour) >= MOST_LEVELS:  # else the program is too large
        return fleet
    demand = join_hours(problem.demand, MOST_LEVELS, max)
    limits = replace(problem.limits, budget_usd_per_hour=fleet.usd_per_hour)
    program = FleetProgram(replace(problem, demand=demand, offers=(*used, *larger), limits=limits))
    _count_machines(program)
    outcome = solve(program.model, time_limit_s=deadline - monotonic())
    if outcome.objective is None:
        return fleet
    machines = program.counts(outcome.values)
    usd = fleet_usd_per_hour(program.problem, machines, program.levels)
    fewer = _mean_count(machines, program.levels) < _mean_count(fleet.machines, program.levels) - _LESS
    if usd > fleet.usd_per_hour * (1 + _AS_CHEAP) or not fewer:
        return fleet
    own = replace(fleet.problem, offers=program.offers)
    return replace(fleet, problem=own, machines=machines, usd_per_hour=usd)


def _count_machines(program: FleetProgram) -> None:
    """Make the mean number of machines over the hours what the program minimises."""
    program.model.costs[:] = [0.0] * len(program.model.costs)
    program.model.minimise(
        (variable, pool.machines * program.levels.weight[hour]) for (pool, hour), variable in program.machines.items()
    )


def _mean_count(machines: Mapping[Pool, tuple[int, ...]], levels: Levels) -> float:
    return sum(
        pool.machines * sum(count * weight for count, weight in zip(counts, levels.weight, strict=True))
        for pool, counts in machines.items()
    )


def _stands_in(offer: Offer, used: Sequence[Offer], problem: Problem) -> bool:
    """Whether one machine of an offer costs no more than, and carries as much as, several of one that is used."""
    if any(offer.key == other.key for other in used):
        return False
    prices = useful_prices(offer, problem)
    return any(
        purchase in prices and _replaces(offer, other, prices[purchase] / usd)
        for other in used
        for purchase, usd in useful_prices(other, problem).items()
    )


def _replaces(offer: Offer, other: Offer, price_ratio: float) -> bool:
    """Whether it carries as much as the whole machines of the other that its price pays for, and no part is left."""
    copies = ceil(price_ratio * (1 - _AS_CHEAP))
    carried = all(offer.capacity_rps.get(name, 0.0) >= copies * rps for name, rps in other.capacity_rps.items())
    return carried and price_ratio <= copies * (1 + _AS_CHEAP)
