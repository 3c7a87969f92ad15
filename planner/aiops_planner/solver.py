"""The one door to the solvers: HiGHS, or CBC by choice and where HiGHS is missing; their reports are translated here.

A solution counts only when the solver calls it optimal, or when every row, bound and integrality holds on checking it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from aiops_planner import cbc, highs
from aiops_planner.errors import SolverError
from aiops_planner.model import Answer, Model, Orders

FEASIBILITY_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """A program that solves models, if it is there. `install` says where it comes from."""

    name: str
    is_available: Callable[[], bool]
    run: Callable[[Model, Orders], Answer]
    install: str = ""


SOLVERS = (
    Solver(name="HiGHS", is_available=highs.is_available, run=highs.run, install="pip install highspy"),
    Solver(name="CBC", is_available=cbc.is_available, run=cbc.run, install="your system's package coinor-cbc"),
)


_in_turn: ContextVar[tuple[Solver, ...]] = ContextVar("solvers", default=SOLVERS)


@contextmanager
def using(name: str | None) -> Iterator[None]:
    """Use the solver of this name and no other while the context lasts; None leaves the choice as it is.

    Raises SolverError for an unknown name.
    """
    if name is None:
        yield
        return
    chosen = tuple(solver for solver in SOLVERS if solver.name.lower() == name.lower())
    if not chosen:
        raise SolverError(f"the solver {name!r} is not known; choose from {', '.join(each.name for each in SOLVERS)}")
    before = _in_turn.set(chosen)
    try:
        yield
    finally:
        _in_turn.reset(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a solve ended. `objective` is None without a solution; `bound` is what no solution can be below.

    "solved" is within the asked gap of the bound, "stopped" is a checked solution at the time limit, and "unknown" a
    time limit without any solution. `values` are those of the variables, by number. A relaxed model also has the
    reduced cost of each variable and the shadow price of each row, by its name.
    """

    status: Literal["solved", "stopped", "infeasible", "unknown"]
    objective: float | None
    bound: float
    solver: str
    values: Sequence[float] = ()
    reduced_costs: Sequence[float] = ()
    shadow_prices: Mapping[str, float] = field(default_factory=dict)


def solve(
    model: Model,
    *,
    time_limit_s: float,
    gap: float = 0.0,
    relaxed: bool = False,
    start: Mapping[int, float] | None = None,
    solvers: tuple[Solver, ...] | None = None,
) -> Outcome:
    """Minimise a model to a relative gap.

    `relaxed` drops integrality; `start` are values of variables to begin with. Without time left nothing is tried.
    Raises SolverError when no solver is installed or it crashes.
    """
    solver = _first_available(_in_turn.get() if solvers is None else solvers)
    if time_limit_s <= 0:
        return Outcome(status="unknown", objective=None, bound=-math.inf, solver=solver.name)
    orders = Orders(time_limit_s=max(time_limit_s, 0.1), gap=gap, relaxed=relaxed, start=start or {})
    answer = solver.run(model, orders)
    if answer.status == "infeasible":
        return Outcome(status="infeasible", objective=None, bound=math.inf, solver=solver.name)
    if answer.values is None or not (answer.status == "optimal" or model.holds(answer.values, FEASIBILITY_TOLERANCE)):
        return Outcome(status="unknown", objective=None, bound=answer.bound, solver=solver.name)
    objective = model.cost_of(answer.values)
    # An optimal linear program is its own bound; a solver that tells no bound proved this one.
    proven = objective if relaxed else max(objective - gap * abs(objective), answer.bound)
    solved = answer.status == "optimal"
    return Outcome(
        status="solved" if solved else "stopped",
        objective=objective,
        bound=min(objective, proven if solved else answer.bound),
        solver=solver.name,
        values=answer.values,
        reduced_costs=answer.reduced_costs,
        shadow_prices=dict(zip(model.row_names, answer.shadow_prices, strict=True)) if relaxed else {},
    )


def check_available() -> None:
    """Raise SolverError, as `solve` would, where the solver in turn is not installed."""
    _first_available(_in_turn.get())


def _first_available(solvers: tuple[Solver, ...]) -> Solver:
    for solver in solvers:
        if solver.is_available():
            return solver
    if len(solvers) == 1:
        raise SolverError(
            f"the solver {solvers[0].name} was chosen and is not installed, or cannot be loaded; "
            f"install it ({solvers[0].install}) or leave out capacity.solver"
        )
    names = " or ".join(solver.name for solver in solvers)
    raise SolverError(f"no solver is installed ({names}), so nothing can be sized; try: {SOLVERS[0].install}")
