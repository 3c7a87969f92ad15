"""From a problem to its cheapest fleet: prune, build the program, solve, read the machines back."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from aiops_planner.by_hour import decide_by_hour
from aiops_planner.costs import fleet_usd_per_hour, route_level
from aiops_planner.demand import Demand
from aiops_planner.first_fleet import first_fleet
from aiops_planner.hour_search import decide_by_zone
from aiops_planner.hours import Levels, join_hours
from aiops_planner.loads import loads_alone
from aiops_planner.offers import Offer
from aiops_planner.plain_hours import decide_plain, is_plain
from aiops_planner.plans import MOST_MACHINES, FleetItem, Limits, Problem, TrafficShare
from aiops_planner.pools import Layout, Pool, by_zone
from aiops_planner.program import FleetProgram
from aiops_planner.pruning import undominated
from aiops_planner.routing import Shares
from aiops_planner.solver import Outcome, solve

MOST_LEVELS = 48  # distinct hours in one program; more are joined
MOST_ZONED = 500  # offers times distinct hours, of several classes, where zones may still differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Machines by pool and level, and the level of each hour.

    `proven` tells whether the gap that was asked for was reached.
    """

    problem: Problem
    machines: Mapping[Pool, tuple[int, ...]]
    of_hour: tuple[int, ...]
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
    asked = problem.demand.classes_asked_for()
    offers = tuple(
        offer
        for offer in problem.offers
        if any(name in offer.prices_usd_per_hour for name in problem.purchases)
        and any(offer.capacity_rps.get(name) for name in asked)
        and offer.max_count != 0
    )
    return replace(problem, offers=offers)


