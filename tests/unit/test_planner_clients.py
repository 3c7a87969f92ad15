"""Clients elsewhere: demand by client region, what round trips leave of the objective, and tables of round trips."""

import hashlib
from importlib.resources import files

import pytest

from aiops_planner import Demand, Objective, Offer
from aiops_planner.clients import Clients, spread, within_reach
from aiops_planner.errors import UsageError
from aiops_planner.objectives import beyond, multiplied, nearest_limit_s
from aiops_planner.round_trips import read_round_trips, shipped_round_trips

TRIPS = {("aws/west", "aws/east"): 0.08, ("aws/east", "aws/east"): 0.001}
HALVES = Clients(round_trips_s=TRIPS, shares={"aws/east": 0.5, "aws/west": 0.5})
EAST = Offer(
    name="m",
    cloud="aws",
    region="east",
    prices_usd_per_hour={"on_demand": 1.0},
    capacity_rps={"requests": 100.0},
    response_p99_s=0.05,
)


def test_a_demand_is_spread_over_client_regions_by_their_shares():
    found = spread(Demand.constant(300), HALVES).demand
    assert found.classes == ("aws/east", "aws/west")
    assert found.rps == ((150.0, 150.0),)
    assert found.origins == {"aws/east": "aws/east", "aws/west": "aws/west"}


def test_every_class_of_a_demand_is_spread():
    found = spread(Demand.of_classes({"chat": 10, "code": 2}), HALVES)
    assert found.demand.classes == (
        "chat from aws/east",
        "chat from aws/west",
        "code from aws/east",
        "code from aws/west",
    )
    assert found.demand.rps == ((5.0, 5.0, 1.0, 1.0),)
    assert found.class_of["code from aws/west"] == "code"


def test_classes_are_client_regions_where_no_shares_are_given():
    found = spread(Demand.of_classes({"aws/east": 10, "aws/west": 2}), Clients(round_trips_s=TRIPS))
    assert found.demand.origins == {"aws/east": "aws/east", "aws/west": "aws/west"}
    assert set(found.class_of.values()) == {"requests"}


def test_shares_that_are_not_the_whole_are_refused():
    with pytest.raises(UsageError, match=r"add up to 90 %, not to 100 %"):
        spread(Demand.constant(1), Clients(round_trips_s=TRIPS, shares={"aws/east": 0.5, "aws/west": 0.4}))


@pytest.mark.parametrize(("limit_s", "west"), [(0.1299, 0.0), (0.13, 100.0), (0.2, 100.0)])
def test_requests_go_where_round_trip_and_response_time_keep_the_objective(limit_s, west):
    reach = within_reach((EAST,), spread(Demand.constant(10), HALVES), HALVES, limit_s)
    assert reach.offers[0].capacity_rps == {"aws/east": 100.0, "aws/west": west}
    assert reach.offers[0].network_s == {"aws/east": 0.001, "aws/west": 0.08}
    assert reach.left_out == ()


def test_an_offer_that_does_not_say_its_response_time_is_refused_with_what_to_add():
    silent = Offer(
        name="m", cloud="aws", region="east", prices_usd_per_hour={"on_demand": 1}, capacity_rps={"requests": 1}
    )
    with pytest.raises(UsageError, match=r"'aws/east/m' does not say its p99 .*; add p99, like p99: 80ms"):
        within_reach((silent,), spread(Demand.constant(10), HALVES), HALVES, 0.2)


def test_pairs_without_a_round_trip_carry_nothing_and_are_named():
    elsewhere = Clients(round_trips_s=TRIPS, shares={"gcp/north": 1.0})
    reach = within_reach((EAST,), spread(Demand.constant(10), elsewhere), elsewhere, 0.2)
    assert reach.offers[0].capacity_rps == {"gcp/north": 0.0}
    (left_out,) = reach.left_out
    assert left_out.examples == ("gcp/north to aws/east",)
    assert "capacity.clients.round_trips" in left_out.reason


def test_clients_beside_the_machines_need_no_measured_round_trip():
    here = Clients(round_trips_s={}, shares={"aws/east": 1.0})
    reach = within_reach((EAST,), spread(Demand.constant(10), here), here, 0.05)
    assert reach.offers[0].capacity_rps == {"aws/east": 100.0}


