"""The door to the solvers."""

import math
import os
import random
import sys
from dataclasses import replace

import pytest

from aiops_planner import Demand, Offer, Problem, plan
from aiops_planner.errors import SolverError
from aiops_planner.model import Answer, Model
from aiops_planner.program import FleetProgram
from aiops_planner.solver import SOLVERS, Solver, solve, using

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


def says(answer):
    """A solver that answers what it is told to."""
    return Solver(name="told", is_available=lambda: True, run=lambda model, orders: answer)


def one_machine_or_more():
    model = Model()
    machines = model.add_variable(0, 10, integer=True)
    model.minimise([(machines, 2.0)])
    model.add_row("carry", [(machines, 1.0)], low=1)
    return model


@pytest.mark.parametrize(
    ("values", "status", "objective"),
    [
        ((3.0,), "stopped", 6.0),
        ((1.5,), "unknown", None),
        ((0.0,), "unknown", None),
        ((11.0,), "unknown", None),
        (None, "unknown", None),
    ],
    ids=["whole", "fraction", "row broken", "beyond a bound", "nothing"],
)
def test_what_a_stopped_solver_left_counts_only_where_it_holds(values, status, objective):
    answer = Answer(status="stopped", values=values, bound=1.8)
    outcome = solve(one_machine_or_more(), time_limit_s=1.0, solvers=(says(answer),))
    assert (outcome.status, outcome.objective, outcome.bound) == (status, objective, 1.8)


def test_a_solver_that_tells_no_bound_proves_its_optimum_to_the_gap():
    answer = Answer(status="optimal", values=(1.0,))
    outcome = solve(one_machine_or_more(), time_limit_s=1.0, gap=0.25, solvers=(says(answer),))
    assert (outcome.status, outcome.bound) == ("solved", 1.5)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_a_time_limit_ends_a_long_solve_with_an_honest_word(solver):
    if not solver.is_available():
        pytest.skip(f"{solver.name} is not installed")
    draw = random.Random(1)
    model = Model()
    items = [model.add_variable(0, 1, integer=True) for _ in range(60)]
    model.minimise([(item, -1.0) for item in items])
    for number in range(40):
        model.add_row(f"row_{number}", [(item, draw.randint(1, 1000)) for item in items], high=9000)
    outcome = solve(model, time_limit_s=0.2, solvers=(solver,))
    assert outcome.status in {"stopped", "unknown", "solved"}
    assert outcome.bound <= (outcome.objective if outcome.objective is not None else math.inf)


def test_without_time_nothing_is_tried():
    def run(model, orders):
        raise AssertionError

    outcome = solve(
        one_machine_or_more(), time_limit_s=0.0, solvers=(Solver(name="idle", is_available=lambda: True, run=run),)
    )
    assert (outcome.status, outcome.solver) == ("unknown", "idle")


def test_a_program_that_highs_refuses_is_said_in_one_line():
    model = one_machine_or_more()
    model.columns[0] = 7
    with pytest.raises(SolverError, match=r"HiGHS refused the program; please report"):
        solve(model, time_limit_s=1.0, solvers=SOLVERS[:1])


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_a_plan_is_made_by_the_solver_of_choice(solver):
    if not solver.is_available():
        pytest.skip(f"{solver.name} is not installed")
    with using(solver.name.lower()):
        found = plan(Problem(demand=Demand.constant(4.3), offers=OFFERS), explained=False)
    assert (found.solver, found.usd_per_hour) == (solver.name, pytest.approx(8.35))


def test_an_unknown_solver_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(SolverError, match=r"'cplex' is not known; choose from HiGHS, CBC"), using("cplex"):
        pass


def test_values_to_begin_with_are_never_made_worse():
    best = solve(program().model, time_limit_s=20.0)
    again = solve(program().model, time_limit_s=20.0, start=dict(enumerate(best.values)))
    assert again.objective == pytest.approx(best.objective)


def test_a_relaxation_tells_the_price_of_every_row():
    relaxed = solve(program().model, time_limit_s=20.0, relaxed=True)
    assert relaxed.shadow_prices == {"carry_nothing_hour_0": pytest.approx(4.3 / 2 * 3.67)}


@pytest.mark.skipif(sys.platform == "win32", reason="the broken solver is a shell script")
def test_a_solver_that_crashes_is_said_in_one_line(tmp_path, monkeypatch):
    broken = tmp_path / "cbc"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(SolverError, match=r"the solver CBC crashed: .*; its installation is probably broken: install"):
        solve(one_machine_or_more(), time_limit_s=5.0, solvers=SOLVERS[1:])


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_a_chosen_solver_that_is_missing_is_named_with_where_it_comes_from(solver):
    absent = replace(solver, is_available=lambda: False)
    with pytest.raises(SolverError) as refusal:
        solve(one_machine_or_more(), time_limit_s=1.0, solvers=(absent,))
    assert refusal.value.message.startswith(f"the solver {solver.name} was chosen and is not installed")
    assert solver.install in refusal.value.message


def test_no_choice_leaves_the_choice_as_it_is():
    with using("cbc"), using(None):
        assert solve(one_machine_or_more(), time_limit_s=0.0).solver == "CBC"
