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
    """Cost and bound in fractions of machines of every offer, on demand or reserved, for one class."""
    offers, rates = problem.offers, np.array([rate for (rate,) in problem.demand.rps])
    (name,) = problem.demand.classes
    capacity = np.array([offer.capacity_rps[name] for offer in offers])
    hours, count = len(rates), len(offers)
    model = Model(
        costs=[offer.prices_usd_per_hour["reserved_1y"] for offer in offers]
        + [offer.prices_usd_per_hour["on_demand"] / hours for offer in offers] * hours,
        lows=[0.0] * count * (hours + 1),
        highs=[np.inf] * count * (hours + 1),
        integer=[False] * count * (hours + 1),
        row_names=[f"hour_{hour}" for hour in range(hours)],
        row_lows=[1.0] * hours,
        row_highs=[np.inf] * hours,
        starts=[2 * count * row for row in range(hours + 1)],
        columns=np.concatenate(
            [np.r_[0:count, count * (hour + 1) : count * (hour + 2)] for hour in range(hours)]
        ).tolist(),
        factors=np.concatenate([np.tile(capacity / rate, 2) for rate in rates]).tolist(),
    )
    answer = highs.run(model, Orders(time_limit_s=600.0, relaxed=True))
    return _cost_and_bound(model, answer)


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
