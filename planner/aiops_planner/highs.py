"""HiGHS, handed a model as arrays: PuLP's own bookkeeping takes longer than most of our models take to solve."""

import math
from contextlib import suppress
from importlib import import_module
from threading import Event, Thread
from time import monotonic
from typing import Any

import numpy as np

from aiops_planner.errors import SolverError
from aiops_planner.model import Answer, Model, Orders

highspy: Any = None
with suppress(Exception):  # a platform without a wheel, or one that is broken
    highspy = import_module("highspy")

GRACE_S = 0.5  # beyond the time limit, and again when told to stop


def is_available() -> bool:
    """Whether HiGHS is installed."""
    return highspy is not None


def run(model: Model, orders: Orders) -> Answer:
    """Solve a model. Raises SolverError when HiGHS refuses it or breaks down."""
    try:
        return _solved(model, orders)
    except SolverError:
        raise
    except Exception as error:
        raise _crashed(f"{type(error).__name__}: {error}") from error


def _solved(model: Model, orders: Orders) -> Answer:
    deadline = monotonic() + orders.time_limit_s
    solver = highspy.Highs()
    # One thread: the solver must not fight a benchmark, or its own copies, over the machine's cores.
    options = {"output_flag": False, "threads": 1, "mip_rel_gap": orders.gap}
    for option, value in options.items():
        solver.setOptionValue(option, value)
    _hand_over(solver, model, relaxed=orders.relaxed)
    if orders.start:
        columns, values = np.array(list(orders.start), dtype=np.int32), np.array(list(orders.start.values()))
        solver.setSolution(len(columns), columns, values)
    if not _finished(solver, deadline - monotonic()):
        return Answer(status="stopped")
    return _answer(solver)


def _hand_over(solver: Any, model: Model, *, relaxed: bool) -> None:
    whole = np.zeros(len(model.costs)) if relaxed else np.array(model.integer)
    status = solver.passModel(
        len(model.costs),
        len(model.row_names),
        len(model.columns),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        np.array(model.costs),
        np.array(model.lows),
        np.array(model.highs),
        np.array(model.row_lows),
        np.array(model.row_highs),
        np.array(model.starts, dtype=np.int32),
        np.array(model.columns, dtype=np.int32),
        np.array(model.factors),
        whole.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise SolverError("the solver HiGHS refused the program; please report this problem as a defect")


def _finished(solver: Any, left_s: float) -> bool:
    """Run in a thread of its own: a signal reaches Python only while it waits, not inside the solver.

    HiGHS looks at the clock between its steps, of which one may take long: then it is left to itself. The thread is no
    daemon, since the solver cannot be torn down with the interpreter.
    """
    left_s = max(left_s, 0.0)
    solver.HandleUserInterrupt = True
    solver.setOptionValue("time_limit", left_s)
    finished = Event()
    failures: list[Exception] = []

    def work() -> None:
        try:
            solver.run()
        except Exception as error:
            failures.append(error)
        finally:
            finished.set()

    Thread(target=work).start()
    try:
        finished.wait(left_s + GRACE_S)  # not join(): interrupted, it takes the thread for finished
    finally:
        solver.cancelSolve()  # for one that is late, or was interrupted
    ended = finished.wait(GRACE_S)
    if failures:
        raise failures[0]
    return ended


def _answer(solver: Any) -> Answer:
    status = solver.getModelStatus()
    known = highspy.HighsModelStatus
    if status in (known.kInfeasible, known.kUnboundedOrInfeasible, known.kUnbounded):
        return Answer(status="infeasible")
    if status in (known.kLoadError, known.kModelError, known.kPresolveError, known.kSolveError, known.kPostsolveError):
        raise _crashed(solver.modelStatusToString(status))
    information, solution = solver.getInfo(), solver.getSolution()
    feasible = information.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    bound = information.mip_dual_bound
    return Answer(
        status="optimal" if status in (known.kOptimal, known.kModelEmpty) else "stopped",
        values=solution.col_value if feasible else None,
        bound=bound if math.isfinite(bound) else -math.inf,
        reduced_costs=solution.col_dual,
        shadow_prices=solution.row_dual,
    )


def _crashed(how: str) -> SolverError:
    return SolverError(
        f"the solver HiGHS crashed: {' '.join(how.split())}; its installation is probably broken: "
        "install highspy again, or choose CBC"
    )
