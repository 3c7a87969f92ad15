"""A report in a few plain lines: the verdict, the figures that matter, and what stays unknown.

The terminal, the comment and the page all show these, so that there is one wording.
"""

from collections.abc import Iterable, Iterator

from aiops_planner.performance import Knee
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import formatting, wording
from aiops_reports.commit_costs import cost_row
from aiops_reports.explaining import limit_rows
from aiops_reports.record import BenchmarkResult, CheckResult, CommitReport
from aiops_reports.rows import Row, curve_rows
from aiops_reports.simulations import simulation_row

POOR_FIT = 0.2  # residual in log throughput: far above what steady load points leave


def headline(report: CommitReport) -> str:
    """The verdict in one line: outcome, tests, S, T and P at the knee, capacity, cost."""
    parts = [verdict(report)]
    if report.checks is not None:
        parts.append(tests_phrase(report.checks))
        missed = sum(not gate.passed for gate in report.checks.gates)
        parts += [f"{formatting.count(missed, 'gate')} missed"] if missed else []
    measured = first_knee(report)
    if measured is not None:
        result, knee = measured
        parts.append(
            f"S {formatting.rate(knee.throughput_rps)}, T {formatting.duration(knee.response_s)}, "
            f"P {formatting.power(knee.power)} at the knee"
        )
        if result.capacity.rps is not None:
            parts.append(f"capacity {formatting.rate(result.capacity.rps)}")
    if isinstance(report.plan, Plan):
        parts.append(formatting.money(report.plan.usd_per_month, "month"))
    return " · ".join(parts)


def verdict(report: CommitReport) -> str:
    """The outcome in words; a run that tested, measured and planned nothing passed nothing."""
    return wording.OUTCOMES[report.outcome] if found_anything(report) else wording.NOTHING


def found_anything(report: CommitReport) -> bool:
    """Whether there is a result to judge, or a failure that says why there is none."""
    measured = any(result.load_points for result in report.benchmarks)
    return report.outcome != "passed" or report.checks is not None or measured or report.plan is not None


def summary_rows(report: CommitReport) -> tuple[Row, ...]:
    """Tests and gates, the figures of each benchmark, fleet and cost; parts that are missing say why."""
    return (*check_rows(report), *_benchmark_rows(report), *_planned_rows(report))


def remarks(report: CommitReport) -> tuple[str, ...]:
    """Every sentence on what was not measured, not resolved or should be known before believing a figure."""
    several = (f"In {result.name}: {remark}" for result in report.benchmarks for remark in benchmark_remarks(result))
    return _sentences((*_first_remarks(report), *several, *plan_remarks(report.plan), *run_remarks(report)))


def key_remarks(report: CommitReport) -> tuple[str, ...]:
    """The few of them that belong beside the verdict, and how far estimates may be off; the rest has its sections."""
    return _sentences((*_first_remarks(report), *_band(report.plan)))


def benchmark_remarks(result: BenchmarkResult) -> tuple[str, ...]:
    """What to know about one benchmark: percentiles that were not resolved, a curve that fits badly, its own notes."""
    return _sentences((*_unresolved(result), *_poor_fit(result), *result.notes))


def plan_remarks(plan: Plan | Infeasible | None) -> tuple[str, ...]:
    """What to know about a fleet or a refusal: what its capacities and prices rest on, or what the limits allow."""
    if isinstance(plan, Plan):
        return _sentences(wording.plan_notes(plan))
    if plan is not None and plan.feasible_share is not None:
        return (f"The limits allow {formatting.percent(plan.feasible_share)} of the demand.",)
    return ()


def run_remarks(report: CommitReport) -> tuple[str, ...]:
    """What to know about the commit and the machine it was measured on."""
    state = []
    if report.commit is None:
        state.append("the directory is no git repository, so the report belongs to no commit")
    elif report.commit.dirty:
        state.append("tracked files differed from the commit when it was measured")
    return _sentences((*state, *report.notes))


def first_knee(report: CommitReport) -> tuple[BenchmarkResult, Knee] | None:
    """The first benchmark that found a knee, whose figures stand for the commit; None when none did."""
    return next(((result, result.knee) for result in report.benchmarks if result.knee), None)


def tests_phrase(checks: CheckResult) -> str:
    """The outcome of the tests in a few words: 14 tests passed, or 1 failed, 1 error, 12 passed."""
    broken = [
        formatting.count(checks.failed, "failed", "failed") if checks.failed else "",
        formatting.count(checks.errors, "error") if checks.errors else "",
    ]
    if any(broken):
        return ", ".join(part for part in (*broken, f"{checks.passed:,} passed") if part)
    passed = f"{formatting.count(checks.passed, 'test')} passed"
    return passed if checks.exit_code == 0 else f"{passed}, but the command ended with exit code {checks.exit_code}"


