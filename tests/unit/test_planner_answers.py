"""What a plan and a refusal say, and what a problem that cannot be meant gets."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_planner import Demand, Infeasible, Limits, Offer, Problem, plan
from aiops_planner.errors import UsageError
from aiops_planner.fleet import find_cheapest
from aiops_planner.plans import LeftOut, Origin

ALL = ("on_demand", "reserved_1y", "reserved_3y", "spot")


def offer(name, on_demand, rps, **changes):
    prices = {"on_demand": on_demand, "reserved_3y": 0.5 * on_demand, "spot": 0.3 * on_demand}
    capacity = rps if isinstance(rps, dict) else {"requests": rps}
    return replace(Offer(name=name, prices_usd_per_hour=prices, capacity_rps=capacity), **changes)


SMALL = offer("small", 0.1, 90.0, cloud="aws", region="east", vcpus=2, price_date="2026-07-20")
LARGE = offer("large", 0.37, 400.0, cloud="aws", region="east", vcpus=8, price_date="2026-07-20")
OTHER = offer("other", 0.2, 170.0, cloud="gcp", region="west", vcpus=4, price_date="2026-07-30")
OFFERS = (SMALL, LARGE, OTHER)


def problem(rate=1000.0, **changes):
    return Problem(**{"demand": Demand.constant(rate), "offers": OFFERS, "purchases": ALL, **changes})


def test_cost_and_gap_can_be_recomputed_from_counts_and_prices():
    found = plan(problem(survive="instance", limits=Limits(spot_share=0.4)))
    prices = {item.name: item.prices_usd_per_hour for item in OFFERS}
    cost = sum(item.count_by_hour[0] * prices[item.offer][item.purchase] for item in found.fleet)
    assert found.usd_per_hour == pytest.approx(cost, rel=1e-12)
    assert found.usd_per_month == pytest.approx(cost * 730)
    assert found.lower_bound_usd_per_hour <= cost
    assert found.gap <= 0.005


def test_traffic_carries_the_demand_at_the_same_utilisation_everywhere():
    hours = ((1000.0,), (300.0,), (1000.0,))
    found = plan(problem(demand=Demand(classes=("requests",), rps=hours)))
    for hour, (rate,) in enumerate(hours):
        assert sum(share.rps_by_hour[hour] for share in found.traffic) == pytest.approx(rate)
        machines = {}
        for item in found.fleet:
            machines[item.offer] = machines.get(item.offer, 0) + item.count_by_hour[hour]
        loads = {s.rps_by_hour[hour] / (machines[s.offer] * s.capacity_rps) for s in found.traffic if machines[s.offer]}
        assert max(loads) == pytest.approx(min(loads))
        assert max(loads) <= 1 + 1e-6


def test_commitments_carry_the_base_and_on_demand_the_peak():
    hours = tuple((900.0,) if hour == 12 else (300.0,) for hour in range(24))
    demand = Demand(classes=("requests",), rps=hours)
    found = plan(problem(offers=(LARGE,), purchases=("on_demand", "reserved_3y"), demand=demand))
    by_purchase = {item.purchase: item.count_by_hour for item in found.fleet}
    assert by_purchase["reserved_3y"] == (1,) * 24
    assert by_purchase["on_demand"] == tuple(2 if hour == 12 else 0 for hour in range(24))


def test_no_zone_and_no_machine_is_indispensable():
    for survive in ("instance", "zone"):
        found = plan(problem(survive=survive))
        capacity = {item.key: item.capacity_rps["requests"] for item in OFFERS}
        carried = [(item, item.count * capacity[f"{item.cloud}/{item.region}/{item.offer}"]) for item in found.fleet]
        total = sum(rps for _, rps in carried)
        if survive == "instance":
            lost = [rps / item.count for item, rps in carried]
        else:
            zones = {(item.cloud, item.region, item.zone) for item in found.fleet}
            lost = [sum(r for i, r in carried if (i.cloud, i.region, i.zone) == zone) for zone in zones]
        assert total - max(lost) >= 1000 - 1e-6
        assert total >= 1000


def test_firm_machines_alone_carry_what_spot_may_not():
    found = plan(problem(limits=Limits(spot_share=0.25)))
    capacity = {item.name: item.capacity_rps["requests"] for item in OFFERS}
    firm = sum(item.count * capacity[item.offer] for item in found.fleet if item.purchase != "spot")
    assert firm >= 750
    assert {item.purchase for item in found.fleet} == {"reserved_3y", "spot"}


def test_a_plan_names_its_rivals_its_dates_and_what_had_no_effect():
    estimated = replace(SMALL, capacity_source="estimated", capacity_error=0.25)
    limits = Limits(quotas={"azure/*": 4})
    found = plan(problem(offers=(estimated, OTHER), limits=limits), origin=Origin(notes=("from the caller",)))
    assert set(found.cheapest_by_cloud_usd_per_month) == {"aws", "gcp"}
    assert min(found.cheapest_by_cloud_usd_per_month.values()) >= found.usd_per_month - 1e-9
    assert found.on_demand_only_usd_per_month > found.usd_per_month
    assert found.price_dates == {"aws": "2026-07-20", "gcp": "2026-07-30"}
    said = " | ".join(found.notes)
    for words in (
        "±25 %",
        "'azure/*' covers no offer",
        "taken back at short notice",
        "from the caller",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("estimated", "said"),
    [
        ((True,), "the one offer in the fleet rests on an estimated capacity (up to ±25 %)"),
        ((True, True), "all 2 offers in the fleet rest on an estimated capacity"),
        ((True, False), "1 of the 2 offers in the fleet rests on an estimated capacity"),
    ],
)
def test_a_note_counts_the_estimates_in_the_fleet_as_people_do(estimated, said):
    base = Offer(name="0", prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"requests": 100.0}, max_count=1)
    error = {True: {"capacity_source": "estimated", "capacity_error": 0.25}, False: {}}
    offers = tuple(replace(base, name=str(number), **error[guess]) for number, guess in enumerate(estimated))
    found = plan(problem(100.0 * len(offers), offers=offers, purchases=("on_demand",)))
    assert any(note.startswith(said) for note in found.notes)


def test_the_marginal_cost_is_the_slope_of_the_relaxation():
    found = plan(problem(offers=(LARGE,), purchases=("on_demand",)))
    assert found.marginal.lp_usd_per_month_per_percent == pytest.approx(0.01 * 1000 / 400 * 0.37 * 730)
    assert found.marginal.demand_plus_1_percent_usd_per_month == 0.0  # 3 machines carry 1,010/s as well
    full = plan(problem(1200.0, offers=(LARGE,), purchases=("on_demand",)))
    assert full.marginal.demand_plus_1_percent_usd_per_month == pytest.approx(0.37 * 730)


def test_one_more_percent_beyond_a_limit_has_no_price():
    found = plan(problem(400.0, offers=(replace(LARGE, max_count=1),), purchases=("on_demand",)))
    assert found.marginal.demand_plus_1_percent_usd_per_month is None


@pytest.mark.parametrize(
    ("changes", "said", "share"),
    [
        ({"limits": Limits(budget_usd_per_hour=0.1)}, "budget of 73 USD/month is too tight: without it", 0.27),
        ({"limits": Limits(quotas={"aws/*": 4, "gcp/*": 4})}, "quota of 4 vCPUs for aws/* is too tight", 0.35),
        ({"limits": Limits(quotas={"*": 8})}, "quota of 8 vCPUs for * is too tight", 0.4),
        ({"survive": "instance", "offers": (replace(LARGE, max_count=3),)}, "surviving the loss of one instance", 0.8),
        ({"offers": (replace(SMALL, max_count=2),)}, "most machines of aws/east/small (2)", 0.18),
        ({"purchases": ("spot",), "limits": Limits(spot_share=0.5)}, "spot share of at most 50 %", None),
    ],
)
def test_a_refusal_names_the_limits_that_collide_and_the_share_they_allow(changes, said, share):
    found = plan(problem(**changes))
    assert isinstance(found, Infeasible)
    assert any(said in reason for reason in found.reasons)
    assert found.feasible_share == (None if share is None else pytest.approx(share, abs=0.02))


def test_limits_that_only_collide_together_are_named_together():
    limits = Limits(budget_usd_per_hour=0.1, quotas={"*": 8})
    found = plan(problem(limits=limits))
    assert len(found.reasons) == 1
    assert "budget" in found.reasons[0]
    assert "quota" in found.reasons[0]


@pytest.mark.parametrize(
    ("vcpus", "most", "said"),
    [
        (None, 3, "the quota of 3 machines for * is too tight: without it the cheapest fleet costs 2,920 USD/month "),
        (None, 1, "the quota of 1 machine for * is too tight"),
        (None, 3, "and counts 4 machines of it"),
        (500, 1600, "the quota of 1,600 vCPUs for * is too tight"),
        (500, 1600, "and counts 2,000 vCPUs of it"),
    ],
)
def test_a_quota_counts_vcpus_or_machines_where_no_offer_states_its_vcpus(vcpus, most, said):
    own = Offer(name="A", prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"requests": 100.0}, vcpus=vcpus)
    limits = Limits(quotas={"*": most})
    assert said in plan(problem(400.0, offers=(own,), purchases=("on_demand",), limits=limits)).reasons[0]


def test_a_class_that_nobody_serves_is_named():
    demand = Demand.of_classes({"requests": 10.0, "long": 1.0})
    found = plan(problem(demand=demand))
    sold = ", ".join(ALL)
    assert found.reasons == (f"no offer on sale ({sold}) can serve requests of class 'long' within the objective",)


def test_without_offers_the_reasons_are_why_they_were_left_out():
    left_out = (LeftOut(reason="even an idle machine would miss the objective", count=55),)
    found = plan(problem(offers=()), origin=Origin(left_out=left_out))
    assert found.reasons == (
        "there is no offer to choose from",
        "55 were left out: even an idle machine would miss the objective",
    )
    assert found.left_out == left_out


def test_offers_without_a_price_are_left_out_with_that_reason():
    unpriced = replace(LARGE, prices_usd_per_hour={"spot": 0.1})
    found = plan(problem(offers=(SMALL, unpriced), purchases=("on_demand",)))
    assert [(out.count, out.examples) for out in found.left_out] == [(1, ("aws/east/large",))]
    assert found.offers_considered == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"demand": Demand.constant(0.0)}, "every rate is zero"),
        ({"demand": Demand.constant(-5.0)}, "rate of 'requests' at hour 0 is -5.0"),
        ({"demand": Demand.constant(math.nan)}, "is nan"),
        ({"demand": Demand.constant(math.inf)}, "is inf"),
        ({"demand": Demand.constant(1e300)}, "is 1e+300 requests/s; more than 1,000,000,000 cannot be meant"),
        (
            {"demand": Demand.constant(5e8)},
            "500,000,000 requests/s of 'requests' would need more than 1,000,000 machines even of the largest offer, "
            "aws/east/large with 400/s; check the units of both",
        ),
        ({"demand": Demand(classes=(), rps=())}, "there is no demand"),
        ({"demand": Demand(classes=("a", "a"), rps=((1.0, 1.0),))}, "named twice"),
        ({"demand": Demand(classes=("a",), rps=((1.0, 2.0),))}, "hour 0 has 2 rates for 1 class"),
        ({"demand": Demand(classes=("a",), rps=((1.0,),) * 8785)}, "more than a year"),
        ({"demand": Demand(classes=("a",), rps=((1.0,),), weights=(1.0, 2.0))}, "2 weights for 1 hour"),
        ({"demand": Demand(classes=("a",), rps=((1.0,),), weights=(math.nan,))}, "the weight of hour 0 is nan"),
        ({"demand": Demand(classes=("a",), rps=((1.0,),), weights=(0.0,))}, "hour 0 has no weight"),
        ({"offers": (SMALL, SMALL)}, "'aws/east/small' is offered twice"),
        ({"offers": (offer("x", -1.0, 5.0),)}, "'x': the on_demand price is -1.0"),
        ({"offers": (offer("x", 0.0, 5.0),)}, "'x': the on_demand price is 0; nothing is cheapest"),
        ({"offers": (offer("x", 1.0, math.nan),)}, "'x': the capacity for 'requests' is nan"),
        (
            {"demand": Demand.of_classes({"short": 8.0, "long": 2.0})},
            "their capacity is for the class 'requests', but the demand is for the classes 'short', 'long'; give every "
            "offer its capacity by class, like capacity: {short: 100/s}",
        ),
        ({"offers": (replace(SMALL, max_count=-1),)}, "max is -1"),
        ({"purchases": ()}, "nothing is no way to buy"),
        ({"purchases": ("barter",)}, "'barter' is no way to buy; choose from on_demand"),
        ({"survive": "planet"}, "'planet' is not known; choose from none, instance, zone, region, cloud"),
        ({"limits": Limits(budget_usd_per_hour=-1.0)}, "limits.budget is -1.0"),
        ({"limits": Limits(spot_share=1.5)}, "spot_share: 1.5 is more than the whole"),
        ({"limits": Limits(quotas={"aws/*": math.nan})}, "quotas: 'aws/*' is nan"),
    ],
)
def test_a_problem_that_cannot_be_meant_is_refused_in_one_line(changes, said):
    with pytest.raises(UsageError) as refusal:
        plan(problem(**changes))
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("tiny_rps", [1e-300, 1e-6, 0.01])
def test_an_offer_that_carries_next_to_nothing_does_not_hide_the_one_that_carries_the_demand(tiny_rps):
    tiny = Offer(name="tiny", prices_usd_per_hour={"on_demand": 1e-12}, capacity_rps={"requests": tiny_rps})
    found = plan(problem(100_000.0, offers=(tiny, LARGE), purchases=("on_demand",)))
    assert {item.offer: item.count for item in found.fleet}["large"] >= 225
    assert all(item.count <= 1_000_000 for item in found.fleet)


@settings(max_examples=25, deadline=None)
@given(rate=st.floats(50, 3000), more=st.floats(1.0, 1.5), survive=st.sampled_from(["none", "instance"]))
def test_more_demand_fewer_offers_and_tighter_limits_never_cost_less(rate, more, survive):
    def cost(**changes):
        search = find_cheapest(problem(**{"rate": rate, "survive": survive, **changes}), time_limit_s=20.0, gap=0.0)
        assert search.fleet.usd_per_hour >= search.bound_usd_per_hour
        return search.fleet.usd_per_hour

    cheapest = cost()
    for dearer in (
        cost(rate=rate * more),
        cost(offers=OFFERS[:2]),
        cost(purchases=("on_demand", "spot")),
        cost(limits=Limits(spot_share=0.5)),
        cost(survive="instance"),
    ):
        assert dearer >= cheapest * (1 - 1e-6)