def test_offers_are_sized_anew_for_what_the_round_trip_leaves():
    asked = []

    def sized_at(distance_s):
        asked.append(distance_s)
        return {"aws/east/m": {"requests": 1000 * (0.2 - distance_s)}}

    reach = within_reach((EAST,), spread(Demand.constant(10), HALVES), HALVES, 0.2, sized_at)
    east, west = reach.offers[0].capacity_rps.values()
    assert asked == pytest.approx([0.004, 0.08])  # rounded up to a fiftieth of the objective
    assert (east, west) == (pytest.approx(196), pytest.approx(120))


def test_nothing_is_sized_for_a_round_trip_that_takes_all_of_the_objective():
    reach = within_reach(
        (EAST,), spread(Demand.constant(10), HALVES), HALVES, 0.08, lambda _: {"aws/east/m": {"requests": 9}}
    )
    assert reach.offers[0].capacity_rps == {"aws/east": 9, "aws/west": 0.0}


def test_sending_an_answer_costs_its_bytes_at_the_price_of_the_cloud_or_region():
    clients = Clients(
        round_trips_s=TRIPS,
        shares={"aws/east": 1.0},
        answer_bytes=2e6,
        egress_usd_per_gb={"aws": 0.09, "aws/south": 0.15, "gcp": 0.12},
    )
    (east,) = within_reach((EAST,), spread(Demand.constant(10), clients), clients, 0.2).offers
    assert east.egress_usd_per_request == {"aws/east": pytest.approx(0.09 * 2e-3)}
    south = Offer(name="s", cloud="aws", region="south", prices_usd_per_hour={}, capacity_rps={})
    assert clients.egress_usd(south) == pytest.approx(0.15 * 2e-3)


def test_a_round_trip_takes_its_time_off_every_limit_but_that_between_tokens():
    asked = Objective(p50=0.1, p99=0.2, ttft_p50=0.15, tpot_p50=0.03)
    left = beyond(asked, 0.04)
    assert left == Objective(p50=pytest.approx(0.06), p99=0.16, ttft_p50=pytest.approx(0.11), tpot_p50=0.03)
    assert beyond(asked, 0.1) is None
    assert nearest_limit_s(asked) == 0.1
    assert nearest_limit_s(Objective(tpot_p50=0.03)) is None
    assert multiplied(Objective(p99=0.2, ttft_p50=0.3, tpot_p50=0.03), 2) == Objective(
        p99=0.4, ttft_p50=0.6, tpot_p50=0.06
    )


def test_the_shipped_round_trips_are_those_of_their_provenance():
    packaged = files("aiops_planner").joinpath("data")
    digest = hashlib.sha256(packaged.joinpath("round_trips.csv").read_bytes()).hexdigest()
    assert f"`{digest}`" in packaged.joinpath("PROVENANCE.md").read_text()
    trips = shipped_round_trips()
    assert trips.dates == ("2020-06-02", "2020-06-05", "2021-02-13")
    assert len(trips.seconds) == 761
    assert 0.06 < trips.seconds["aws/eu-west-1", "aws/us-east-1"] < 0.08
    assert not any(here.partition("/")[0] != there.partition("/")[0] for here, there in trips.seconds)


HEAD = "from,to,round_trip_ms\n"


def test_a_round_trip_counts_in_both_directions_unless_the_other_has_its_own():
    trips = read_round_trips((HEAD + "home,aws/east,30\naws/east,home,32\nhome,gcp/west,9.5\n").splitlines(), "own.csv")
    assert trips.seconds["home", "aws/east"] == 0.03
    assert trips.seconds["aws/east", "home"] == 0.032
    assert trips.seconds["gcp/west", "home"] == 0.0095


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from,to\na,b\n", "own.csv: the column 'round_trip_ms' is missing; the first line has to name from, to"),
        ("", "own.csv: the column 'from' is missing"),
        (HEAD + "a,b,fast\n", "own.csv, line 2: the round trip is 'fast'; write milliseconds from 0 to 60,000"),
        (HEAD + "a,b,-1\n", "line 2: the round trip is '-1'"),
        (HEAD + "a,b,nan\n", "line 2: the round trip is 'nan'"),
        (HEAD + "a,b\n", "line 2: the round trip is None"),
        (HEAD + "a,b,1\na,b,2\n", "line 3: a to b is there a second time"),
        (HEAD + "a,,1\n", "line 2: a region is missing"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_line(text, said):
    with pytest.raises(UsageError) as refusal:
        read_round_trips(text.splitlines(), "own.csv")
    assert said in refusal.value.message