def find_cheapest(problem: Problem, *, time_limit_s: float, gap: float) -> Search:
    """Search for the cheapest fleet. Raises SolverError when the solver fails.

    A fleet found without the solver comes first, so that the time limit never leaves nothing. A bound and hours decided
    one by one come next, which is soon done and mostly enough; all hours at once come last, where that leads anywhere.
    """
    deadline = monotonic() + time_limit_s
    prepared = prepare(problem, max)
    if not prepared.offers:
        return Search(fleet=None, infeasible=True, bound_usd_per_hour=math.inf, solver="none")
    quest = _Quest(problem=problem, prepared=prepared, levels=Levels.of(prepared.demand), gap=gap)
    best = quest.first()
    for step, share in quest.steps():
        left_s = deadline - monotonic()
        if left_s <= 0 or best.infeasible or (best.fleet is not None and best.fleet.proven):
            break
        best = _better(best, step(best, left_s * share), gap)
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quest:
    """One problem as asked and as prepared, with the ways to look for its fleet."""

    problem: Problem
    prepared: Problem
    levels: Levels
    gap: float

    @property
    def joined(self) -> bool:
        """Whether hours were joined, so that the program asks for more than the problem."""
        return len(self.levels.rps) < len(set(self.problem.demand.rps))

    @property
    def zones(self) -> bool:
        """Whether machines are counted by zone."""
        return self.problem.survive == "zone"

    @property
    def large(self) -> bool:
        """Whether flows of several classes make programs by zone so large that HiGHS finds little in any time limit."""
        variables = len(self.prepared.offers) * len(self.levels.rps)
        return self.zones and len(self.problem.demand.classes) > 1 and variables > MOST_ZONED

    def steps(self) -> Iterator[tuple[Callable[[Search, float], Search], float]]:
        """The ways that apply, each with its share of the time that is left; each is told the best found before it."""
        if self.joined and is_plain(self.prepared):
            yield self.plain, 0.6
        if self.zones or self.joined:
            yield self.floor, 0.5
        if self.zones and len(self.levels.rps) > 1:
            yield self.by_hour_alike, 0.8 if self.large else 0.5
        if self.zones and not self.joined:
            yield self.by_zone, 0.8
            yield self.summed, 0.15
            yield self.paired, 0.3
        if len(self.levels.rps) > 1 and (self.joined or not self.zones):
            yield self.by_hour, 0.7 if self.joined else 0.5
        if self.joined:
            yield self.whole_floor, 0.5
        else:
            yield self.together, 1.0

    def first(self) -> Search:
        """A fleet without the solver."""
        machines = first_fleet(self.prepared, self.levels)
        return self._found(machines and by_zone(machines), 0.0, "greedy")

    def plain(self, _: Search, time_limit_s: float) -> Search:
        """All hours as they are, where they see nothing of commitments but what these carry together."""
        own = replace(self.prepared, demand=self.problem.demand)
        levels = Levels.of(own.demand)
        found = decide_plain(own, levels, time_limit_s=time_limit_s)
        search = self._found(None, found.bound_usd_per_hour, found.solver, infeasible=found.infeasible)
        if found.machines is None:
            return search
        fleet = _fleet(self.problem, self.prepared, found.machines, levels)
        return _judged(replace(search, fleet=fleet), found.bound_usd_per_hour, self.gap)

    def floor(self, _: Search, time_limit_s: float) -> Search:
        """A lower bound alone: the relaxation, where hours were joined over the least of their rates."""
        deadline = monotonic() + time_limit_s
        prepared = prepare(self.problem, min) if self.joined else self.prepared
        program = FleetProgram(prepared, layout="summed")
        outcome = solve(program.model, time_limit_s=deadline - monotonic(), relaxed=True)
        bound = outcome.bound if outcome.status == "solved" else 0.0
        return self._found(None, bound, outcome.solver, infeasible=outcome.status == "infeasible")

    def whole_floor(self, best: Search, time_limit_s: float) -> Search:
        """A lower bound alone, in whole machines: of the problem whose joined hours have the least of their rates."""
        joined = join_hours(self.problem.demand, MOST_LEVELS, min)
        least = replace(self.problem, demand=joined, limits=_limits_for(self.problem, joined))
        found = find_cheapest(least, time_limit_s=time_limit_s, gap=self.gap)
        return self._found(None, found.bound_usd_per_hour, best.solver, infeasible=found.infeasible)

    def summed(self, _: Search, time_limit_s: float) -> Search:
        """A lower bound alone: whole machines, but only their mean left by the loss of a zone."""
        outcome = self._solve("summed", time_limit_s, gap=self.gap / 5)[0]
        return self._found(None, max(0.0, outcome.bound), outcome.solver, infeasible=outcome.status == "infeasible")

    def by_hour_alike(self, _: Search, time_limit_s: float) -> Search:
        """The hours one by one, with as many machines in two of the zones, or in all three."""
        layout: Layout = "even" if self.large else "paired"
        found = decide_by_hour(self.prepared, self.levels, time_limit_s=time_limit_s, gap=self.gap, layout=layout)
        return self._found(found.machines, 0.0, found.solver)

    def by_zone(self, best: Search, time_limit_s: float) -> Search:
        """One class in one place: a bound and a fleet from hours in which every zone has whole machines."""
        best_usd = best.fleet.usd_per_hour if best.fleet else math.inf
        found = decide_by_zone(self.prepared, self.levels, best_usd=best_usd, time_limit_s=time_limit_s, gap=self.gap)
        return self._found(found.machines, found.bound_usd_per_hour, best.solver)

    def paired(self, best: Search, time_limit_s: float) -> Search:
        """Every hour in one program, with as many machines in two of the zones."""
        outcome, machines = self._solve("paired", time_limit_s, best)
        return self._found(machines and by_zone(machines), 0.0, outcome.solver)

    def by_hour(self, _: Search, time_limit_s: float) -> Search:
        """The hours one by one."""
        found = decide_by_hour(self.prepared, self.levels, time_limit_s=time_limit_s, gap=self.gap)
        # Joined hours ask for more than the real ones, which may just break a budget the real ones keep.
        infeasible = found.infeasible and not (self.joined and self.problem.limits.budget_usd_per_hour is not None)
        bound = 0.0 if self.joined else found.bound_usd_per_hour
        return self._found(found.machines, bound, found.solver, infeasible=infeasible)

    def together(self, best: Search, time_limit_s: float) -> Search:
        """Every hour in one program, beginning with the best fleet so far."""
        outcome, machines = self._solve("apart", time_limit_s, best)
        infeasible = outcome.status == "infeasible"
        return self._found(machines, max(0.0, outcome.bound), outcome.solver, infeasible=infeasible)

    def _solve(
        self, layout: Layout, time_limit_s: float, best: Search | None = None, *, gap: float | None = None
    ) -> tuple[Outcome, Mapping[Pool, tuple[int, ...]] | None]:
        """The whole program in a layout, beginning with the best fleet so far, and the machines it ends with."""
        deadline = monotonic() + time_limit_s
        program = FleetProgram(self.prepared, layout=layout)
        start = program.values_of(best.fleet.machines) if best and best.fleet else {}
        gap = self.gap if gap is None else gap
        outcome = solve(program.model, time_limit_s=deadline - monotonic(), gap=gap, start=start)
        return outcome, None if outcome.objective is None else program.counts(outcome.values)

    def _found(
        self, machines: Mapping[Pool, tuple[int, ...]] | None, bound: float, solver: str, *, infeasible: bool = False
    ) -> Search:
        """The search's result, for the problem that was asked."""
        fleet = None if machines is None else _fleet(self.problem, self.prepared, machines, self.levels)
        search = Search(fleet=fleet, infeasible=infeasible, bound_usd_per_hour=bound, solver=solver)
        return _judged(search, bound, self.gap)


