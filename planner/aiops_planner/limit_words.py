"""Limits as a person asked for them, in the words that plans and refusals share."""

from collections.abc import Iterable, Sequence
from typing import Literal

from aiops_planner.explanations import LimitUnit
from aiops_planner.offers import Offer
from aiops_planner.plans import HOURS_PER_MONTH, CloudShare
from aiops_planner.pruning import matches_quota
from aiops_planner.wording import counted, percent


def quota_words(pattern: str, allowed: float, offers: Iterable[Offer]) -> str:
    """A quota: the quota of 64 vCPUs for aws/*."""
    return f"the quota of {counted(allowed, quota_unit(pattern, offers))} for {pattern}"


def quota_unit(pattern: str, offers: Iterable[Offer]) -> LimitUnit:
    """What a quota counts: vCPUs, or machines where none of the offers it covers states its vCPUs."""
    stated = any(offer.vcpus is not None for offer in offers if matches_quota(offer, pattern))
    return "vCPU" if stated else "machine"


def budget_words(usd_per_hour: float) -> str:
    """A budget by the month."""
    return f"the budget of {usd_per_hour * HOURS_PER_MONTH:,.0f} USD/month"


def spot_share_words(share: float) -> str:
    """The largest share of the demand that spot machines may carry."""
    return f"the spot share of at most {percent(share)}"


def spot_pool_words(share: float) -> str:
    """The largest share of the demand that the spot machines of one type in one zone may carry."""
    return f"the share of at most {percent(share)} for one spot pool"


def spot_pools_lost_words(count: int) -> str:
    """How many spot pools may go at once."""
    return f"surviving the loss of any {counted(count, 'spot pool')}"


def cloud_share_words(which: Literal["least", "most"], cloud: str, share: CloudShare) -> str:
    """The least or the most that a cloud carries."""
    return f"the share of at {which} {percent(share.least if which == 'least' else share.most)} on {cloud}"


def machines_words(limited: Sequence[Offer]) -> str:
    """The most machines of some offers, the first of them by name."""
    named = ", ".join(f"{offer.key} ({offer.max_count})" for offer in limited[:3])
    return f"the most machines of {named}{' and others' if len(limited) > 3 else ''}"
