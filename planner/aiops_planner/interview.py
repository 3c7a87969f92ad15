"""A problem asked again under other conditions, question after question, until a deadline."""

from dataclasses import replace
from time import monotonic

from aiops_planner.fleet import Fleet, Search, find_cheapest
from aiops_planner.plans import Problem
from aiops_planner.relaxation import Relaxation, relax

_LONGEST_S = 3.0  # for one question: none may eat the time of all others


class Interview:
    """Asks for the fleets of harder and easier problems, each of `questions` with an equal share of the time left.

    A fleet for a harder problem is one for the first problem too, so the cheapest of these is `best`: within the
    solver's gap the harder question may do better, and a plan must never cost more than what it is compared with.
    `notes` tell what was not answered in full.
    """

    def __init__(self, problem: Problem, main: Fleet, *, deadline: float, gap: float, questions: int) -> None:
        self.problem = problem
        self.main = main
        self.best = main
        self.gap = gap
        self.deadline = deadline
        self.notes: list[str] = []
        self._left = questions
        self._offers = {offer.key: offer for offer in problem.offers}

    def ask(self, problem: Problem, what: str | None = None, *, easier: bool = False) -> Search:
        """Search the fleet of another problem; `what` names it in a note when it was not found or not proven."""
        search = find_cheapest(problem, time_limit_s=self._share_s(), gap=self.gap)
        fleet = search.fleet
        if what and fleet is None and not search.infeasible:
            self.notes.append(f"{what} was not found within the time limit")
        if what and fleet is not None and not fleet.proven:
            self.notes.append(f"{what} may still be cheaper: it is not proven")
        if fleet is not None and not easier and fleet.usd_per_hour < self.best.usd_per_hour:
            self.best = self._for_the_first_problem(fleet)
        return search

    def relax(self, problem: Problem) -> Relaxation | None:
        """The relaxation of a problem whose offers are pruned."""
        return relax(problem, time_limit_s=self._share_s())

    def skip(self) -> None:
        """Leave the time of a question that needs no answer to the others."""
        self._left -= 1

    def _for_the_first_problem(self, fleet: Fleet) -> Fleet:
        """The fleet with the demand, and the offers with the capacities, of the first problem."""
        offers = tuple(self._offers[offer.key] for offer in fleet.offers)
        return replace(fleet, problem=replace(fleet.problem, demand=self.problem.demand, offers=offers))

    def _share_s(self) -> float:
        share = (self.deadline - monotonic()) / max(self._left, 1)
        self._left -= 1
        return min(max(0.0, share), _LONGEST_S)
