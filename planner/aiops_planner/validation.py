"""What a sizing problem has to be before anything is computed; each mistake is a UsageError that names it."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from aiops_planner.demand import MOST_HOURS, MOST_RPS, Demand
from aiops_planner.errors import UsageError
from aiops_planner.offers import PURCHASES, Offer
from aiops_planner.plans import MOST_MACHINES, Goal, Limits, Problem, Survive
from aiops_planner.wording import counted, number


def check_problem(problem: Problem) -> None:
    """Raise UsageError when the problem cannot be meant."""
    check_demand(problem.demand)
    for offer in problem.offers:
        _check_offer(offer)
    twice = [key for key, count in Counter(offer.key for offer in problem.offers).items() if count > 1]
    if twice:
        raise UsageError(f"capacity.offers: {twice[0]!r} is offered twice; give each offer its own name")
    unknown = [name for name in problem.purchases if name not in PURCHASES]
    if unknown or not problem.purchases:
        found = repr(unknown[0]) if unknown else "nothing"
        raise UsageError(f"capacity.purchase: {found} is no way to buy; choose from {', '.join(PURCHASES)}")
    if problem.survive not in get_args(Survive):
        raise UsageError(
            f"capacity.survive: {problem.survive!r} is not known; choose from {', '.join(get_args(Survive))}"
        )
    if problem.goal not in get_args(Goal):
        raise UsageError(f"capacity.goal: {problem.goal!r} is not known; choose from {', '.join(get_args(Goal))}")
    if problem.goal == "most_traffic" and problem.limits.budget_usd_per_hour is None:
        raise UsageError(
            "capacity.goal: most_traffic needs to know how much may be spent; add capacity.limits.budget, like "
            "5000 USD/month"
        )
    _check_limits(problem.limits)
    _check_one_class(problem)
    _check_classes(problem)
    _check_fleet_size(problem)


def check_demand(demand: Demand) -> None:
    """Raise UsageError unless every hour has a finite rate of at least zero for each class, and one is above zero."""
    if not demand.classes or not demand.rps:
        raise UsageError("capacity.demand: there is no demand; write a rate such as 2000/s")
    if len(set(demand.classes)) < len(demand.classes):
        raise UsageError(f"capacity.demand: a request class is named twice: {', '.join(demand.classes)}")
    if len(demand.rps) > MOST_HOURS:
        raise UsageError(f"capacity.demand: {len(demand.rps):,} hours are more than a year's {MOST_HOURS:,}")
    _check_weights(demand)
    for hour, row in enumerate(demand.rps):
        if len(row) != len(demand.classes):
            rates, classes = counted(len(row), "rate"), len(demand.classes)
            raise UsageError(
                f"capacity.demand: hour {hour} has {rates} for {classes} {'class' if classes == 1 else 'classes'}"
            )
        for name, rate in zip(demand.classes, row, strict=True):
            _check_rate(f"capacity.demand: the rate of {name!r} at hour {hour}", rate)
    if demand.peak_rps <= 0:
        raise UsageError("capacity.demand: every rate is zero, so no machine is needed; write the rate to be carried")


def _check_weights(demand: Demand) -> None:
    if demand.weights and len(demand.weights) != len(demand.rps):
        found, hours = counted(len(demand.weights), "weight"), counted(len(demand.rps), "hour")
        raise UsageError(f"capacity.demand: {found} for {hours}; give each hour its weight, or none at all")
    for hour, weight in enumerate(demand.weights):
        _check_number(f"capacity.demand: the weight of hour {hour}", weight)
        if not weight:
            raise UsageError(f"capacity.demand: hour {hour} has no weight; leave it out or write a weight above 0")


def _check_rate(what: str, rate_rps: float) -> None:
    _check_number(what, rate_rps)
    if rate_rps > MOST_RPS:
        raise UsageError(f"{what} is {number(rate_rps)} requests/s; more than {number(MOST_RPS)} cannot be meant")


def _check_classes(problem: Problem) -> None:
    """Raise UsageError when offers and demand have no request class in common."""
    offered = list(dict.fromkeys(name for offer in problem.offers for name in offer.capacity_rps))
    asked = problem.demand.classes_asked_for()
    if problem.offers and not set(offered) & set(asked):
        raise UsageError(
            f"capacity.offers: their capacity is for {_listed(offered)}, but the demand is for {_listed(asked)}; "
            f"give every offer its capacity by class, like capacity: {{{asked[0]}: 100/s}}"
        )


def _listed(classes: Sequence[str]) -> str:
    """The classes as a message names them."""
    names = ", ".join(map(repr, classes[:8])) + (" and others" if len(classes) > 8 else "")
    return f"the {'class' if len(classes) == 1 else 'classes'} {names}" if classes else "no class"


def _check_fleet_size(problem: Problem) -> None:
    """Raise UsageError when even the largest offer would have to be there more than MOST_MACHINES times."""
    for name, *rates in zip(problem.demand.classes, *problem.demand.rps, strict=True):
        largest = max(problem.offers, key=lambda offer: offer.capacity_rps.get(name, 0.0), default=None)
        capacity = 0.0 if largest is None else largest.capacity_rps.get(name, 0.0)
        if largest is not None and capacity and max(rates) > MOST_MACHINES * capacity:
            raise UsageError(
                f"capacity.demand: {number(max(rates))} requests/s of {name!r} would need more than {MOST_MACHINES:,} "
                f"machines even of the largest offer, {largest.key} with {number(capacity)}/s; check the units of both"
            )


def _check_offer(offer: Offer) -> None:
    where = f"capacity.offers: {offer.key!r}:"
    for purchase, price in offer.prices_usd_per_hour.items():
        _check_number(f"{where} the {purchase} price", price)
        if not price:
            raise UsageError(
                f"{where} the {purchase} price is 0; nothing is cheapest among what costs nothing: write what one costs"
            )
    for name, capacity in offer.capacity_rps.items():
        _check_number(f"{where} the capacity for {name!r}", capacity)
    if offer.max_count is not None and offer.max_count < 0:
        raise UsageError(f"{where} max is {offer.max_count}; it must be at least 0")
    _check_service(offer, where)


def _check_service(offer: Offer, where: str) -> None:
    """Raise UsageError for a queue that no machine can have."""
    if offer.servers is not None and offer.servers < 1:
        raise UsageError(f"{where} servers is {offer.servers}; a machine serves at least 1 request at once")
    _check_network(offer, where)
    _check_number(f"{where} the efficiency", offer.efficiency)
    if not 0 < offer.efficiency <= 1:
        raise UsageError(f"{where} the efficiency is {offer.efficiency:g}; it must be above 0 and at most 1")
    for what, times in (("mean", offer.service_mean_s), ("p99", offer.service_p99_s)):
        for name, seconds in times.items():
            _check_number(f"{where} the {what} service time of {name!r}", seconds)
            if not seconds:
                raise UsageError(f"{where} the {what} service time of {name!r} is 0; write the time that one takes")
    for name, p99_s in offer.service_p99_s.items():
        mean_s = offer.service_mean_s.get(name)
        if mean_s is None or not mean_s <= p99_s <= 100 * mean_s:
            found = "is not given" if mean_s is None else f"is {mean_s:g} s"
            raise UsageError(
                f"{where} the p99 service time of {name!r} is {p99_s:g} s and the mean {found}; a p99 lies between "
                "the mean and 100 times the mean"
            )


def _check_network(offer: Offer, where: str) -> None:
    for name, usd in offer.egress_usd_per_request.items():
        _check_number(f"{where} what an answer of {name!r} costs to send", usd)
    for name, seconds in offer.network_s.items():
        _check_number(f"{where} the round trip of {name!r}", seconds)


def _check_one_class(problem: Problem) -> None:
    """Raise UsageError where no spot pool is the largest, since several classes rank them differently."""
    if problem.limits.spot_pools_lost and len(problem.demand.classes) > 1:
        raise UsageError(
            f"capacity.limits.spot_pools_lost: the demand has {_listed(problem.demand.classes)}, and which "
            "spot pool is the largest differs by class; use spot_pool_share and spot_share instead"
        )


def _check_limits(limits: Limits) -> None:
    if limits.budget_usd_per_hour is not None:
        _check_number("capacity.limits.budget", limits.budget_usd_per_hour)
    if limits.spot_share is not None:
        _check_number("capacity.limits.spot_share", limits.spot_share)
        if limits.spot_share > 1:
            raise UsageError(f"capacity.limits.spot_share: {limits.spot_share:g} is more than the whole; write 0 to 1")
    _check_spot_pools(limits)
    _check_cloud_shares(limits)
    for pattern, vcpus in limits.quotas.items():
        _check_number(f"capacity.limits.quotas: {pattern!r}", vcpus)


def _check_spot_pools(limits: Limits) -> None:
    share, lost = limits.spot_pool_share, limits.spot_pools_lost
    if share is not None:
        _check_number("capacity.limits.spot_pool_share", share)
        if share > 1:
            raise UsageError(f"capacity.limits.spot_pool_share: {share:g} is more than the whole; write 0 to 1")
    if isinstance(lost, bool) or not isinstance(lost, int) or lost < 0:
        raise UsageError(f"capacity.limits.spot_pools_lost: found {lost!r}; write how many pools, 0 or more")


def _check_cloud_shares(limits: Limits) -> None:
    """Raise UsageError for shares that no way to split the traffic has."""
    for cloud, share in limits.cloud_shares.items():
        if not 0 <= share.least <= share.most <= 1:
            raise UsageError(
                f"capacity.limits.clouds.{cloud}: at least {share.least:g} and at most {share.most:g} of the requests "
                "cannot be; write shares from 0 to 1, the least first"
            )
    least = sum(share.least for share in limits.cloud_shares.values())
    if least > 1 + 1e-9:
        raise UsageError(
            f"capacity.limits.clouds: the least shares add up to {100 * least:g} %; they can be 100 % at most"
        )


def _check_number(what: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UsageError(f"{what} is {value!r}; it must be a finite number that is not negative")