def largest_share(problem: Problem, *, time_limit_s: float, gap: float) -> float | None:
    """The largest share of the demand, 0 to 1, that the limits allow to be carried; None when not even a part."""
    prepared = prepare(problem, max)
    if not prepared.offers:
        return None
    outcome = solve(FleetProgram(prepared, goal="served").model, time_limit_s=time_limit_s, gap=gap)
    return None if outcome.objective is None or outcome.objective > -1e-6 else -outcome.objective


def prepare(problem: Problem, pick: Callable[[Iterable[float]], float]) -> Problem:
    """The problem as the program takes it: what is on sale, not dominated, over a bounded number of hours."""
    joined = join_hours(problem.demand, MOST_LEVELS, pick)
    problem = sellable(replace(problem, demand=joined, limits=_limits_for(problem, joined)))
    problem = replace(problem, offers=_countable(problem.offers, problem.demand))
    return replace(problem, offers=undominated(problem)) if problem.offers else problem


def _limits_for(problem: Problem, joined: Demand) -> Limits:
    """The limits where hours were joined: a spot pool's share of the joined demand that no hour sees as more, or less.

    Joined hours ask for more than each of them does, so that the same share of them would be too much; where they ask
    for less, it would be too little.
    """
    share = problem.limits.spot_pool_share
    if share is None or joined is problem.demand:
        return problem.limits
    pairs = [
        (own, shared)
        for row, joined_row in zip(problem.demand.rps, joined.rps, strict=True)
        for own, shared in zip(row, joined_row, strict=True)
    ]
    if all(own <= shared for own, shared in pairs):
        return replace(problem.limits, spot_pool_share=share * min(own / shared for own, shared in pairs if shared))
    largest = max(own / shared if shared else math.inf for own, shared in pairs if own)
    return replace(problem.limits, spot_pool_share=None if largest * share >= 1 else largest * share)


def _countable(offers: Sequence[Offer], demand: Demand) -> tuple[Offer, ...]:
    """The offers, limited where they could be taken in numbers that no solver tells from its tolerances."""
    alone = loads_alone(offers, demand.classes, demand.rps).max(axis=0, initial=0.0)
    return tuple(
        offer if offer.max_count is not None or load < MOST_MACHINES else replace(offer, max_count=MOST_MACHINES)
        for offer, load in zip(offers, alone, strict=True)
    )


