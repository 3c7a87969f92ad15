"""Offers on which no request can meet its objective, because alone on the machine it already takes too long.

What an offer's capacity says about such a class cannot be meant, and more machines would not help. Estimates look at
that themselves.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiops_planner.catalog import group_left_out
from aiops_planner.offers import Offer
from aiops_planner.performance import PERCENTILE_SHARES, Objective
from aiops_planner.plans import LeftOut, Problem
from aiops_planner.simulation import service_quantile_s
from aiops_planner.wording import milliseconds

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Miss:
    """A limit that a class misses on an idle machine, and what a request takes there at that percentile."""

    name: str
    limit: str
    takes_s: float


def without_too_slow(problem: Problem) -> tuple[Problem, tuple[LeftOut, ...]]:
    """The problem with the offers and classes that can meet the objective, and the offers that are left out."""
    kept: list[Offer] = []
    slow: dict[str, list[_Miss]] = {}
    for offer in problem.offers:
        misses = list(_misses(offer, problem))
        missing = {miss.name for miss in misses}
        left = {name: rps for name, rps in offer.capacity_rps.items() if name not in missing}
        if misses and not any(left.get(name) for name in problem.demand.classes_asked_for()):
            slow[offer.key] = misses
        else:
            kept.append(replace(offer, capacity_rps=left) if misses else offer)
    if not slow:
        return replace(problem, offers=tuple(kept)), ()
    words = _words([miss for misses in slow.values() for miss in misses])
    return replace(problem, offers=tuple(kept)), group_left_out(dict.fromkeys(slow, words))


def _misses(offer: Offer, problem: Problem) -> Iterator[_Miss]:
    """The limits that an idle machine of an offer misses; where classes share one objective, only if all of them do."""
    own = problem.proof.objectives
    asked = [name for name in problem.demand.classes_asked_for() if offer.capacity_rps.get(name)]
    found = {name: _miss(offer, name, own.get(name, problem.proof.objective)) for name in asked}
    if offer.capacity_source != "estimated" and (own or all(found.values())):
        yield from (miss for miss in found.values() if miss is not None)


def _miss(offer: Offer, name: str, objective: Objective) -> _Miss | None:
    """The first limit that a request of a class misses on an idle machine."""
    mean_s = offer.service_mean_s.get(name)
    if mean_s is None:
        return None
    for percentile, limit_s in objective.limits():
        quantile = PERCENTILE_SHARES[percentile]
        alone_s = service_quantile_s(mean_s, offer.service_p99_s.get(name), quantile)
        takes_s = alone_s + offer.network_s.get(name, 0.0)
        if takes_s > limit_s * (1 + _TOLERANCE):
            return _Miss(name=name, limit=f"{percentile} ≤ {milliseconds(limit_s)}", takes_s=takes_s)
    return None


def _words(misses: list[_Miss]) -> str:
    """Why offers are left out, with the least that a class takes on one of them."""
    least: dict[tuple[str, str], float] = {}
    for miss in misses:
        limited = (miss.name, miss.limit)
        least[limited] = min(miss.takes_s, least.get(limited, math.inf))
    several = len({name for name, _ in least}) > 1
    each = (
        f"{limit}{f' of class {name!r}' if several else ''}, of which it takes {milliseconds(takes_s)} or more"
        for (name, limit), takes_s in least.items()
    )
    return f"a request that is alone there already misses {'; and '.join(each)}"
