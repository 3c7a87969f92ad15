"""Which limits stand in the way of a cheaper fleet, and what one more unit of each would save."""

from collections.abc import Iterator
from math import inf
from typing import Literal

from aiops_planner.explanations import BindingLimit
from aiops_planner.fleet import Fleet
from aiops_planner.hours import Levels
from aiops_planner.limit_words import (
    budget_words,
    cloud_share_words,
    machines_words,
    quota_unit,
    quota_words,
    spot_pool_words,
    spot_share_words,
)
from aiops_planner.plans import HOURS_PER_MONTH, MOST_MACHINES
from aiops_planner.pruning import matches_quota, quota_vcpus, useful_prices
from aiops_planner.relaxation import Relaxation

_WORTH_A_WORD = 1e-6  # USD an hour


def binding_limits(fleet: Fleet, relaxation: Relaxation | None) -> tuple[BindingLimit, ...]:
    """The limits that leave no room for one machine more, or that the relaxation would save by were they looser."""
    return (
        *_quotas(fleet, relaxation),
        *_most_machines(fleet, relaxation),
        *_spot_share(fleet, relaxation),
        *_spot_pool_share(fleet, relaxation),
        *_cloud_shares(fleet, relaxation),
        *_budget(fleet),
    )


def quota_use(fleet: Fleet, pattern: str) -> float:
    """The most vCPUs under a quota's pattern that the fleet uses in any hour."""
    by_pool = [
        [count * quota_vcpus(fleet.offers[pool.offer]) for count in counts]
        for pool, counts in fleet.machines.items()
        if matches_quota(fleet.offers[pool.offer], pattern)
    ]
    return max(map(sum, zip(*by_pool, strict=True)), default=0.0)


def _quotas(fleet: Fleet, relaxation: Relaxation | None) -> Iterator[BindingLimit]:
    for pattern, allowed in fleet.problem.limits.quotas.items():
        saves = None if relaxation is None else relaxation.saves_by_quota[pattern]
        used = quota_use(fleet, pattern)
        sizes = [quota_vcpus(offer) for offer in fleet.offers if matches_quota(offer, pattern)]
        full = used > 0 and used + min(sizes, default=inf) > allowed
        if full or _matters(saves):
            yield BindingLimit(
                limit=quota_words(pattern, allowed, fleet.offers),
                unit=quota_unit(pattern, fleet.offers),
                allowed=allowed,
                used=used,
                saves_usd_per_month_per_unit=_monthly(saves),
            )


def _most_machines(fleet: Fleet, relaxation: Relaxation | None) -> Iterator[BindingLimit]:
    for index, offer in enumerate(fleet.offers):
        if offer.max_count is None or offer.max_count == MOST_MACHINES:
            continue
        saves = None if relaxation is None else relaxation.saves_by_offer.get(offer.key, 0.0)
        by_pool = [counts for pool, counts in fleet.machines.items() if pool.offer == index]
        used = max(map(sum, zip(*by_pool, strict=True)), default=0)
        if used == offer.max_count or _matters(saves):
            yield BindingLimit(
                limit=machines_words([offer]),
                unit="machine",
                allowed=offer.max_count,
                used=used,
                saves_usd_per_month_per_unit=_monthly(saves),
            )


def _spot_share(fleet: Fleet, relaxation: Relaxation | None) -> Iterator[BindingLimit]:
    share = fleet.problem.limits.spot_share
    if share is None or relaxation is None or not _matters(relaxation.saves_by_spot_share):
        return
    used = _spot_part(fleet)
    yield BindingLimit(
        limit=spot_share_words(share),
        unit="percentage point",
        allowed=100 * share,
        used=None if used is None else 100 * used,
        saves_usd_per_month_per_unit=relaxation.saves_by_spot_share / 100 * HOURS_PER_MONTH,
    )


def _spot_pool_share(fleet: Fleet, relaxation: Relaxation | None) -> Iterator[BindingLimit]:
    share = fleet.problem.limits.spot_pool_share
    if share is not None and relaxation is not None and _matters(relaxation.saves_by_spot_pool_share):
        yield BindingLimit(
            limit=spot_pool_words(share),
            unit="percentage point",
            allowed=100 * share,
            saves_usd_per_month_per_unit=relaxation.saves_by_spot_pool_share / 100 * HOURS_PER_MONTH,
        )


def _cloud_shares(fleet: Fleet, relaxation: Relaxation | None) -> Iterator[BindingLimit]:
    for cloud, share in fleet.problem.limits.cloud_shares.items():
        bounds: tuple[tuple[Literal["least", "most"], float], ...] = (("least", share.least), ("most", share.most))
        for which, allowed in bounds:
            saves = None if relaxation is None else relaxation.saves_by_cloud_share.get((which, cloud))
            if saves is not None and _matters(saves):
                yield BindingLimit(
                    limit=cloud_share_words(which, cloud, share),
                    unit="percentage point",
                    allowed=100 * allowed,
                    saves_usd_per_month_per_unit=saves / 100 * HOURS_PER_MONTH,
                )


def _spot_part(fleet: Fleet) -> float | None:
    """The largest part of the demand that depends on spot machines; None for several classes, which share machines."""
    demand = fleet.problem.demand
    if len(demand.classes) > 1:
        return None
    capacity = [offer.capacity_rps.get(demand.classes[0], 0.0) for offer in fleet.offers]
    firm = [0.0] * len(Levels.of(demand).rps)
    for pool, counts in fleet.machines.items():
        if pool.purchase != "spot":
            firm = [rps + capacity[pool.offer] * count for rps, count in zip(firm, counts, strict=False)]
    by_hour = zip(fleet.of_hour, demand.rps, strict=True)
    return max(max(0.0, 1 - firm[level] / rate) for level, (rate,) in by_hour if rate)


def _budget(fleet: Fleet) -> Iterator[BindingLimit]:
    budget = fleet.problem.limits.budget_usd_per_hour
    prices = [price for offer in fleet.offers for price in useful_prices(offer, fleet.problem).values()]
    if budget is not None and fleet.usd_per_hour + min(prices, default=inf) > budget:
        yield BindingLimit(
            limit=budget_words(budget),
            unit="USD/month",
            allowed=budget * HOURS_PER_MONTH,
            used=fleet.usd_per_hour * HOURS_PER_MONTH,
            saves_usd_per_month_per_unit=0.0,  # it forbids fleets, and makes none cheaper
        )


def _matters(saves_usd_per_hour: float | None) -> bool:
    return saves_usd_per_hour is not None and saves_usd_per_hour > _WORTH_A_WORD


def _monthly(usd_per_hour: float | None) -> float | None:
    return None if usd_per_hour is None else max(0.0, usd_per_hour) * HOURS_PER_MONTH
