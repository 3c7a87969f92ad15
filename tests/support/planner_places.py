"""The cheapest fleet over places by trying every one, flows by scipy: slow, and sharing no code with the planner."""

import itertools

import numpy as np
from scipy.optimize import linprog


def cheapest_cost(problem, most=3):
    """USD an hour, egress included, of the cheapest fleet of one hour and up to `most` machines a pool, or None."""
    pools = [
        (offer, purchase)
        for offer in problem.offers
        for purchase in problem.purchases
        if purchase in offer.prices_usd_per_hour
    ]
    best = None
    for counts in itertools.product(range(most + 1), repeat=len(pools)):
        machines = list(zip(pools, counts, strict=True))
        usd = sum(count * offer.prices_usd_per_hour[purchase] for (offer, purchase), count in machines)
        if (best is not None and usd >= best) or not _pools_are_small(problem, machines):
            continue
        if not all(_least_egress(problem, left, share) is not None for left, share in _losses(problem, machines)):
            continue
        egress = _least_egress(problem, machines, 1.0, whole=True)
        if egress is not None and (best is None or usd + egress < best):
            best = usd + egress
    return best


def _pools_are_small(problem, machines):
    share = problem.limits.spot_pool_share
    rates = dict(zip(problem.demand.classes, problem.demand.rps[0], strict=True))
    return share is None or all(
        count <= share * sum(rates[name] / offer.capacity_rps[name] for name in rates if offer.capacity_rps.get(name))
        for (offer, purchase), count in machines
        if purchase == "spot"
    )


def _losses(problem, machines):
    """What is left of the machines, and the share of the demand that they have to carry."""
    if problem.survive in ("region", "cloud"):
        length = 2 if problem.survive == "region" else 1
        for place in {(offer.cloud, offer.region)[:length] for offer in problem.offers}:
            yield [(pool, n) for pool, n in machines if (pool[0].cloud, pool[0].region)[:length] != place], 1.0
    firm = [(pool, n) for pool, n in machines if pool[1] != "spot"]
    if problem.limits.spot_share is not None:
        yield firm, 1 - problem.limits.spot_share
    spot = [(pool, n) for pool, n in machines if pool[1] == "spot"]
    for lost in itertools.combinations(spot, min(problem.limits.spot_pools_lost, len(spot))):
        yield firm + [pool for pool in spot if pool not in lost], 1.0


def _least_egress(problem, machines, share, *, whole=False):
    """The least USD an hour that answering costs, None when the machines cannot carry the demand."""
    demand = problem.demand
    rates = dict(zip(demand.classes, (rate * share for rate in demand.rps[0]), strict=True))
    arcs = [
        (place, offer, name)
        for place, ((offer, _), count) in enumerate(machines)
        for name in rates
        if count and offer.capacity_rps.get(name)
    ]
    if not arcs:
        return None if any(rates.values()) else 0.0
    loads = np.array(
        [[(here == place) / offer.capacity_rps[name] for here, offer, name in arcs] for place in range(len(machines))]
    )
    carried = np.array([[name == wanted for _, _, name in arcs] for wanted in rates], dtype=float)
    rows, highs = [*loads], [count for _, count in machines]
    if whole:
        for cloud, allowed in problem.limits.cloud_shares.items():
            part = np.array([float(offer.cloud == cloud) for _, offer, _ in arcs])
            rows += [part, -part]
            highs += [allowed.most * sum(rates.values()), -allowed.least * sum(rates.values())]
    egress = [3600 * offer.egress_usd_per_request.get(name, 0.0) for _, offer, name in arcs]
    found = linprog(egress, A_ub=np.array(rows), b_ub=np.array(highs) + 1e-9, A_eq=carried, b_eq=list(rates.values()))
    return found.fun if found.success else None
