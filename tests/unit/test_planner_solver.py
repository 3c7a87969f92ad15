"""The door to the solvers."""

import pytest

from aiops_planner import Demand, Offer, Problem
from aiops_planner.errors import SolverError
from aiops_planner.program import FleetProgram
from aiops_planner.solver import SOLVERS, solve

OFFERS = tuple(
    Offer(name=name, prices_usd_per_hour={"on_demand": price}, capacity_rps={"requests": rps})
    for name, price, rps in (("A10G", 1.01, 0.37), ("A100", 3.67, 2.0))
)


def program(rate=4.3):
    return FleetProgram(Problem(demand=Demand.constant(rate), offers=OFFERS))


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_every_solver_finds_the_same_optimum(solver):
    if not solver.is_available():
        pytest.skip(f"{solver.name} is not installed")
    outcome = solve(program().model, time_limit_s=20.0, solvers=(solver,))
    assert (outcome.status, outcome.solver) == ("solved", solver.name)
    assert outcome.objective == pytest.approx(8.35)
    assert outcome.bound == pytest.approx(8.35)


def test_a_relaxation_is_its_own_bound_and_never_above_the_optimum():
    relaxed = solve(program().model, time_limit_s=20.0, relaxed=True)
    assert relaxed.bound == relaxed.objective == pytest.approx(4.3 / 2 * 3.67)


def test_a_contradiction_is_infeasible():
    model = program().model
    model.add_row("too_little", [(variable, 1.0) for variable in range(len(model.costs))], high=0.5)
    outcome = solve(model, time_limit_s=20.0)
    assert (outcome.status, outcome.objective) == ("infeasible", None)


def test_without_a_solver_the_person_learns_what_to_install():
    with pytest.raises(SolverError, match=r"no solver is installed .*pip install highspy"):
        solve(program().model, time_limit_s=1.0, solvers=())
