"""A machine type of the catalog as an offer, wherever its capacity comes from."""

from collections.abc import Mapping

from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Offer


def catalog_offer(candidate: InstanceType, capacity_rps: Mapping[str, float], *, whole_month: bool) -> Offer:
    """The offer of a machine type with its capacity in requests/s by class.

    `whole_month` takes the on-demand price of a machine that is never stopped, where the cloud discounts it.
    """
    prices = dict(candidate.prices_usd_per_hour)
    if whole_month and candidate.whole_month_usd_per_hour is not None and "on_demand" in prices:
        prices["on_demand"] = candidate.whole_month_usd_per_hour
    return Offer(
        name=candidate.name,
        prices_usd_per_hour=prices,
        capacity_rps=capacity_rps,
        cloud=candidate.cloud,
        region=candidate.region,
        family=candidate.family,
        vcpus=candidate.vcpus,
        memory_gib=candidate.memory_gib,
        price_date=candidate.price_date,
    )
