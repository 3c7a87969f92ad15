"""CBC, reached through PuLP: the solver's program on the path, or the one PuLP brought along."""

import math
import shutil
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from typing import Any

from aiops_planner.errors import SolverError
from aiops_planner.model import Answer, Model, Orders


def is_available() -> bool:
    """Whether there is a program to start."""
    with suppress(Exception):  # PuLP is missing, or loads a broken HiGHS
        return bool(_program().available())
    return False


def run(model: Model, orders: Orders) -> Answer:
    """Solve a model. Raises SolverError when CBC breaks down."""
    pulp = _pulp()
    problem, variables = _written_out(model)
    program = _program(mip=not orders.relaxed, msg=False, threads=1, timeLimit=orders.time_limit_s, gapRel=orders.gap)
    try:
        problem.solve(program)
    except pulp.PulpError as error:
        raise SolverError(
            f"the solver CBC crashed: {error}; its installation is probably broken: install it again, or choose HiGHS"
        ) from error
    if problem.status in (pulp.LpStatusInfeasible, pulp.LpStatusUnbounded):
        return Answer(status="infeasible")
    # At a time limit PuLP calls fractional values optimal too; sol_status alone tells.
    optimal = problem.sol_status == pulp.LpSolutionOptimal
    solved = optimal or problem.sol_status == pulp.LpSolutionIntegerFeasible
    return Answer(
        status="optimal" if optimal else "stopped",
        values=_numbers(variable.value() for variable in variables) if solved else None,
        reduced_costs=_numbers(variable.dj for variable in variables),
        shadow_prices=_numbers(
            problem.get_constraint_by_name(_row(number)).pi for number in range(len(model.row_names))
        ),
    )


def _pulp() -> Any:
    """PuLP, which takes as long to load as many a program to solve, and only CBC needs it."""
    return import_module("pulp")


def _program(**options: Any) -> Any:
    pulp = _pulp()
    path = shutil.which("cbc") or getattr(pulp.apis.coin_api, "pulp_cbc_path", None)
    return pulp.COIN_CMD(path=path, **options)


def _numbers(values: Iterable[float | None]) -> list[float]:
    """Zero for what CBC does not mention."""
    return [value or 0.0 for value in values]


def _written_out(model: Model) -> tuple[Any, list[Any]]:
    """PuLP's problem and its variables."""
    pulp = _pulp()
    problem = pulp.LpProblem("fleet", pulp.LpMinimize)
    kinds = [pulp.LpInteger if whole else pulp.LpContinuous for whole in model.integer]
    columns = zip(model.lows, model.highs, kinds, strict=True)
    variables = [_variable(problem, number, *column) for number, column in enumerate(columns)]
    problem.setObjective(pulp.LpAffineExpression(list(zip(variables, model.costs, strict=True))))
    for number, (first, end) in enumerate(pairwise(model.starts)):
        terms = [(variables[model.columns[place]], model.factors[place]) for place in range(first, end)]
        low, high = model.row_lows[number], model.row_highs[number]
        total = pulp.LpAffineExpression(terms)
        problem += (total == low if low == high else total >= low if high == math.inf else total <= high), _row(number)
    return problem, variables


def _variable(problem: Any, number: int, low: float, high: float, kind: str) -> Any:
    return problem.add_variable(f"x{number}", low, None if high == math.inf else high, kind)


def _row(number: int) -> str:
    return f"row{number}"
