"""The fleet that is there before the solver is."""

import pytest

from aiops_planner import Demand, Limits, Offer, Problem, plan

ROWS = ((1000.0,), (300.0,), (0.0,), (777.0,))
CAPACITY = {"small": 95.0, "large": 400.0}
VCPUS = {"small": 2, "large": 8}
OFFERS = tuple(
    Offer(
        name=name,
        cloud="aws",
        region="east",
        vcpus=VCPUS[name],
        prices_usd_per_hour={"on_demand": price, "reserved_1y": 0.6 * price, "spot": 0.3 * price},
        capacity_rps={"requests": CAPACITY[name]},
        max_count=6 if name == "large" else None,
    )
    for name, price in (("small", 0.1), ("large", 0.38))
)


@pytest.mark.parametrize("survive", ["none", "instance", "zone"])
@pytest.mark.parametrize(
    "purchases", [("on_demand",), ("reserved_1y",), ("spot",), ("on_demand", "reserved_1y", "spot")]
)
@pytest.mark.parametrize("vcpus", [60, 40])
def test_without_any_time_there_is_a_fleet_that_carries_every_hour_and_keeps_the_limits(survive, purchases, vcpus):
    limits = Limits(quotas={"aws/*": vcpus})
    demand = Demand(classes=("requests",), rps=ROWS)
    found = plan(
        Problem(demand=demand, offers=OFFERS, purchases=purchases, survive=survive, limits=limits), time_limit_s=0.0
    )
    assert found.status == "feasible"
    assert 0 <= found.lower_bound_usd_per_hour <= found.usd_per_hour
    for hour, (rate,) in enumerate(ROWS):
        items = [item for item in found.fleet if item.count_by_hour[hour]]
        carried = {"1": 0.0, "2": 0.0, "3": 0.0, None: 0.0}
        for item in items:
            carried[item.zone] += item.count_by_hour[hour] * CAPACITY[item.offer]
        one = max((CAPACITY[item.offer] for item in items), default=0.0)
        lost = {"none": 0.0, "instance": one, "zone": max(carried.values())}[survive]
        assert sum(carried.values()) - lost >= rate * (1 - 1e-6)
        assert sum(item.count_by_hour[hour] * VCPUS[item.offer] for item in items) <= vcpus
        assert sum(item.count_by_hour[hour] for item in items if item.offer == "large") <= 6


def test_several_classes_have_a_fleet_without_any_time():
    offers = (
        Offer(name="short", prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"a": 10.0}),
        Offer(name="both", prices_usd_per_hour={"on_demand": 2.5}, capacity_rps={"a": 12.0, "b": 5.0}),
    )
    found = plan(Problem(demand=Demand.of_classes({"a": 30.0, "b": 10.0}), offers=offers), time_limit_s=0.0)
    assert {item.offer: item.count for item in found.fleet} == {"short": 3, "both": 2}
