"""`capacity.clients` of aiops.yml: from where requests come to a plan that answers them from near enough."""

import pytest

from aiops_planner.errors import AiopsError
from aiops_planner.plans import Infeasible, Plan
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.sizing import size_fleet
from support.reports_samples import sample_report

REPORT = sample_report()
HEAD = "version: 1\nservice: {name: x, command: serve $PORT}\ncapacity:\n  slo: {p99: 150ms}\n"
OFFERS = """  offers:
    - {name: m, cloud: aws, region: us-east-1, price: 0.2 USD/h, capacity: 500/s, p99: 50ms}
    - {name: m, cloud: aws, region: eu-central-1, price: 0.24 USD/h, capacity: 500/s, p99: 50ms}
    - {name: m, cloud: aws, region: ap-southeast-1, price: 0.26 USD/h, capacity: 500/s, p99: 50ms}
"""
CLIENTS = (
    "  demand: 5000/s\n  clients:\n    from: {aws/us-east-1: 50%, aws/eu-central-1: 30%, aws/ap-southeast-1: 20%}\n"
)


def size(folder, text):
    (folder / "aiops.yml").write_text(HEAD + text)
    capacity = load_settings(folder / "aiops.yml").capacity
    return size_fleet(capacity, REPORT.benchmarks, REPORT.environment, folder)


def served_from(plan):
    return {(share.request_class, share.region) for share in plan.traffic}


def test_requests_are_answered_from_the_cheapest_region_that_is_near_enough(tmp_path):
    plan = size(tmp_path, CLIENTS + OFFERS)
    assert served_from(plan) == {
        ("aws/us-east-1", "us-east-1"),
        ("aws/eu-central-1", "us-east-1"),
        ("aws/ap-southeast-1", "ap-southeast-1"),
    }
    assert plan.egress_usd_per_hour == 0
    assert any("capacity.clients.egress does not say" in note for note in plan.notes)


def test_answers_that_cost_less_to_send_are_worth_dearer_machines(tmp_path):
    egress = "    answer: 20 kB\n    egress: {aws: 0.09 USD/GB, aws/eu-central-1: 0.05 USD/GB}\n"
    plan = size(tmp_path, CLIENTS + egress + OFFERS)
    assert ("aws/eu-central-1", "eu-central-1") in served_from(plan)
    # All but the part from ap-southeast-1 is sent at 0.05 USD/GB.
    assert plan.egress_usd_per_hour == pytest.approx(3600 * 20e-6 * (4000 * 0.05 + 1000 * 0.09), rel=1e-4)


def test_classes_of_the_demand_may_be_the_client_regions(tmp_path):
    (tmp_path / "day.csv").write_text("hour,aws/us-east-1,aws/ap-southeast-1\n0,1000,200\n1,400,900\n")
    plan = size(tmp_path, "  demand: day.csv\n  clients: {}\n" + OFFERS)
    assert served_from(plan) == {("aws/us-east-1", "us-east-1"), ("aws/ap-southeast-1", "ap-southeast-1")}


def test_own_round_trips_go_before_the_shipped_ones(tmp_path):
    (tmp_path / "trips.csv").write_text(
        "from,to,round_trip_ms\naws/eu-central-1,aws/us-east-1,140\nour office,aws/eu-central-1,12\n"
    )
    own = (
        "  demand: 600/s\n  clients:\n    from: {aws/eu-central-1: 50%, our office: 50%}\n    round_trips: trips.csv\n"
    )
    plan = size(tmp_path, own + OFFERS)
    assert served_from(plan) == {("aws/eu-central-1", "eu-central-1"), ("our office", "eu-central-1")}


def test_clients_that_nobody_reaches_are_refused_with_the_nearest_region(tmp_path):
    refused = size(tmp_path, CLIENTS + "\n".join(OFFERS.splitlines()[:3]) + "\n")
    assert isinstance(refused, Infeasible)
    assert (
        "'aws/ap-southeast-1' within the objective: the nearest are in aws/eu-central-1, a round trip of"
        in (refused.reasons[0])
    )


def test_catalog_offers_are_sized_for_what_the_round_trip_leaves(tmp_path):
    clients = "  demand: 500/s\n  clients:\n    from: {gcp/us-central1: 50%, gcp/us-west1: 50%}\n"
    catalog = "  catalog: {clouds: {gcp: [us-central1]}, families: [n2d], max_vcpus: 16}\n"
    benchmarks = "benchmarks: {classify: {http: {url: http://127.0.0.1/}, slo: {p99: 50ms}}}\n"
    plan = size(tmp_path, clients + catalog + benchmarks)
    assert isinstance(plan, Plan)
    by_origin = {share.request_class: share for share in plan.traffic}
    assert by_origin["gcp/us-west1"].capacity_rps < by_origin["gcp/us-central1"].capacity_rps
    assert plan.verification.status == "met"
    near, far = sorted(plan.verification.rounds[-1].scenarios[0].classes, key=lambda times: times.response_s.p50)
    assert (near.request_class, far.request_class) == ("gcp/us-central1", "gcp/us-west1")
    assert far.response_s.p50 > by_origin["gcp/us-west1"].network_s
    assert far.response_s.p99 <= 0.15
    assert [point.factor for point in plan.cost_by_objective]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  demand: 5/s\n  clients: {from: {aws/us-east-1: 50%}}\n" + OFFERS, "add up to 50 %, not to 100 %"),
        (
            "  demand: 5/s\n  clients: {from: {aws/us-east-1: 100%}, egress: {aws: 0.09 USD/GB}}\n" + OFFERS,
            "not how large an answer is; add answer, like answer: 20 kB",
        ),
        (
            "  demand: 5/s\n  clients: {from: {aws/us-east-1: 100%}, answer: 1 kB, egress: {aws: 0.09 EUR/GB}}\n"
            + OFFERS,
            "expected a price of traffic such as 0.09 USD/GB",
        ),
        ("  demand: 5/s\n  clients: {from: {a: 100%}, round_trips: none.csv}\n" + OFFERS, "round trips cannot be read"),
        (
            "  demand: 5/s\n  clients: {from: {aws/us-east-1: 100%}}\n" + OFFERS.replace(", p99: 50ms", ""),
            "does not say its p99 at that capacity",
        ),
        (
            "  demand: 5/s\n  clients: {from: {aws/us-east-1: 100%}}\n  profiles: {c7a.large: 9/s}\n"
            "  catalog: {clouds: {aws: [us-east-1]}}\n",
            "does not go with profiles",
        ),
    ],
)
def test_client_regions_that_cannot_be_meant_are_refused(tmp_path, text, said):
    with pytest.raises(AiopsError) as refusal:
        size(tmp_path, text)
    assert said in refusal.value.message


def test_clients_need_a_limit_on_response_time(tmp_path):
    (tmp_path / "aiops.yml").write_text((HEAD + CLIENTS + OFFERS).replace("  slo: {p99: 150ms}\n", ""))
    capacity = load_settings(tmp_path / "aiops.yml").capacity
    with pytest.raises(AiopsError, match=r"add capacity\.slo, like p99: 200ms"):
        size_fleet(capacity, (), None, tmp_path)
