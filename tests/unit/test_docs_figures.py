"""The numbers in the explanations are those the code works with, and the tables of theory are recomputed."""

import re
from math import exp

import pytest

from aiops_planner import catalog, estimate, sizing
from aiops_planner.demand import MOST_HOURS
from aiops_planner.demand_file import MOST_ROWS
from aiops_planner.fleet import MOST_LEVELS
from aiops_planner.plans import HOURS_PER_MONTH
from aiops_planner.pools import ZONES
from aiops_planner.queueing import erlang_c
from aiops_toolkit import job, service
from aiops_toolkit.bench import climb, ladder, refine, search, steady, validity
from aiops_toolkit.bench.percentiles import requests_needed
from aiops_toolkit.sizing import MAX_DEMAND_BYTES
from support.docs_pages import DOCS

WORDS = {2: "two", 3: "three", 5: "five", 6: "six"}


def text_of(page: str) -> str:
    return " ".join((DOCS / page).read_text(encoding="utf-8").split())


MEASUREMENT = [
    f"at most {climb.MAX_CLIENTS}) for a moment each",
    f"throughput has stopped rising, by less than {ladder.RISE - 1:.0%}",
    f"{WORDS[ladder.LEVELS_BEYOND_PEAK]} levels lie beyond",
    f"does not bend the curve: {climb.LADDER_SHARE:.0%} of the time",
    f"are within {refine.TIGHT:.0%} of their values",
    f"up to {WORDS[search.RATES]} open-loop rates",
    f"between 0 and {ladder.TOP_SHARE} times the best throughput",
    f"the two bounds are within {ladder.PRECISION:.0%}",
    f"only {WORDS[search.RATES_WITHOUT_HOPE]} rates are tried",
    f"with {1 - search.SUSPICIOUS_SHARE:.0%} to spare is measured once more",
    f"at most {WORDS[search.REPETITIONS]} rates in a benchmark and {WORDS[search.REPETITIONS_QUICK]} with",
    f"a low one: {ladder.FLOOR_SHARE:.0%} of the best throughput",
    f"spends {job.LOAD_BUDGET_S:g} s on load by default",
    f"and {job.QUICK_LOAD_BUDGET_S:g} s with `--quick`",
    f"fewer than {validity.MIN_SENT_SHARE:.0%} of the requests that were due",
    f"above {validity.MAX_LAG_SHARE:.0%} of the p99 response time and above {validity.MAX_LAG_S * 1e3:g} ms",
    f"more than {validity.MAX_GENERATOR_UTILISATION:.0%} of its core",
    f"mean concurrency is more than {validity.MAX_IDLE_SHARE:.0%} off N",
    f"pauses for more than {validity.MAX_IDLE_S * 1e6:g} µs",
    f"means of {steady.GROUP_REQUESTS} requests",
    f"batches of {WORDS[steady.BATCH]}",
    f"p99 needs at least {requests_needed('p99')} requests, p95 at least {requests_needed('p95')}",
    f"p90 at least {requests_needed('p90')} and p50 at least {requests_needed('p50')}",
]

PLANNING = [
    f"±{estimate.KNOWN_CPU_ERROR:.0%}, or ±{estimate.UNKNOWN_CPU_ERROR:.0%} when",
    f"or ±{estimate.DOUBTFUL_CPU_ERROR:.0%} when a CPU is in doubt",
    f"a month is {HOURS_PER_MONTH:g} hours",
    f"{WORDS[len(ZONES)].capitalize()} zones are assumed for each region",
    f"within {sizing.plan.__kwdefaults__['gap']:.1%} of the lower bound",
    f"or after {sizing.plan.__kwdefaults__['time_limit_s']:g} s",
    f"In all other problems more than {MOST_LEVELS} distinct hours are joined",
]


@pytest.mark.parametrize(
    ("page", "statement"),
    [("measurement.md", statement) for statement in MEASUREMENT]
    + [("planning.md", statement) for statement in PLANNING]
    + [
        ("configuration.md", f"at most {MOST_HOURS:,} hours"),
        ("configuration.md", f"may have {MOST_ROWS:,} rows and {MAX_DEMAND_BYTES >> 20} MiB"),
        ("configuration.md", f"after {service.SETUP_TIMEOUT_S / 60:g} minutes it is stopped"),
    ],
)
def test_a_number_is_the_one_the_code_works_with(page: str, statement: str) -> None:
    assert statement.replace("%", " %") in text_of(page)


def test_the_table_of_sample_sizes_is_that_of_the_rule() -> None:
    rows = re.findall(r"^\| needed for (p\d+) \| (.+) \|$", (DOCS / "measurement.md").read_text(), re.MULTILINE)
    assert [percentile for percentile, _ in rows] == ["p90", "p99"]
    for percentile, cells in rows:
        found = [int(cell.replace(",", "")) for cell in cells.split(" | ")]
        assert found == [requests_needed(percentile, over) for over in (0, 1, 2, 10)]


def largest_utilisation(servers: int) -> float:
    """The utilisation of M/M/c at which one request in a hundred waits for half a service time, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        waits = erlang_c(servers, middle * servers) * exp(-servers * (1 - middle) * 0.5)
        low, high = (middle, high) if waits <= 0.01 else (low, middle)
    return low


def test_the_table_of_utilisations_is_that_of_erlang_c() -> None:
    text = (DOCS / "planning.md").read_text()
    servers = re.search(r"^\| servers c \| (.+) \|$", text, re.MULTILINE)
    largest = re.search(r"^\| largest ρ \| (.+) \|$", text, re.MULTILINE)
    assert servers is not None and largest is not None
    for count, cell in zip(servers[1].split(" | "), largest[1].split(" | "), strict=True):
        decimals = len(cell.partition(".")[2])
        assert float(cell) == pytest.approx(largest_utilisation(int(count)), abs=0.6 * 10**-decimals)


def test_the_prices_are_those_of_the_catalog() -> None:
    text = text_of("planning.md")
    types = catalog.load_catalog()
    aws = [found for found in types if found.cloud == "aws"]
    gcp = [found for found in types if found.cloud == "gcp"]
    assert {found.region for found in aws} == {"us-east-1"}
    assert f"Google Cloud ({len({found.region for found in gcp})} regions)" in text
    assert f"spot prices for {sum('spot' in found.prices_usd_per_hour for found in aws)} types only" in text
    assert not any("reserved_1y" in found.prices_usd_per_hour for found in aws)
    assert {found.price_date for found in aws} == {"2026-07-20"}
    assert {found.price_date for found in gcp} == {"2026-07-30"}