def check_rows(report: CommitReport) -> Iterator[Row]:
    """Tests and gates, or why there are none."""
    checks = report.checks
    if checks is None:
        yield Row(label="Tests", value=f"not run: {wording.stage_reason(report, 'tests')}")
        return
    skipped = f", {checks.skipped:,} skipped" if checks.skipped else ""
    yield Row(
        label="Tests",
        value=f"{tests_phrase(checks)}{skipped} in {formatting.duration(checks.seconds)}",
        judgement="ok" if checks.tests_passed else "bad",
    )
    for gate in checks.gates:
        yield Row(
            label=f"Gate {gate.metric}",
            value=f"{formatting.number(gate.value, 'not written by the tests')} (wanted {gate.condition})",
            judgement="ok" if gate.passed else "bad",
        )


def _benchmark_rows(report: CommitReport) -> Iterator[Row]:
    if not report.benchmarks:
        yield Row(label="Benchmarks", value=f"not measured: {wording.stage_reason(report, 'benchmarks')}")
    for result in report.benchmarks:
        prefix = f"{result.name}: " if len(report.benchmarks) > 1 else ""
        for row in curve_rows(result):
            yield Row(label=prefix + row.label, value=row.value, judgement=row.judgement)


def _planned_rows(report: CommitReport) -> Iterator[Row]:
    if report.plan is None:
        yield Row(label="Fleet", value=f"not planned: {wording.stage_reason(report, 'plan')}")
    else:
        yield from plan_rows(report.plan)


def plan_rows(plan: Plan | Infeasible) -> Iterator[Row]:
    """Fleet, cost and what the simulation says of them, or why there is no fleet; and what the commit costs."""
    if isinstance(plan, Infeasible):
        reasons = "; ".join(plan.reasons) or "no reason is recorded"
        yield Row(label="Fleet", value=f"none meets the target: {reasons}", judgement="bad")
    else:
        demand = formatting.rate(plan.demand.peak_rps)
        yield Row(label="Fleet", value=f"{wording.fleet(plan)} for {demand}", judgement="ok")
        yield Row(
            label="Cost",
            value=f"{formatting.money(plan.usd_per_month, 'month')}{wording.egress(plan)}, {wording.bound(plan)}",
            judgement="ok" if plan.status == "optimal" else "neutral",
        )
        if (apart := plan.apart_usd_per_month) is not None:
            cost = formatting.money(apart, "month")
            yield Row(label="Kept apart", value=f"{cost} with machines of its own for each model")
        yield from (Row(label=name, value=where) for name, where in wording.origins(plan))
        yield from simulation_row(plan)
        yield from limit_rows(plan)
    yield from cost_row(plan)


def _first_remarks(report: CommitReport) -> Iterator[str]:
    for stage in report.stages:
        if stage.status in ("error", "interrupted") and stage.message:
            yield f"{stage.name}: {stage.message}"
    if isinstance(report.plan, Plan):
        yield from wording.calibration_warnings(report.plan)
    for result in report.benchmarks:
        yield from _invalid(result)
    if report.quick:
        yield "This was a quick run: short windows resolve fewer percentiles and miss slow changes"
    if report.plan is None or report.plan.commit_cost is None:
        yield "Base and head were not compared: the figures are those of this commit alone"


def _unresolved(result: BenchmarkResult) -> Iterator[str]:
    """A word on 99th percentiles that too few requests resolve; of another tool's blanks nobody knows why."""
    points = result.load_points
    unresolved = sum(point.response_s is not None and point.response_s.p99 is None for point in points)
    if unresolved and result.source is None:
        amount = formatting.count(len(points), "load point")
        yield f"the 99th percentile is not resolved at {unresolved} of {amount}: too few requests"


def _poor_fit(result: BenchmarkResult) -> Iterator[str]:
    knee = result.knee
    if knee is not None and (knee.residual or 0.0) > POOR_FIT:
        off = formatting.percent(knee.residual, digits=2)
        yield (
            f"the curve that the knee is read from is {off} off the measured throughput: the machine was disturbed, or "
            "the service does not do the same work at every load; trust the measured points more"
        )


def _invalid(result: BenchmarkResult) -> Iterator[str]:
    invalid = sum(not point.valid for point in result.load_points)
    if invalid:
        proof = wording.capacity_point(result)
        effect = "decided nothing" if proof is None or proof.valid else "decided nothing but the capacity"
        amount = formatting.count(len(result.load_points), "load point")
        yield f"In {result.name}, {invalid} of {amount} {'is' if invalid == 1 else 'are'} invalid and {effect}"


def _band(plan: Plan | Infeasible | None) -> Iterator[str]:
    if not isinstance(plan, Plan):
        return
    for source in ("estimated", "published"):
        errors = [item.capacity_error or 0.0 for item in plan.fleet if item.capacity_source == source]
        if errors:
            taken = "estimated" if source == "estimated" else "taken from published curves"
            off = f" and may be off by {formatting.percent(max(errors))}" if max(errors) else ""
            yield f"What a machine of this fleet carries is {taken}{off}: measure the chosen types before buying"


def _sentences(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts as sentences, each once."""
    return tuple(dict.fromkeys(formatting.sentence(text) for text in texts if text.strip()))
