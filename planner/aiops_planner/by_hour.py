"""Many hours, decided in two steps: commitments first, with hours in fractions of machines; then each hour by itself.

The first step is a relaxation, so its bound holds for the whole; the second makes whole machines of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from time import monotonic

from aiops_planner.costs import fleet_usd_per_hour
from aiops_planner.hours import Levels
from aiops_planner.model import Model
from aiops_planner.plans import Problem
from aiops_planner.pools import Layout, Pool, by_zone
from aiops_planner.program import FleetProgram
from aiops_planner.solver import FEASIBILITY_TOLERANCE, Outcome, solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Machines by pool and level, None when the steps led nowhere; and a lower bound on the cost, USD an hour."""

    machines: Mapping[Pool, tuple[int, ...]] | None
    infeasible: bool
    bound_usd_per_hour: float
    solver: str


def decide_by_hour(
    problem: Problem, levels: Levels, *, time_limit_s: float, gap: float, layout: Layout = "apart"
) -> Decided:
    """Decide a pruned problem in two steps. A fleet that breaks the budget is dropped, for it is not the cheapest.

    A layout other than "apart" leaves some fleets out: neither bound nor infeasibility then hold for all.
    """
    deadline = monotonic() + time_limit_s
    program = FleetProgram(problem, whole_hours=False, layout=layout)
    outcome = _commitments(program, time_limit_s=(deadline - monotonic()) / 2, gap=gap)
    nothing = Decided(
        machines=None,
        infeasible=outcome.status == "infeasible",
        bound_usd_per_hour=max(0.0, outcome.bound),
        solver=outcome.solver,
    )
    if outcome.objective is None:
        return nothing
    kept = {
        pool: round(outcome.values[program.machines[pool, 0]]) if pool.committed else None for pool in program.pools
    }
    counts: dict[Pool, list[int]] = {pool: [] for pool in program.pools}
    for number, rates in enumerate(levels.rps):
        left_s = (deadline - monotonic()) / (len(levels.rps) - number)
        if left_s <= 0:
            return nothing
        hour = _decide_hour(problem, rates, kept, layout=layout, deadline=monotonic() + left_s, gap=gap / 2)
        if hour is None:
            return nothing
        for pool, count in hour.items():
            counts[pool].append(count)
    machines = {pool: tuple(by_level) for pool, by_level in counts.items() if any(by_level)}
    budget = problem.limits.budget_usd_per_hour
    within = budget is None or fleet_usd_per_hour(problem, machines, levels) <= budget * (1 + 1e-9)
    return replace(nothing, machines=by_zone(machines)) if within else nothing


def _commitments(program: FleetProgram, *, time_limit_s: float, gap: float) -> Outcome:
    """The commitments in whole machines, or in fractions where whole ones are not found near the bound in time."""
    deadline = monotonic() + time_limit_s
    relaxed = solve(program.model, time_limit_s=time_limit_s, relaxed=True)
    whole = solve(program.model, time_limit_s=deadline - monotonic(), gap=gap / 3)
    near = whole.objective is not None and whole.objective - whole.bound <= gap * whole.objective
    return whole if near or whole.status == "infeasible" else relaxed


def _decide_hour(
    problem: Problem,
    rates: tuple[float, ...],
    kept: Mapping[Pool, int | None],
    *,
    layout: Layout,
    deadline: float,
    gap: float,
) -> dict[Pool, int] | None:
    """The machines of one hour, given the commitments."""
    if not any(rates):
        return {pool: count or 0 for pool, count in kept.items()}
    demand = replace(problem.demand, rps=(rates,), weights=())
    limits = replace(problem.limits, budget_usd_per_hour=None)  # one hour alone has no budget
    program = FleetProgram(replace(problem, demand=demand, limits=limits), decided=kept, layout=layout)
    outcome = solve(program.model, time_limit_s=(deadline - monotonic()) * 2 / 3, gap=gap)
    values = outcome.values if outcome.status == "solved" else _cheaper(program.model, outcome, deadline)
    if not values:
        return None
    found = program.counts(values)
    return {pool: found[pool][0] if pool in found else 0 for pool in program.pools}


def _cheaper(model: Model, outcome: Outcome, deadline: float) -> Sequence[float]:
    """What a stopped solve left, or the relaxation with its machines rounded up where that holds and costs less.

    In little time the first fleets that a solver meets may be many times too dear.
    """
    relaxed = solve(model, time_limit_s=deadline - monotonic(), relaxed=True)
    rounded = [
        ceil(value - FEASIBILITY_TOLERANCE) if whole else value
        for value, whole in zip(relaxed.values, model.integer, strict=False)
    ]
    if not rounded or not model.holds(rounded, FEASIBILITY_TOLERANCE):
        return outcome.values
    return rounded if outcome.objective is None or model.cost_of(rounded) < outcome.objective else outcome.values
