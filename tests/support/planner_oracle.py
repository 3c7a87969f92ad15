"""The cheapest fleet by trying every one: slow, obvious, and sharing no code with the planner."""

import itertools
import math
from fnmatch import fnmatchcase

ZONES = (0, 1, 2)


def cheapest_cost(problem, most=4):
    """Mean USD an hour of the cheapest fleet with at most `most` machines a pool, or None when there is none."""
    zones = ZONES if problem.survive == "zone" else (None,)
    pools = [
        (offer, purchase, zone)
        for offer in problem.offers
        for purchase in problem.purchases
        if purchase in offer.prices_usd_per_hour and not (purchase == "spot" and problem.limits.spot_share == 0)
        for zone in zones
    ]
    committed = [pool for pool in pools if pool[1].startswith("reserved")]
    flexible = [pool for pool in pools if not pool[1].startswith("reserved")]
    best = None
    for kept in itertools.product(range(most + 1), repeat=len(committed)):
        fixed = dict(zip(committed_keys(committed), kept, strict=True))
        hours = [_cheapest_hour(problem, rates, fixed, committed, flexible, most) for rates in problem.demand.rps]
        if all(cost is not None for cost in hours):
            weights = problem.demand.weights or [1] * len(hours)
            mean = sum(cost * weight for cost, weight in zip(hours, weights, strict=True)) / sum(weights)
            cost = mean + _price(committed, kept)
            best = cost if best is None else min(best, cost)
    budget = problem.limits.budget_usd_per_hour
    return None if best is None or (budget is not None and best > budget + 1e-9) else best


def committed_keys(pools):
    return [(offer.name, purchase, zone) for offer, purchase, zone in pools]


def _price(pools, counts):
    return sum(count * pool[0].prices_usd_per_hour[pool[1]] for pool, count in zip(pools, counts, strict=True))


def _cheapest_hour(problem, rates, fixed, committed, flexible, most):
    best = None
    for extra in itertools.product(range(most + 1), repeat=len(flexible)):
        cost = _price(flexible, extra)
        if best is not None and cost >= best:
            continue
        machines = [(pool, fixed[key]) for pool, key in zip(committed, committed_keys(committed), strict=True)]
        machines += list(zip(flexible, extra, strict=True))
        if _within_limits(problem, machines) and _survives(problem, rates, machines):
            best = cost
    return best


def _within_limits(problem, machines):
    for offer in problem.offers:
        used = sum(count for pool, count in machines if pool[0] is offer)
        if offer.max_count is not None and used > offer.max_count:
            return False
    for pattern, vcpus in problem.limits.quotas.items():
        used = sum(count * (pool[0].vcpus or 1) for pool, count in machines if fnmatchcase(pool[0].key, pattern))
        if used > vcpus + 1e-9:
            return False
    return True


def _survives(problem, rates, machines):
    share = problem.limits.spot_share
    if share is not None:
        firm = [(pool, count) for pool, count in machines if pool[1] != "spot"]
        if not _carries(problem, [rate * (1 - share) for rate in rates], firm):
            return False
    return all(_carries(problem, rates, left) for left in _losses(problem, machines))


def _losses(problem, machines):
    yield machines
    if problem.survive == "instance":
        for number, (_, count) in enumerate(machines):
            if count:
                yield [(pool, n - (place == number)) for place, (pool, n) in enumerate(machines)]
    if problem.survive == "zone":
        for region in {(offer.cloud, offer.region) for offer in problem.offers}:
            for zone in ZONES:
                yield [
                    (pool, n)
                    for pool, n in machines
                    if not (pool[2] == zone and (pool[0].cloud, pool[0].region) == region)
                ]


def _carries(problem, rates, machines):
    classes = problem.demand.classes
    if len(classes) == 1:
        capacity = sum(count * pool[0].capacity_rps.get(classes[0], 0) for pool, count in machines)
        return capacity >= rates[0] - 1e-9
    return _carries_two(*classes, *rates, machines)


def _carries_two(first, second, first_rate, second_rate, machines):
    """Two classes: the machines that are relatively best at the first one serve it, and the rest serve the second."""
    kappa = [
        (count * pool[0].capacity_rps.get(first, 0), count * pool[0].capacity_rps.get(second, 0))
        for pool, count in machines
    ]
    left = first_rate
    served = 0.0
    for one, two in sorted(kappa, key=lambda pair: -pair[0] / pair[1] if pair[1] else -math.inf):
        share = min(1.0, left / one) if one else 0.0
        left -= share * one
        served += (1 - share) * two
    return left <= 1e-9 and served >= second_rate - 1e-9
