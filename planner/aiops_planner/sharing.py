"""Several models on one fleet, held against machines of its own for each: the cheaper one that meets the objectives."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Protocol

from aiops_planner.errors import SolverError
from aiops_planner.hosting import Hosting, check_models, hosted
from aiops_planner.offers import Offer
from aiops_planner.plans import Infeasible, Origin, Plan, Problem

_APART_SHARE = 0.25  # of the time limit
_ROUNDING = 1e-9  # relative: sums of the same prices in another order


class Planner(Protocol):
    """What answers a problem without models: `aiops_planner.plan`."""

    def __call__(
        self, problem: Problem, /, *, time_limit_s: float, origin: Origin, explained: bool
    ) -> Plan | Infeasible:
        """The plan or the refusal."""


def plan_models(
    problem: Problem, ask: Planner, *, time_limit_s: float, origin: Origin, explained: bool
) -> Plan | Infeasible:
    """The cheapest fleet that the problem's models share, as `ask` finds it, beside what it costs to keep them apart.

    Each model has machines of its own where that costs less, or where the simulation finds that on shared machines
    requests wait too long for those to other models. Raises UsageError for models that cannot be meant, and what `ask`
    raises.
    """
    started = monotonic()
    check_models(problem.models, problem.demand.classes)
    together = _Way(problem, origin, together=True)
    shared = ask(
        together.problem, time_limit_s=(1 - _APART_SHARE) * time_limit_s, origin=together.origin, explained=explained
    )
    if isinstance(shared, Infeasible):
        return replace(shared, reasons=(*together.hosting.homeless, *shared.reasons))
    if not together.hosting.shared or problem.goal == "most_traffic":
        return shared
    apart = _Way(problem, origin, together=False)

    def alone(*, explained: bool) -> Plan | Infeasible:
        return ask(apart.problem, time_limit_s=_APART_SHARE * time_limit_s, origin=apart.origin, explained=explained)

    best = _better(shared, alone, explained=explained)
    return replace(best, solve_s=monotonic() - started)


class _Way:
    """A problem whose offers host the models together, or one model each."""

    def __init__(self, problem: Problem, origin: Origin, *, together: bool) -> None:
        self.hosting: Hosting = hosted(problem.offers, problem.models, together=together)
        self.problem = replace(problem, offers=self.hosting.offers, models=())
        self._asked = problem
        self._origin = origin
        self._together = together

    @property
    def origin(self) -> Origin:
        """How the offers came about, with what hosting them left out and took for granted."""
        return Origin(
            left_out=(*self._origin.left_out, *self.hosting.left_out),
            notes=(*self._origin.notes, *self.hosting.notes),
            offers_at=None if self._origin.offers_at is None else self._offers_at,
        )

    def _offers_at(self, factor: float) -> tuple[Offer, ...]:
        """The offers at another objective, each hosting what it hosts at the one that was asked for, or more."""
        assert self._origin.offers_at is not None  # else nobody asks
        carried = {offer.key: [name for name, rps in offer.capacity_rps.items() if rps] for offer in self._asked.offers}
        at = self._origin.offers_at(factor)
        return hosted(at, self._asked.models, together=self._together, carried=carried).offers


def _better(shared: Plan, alone: Callable[..., Plan | Infeasible], *, explained: bool) -> Plan:
    """The shared fleet, or the one that keeps the models apart where it is better; with what the latter costs."""
    try:
        apart = alone(explained=False)
    except SolverError:
        words = "what machines of its own for each model would cost was not found within the time limit"
        return replace(shared, notes=(*shared.notes, words))
    if isinstance(apart, Infeasible):
        return replace(
            shared, notes=(*shared.notes, "no fleet within the limits has machines of its own for each model")
        )
    if _misses(apart):
        words = "machines of its own for each model miss an objective in the simulation, so their cost is not told"
        return replace(shared, notes=(*shared.notes, words))
    why = _why_apart(shared, apart)
    if why is not None:
        again = alone(explained=True) if explained else apart
        best = apart if isinstance(again, Infeasible) else again
        return replace(best, apart_usd_per_month=best.usd_per_month, notes=(why, *best.notes))
    notes = shared.notes
    if apart.status != "optimal":
        notes += ("machines of its own for each model may cost less than said: the time limit came first",)
    return replace(shared, apart_usd_per_month=apart.usd_per_month, notes=notes)


def _misses(plan: Plan) -> bool:
    return plan.verification is not None and plan.verification.status == "missed"


def _why_apart(shared: Plan, apart: Plan) -> str | None:
    """Why the models are better kept apart; None when they are not."""
    own = "each model has machines of its own"
    if _misses(shared):
        return f"{own}: where they share machines, the simulation misses the objective of at least one"
    if apart.usd_per_hour < shared.usd_per_hour * (1 - _ROUNDING):
        tightened = shared.verification is not None and (shared.verification.capacity_scale or 1.0) < 1
        because = ", where requests wait for those to other models" if tightened else ""
        return f"{own}: no fleet was found that costs less when they share machines{because}"
    return None
