"""The same programs without our help: every offer and variable handed to HiGHS as they are, and Melange's slices."""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np

from aiops_planner import highs
from aiops_planner.model import Answer, Model, Orders
from aiops_planner.plans import Problem
from aiops_planner.program import FleetProgram

SLICES = 8  # of a class, as many as Melange cuts by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a solve cost and took: USD an hour of what was found, the bound on it, and seconds of CPU time."""

    usd_per_hour: float
    bound_usd_per_hour: float
    cpu_s: float

    @property
    def gap(self) -> float:
        """How far the cost may be from the cheapest, relative to it."""
        return 1 - self.bound_usd_per_hour / self.usd_per_hour


def timed(work: Callable[[], tuple[float, float]]) -> Solved:
    """Do the work that ends with a cost and a bound, and take the CPU time it uses, the solver's included."""
    began_s = process_time()
    cost, bound = work()
    return Solved(usd_per_hour=cost, bound_usd_per_hour=bound, cpu_s=process_time() - began_s)


def whole_program(problem: Problem, orders: Orders) -> tuple[float, float]:
    """Cost and bound of the integer program of all offers, hours and zones at once."""
    program = FleetProgram(problem)
    return _cost_and_bound(program.model, highs.run(program.model, orders))


def relaxation(problem: Problem) -> tuple[float, float]:
    """Cost and bound in fractions of machines of every offer, on demand or reserved, and of flows by client region.

    Columns are the reserved machines, then for each hour those on demand and the flows, as shares of what comes from
    their region. Offers that stand in one region and are in reach of the same clients share their flows.
    """
    offers, hours = problem.offers, len(problem.demand.rps)
    group_of, reach = _groups(problem)
    arcs = [(group, column) for group, columns in enumerate(reach) for column in columns]
    capacity = np.array([max(offer.capacity_rps.values()) for offer in offers])
    width = len(offers) + len(arcs)
    arc_group = np.array([group for group, _ in arcs])
    arc_column = np.array([column for _, column in arcs])
    egress = np.array([3600 * _egress(problem, group_of, group, column) for group, column in arcs])
    machine_columns = np.arange(len(offers))
    order = [np.flatnonzero(group_of == group) for group in range(len(reach))]
    own_arcs = [np.flatnonzero(arc_group == group) for group in range(len(reach))]
    from_region = [np.flatnonzero(arc_column == column) for column in range(len(problem.demand.classes))]
    costs = [np.array([offer.prices_usd_per_hour["reserved_1y"] for offer in offers])]
    on_demand = np.array([offer.prices_usd_per_hour["on_demand"] / hours for offer in offers])
    columns, factors, starts, row_lows, row_highs = [], [], [0], [], []
    for hour, rates in enumerate(np.array(problem.demand.rps)):
        first = len(offers) + hour * width
        costs += [on_demand, egress * rates[arc_column] / hours]
        for group, members in enumerate(order):
            flows = own_arcs[group]
            columns += [machine_columns[members], first + members, first + len(offers) + flows]
            factors += [-capacity[members], -capacity[members], rates[arc_column[flows]]]
            starts.append(starts[-1] + 2 * len(members) + len(flows))
            row_lows.append(-np.inf)
            row_highs.append(0.0)
        for flows in from_region:
            columns.append(first + len(offers) + flows)
            factors.append(np.ones(len(flows)))
            starts.append(starts[-1] + len(flows))
            row_lows.append(1.0)
            row_highs.append(1.0)
    all_costs = np.concatenate(costs)
    model = Model(
        costs=all_costs.tolist(),
        lows=[0.0] * len(all_costs),
        highs=[np.inf] * len(all_costs),
        integer=[False] * len(all_costs),
        row_names=[f"row_{number}" for number in range(len(row_lows))],
        row_lows=row_lows,
        row_highs=row_highs,
        starts=starts,
        columns=np.concatenate(columns).tolist(),
        factors=np.concatenate(factors).tolist(),
    )
    answer = highs.run(model, Orders(time_limit_s=600.0, relaxed=True))
    return _cost_and_bound(model, answer)


def _groups(problem: Problem) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The group of each offer, and the client regions, by number, that each group answers."""
    number: dict[tuple[str | None, tuple[int, ...]], int] = {}
    group_of = []
    for offer in problem.offers:
        reach = tuple(place for place, name in enumerate(problem.demand.classes) if offer.capacity_rps[name])
        group_of.append(number.setdefault((offer.region, reach), len(number)))
    return np.array(group_of), [reach for _, reach in number]


def _egress(problem: Problem, group_of: np.ndarray, group: int, column: int) -> float:
    """USD for one answer from a group to a client region."""
    offer = problem.offers[int(np.flatnonzero(group_of == group)[0])]
    return offer.egress_usd_per_request.get(problem.demand.classes[column], 0.0)


def sliced(problem: Problem, orders: Orders) -> tuple[float, float]:
    """Cost and bound of Melange's program: each class in slices, and each slice on one offer as a whole."""
    model = Model()
    (rates,) = problem.demand.rps
    machines = [model.add_variable(integer=True) for _ in problem.offers]
    loads: list[list[tuple[int, float]]] = [[] for _ in problem.offers]
    for name, rate in zip(problem.demand.classes, rates, strict=True):
        able = [
            (place, offer.capacity_rps[name])
            for place, offer in enumerate(problem.offers)
            if name in offer.capacity_rps
        ]
        for number in range(SLICES):
            placed = [model.add_variable(0, 1, integer=True) for _ in able]
            model.add_row(f"{name}_{number}", [(here, 1.0) for here in placed], low=1, high=1)
            for here, (place, capacity) in zip(placed, able, strict=True):
                loads[place].append((here, rate / SLICES / capacity))
    for place, load in enumerate(loads):
        model.add_row(f"load_{place}", [*load, (machines[place], -1.0)], high=0)
    prices = (offer.prices_usd_per_hour["on_demand"] for offer in problem.offers)
    model.minimise(list(zip(machines, prices, strict=True)))
    return _cost_and_bound(model, highs.run(model, orders))


def _cost_and_bound(model: Model, answer: Answer) -> tuple[float, float]:
    """An infinite cost when nothing was found in time; a relaxation's optimum is its bound."""
    cost = np.inf if answer.values is None else model.cost_of(answer.values)
    proven = cost if answer.status == "optimal" and not any(model.integer) else answer.bound
    return cost, max(0.0, min(cost, proven))
