"""Capacities measured on the machine type itself: taken as they are, simulated where the model of the queue agrees."""

import pytest

from aiops_planner.catalog import Selection
from aiops_planner.demand import Demand
from aiops_planner.errors import CatalogError
from aiops_planner.estimate import Reference, estimate_capacity_rps
from aiops_planner.performance import Objective
from aiops_planner.plans import Problem
from aiops_planner.profiles import Profile, offers_from_profiles, profile_of
from aiops_planner.proofs import Proof
from aiops_planner.sizing import plan

BOTH = Selection(clouds={"aws": ("us-east-1",), "gcp": ("us-central1", "us-east1")})
REFERENCE = Reference(objective=Objective(p99=0.1), mean_service_s=0.01, p99_service_s=0.03, usable_cores=4)
MODELLED_RPS = estimate_capacity_rps(REFERENCE, 4, 1.0)


def test_a_profile_holds_in_every_region_at_the_catalogs_prices():
    profiles = {"n2-standard-4": Profile(capacity_rps={"requests": 70.0})}
    offers, left_out = offers_from_profiles(profiles, BOTH)
    assert [offer.key for offer in offers] == ["gcp/us-central1/n2-standard-4", "gcp/us-east1/n2-standard-4"]
    assert {offer.capacity_source for offer in offers} == {"measured"}
    assert {offer.capacity_error for offer in offers} == {None}
    assert left_out == ()
    whole_month, _ = offers_from_profiles(profiles, BOTH, whole_month=True)
    discounted = zip(whole_month, offers, strict=True)
    assert all(a.prices_usd_per_hour["on_demand"] < b.prices_usd_per_hour["on_demand"] for a, b in discounted)


def test_a_type_that_cannot_be_bought_so_is_left_out_with_the_reason():
    profiles = {"c7i.large": Profile(capacity_rps={"requests": 70.0})}
    offers, (left_out,) = offers_from_profiles(profiles, BOTH, purchases=("reserved_1y",))
    assert offers == ()
    assert left_out.reason == "the catalog has no price for reserved_1y"
    assert left_out.examples == ("aws/us-east-1/c7i.large",)


def test_a_type_that_is_not_selected_is_refused_with_the_nearest():
    with pytest.raises(CatalogError, match=r"'c7i.larg' is none of the machine types .*did you mean c7i.large"):
        offers_from_profiles({"c7i.larg": Profile(capacity_rps={"requests": 1.0})}, BOTH)


@pytest.mark.parametrize("share", [0.3, 0.9, 1.0])
def test_the_queue_is_told_where_its_model_carries_what_was_measured(share):
    profile = profile_of(REFERENCE, share * MODELLED_RPS)
    assert profile.capacity_rps == {"requests": share * MODELLED_RPS}
    assert profile.servers == 4
    assert profile.service_mean_s == {"requests": 0.01}
    assert profile.service_p99_s == {"requests": 0.03}
    assert profile.efficiency == pytest.approx(share)


@pytest.mark.parametrize(
    ("reference", "least_rps"),
    [
        (REFERENCE, 1.01 * MODELLED_RPS),
        (Reference(objective=Objective(ttft_p90=1.0), mean_service_s=0.01, usable_cores=4), 10.0),
        (Reference(objective=Objective(p99=0.001), mean_service_s=0.01, usable_cores=4), 10.0),
    ],
)
def test_what_was_measured_is_never_simulated_away(reference, least_rps):
    assert profile_of(reference, least_rps) == Profile(capacity_rps={"requests": least_rps})


def test_a_plan_of_profiles_is_simulated_and_not_called_an_estimate():
    profiles = {"c7i.xlarge": profile_of(REFERENCE, 0.8 * MODELLED_RPS)}
    offers, _ = offers_from_profiles(profiles, BOTH)
    proof = Proof(objective=REFERENCE.objective, requests=20_000, routing="shortest-queue")
    problem = Problem(demand=Demand.constant(2 * MODELLED_RPS), offers=offers, proof=proof)
    found = plan(problem, explained=False)
    assert found.verification.status == "met"
    assert [item.count for item in found.fleet] == [3]
    assert not any("measure the chosen types" in note for note in found.notes)
    assert found.calibration_share is None
