"""Why offers that took part are not in the fleet, in groups: dominated, barred by a quota, dearer, or no better fit."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from aiops_planner.fleet import Fleet
from aiops_planner.offers import Offer
from aiops_planner.plans import LeftOut, Problem
from aiops_planner.pruning import dominators, matches_quota, quota_vcpus, useful_prices
from aiops_planner.wording import percent

MOST_NAMED = 5  # dominating offers that get a group of their own
_EXAMPLES = 3
_TOLERANCE = 1e-9  # relative: twice 0.714 is as dear as 1.428


def rejected(problem: Problem, kept: Sequence[Offer], fleet: Fleet) -> tuple[LeftOut, ...]:
    """Groups of the offers of a problem, all on sale, that the fleet does without; `kept` are those not dominated."""
    chosen = {fleet.offers[pool.offer].key for pool in fleet.machines}
    candidates = [offer for offer in kept if offer.key not in chosen]
    known = chosen | {offer.key for offer in kept}
    pruned = [offer for offer in problem.offers if offer.key not in known]
    first = sorted(kept, key=lambda offer: offer.key not in chosen)  # name one of the fleet where one will do
    return (*_dominated(pruned, dominators(problem, pruned, first)), *_not_chosen(problem, candidates, fleet))


def _dominated(pruned: Sequence[Offer], by: Mapping[str, str]) -> Iterator[LeftOut]:
    groups: dict[str, list[str]] = {}
    for offer in pruned:
        groups.setdefault(by.get(offer.key, ""), []).append(offer.key)
    ranked = sorted(groups.items(), key=lambda group: (group[0] == "", -len(group[1])))
    named = [group for group in ranked[:MOST_NAMED] if group[0]]
    for dominating, keys in named:
        yield _group(f"enough machines of {dominating} carry as much of everything and cost no more", keys)
    rest = [key for _, keys in ranked[len(named) :] for key in keys]
    if rest:
        yield _group("enough machines of some other offer carry as much of everything and cost no more", rest)


def _not_chosen(problem: Problem, candidates: Sequence[Offer], fleet: Fleet) -> Iterator[LeftOut]:
    barred = [offer.key for offer in candidates if _is_barred(offer, problem)]
    rest = [offer for offer in candidates if offer.key not in set(barred)]
    if barred:
        yield _group("a quota leaves no room for even one", barred)
    if len(problem.demand.classes) > 1:
        keys = [offer.key for offer in rest]
        if keys:
            yield _group("no part of the cheapest mix of machines for these request classes", keys)
        return
    yield from _by_price(problem, rest, fleet)


def _by_price(problem: Problem, rest: Sequence[Offer], fleet: Fleet) -> Iterator[LeftOut]:
    """Offers held against the dearest request of the fleet, each at its cheapest price."""
    name = problem.demand.classes[0]
    most = max(pool.usd_per_hour / fleet.offers[pool.offer].capacity_rps[name] for pool in fleet.machines)
    costs = {
        offer.key: min(useful_prices(offer, problem).values(), default=inf) / offer.capacity_rps[name] for offer in rest
    }
    dearer = {key: cost / most - 1 for key, cost in costs.items() if cost > most * (1 + _TOLERANCE)}
    if dearer:
        low, high = min(dearer.values()), max(dearer.values())
        by = percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
        yield _group(
            f"dearer per request than any machine of the fleet, by {by}", sorted(dearer, key=dearer.__getitem__)
        )
    fitting = [key for key in costs if key not in dearer]
    if fitting:
        yield _group("not dearer per request, but whole machines of the fleet fit demand and limits better", fitting)


def _is_barred(offer: Offer, problem: Problem) -> bool:
    quotas = problem.limits.quotas.items()
    return any(matches_quota(offer, pattern) and quota_vcpus(offer) > most for pattern, most in quotas)


def _group(reason: str, keys: Sequence[str]) -> LeftOut:
    return LeftOut(reason=reason, count=len(keys), examples=tuple(keys[:_EXAMPLES]))
