"""The plan if machines could be divided: a lower bound whose shadow prices tell what demand and limits are worth.

At the optimum of the linear relaxation, the dual of a row is what the cost changes by when its right side grows by one.
A limit that holds at every hour has a row an hour; raising it raises all of them, so their duals are added up.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

from aiops_planner.fleet import MOST_LEVELS
from aiops_planner.hours import join_hours
from aiops_planner.plans import Problem
from aiops_planner.program import FleetProgram
from aiops_planner.solver import Outcome, solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """The relaxed optimum and what it would save, all in USD an hour.

    `usd_per_demand` is what one more whole demand costs. One more unit saves: of a quota by pattern, of an offer's most
    machines by key, of the spot share and that of one spot pool (1.0 is the whole demand), and of clouds' shares by
    "least" or "most" and cloud, one less of the former.
    """

    usd_per_hour: float
    usd_per_demand: float
    saves_by_quota: Mapping[str, float] = field(default_factory=dict)
    saves_by_offer: Mapping[str, float] = field(default_factory=dict)
    saves_by_spot_share: float = 0.0
    saves_by_spot_pool_share: float = 0.0
    saves_by_cloud_share: Mapping[tuple[str, str], float] = field(default_factory=dict)


def relax(problem: Problem, *, time_limit_s: float) -> Relaxation | None:
    """The relaxation of a problem whose offers are already pruned; None when it is infeasible or time ran out."""
    deadline = monotonic() + time_limit_s
    program = FleetProgram(replace(problem, demand=join_hours(problem.demand, MOST_LEVELS, max)), layout="summed")
    outcome = solve(program.model, time_limit_s=deadline - monotonic(), relaxed=True)
    if outcome.status != "solved" or outcome.objective is None:
        return None
    duals = _by_limit(outcome.shadow_prices)
    larger_pools = _with_larger_pools(program, outcome)
    share = problem.limits.spot_share
    spot = sum(dual for rows, dual in duals.items() if rows.startswith("carry_") and rows.endswith("spot"))
    return Relaxation(
        usd_per_hour=outcome.objective,
        usd_per_demand=outcome.reduced_costs[program.served] + larger_pools,
        saves_by_quota={pattern: -duals[f"quota_{number}"] for number, pattern in enumerate(problem.limits.quotas)},
        saves_by_offer={
            offer.key: -(duals[f"max_{index}"] + _at_their_bound(program, outcome, index))
            for index, offer in enumerate(program.offers)
            if offer.max_count is not None
        },
        # The rows ask for 1 - share of the demand and are divided by that.
        saves_by_spot_share=0.0 if share is None or share >= 1 else spot / (1 - share),
        saves_by_spot_pool_share=-larger_pools / (problem.limits.spot_pool_share or 1.0),
        saves_by_cloud_share={
            (which, cloud): abs(duals[f"{which}_{cloud}"])
            for cloud in problem.limits.cloud_shares
            for which in ("least", "most")
            if f"{which}_{cloud}" in duals
        },
    )


def _by_limit(shadow_prices: Mapping[str, float]) -> Mapping[str, float]:
    """Shadow prices by the names of rows without their hour, those of all hours added up."""
    total: dict[str, float] = defaultdict(float)
    for name, price in shadow_prices.items():
        total[name.rpartition("_hour_")[0]] += price
    return total


def _with_larger_pools(program: FleetProgram, outcome: Outcome) -> float:
    """What one more whole demand changes by making the spot pools larger, which are a share of it: not above zero."""
    if program.problem.limits.spot_pool_share is None:
        return 0.0
    spot = {variable for (pool, _), variable in program.machines.items() if pool.purchase == "spot"}
    return sum(min(outcome.reduced_costs[one], 0.0) * program.model.highs[one] for one in spot)


def _at_their_bound(program: FleetProgram, outcome: Outcome, offer: int) -> float:
    """The reduced costs of an offer's machines where not their row but their own bound is its most machines."""
    limit = program.offers[offer].max_count
    variables = {program.machines[pool, hour] for pool in program.pools_of_offer[offer] for hour in program.hours}
    return sum(min(outcome.reduced_costs[one], 0.0) for one in variables if program.model.highs[one] == limit)
