"""The summary says what happened in plain words, and names what was not measured instead of leaving it out."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from aiops_planner.demand import Demand
from aiops_planner.performance import Capacity, Knee, LoadPoint, Objective
from aiops_reports import formatting, wording
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.record import CommitReport, Stage
from aiops_reports.summary import (
    benchmark_remarks,
    headline,
    key_remarks,
    plan_remarks,
    remarks,
    run_remarks,
    summary_rows,
)
from support import reports_curves as curves
from support import reports_samples as samples
from support.reports_strategies import values_of


def rows(report: CommitReport) -> dict[str, tuple[str, str]]:
    return {row.label: (row.value, row.judgement) for row in summary_rows(report)}


@pytest.mark.parametrize(
    ("report", "start"),
    [
        (
            samples.sample_report(),
            "Passed · 14 tests passed · S 753/s, T 3.12 ms, P 241 k/s² at the knee · capacity 800/s",
        ),
        (samples.failed_report(), "Failed · 1 failed, 1 error, 12 passed · 2 gates missed · S 753/s"),
        (samples.infeasible_report(), "No fleet meets the target · 14 tests passed"),
        (samples.partial_report(), "Stopped early · 14 tests passed · S 98.0/s, T 20.4 ms"),
    ],
)
def test_the_headline_starts_with_the_outcome(report: CommitReport, start: str) -> None:
    assert headline(report).startswith(start)


def test_a_run_that_found_nothing_did_not_pass() -> None:
    report = replace(samples.sample_report(), checks=None, benchmarks=(), plan=None)
    assert report.exit_code == 0
    assert headline(report) == "Nothing was measured"
    assert render_comment(report).startswith("### ⚠️ image-classifier: Nothing was measured\n")
    assert '<span class="badge warn">Nothing was measured</span>' in render_page(report)
    without_points = replace(report, benchmarks=(samples.sample_benchmark(()),))
    assert headline(without_points) == "Nothing was measured"
    for part in ("checks", "benchmarks", "plan"):
        some = replace(report, **{part: getattr(samples.sample_report(), part)})
        assert headline(some).startswith("Passed · ")


def test_a_passing_report_has_a_row_for_every_figure() -> None:
    assert rows(samples.sample_report()) == {
        "Tests": ("14 tests passed, 1 skipped in 3.42 s", "ok"),
        "Gate accuracy": ("0.9861 (wanted >= 0.97)", "ok"),
        "Throughput S": ("753/s at the knee (closed loop)", "neutral"),
        "Response time T": ("3.12 ms mean at the knee", "neutral"),
        "Power P = S/T": (
            "241 k/s² (95 %: 231 k/s² to 252 k/s²) with 2.35 requests in flight (95 %: 2.07 to 2.66)",
            "neutral",
        ),
        "Capacity": (
            "800/s within p99 ≤ 50 ms and errors ≤ 0.1 % (95 %: 771/s to 864/s; 900/s misses)",
            "ok",
        ),
        "Fleet": (
            "2 × c7a.xlarge (AWS us-east-1 zone 1, 3-year commitment) and "
            "2 × n2d-highcpu-4 (Google Cloud us-central1, spot) for 2,000/s",
            "ok",
        ),
        "Cost": ("$192/month, proven within 0.342 % of the cheapest", "ok"),
    }


def test_failures_and_refusals_are_judged_bad() -> None:
    assert rows(samples.failed_report())["Gate recall"] == ("not written by the tests (wanted >= 0.9)", "bad")
    value, judgement = rows(samples.infeasible_report())["Fleet"]
    assert value.startswith("none meets the target: the budget of 100 USD/month collides")
    assert judgement == "bad"


def test_parts_that_were_not_reached_say_why() -> None:
    stages = (Stage(name="service", status="error", seconds=60, message="never became ready", exit_code=1),)
    report = replace(samples.sample_report(), checks=None, benchmarks=(), plan=None, stages=stages, commit=None)
    found = rows(report)
    assert found["Tests"] == ("not run: it was not asked for or not reached", "neutral")
    assert found["Benchmarks"][0].startswith("not measured: ")
    assert rows(samples.partial_report())["Fleet"][0] == "not planned: the benchmarks did not finish"
    assert headline(report) == "Could not finish"
    assert remarks(report)[0] == key_remarks(report)[0] == "Service: never became ready."
    assert "The directory is no git repository, so the report belongs to no commit." in remarks(report)


def test_a_knee_at_the_last_level_is_not_sold_as_the_knee() -> None:
    knee = Knee(concurrency=32.1, throughput_rps=900, response_s=0.03, power=30_000, in_range=False)
    result = replace(samples.sample_benchmark(), knee=knee)
    value, _ = rows(replace(samples.sample_report(), benchmarks=(result,)))["Power P = S/T"]
    assert value == "30.0 k/s² with 32.1 requests in flight, the last level tried: the true knee may lie beyond"


def test_several_benchmarks_carry_their_names() -> None:
    both = (samples.sample_benchmark(), samples.sample_benchmark((), name="embed"))
    found = rows(replace(samples.sample_report(), benchmarks=both))
    assert found["classify: Throughput S"][0] == "753/s at the knee (closed loop)"
    assert found["embed: Knee"][0] == "not resolved: no valid closed-loop point was measured"


def test_remarks_say_what_was_not_resolved() -> None:
    found = remarks(samples.partial_report())
    assert "Benchmarks: stopped by Ctrl-C after 3 load points; they are kept." in found
    assert "Tracked files differed from the commit when it was measured." in found
    assert "In classify: The 99th percentile is not resolved at 3 of 3 load points: too few requests." in found
    assert "Base and head were not compared: the figures are those of this commit alone." in found


@pytest.mark.parametrize(("residual", "warned"), [(0.58, True), (0.021, False), (None, False)])
def test_a_knee_read_from_a_curve_that_fits_badly_says_so(residual: float | None, warned: bool) -> None:
    knee = replace(curves.fitted_knee(), residual=residual)
    found = " ".join(benchmark_remarks(replace(samples.sample_benchmark(), knee=knee)))
    assert ("is 58 % off the measured throughput" in found) is warned
    assert ("trust the measured points more" in found) is warned


def test_the_verdict_keeps_the_few_remarks_that_change_how_it_is_read() -> None:
    report = replace(samples.sample_report(), quick=True)
    assert key_remarks(report) == (
        "In classify, 1 of 11 load points is invalid and decided nothing.",
        "This was a quick run: short windows resolve fewer percentiles and miss slow changes.",
        "Base and head were not compared: the figures are those of this commit alone.",
        "What a machine of this fleet carries is estimated and may be off by 30 %: "
        "measure the chosen types before buying.",
    )


@given(report=values_of(CommitReport))
@settings(max_examples=40, deadline=None)
def test_no_remark_is_lost_between_the_verdict_and_the_sections(report: CommitReport) -> None:
    """The page and the comment show the parts, the terminal shows the whole."""
    parts = {*key_remarks(report), *plan_remarks(report.plan), *run_remarks(report)}
    for result in report.benchmarks:
        parts |= {f"In {result.name}: {remark}" for remark in benchmark_remarks(result)}
    assert set(remarks(report)) <= {formatting.sentence(part) for part in parts}


def test_a_struck_out_point_that_is_the_capacity_decided_something() -> None:
    late = samples.open_point(800, 0.01, 0.02, invalid_because=("requests left late",), overstated=True)
    result = samples.sample_benchmark((*samples.sample_points()[:5], late))
    result = replace(result, capacity=Capacity(slo=result.objective, rps=800))
    found = key_remarks(replace(samples.sample_report(), benchmarks=(result,)))
    assert found[0] == "In classify, 1 of 6 load points is invalid and decided nothing but the capacity."


def test_every_plan_says_how_old_its_prices_are() -> None:
    sentence = "Prices are a dated snapshot: AWS of 2025-11-18 and Google Cloud of 2025-11-17."
    assert sentence in remarks(samples.sample_report())
    assert wording.prices(replace(samples.sample_plan(), price_dates={})) is None


def test_the_age_of_prices_is_said_once() -> None:
    plan = replace(samples.sample_plan(), notes=("a note of its own",))
    assert wording.plan_notes(plan) == (wording.prices(plan), "A note of its own.")
    assert wording.plan_notes(replace(plan, price_dates={})) == ("A note of its own.",)


@pytest.mark.parametrize(
    ("share", "warned"),
    [(0.31, True), (0.5, False), (1.0, False), (None, False)],
    ids=["far below the model", "a little below", "as the model", "not estimated"],
)
def test_a_capacity_far_below_the_model_is_a_warning_before_anything_else(share: float | None, warned: bool) -> None:
    plan = replace(samples.sample_plan(), calibration_share=share)
    found = key_remarks(replace(samples.sample_report(), plan=plan))[0]
    assert found.startswith("The capacity measured here is far below what its CPU allows (31 % of what") is warned
    assert wording.plan_notes(plan)[0].startswith("The capacity measured here is far below") is warned


def test_load_points_are_read_from_the_smallest_load_to_the_largest() -> None:
    points = samples.sample_points()
    assert tuple(wording.by_load(points[::-1])) == points


def notes(points: tuple[LoadPoint, ...], capacity_rps: float | None = None) -> list[str]:
    """The notes beside some points under an objective of 50 ms, when they settled on a capacity."""
    result = samples.sample_benchmark(points)
    result = replace(result, capacity=Capacity(slo=result.objective, rps=capacity_rps))
    return [wording.point_note(point, result) for point in points]


def test_every_point_that_misses_the_objective_says_so() -> None:
    points = (
        samples.closed_point(64, 900, 0.2),
        samples.open_point(800, 0.0098, 0.0413),
        samples.open_point(900, 0.03, 0.12),
        samples.open_point(2141, 0.4, 1.66),
        samples.open_point(950, 0.01, None),
        samples.open_point(1000, 0.01, 0.02, errors_by_kind={"status 503": 10}),
    )
    missed = "misses the objective"
    assert notes(points, 800) == [f"knee, {missed}", "capacity", missed, missed, "", missed]


def test_a_capacity_between_two_measured_rates_is_borne_by_the_lower_one() -> None:
    points = (samples.open_point(500, 0.003, 0.008), samples.open_point(800, 0.0098, 0.0413))
    missed = samples.open_point(900, 0.03, 0.12)
    assert notes((*points, missed), 843.5) == ["", "largest rate that met the objective", "misses the objective"]


def test_without_an_objective_nothing_misses_it() -> None:
    point = samples.open_point(300, 0.1, 9.0, successes=0, response_s=None)
    result = replace(samples.sample_benchmark((point,)), objective=Objective())
    assert wording.point_note(point, result) == ""


def test_a_capacity_that_is_struck_out_is_explained() -> None:
    late = samples.open_point(800, 0.01, 0.02, invalid_because=("requests left late",), overstated=True)
    missing = samples.open_point(900, 0.1, 0.2, invalid_because=("requests left late",))
    assert notes((late, missing), 800) == [
        f"invalid: requests left late; {wording.OVERSTATED_CAPACITY}",
        "invalid: requests left late",
    ]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Capacity(slo=Objective(p99=0.1), rps=50.0), "50.0/s within p99 ≤ 100 ms (no higher rate was tried)"),
        (Capacity(slo=Objective(), rps=None, reason="no time"), "not resolved for no objective: no time"),
    ],
)
def test_capacity_names_its_objective_and_its_edge(found: Capacity, text: str) -> None:
    assert wording.capacity(found) == text


@pytest.mark.parametrize(
    ("demand", "text"),
    [
        (Demand.constant(500.0), ""),
        (Demand.constant(500.0).expected(growth=1.2), "Planned for 600/s; grown by 20 %."),
        (
            Demand(classes=("a", "b"), rps=((300.0, 100.0), (600.0, 200.0)), basis=("read from demand.csv",)),
            "Planned for up to 800/s, 600/s on average over 2 hours; read from demand.csv.",
        ),
        (
            Demand(classes=("a",), rps=((300.0,), (600.0,)), weights=(5.0, 1.0)),
            "Planned for up to 600/s, 350/s on average over 2 hours, weighted by how often they come.",
        ),
    ],
)
def test_the_demand_that_was_planned_for_is_a_sentence(demand: Demand, text: str) -> None:
    assert wording.demand(demand) == text


def test_the_gap_is_worded_by_what_was_proven() -> None:
    plan = samples.sample_plan()
    assert wording.bound(replace(plan, lower_bound_usd_per_hour=plan.usd_per_hour)) == "proven to be the cheapest"
    assert wording.bound(samples.hourly_plan()) == "not proven optimal: within 3.48 % of the cheapest"
    assert wording.machines(samples.hourly_plan().fleet[1]) == "0 to 3"