def _fleet(problem: Problem, prepared: Problem, machines: Mapping[Pool, tuple[int, ...]], levels: Levels) -> Fleet:
    """The fleet for the problem that was asked, with the offers that pools count into."""
    own = replace(prepared, demand=problem.demand)
    cost = fleet_usd_per_hour(prepared, machines, levels)
    return Fleet(problem=own, machines=machines, of_hour=levels.of_hour, usd_per_hour=cost, proven=False)


def _judged(search: Search, bound_usd_per_hour: float, gap: float) -> Search:
    """The search with its bound, and its fleet proven or not by it."""
    if search.fleet is None:
        return replace(search, bound_usd_per_hour=bound_usd_per_hour)
    cost = search.fleet.usd_per_hour
    bound = min(cost, bound_usd_per_hour)
    proven = is_proven(cost, bound, gap)
    return replace(search, fleet=replace(search.fleet, proven=proven), bound_usd_per_hour=bound)


def _better(one: Search, other: Search, gap: float) -> Search:
    """The cheaper fleet of two searches for the same problem, with the higher of their bounds; the other's solver."""
    if other.infeasible and one.fleet is None:
        return other
    fleets = [search for search in (one, other) if search.fleet is not None]
    best = min(fleets, key=lambda search: search.fleet.usd_per_hour if search.fleet else math.inf, default=other)
    bounds = [search.bound_usd_per_hour for search in (one, other) if math.isfinite(search.bound_usd_per_hour)]
    return _judged(replace(best, solver=other.solver), max(bounds, default=0.0), gap)


def is_proven(usd_per_hour: float, bound_usd_per_hour: float, gap: float) -> bool:
    """Whether a cost is within a relative gap of its lower bound."""
    return usd_per_hour - bound_usd_per_hour <= gap * usd_per_hour + 1e-9


def fleet_items(fleet: Fleet) -> tuple[FleetItem, ...]:
    """The fleet as a plan shows it, with one count for each hour, dearest first."""
    items = (_item(fleet, pool, counts) for pool, counts in fleet.machines.items())
    return tuple(sorted(items, key=lambda item: (-item.usd_per_hour, item.offer, item.purchase, item.zone or "")))


def traffic(fleet: Fleet) -> tuple[TrafficShare, ...]:
    """Which offer serves how much of which class at each hour. Raises SolverError when the fleet is too small."""
    demand = fleet.problem.demand
    routed: dict[tuple[int, tuple[float, ...]], Shares] = {}
    for level, rates in zip(fleet.of_hour, demand.rps, strict=True):
        if (level, rates) not in routed:
            routed[level, rates] = route_level(fleet.problem, fleet.machines, level, rates)
    by_hour = [routed[hour] for hour in zip(fleet.of_hour, demand.rps, strict=True)]
    pairs = sorted({pair for shares in routed.values() for pair in shares})
    return tuple(
        TrafficShare(
            request_class=name,
            offer=fleet.offers[index].name,
            cloud=fleet.offers[index].cloud,
            region=fleet.offers[index].region,
            rps_by_hour=tuple(shares.get((index, name), 0.0) for shares in by_hour),
            capacity_rps=fleet.offers[index].capacity_rps[name],
            network_s=fleet.offers[index].network_s.get(name),
        )
        for index, name in pairs
    )


def _item(fleet: Fleet, pool: Pool, counts: tuple[int, ...]) -> FleetItem:
    offer = fleet.offers[pool.offer]
    return FleetItem(
        offer=offer.name,
        cloud=offer.cloud,
        region=offer.region,
        zone=pool.zone,
        purchase=pool.purchase,
        count_by_hour=tuple(counts[level] for level in fleet.of_hour),
        unit_usd_per_hour=pool.usd_per_hour,
        capacity_source=offer.capacity_source,
        capacity_error=offer.capacity_error,
        weights=fleet.problem.demand.weights,
        machine=offer.machine,
        models=offer.models,
    )
