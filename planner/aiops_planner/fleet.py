"""From a problem to its cheapest fleet: prune, build the program, solve, read the machines back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiops_planner.hours import Levels
from aiops_planner.offers import Offer
from aiops_planner.plans import FleetItem, Problem, TrafficShare
from aiops_planner.program import FleetProgram, Pool
from aiops_planner.pruning import undominated
from aiops_planner.routing import route
from aiops_planner.solver import solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Machines by pool and level of the demand. `proven` tells whether the gap that was asked for was reached."""

    problem: Problem
    machines: Mapping[Pool, tuple[int, ...]]
    usd_per_hour: float
    proven: bool

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The pruned offers that pools count into."""
        return self.problem.offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search for the cheapest fleet found: a fleet, that there is none, or nothing within its time."""

    fleet: Fleet | None
    infeasible: bool
    bound_usd_per_hour: float
    solver: str


def sellable(problem: Problem) -> Problem:
    """The problem with the offers that have a price for one of the purchases and carry a class that is asked for."""
    asked = [name for name, *rates in zip(problem.demand.classes, *problem.demand.rps, strict=True) if any(rates)]
    offers = tuple(
        offer
        for offer in problem.offers
        if any(name in offer.prices_usd_per_hour for name in problem.purchases)
        and any(offer.capacity_rps.get(name) for name in asked)
        and offer.max_count != 0
    )
    return replace(problem, offers=offers)


def find_cheapest(problem: Problem, *, time_limit_s: float, gap: float) -> Search:
    """Search for the cheapest fleet. Raises SolverError when the solver fails."""
    problem = sellable(problem)
    if not problem.offers:
        return Search(fleet=None, infeasible=True, bound_usd_per_hour=float("inf"), solver="none")
    problem = replace(problem, offers=undominated(problem))
    program = FleetProgram(problem)
    outcome = solve(program.model, time_limit_s=time_limit_s, gap=gap)
    if outcome.objective is None:
        infeasible = outcome.status == "infeasible"
        bound = max(0.0, outcome.bound)
        return Search(fleet=None, infeasible=infeasible, bound_usd_per_hour=bound, solver=outcome.solver)
    machines = program.counts()
    cost = _cost(machines, program.levels)
    fleet = Fleet(problem=problem, machines=machines, usd_per_hour=cost, proven=outcome.status == "solved")
    bound = min(cost, max(0.0, outcome.bound))
    return Search(fleet=fleet, infeasible=False, bound_usd_per_hour=bound, solver=outcome.solver)


def largest_share(problem: Problem, *, time_limit_s: float, gap: float) -> float | None:
    """The largest share of the demand, 0 to 1, that the limits allow to be carried; None when not even a part."""
    problem = sellable(problem)
    if not problem.offers:
        return None
    program = FleetProgram(replace(problem, offers=undominated(problem)), goal="served")
    outcome = solve(program.model, time_limit_s=time_limit_s, gap=gap)
    return None if outcome.objective is None or outcome.objective > -1e-6 else -outcome.objective


def slope_usd_per_hour(problem: Problem, *, time_limit_s: float) -> float | None:
    """What the linear relaxation pays for one more whole demand, USD an hour: the shadow price of the demand."""
    problem = sellable(problem)
    if not problem.offers:
        return None
    program = FleetProgram(replace(problem, offers=undominated(problem)))
    outcome = solve(program.model, time_limit_s=time_limit_s, relaxed=True)
    return float(program.served.dj) if outcome.status == "solved" else None


def fleet_items(fleet: Fleet) -> tuple[FleetItem, ...]:
    """The fleet as a plan shows it, with one count for each hour, dearest first."""
    of_hour = Levels.of(fleet.problem.demand).of_hour
    items = (_item(fleet.offers[pool.offer], pool, counts, of_hour) for pool, counts in fleet.machines.items())
    return tuple(sorted(items, key=lambda item: (-item.usd_per_hour, item.offer, item.purchase, item.zone or "")))


def traffic(fleet: Fleet) -> tuple[TrafficShare, ...]:
    """Which offer serves how much of which class at each hour. Raises SolverError when the fleet is too small."""
    levels = Levels.of(fleet.problem.demand)
    classes = fleet.problem.demand.classes
    by_level = []
    for level, rates in enumerate(levels.rps):
        counts = [0] * len(fleet.offers)
        for pool, machines in fleet.machines.items():
            counts[pool.offer] += machines[level]
        by_level.append(route(fleet.offers, counts, dict(zip(classes, rates, strict=True))))
    pairs = sorted({pair for shares in by_level for pair in shares})
    return tuple(
        TrafficShare(
            request_class=name,
            offer=fleet.offers[index].name,
            cloud=fleet.offers[index].cloud,
            region=fleet.offers[index].region,
            rps_by_hour=tuple(by_level[level].get((index, name), 0.0) for level in levels.of_hour),
            capacity_rps=fleet.offers[index].capacity_rps[name],
        )
        for index, name in pairs
    )


def _cost(machines: Mapping[Pool, tuple[int, ...]], levels: Levels) -> float:
    """Mean USD an hour, from whole machines and unit prices."""
    return sum(
        pool.usd_per_hour * sum(count * weight for count, weight in zip(counts, levels.weight, strict=True))
        for pool, counts in machines.items()
    )


def _item(offer: Offer, pool: Pool, counts: tuple[int, ...], of_hour: tuple[int, ...]) -> FleetItem:
    return FleetItem(
        offer=offer.name,
        cloud=offer.cloud,
        region=offer.region,
        zone=pool.zone,
        purchase=pool.purchase,
        count_by_hour=tuple(counts[level] for level in of_hour),
        unit_usd_per_hour=pool.usd_per_hour,
        capacity_source=offer.capacity_source,
        capacity_error=offer.capacity_error,
    )
