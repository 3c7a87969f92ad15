"""The one door to the solvers: HiGHS, or CBC where HiGHS is missing; what they report is translated here, once.

A solution counts only when the solver calls it optimal, or when every row, bound and integrality holds on checking it.
"""

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import Any, Literal

import pulp

from aiops_planner.errors import SolverError

FEASIBILITY_TOLERANCE = 1e-6
GRACE_S = 0.5  # beyond the time limit, and again when told to stop


# One thread each: the solver must not fight a benchmark, or its own copies, over the machine's cores.
def _cbc(**options: Any) -> Any:
    """CBC from the path, or the one PuLP brought along."""
    return pulp.COIN_CMD(path=shutil.which("cbc") or getattr(pulp.apis.coin_api, "pulp_cbc_path", None), **options)


class _Highs(pulp.HiGHS):  # type: ignore[misc]  # PuLP has no types
    """HiGHS with the time PuLP takes to hand the model over counted in, and open to Ctrl-C."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.deadline = monotonic() + (self.timeLimit or math.inf)

    def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802 (PuLP's name)
        """Run in a thread of its own: a signal reaches Python only while it waits, not inside the solver.

        HiGHS looks at the clock between its steps, of which one may take long: then it is left to itself. The thread is
        no daemon, since the solver cannot be torn down with the interpreter.
        """
        highs = lp.solverModel
        highs.HandleUserInterrupt = True
        left_s = max(self.deadline - monotonic(), 0.0)
        highs.setOptionValue("time_limit", left_s)
        finished = Event()

        def run() -> None:
            highs.run()
            finished.set()

        Thread(target=run).start()
        try:
            finished.wait(left_s + GRACE_S)  # not join(): interrupted, it takes the thread for finished
        finally:
            highs.cancelSolve()  # for one that is late, or was interrupted
        if not finished.wait(GRACE_S):
            raise TimeoutError


SOLVERS: tuple[tuple[str, Callable[..., Any]], ...] = (("HiGHS", _Highs), ("CBC", _cbc))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a solve ended. `objective` is None without a solution; `bound` is what no solution can be below.

    "solved" is within the asked gap of the bound, "stopped" is a checked solution at the time limit, and "unknown" a
    time limit without any solution.
    """

    status: Literal["solved", "stopped", "infeasible", "unknown"]
    objective: float | None
    bound: float
    solver: str


def solve(
    model: pulp.LpProblem,
    *,
    time_limit_s: float,
    gap: float = 0.0,
    relaxed: bool = False,
    solvers: tuple[tuple[str, Callable[..., Any]], ...] = SOLVERS,
) -> Outcome:
    """Minimise a model to a relative gap, leaving the solution in its variables.

    `relaxed` drops integrality and leaves reduced costs. Without time left nothing is tried. Raises SolverError when no
    solver is installed or it crashes.
    """
    name, solver = _first_available(
        solvers, mip=not relaxed, msg=False, threads=1, timeLimit=max(time_limit_s, 0.1), gapRel=gap
    )
    unknown = Outcome(status="unknown", objective=None, bound=-math.inf, solver=name)
    if time_limit_s <= 0:
        return unknown
    try:
        model.solve(solver)
    except TimeoutError:
        return unknown
    except pulp.PulpError as error:
        raise SolverError(f"the solver {name} crashed: {error}; its installation is probably broken") from error
    if model.status in (pulp.LpStatusInfeasible, pulp.LpStatusUnbounded):
        return Outcome(status="infeasible", objective=None, bound=math.inf, solver=name)
    if not _has_solution(model):
        return Outcome(status="unknown", objective=None, bound=_told_bound(model), solver=name)
    objective = float(model.objective.value() or 0.0)
    if model.sol_status != pulp.LpSolutionOptimal:
        return Outcome(status="stopped", objective=objective, bound=min(objective, _told_bound(model)), solver=name)
    # An optimal linear program is its own bound; a solver that tells no bound proved this one.
    proven = objective if relaxed else objective - gap * abs(objective)
    bound = proven if relaxed else min(objective, max(proven, _told_bound(model)))
    return Outcome(status="solved", objective=objective, bound=bound, solver=name)


def _first_available(solvers: tuple[tuple[str, Callable[..., Any]], ...], **options: Any) -> tuple[str, Any]:
    for name, make in solvers:
        solver = make(**options)
        if solver.available():
            return name, solver
    names = " or ".join(name for name, _ in solvers)
    raise SolverError(f"no solver is installed ({names}), so nothing can be sized; try: pip install highspy")


def _has_solution(model: pulp.LpProblem) -> bool:
    """Whether the variables hold a solution; PuLP calls a stopped run optimal, so its values are checked one by one."""
    if model.sol_status == pulp.LpSolutionOptimal:
        return True
    stopped = model.sol_status == pulp.LpSolutionIntegerFeasible
    return stopped and bool(model.valid(FEASIBILITY_TOLERANCE))


def _told_bound(model: pulp.LpProblem) -> float:
    """The dual bound HiGHS reports, minus infinity when there is none."""
    highs: Any = getattr(model, "solverModel", None)
    bound = highs.getInfo().mip_dual_bound if hasattr(highs, "getInfo") else -math.inf
    return float(bound) if math.isfinite(bound) else -math.inf
