"""Two stored reports become what a commit costs, or the one reason why they cannot be compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner.errors import AiopsError, ConfigError, MeasurementError, UsageError
from aiops_planner.offers import Offer
from aiops_planner.performance import Interval, Objective
from aiops_planner.plans import Infeasible, Limits, Plan
from aiops_reports.record import CommitReport
from aiops_toolkit.commit_cost import size_commit
from aiops_toolkit.config.settings import (
    CapacitySettings,
    CatalogSettings,
    DemandSettings,
    ProfileSettings,
    PublishedSettings,
    SimulationSettings,
)
from support.commit_reports import BASE_SHA, HEAD_SHA, report_at

CATALOG = CatalogSettings(clouds={"aws": ("us-east-1",)}, families=("c7a",), max_vcpus=8)
SETTINGS = CapacitySettings(
    demand=DemandSettings(rates={"requests": 4000.0}), catalog=CATALOG, simulation=SimulationSettings(requests=20_000)
)
BASE, HEAD = report_at(BASE_SHA, 520), report_at(HEAD_SHA, 380)


def with_benchmark(report: CommitReport, **changes: object) -> CommitReport:
    return replace(report, benchmarks=(replace(report.benchmarks[0], **changes),))


def with_machine(report: CommitReport, **changes: object) -> CommitReport:
    return replace(report, environment=replace(report.environment, **changes))


def unbounded(report: CommitReport) -> CommitReport:
    """The same report with the points whose rates met the objective only."""
    points = report.benchmarks[0].load_points
    return with_benchmark(report, load_points=tuple(p for p in points if p.mode == "closed" or p.response_s.p99 < 0.05))


def without_batches(report: CommitReport) -> CommitReport:
    points = report.benchmarks[0].load_points
    return with_benchmark(report, load_points=tuple(replace(point, batches=None) for point in points))


def test_a_slower_commit_is_told_to_be_dearer_by_both_measured_capacities() -> None:
    answer = size_commit(SETTINGS, BASE, HEAD, Path())
    assert isinstance(answer, Plan)
    cost = answer.commit_cost
    assert cost.verdict == "dearer"
    assert (cost.before.name, cost.after.name) == ("aaaa1111bbbb", "ffff1111bbbb")
    assert cost.after.usd_per_month == pytest.approx(answer.usd_per_month)
    measured = [report.benchmarks[0].capacity for report in (BASE, HEAD)]
    assert [fleet.capacity_rps for fleet in (cost.before, cost.after)] == [capacity.rps for capacity in measured]
    assert cost.after.capacity_share.low == pytest.approx(measured[1].ci.low / measured[1].rps)
    assert cost.marginal.share == pytest.approx(measured[0].rps / measured[1].rps - 1, rel=1e-6)
    assert any("by the same estimates, which may be off" in note for note in cost.notes)


def test_the_way_back_saves_what_the_way_there_costs() -> None:
    answer = size_commit(SETTINGS, HEAD, BASE, Path())
    assert answer.commit_cost.verdict == "cheaper"
    assert answer.commit_cost.before.usd_per_month == pytest.approx(
        size_commit(SETTINGS, BASE, HEAD, Path()).commit_cost.after.usd_per_month
    )


def test_the_high_end_of_an_interval_is_cut_where_the_model_no_longer_follows_it() -> None:
    fast = report_at(HEAD_SHA, 740)
    capacity = fast.benchmarks[0].capacity
    answer = size_commit(SETTINGS, BASE, fast, Path())
    assert answer.calibration_share < 1 < capacity.ci.high / capacity.rps * answer.calibration_share
    assert answer.commit_cost.after.capacity_share.high == pytest.approx(1 / answer.calibration_share)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (without_batches(HEAD), "after the commit, the measured capacity has no 95 % interval"),
        (unbounded(HEAD), "after the commit, every measured rate met the objective"),
        (report_at(HEAD_SHA, 900), "after the commit, the machine carried all that the model of the estimates says"),
    ],
)
def test_a_capacity_without_an_interval_leaves_the_verdict_open(changed: CommitReport, said: str) -> None:
    cost = size_commit(SETTINGS, BASE, changed, Path()).commit_cost
    assert cost.verdict == "not_known"
    assert cost.marginal.ci is None
    assert said in cost.no_interval_because


def test_estimates_of_which_only_one_is_calibrated_are_doubted() -> None:
    notes = size_commit(SETTINGS, BASE, unbounded(HEAD), Path()).commit_cost.notes
    assert any("calibrated by a measured capacity and those of the other are not" in note for note in notes)


def test_what_may_have_a_part_in_the_difference_is_said() -> None:
    other = with_machine(replace(HEAD, quick=True), memory_bytes=2**35)
    notes = " ".join(size_commit(SETTINGS, BASE, other, Path()).commit_cost.notes)
    assert "memory, system or runner image differ" in notes
    assert "measured in a quick run" in notes


def test_machine_types_with_a_profile_of_their_own_are_said_to_hide_the_commit() -> None:
    profiled = replace(SETTINGS, profiles={"c7a.large": ProfileSettings(rates={"requests": 4000.0})})
    cost = size_commit(profiled, BASE, HEAD, Path()).commit_cost
    assert cost.marginal.usd_per_month == 0
    assert any("no commit changes a profile" in note for note in cost.notes)


def test_a_port_that_was_chosen_anew_makes_no_other_target() -> None:
    sides = [with_benchmark(report, target=f"GET http://127.0.0.1:{port}/") for report, port in ((BASE, 1), (HEAD, 2))]
    assert size_commit(SETTINGS, *sides, Path()).commit_cost.verdict == "dearer"


@pytest.mark.parametrize("tight", ["before", "after", "both"])
def test_a_side_without_a_fleet_is_no_error(tight: str) -> None:
    cheap = {"before": (380, 520), "after": (520, 380), "both": (380, 390)}[tight]
    base, head = (report_at(sha, rps) for sha, rps in zip((BASE_SHA, HEAD_SHA), cheap, strict=True))
    budget = replace(SETTINGS, limits=Limits(budget_usd_per_hour=0.95))
    answer = size_commit(budget, base, head, Path())
    cost = answer.commit_cost
    assert isinstance(answer, Infeasible) == (tight != "before")
    assert cost.verdict == "no_fleet"
    assert (cost.before.status == "infeasible", cost.after.status == "infeasible") == (
        tight != "after",
        tight != "before",
    )


REFUSED: list[tuple[Callable[[], tuple[CapacitySettings, CommitReport, CommitReport]], type[AiopsError], str]] = [
    (lambda: (SETTINGS, BASE, BASE), UsageError, "the base is the report itself"),
    (
        lambda: (SETTINGS, with_machine(BASE, cpu_model="Xeon"), HEAD),
        UsageError,
        "the machine was Xeon with 2 usable cores, x86_64 for the base and AMD EPYC",
    ),
    (lambda: (SETTINGS, with_machine(BASE, usable_cores=4), HEAD), UsageError, "with 4 usable cores"),
    (
        lambda: (SETTINGS, with_benchmark(BASE, objective=Objective(p99=0.1)), HEAD),
        UsageError,
        "the objective of the benchmark was objective p99 ≤ 100 ms for the base",
    ),
    (lambda: (SETTINGS, with_benchmark(BASE, target="GET /other"), HEAD), UsageError, "its target was GET /other"),
    (lambda: (SETTINGS, with_benchmark(BASE, source="wrk 4.1.0"), HEAD), UsageError, "what measured it was wrk 4.1.0"),
    (
        lambda: (
            SETTINGS,
            with_benchmark(
                BASE,
                load_points=tuple(
                    replace(point, arrivals=point.arrivals and "constant") for point in BASE.benchmarks[0].load_points
                ),
            ),
            HEAD,
        ),
        UsageError,
        "the arrivals of its open loop was constant for the base and poisson",
    ),
    (
        lambda: (SETTINGS, replace(BASE, benchmarks=()), HEAD),
        MeasurementError,
        r"the base \(aaaa1111bbbb\): .* none was",
    ),
    (lambda: (SETTINGS, BASE, replace(HEAD, benchmarks=())), MeasurementError, r"the report \(ffff1111bbbb\): "),
    (
        lambda: (replace(SETTINGS, benchmark="classify"), with_benchmark(BASE, name="other"), HEAD),
        ConfigError,
        r"the base \(aaaa1111bbbb\): capacity.benchmark: found classify, expected one of the measured: other",
    ),
    (
        lambda: (
            replace(
                SETTINGS,
                catalog=None,
                offers=(Offer(name="m", prices_usd_per_hour={"on_demand": 1.0}, capacity_rps={"requests": 1.0}),),
            ),
            BASE,
            HEAD,
        ),
        ConfigError,
        "no commit changes what the fleet costs",
    ),
    (
        lambda: (replace(SETTINGS, published=PublishedSettings(model="llama")), BASE, HEAD),
        ConfigError,
        "capacity.published says what a machine carries",
    ),
    (lambda: (replace(SETTINGS, goal="most_traffic"), BASE, HEAD), UsageError, "no commit changes the bill|budget"),
]


@pytest.mark.parametrize(("make", "error", "said"), REFUSED)
def test_reports_that_cannot_be_compared_are_refused_in_one_line(
    make: Callable[[], tuple[CapacitySettings, CommitReport, CommitReport]], error: type[AiopsError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        size_commit(*make(), Path())
    assert "\n" not in caught.value.message


def test_equal_capacities_differ_by_nothing_within_what_was_measured() -> None:
    again = replace(BASE, commit=replace(BASE.commit, sha=HEAD_SHA))
    cost = size_commit(SETTINGS, BASE, again, Path()).commit_cost
    assert cost.marginal.usd_per_month == cost.whole_machines.usd_per_month == 0
    assert cost.verdict == "not_told_apart"
    assert cost.solver_range == Interval(low=0.0, high=0.0)
