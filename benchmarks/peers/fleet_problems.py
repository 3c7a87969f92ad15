"""Fleets to plan, made up from a seed: machine types by families, GPUs and request classes; the days are recorded."""

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiops_planner.clients import Clients, spread, within_reach
from aiops_planner.demand import Demand
from aiops_planner.offers import PURCHASES, Offer, Purchase
from aiops_planner.plans import Limits, Problem
from aiops_planner.round_trips import shipped_round_trips

RECORDED = Path(__file__).parents[2] / "tests/data/traces/servegen_mid_hourly.csv"
HOURS = 24
SIZES_VCPUS = (2, 4, 8, 16, 32, 48, 64, 96)
RPS_PER_VCPU = 5.0  # 0.2 s of CPU a request
SPOT_SHARE, SPOT_POOL_SHARE = 0.5, 0.25
OBJECTIVE_S = 0.2  # at the 99th percentile, network included
ANSWER_BYTES = 10_000


def zoned_day(types: int, peak_rps: float, *, seed: int, spot_pool_share: float | None = None) -> Problem:
    """24 hours in one region of three zones, of which one may fail, and all spot machines at once.

    `spot_pool_share` of the demand is the most that the spot machines of one type in one zone carry.
    """
    return Problem(
        demand=_day(peak_rps, seed=seed),
        offers=tuple(_types(types, np.random.default_rng(seed))),
        purchases=PURCHASES,
        survive="zone",
        limits=Limits(spot_share=SPOT_SHARE, spot_pool_share=spot_pool_share),
    )


def client_regions(types: int, regions: int, peak_rps: float, *, seed: int) -> Problem:
    """24 hours of clients in as many regions as can be rented in, every region's day shifted by its place in the list.

    Prices and response times differ by region and type, answers cost what they cost to send, and requests go only where
    the round trip that was measured between the regions leaves the objective in reach.
    """
    draw = np.random.default_rng(seed)
    at_home = list(_types(types, draw))
    trips = shipped_round_trips()
    names = sorted({here for here, _ in trips.seconds if here.startswith("gcp/")})[:regions]
    levels = [draw.uniform(0.95, 1.35) for _ in names]
    families = len(at_home) // len(SIZES_VCPUS) + 1
    p99_s = draw.uniform(0.04, 0.1, size=families)
    offers = tuple(
        replace(
            offer,
            cloud="gcp",
            region=name.partition("/")[2],
            prices_usd_per_hour=_scaled(offer.prices_usd_per_hour["on_demand"] * level * draw.uniform(0.97, 1.03), 0.6),
            response_p99_s=float(p99_s[number // len(SIZES_VCPUS)]),
        )
        for name, level in zip(names, levels, strict=True)
        for number, offer in enumerate(at_home)
    )
    shares = draw.exponential(size=len(names))
    shares /= shares.sum()
    day = [rate for (rate,) in _day(peak_rps, seed=seed).rps]
    rates = [[share * day[(hour + place) % HOURS] for place, share in enumerate(shares)] for hour in range(HOURS)]
    clients = Clients(
        round_trips_s=trips.seconds,
        egress_usd_per_gb={name: draw.uniform(0.08, 0.15) for name in names},
        answer_bytes=ANSWER_BYTES,
    )
    asked = spread(Demand(classes=tuple(names), rps=tuple(tuple(map(float, row)) for row in rates)), clients)
    near = within_reach(offers, asked, clients, OBJECTIVE_S)
    return Problem(demand=asked.demand, offers=near.offers, purchases=("on_demand", "reserved_1y"))


def classes_on_gpus(classes: int, gpus: int, rate_rps: float, *, seed: int) -> Problem:
    """Request classes from small to a hundred times as large, of which the smaller GPUs do not hold the largest."""
    draw = np.random.default_rng(seed)
    shares = [draw.exponential() for _ in range(classes)]
    rates = {f"class-{number}": rate_rps * share / sum(shares) for number, share in enumerate(shares)}
    offers = tuple(_gpu(number, list(rates), draw) for number in range(gpus))
    return Problem(demand=Demand.of_classes(rates), offers=offers)


def _day(peak_rps: float, *, seed: int) -> Demand:
    """A recorded day of a language model service, scaled to its busiest hour."""
    rows = list(csv.DictReader(RECORDED.read_text().splitlines()))
    first = HOURS * (seed % (len(rows) // HOURS))
    rates = [float(row["mean_rps"]) for row in rows[first : first + HOURS]]
    return Demand(classes=("requests",), rps=tuple((peak_rps * rate / max(rates),) for rate in rates))


def _types(count: int, draw: np.random.Generator) -> Iterator[Offer]:
    """Machine types of families in eight sizes; a family has its own price, speed, discounts and scaling."""
    for number in range(count):
        if number % len(SIZES_VCPUS) == 0:
            usd_per_vcpu, speed = draw.uniform(0.035, 0.06), RPS_PER_VCPU * draw.uniform(0.7, 1.3)
            scaling, discount = draw.uniform(0.9, 1.0), draw.uniform(0.6, 0.75)
        vcpus = SIZES_VCPUS[number % len(SIZES_VCPUS)]
        yield Offer(
            name=f"type-{number}",
            cloud="cloud",
            region="home",
            vcpus=vcpus,
            prices_usd_per_hour=_scaled(usd_per_vcpu * vcpus * draw.uniform(0.98, 1.02), discount)
            | {"spot": usd_per_vcpu * vcpus * draw.uniform(0.2, 0.5)},
            capacity_rps={"requests": speed * vcpus**scaling * draw.uniform(0.97, 1.03)},
        )


def _scaled(on_demand_usd: float, discount: float) -> dict[Purchase, float]:
    return {
        "on_demand": on_demand_usd,
        "reserved_1y": on_demand_usd * discount,
        "reserved_3y": on_demand_usd * discount * 0.75,
    }


def _gpu(number: int, classes: list[str], draw: np.random.Generator) -> Offer:
    price, holds = draw.uniform(0.6, 12.0), draw.uniform(0.6, 1.3)
    power = price**1.1 * draw.uniform(0.7, 1.4)
    capacity = {
        name: 4 * power / 100 ** (place / len(classes)) * math.exp(draw.uniform(-0.3, 0.3))
        for place, name in enumerate(classes)
        if place / len(classes) < holds
    }
    return Offer(name=f"gpu-{number}", prices_usd_per_hour={"on_demand": price}, capacity_rps=capacity)
