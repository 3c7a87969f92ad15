"""Why there is no fleet: the limits that collide, none too many, and how far each would have to give."""

from dataclasses import replace

import pytest

from aiops_planner import Demand, Infeasible, Limits, Offer, Plan, Problem, plan
from aiops_planner.plans import HOURS_PER_MONTH

SMALL = Offer(
    name="small", cloud="aws", region="east", vcpus=2, prices_usd_per_hour={"on_demand": 0.2}, capacity_rps={"r": 100.0}
)
LARGE = Offer(
    name="large", cloud="gcp", region="west", vcpus=4, prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"r": 400.0}
)


def problem(**changes):
    return Problem(**{"demand": Demand.of_classes({"r": 800.0}), "offers": (SMALL, LARGE), **changes})


def refused(**changes) -> Infeasible:
    found = plan(problem(**changes))
    assert isinstance(found, Infeasible)
    return found


def test_limits_that_only_collide_together_are_named_and_others_are_not():
    # The dear machines fit the quota and break the budget, the cheap ones the other way round; zones are no trouble.
    found = refused(limits=Limits(budget_usd_per_hour=1.8, quotas={"*": 8, "azure/*": 1}, spot_share=0.5))
    assert found.reasons == (
        "these limits collide: the quota of 8 vCPUs for *, and the budget of 1,314 USD/month",
        "the quota of 8 vCPUs for * is too tight: without it the cheapest fleet costs 1,168 USD/month and counts 16 "
        "vCPUs of it; 12 vCPUs would do",
        "the budget of 1,314 USD/month is too tight: without it the cheapest fleet costs 1,460 USD/month",
    )
    assert [(remedy.asked, remedy.would_do) for remedy in found.remedies] == [
        (8, 12),
        (pytest.approx(1.8 * HOURS_PER_MONTH), pytest.approx(2.0 * HOURS_PER_MONTH)),
    ]


@pytest.mark.parametrize("survive", ["none", "instance", "zone"])
def test_the_least_quota_would_do_and_a_vcpu_less_would_not(survive):
    asked = problem(survive=survive, limits=Limits(quotas={"*": 3}))
    found = plan(asked)
    (remedy,) = found.remedies
    assert isinstance(plan(replace(asked, limits=Limits(quotas={"*": remedy.would_do})), explained=False), Plan)
    assert isinstance(
        plan(replace(asked, limits=Limits(quotas={"*": remedy.would_do - 1})), explained=False), Infeasible
    )


def test_limits_that_are_each_too_tight_name_what_has_to_give_together():
    found = refused(limits=Limits(budget_usd_per_hour=0.1, quotas={"*": 2}))
    assert found.reasons == (
        "these limits are each too tight, and only lifting them together helps: the quota of 2 vCPUs for *, and the "
        "budget of 73 USD/month",
    )
    assert [remedy.would_do for remedy in found.remedies] == [None, None]


def test_a_limit_without_a_number_is_named_all_the_same():
    found = refused(survive="instance", offers=(replace(LARGE, max_count=2),))
    assert found.reasons[0] == (
        "these limits collide: surviving the loss of one instance, and the most machines of gcp/west/large (2)"
    )
    assert {remedy.unit for remedy in found.remedies} == {None}


def test_a_demand_beyond_every_offer_is_not_blamed_on_a_limit():
    tiny = replace(SMALL, capacity_rps={"a": 1e-3, "b": 1e-3})
    found = refused(demand=Demand.of_classes({"a": 600.0, "b": 600.0}), offers=(tiny,), limits=Limits(quotas={"*": 9}))
    (reason,) = found.reasons
    assert reason.startswith("the offers cannot carry the demand even without any limit")
    assert found.remedies == ()


def test_what_has_to_be_survived_is_lifted_last():
    # Without zones to survive the quota alone would be left; so would it with more money.
    found = refused(
        offers=(SMALL,), survive="zone", limits=Limits(budget_usd_per_hour=1.7, quotas={"*": 8}, spot_share=0.5)
    )
    (reason,) = found.reasons
    assert "only lifting them together helps: the quota of 8 vCPUs for *, and the budget" in reason
    assert "surviving" not in reason
