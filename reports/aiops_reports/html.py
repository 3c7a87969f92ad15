"""The report as one self-contained page: no script, no request, charts inline, readable from a file or a build page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from aiops_planner.performance import Knee, LoadPoint
from aiops_planner.plans import HOURS_PER_MONTH, Infeasible, Plan
from aiops_reports import commit_costs, definitions, formatting, simulations, wording
from aiops_reports.chart_style import COLOURS
from aiops_reports.charts import Chart, benchmark_charts, plan_charts, to_svg
from aiops_reports.explaining import explanation
from aiops_reports.point_tables import tables_of
from aiops_reports.record import BenchmarkResult, CommitReport
from aiops_reports.rows import Row, finding_rows
from aiops_reports.summary import (
    benchmark_remarks,
    first_knee,
    found_anything,
    headline,
    key_remarks,
    plan_remarks,
    run_remarks,
    summary_rows,
    verdict,
)

_JUDGED = {"passed": "ok", "failed": "bad", "infeasible": "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One large figure at the head of the page."""

    label: str
    value: str
    note: str


def render_page(report: CommitReport) -> str:
    """The whole page as HTML text that UTF-8 can carry."""
    page = (
        _templates()
        .get_template("report.html.jinja")
        .render(
            report=report,
            headline=headline(report),
            outcome=verdict(report),
            judgement=_JUDGED.get(report.outcome, "warn") if found_anything(report) else "warn",
            tiles=tiles(report),
            rows=summary_rows(report),
            key_remarks=key_remarks(report),
            run_remarks=run_remarks(report),
            plan=report.plan if isinstance(report.plan, Plan) else None,
            refusal=report.plan if isinstance(report.plan, Infeasible) else None,
            why_not=lambda stage: wording.stage_reason(report, stage),
            environment_rows=environment_rows(report),
            commit_rows=commit_rows(report),
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def tiles(report: CommitReport) -> tuple[Tile, ...]:
    """The figures a reader came for: S, T and P at the knee, capacity, cost; those that exist."""
    found: list[Tile] = []
    measured = first_knee(report)
    if measured is not None:
        found += _measured_tiles(*measured)
    if isinstance(report.plan, Plan):
        demand = formatting.rate(report.plan.demand.peak_rps)
        cost = formatting.money(report.plan.usd_per_month)
        found.append(Tile(label="Cost per month", value=cost, note=f"for {demand}, {wording.bound(report.plan)}"))
    return tuple(found)


def _measured_tiles(result: BenchmarkResult, knee: Knee) -> Iterator[Tile]:
    """S, T and P at the knee and the capacity, with their intervals below."""
    where = "at the knee" if knee.in_range else "at the last level tried"
    yield Tile(label="Throughput S", value=formatting.rate(knee.throughput_rps), note=f"closed loop, {where}")
    yield Tile(label="Response time T", value=formatting.duration(knee.response_s), note=f"mean, {where}")
    within = wording.confidence(knee.power_ci, formatting.power)
    yield Tile(label="Power P = S/T", value=formatting.power(knee.power), note=within or where)
    capacity = result.capacity
    if capacity.rps is not None:
        within = wording.confidence(capacity.ci, formatting.rate)
        note = f"within {wording.objective(capacity.slo)}{f'; {within}' if within else ''}"
        yield Tile(label="Capacity", value=formatting.rate(capacity.rps), note=note)


def environment_rows(report: CommitReport) -> tuple[Row, ...]:
    """The machine and software, as label and value."""
    here = report.environment
    cores = f"{here.usable_cores} usable, {here.logical_cores} logical"
    cores += f", {here.physical_cores} physical" if here.physical_cores else ""
    runner = " ".join(part for part in (here.ci_provider, here.ci_runner_image) if part)
    pairs = {
        "CPU": here.cpu_model or "unknown",
        "Cores": cores,
        "Memory": formatting.size(here.memory_bytes),
        "System": f"{here.os}, kernel {here.kernel}, {here.architecture}",
        "Container": {True: "yes", False: "no", None: "unknown"}[here.container],
        "CI runner": runner or "none",
        "Software": f"Python {here.python}, aiops-action {here.tool_version}",
        "Fingerprint": here.fingerprint,
    }
    return tuple(Row(label=label, value=value) for label, value in pairs.items())


def commit_rows(report: CommitReport) -> tuple[Row, ...]:
    """The commit, as label and value; empty outside a git repository."""
    commit = report.commit
    if commit is None:
        return ()
    state = [
        word
        for word, applies in (("files differed from it", commit.dirty), ("shallow clone", commit.shallow))
        if applies
    ]
    pairs = {
        "Commit": commit.sha + (f" ({', '.join(state)})" if state else ""),
        "Subject": commit.subject,
        "Branch": commit.branch or "none (detached head)",
        "Written": formatting.moment(commit.author_time),
        "Repository": commit.repository,
        "Pull request": f"#{commit.pull_request}" if commit.pull_request else None,
        "Build": commit.build_url,
    }
    return tuple(Row(label=label, value=value) for label, value in pairs.items() if value)


def inline_svg(chart: Chart) -> Markup:
    """The chart as an SVG element: colours are variables of the page, ids are its own, the label says what it shows."""
    svg = to_svg(chart)
    svg = svg[svg.index("<svg") :]
    for name, colour in COLOURS.items():
        svg = re.sub(rf"{colour}\b", f"var(--chart-{name})", svg)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{chart.name}-", svg)
    svg = re.sub(r"^<svg[^>]*viewBox=(\"[^\"]*\")[^>]*>", r"<svg viewBox=\1 role='img' LABEL>", svg)
    label = f'aria-label="{escape(chart.alt)}"'
    return Markup(svg.replace("LABEL", label, 1))  # noqa: S704 (drawn by matplotlib, which escapes)


def power_share(point: LoadPoint, result: BenchmarkResult) -> int:
    """The power of a valid load point as a percentage of the largest; the page draws it as a bar."""
    largest = max((other.power or 0.0 for other in result.load_points if other.valid), default=0.0)
    return round(100 * (point.power or 0.0) / largest) if largest and point.valid else 0


def point_note(point: LoadPoint, result: BenchmarkResult) -> str:
    """Why a point is invalid, what it decided, and the kinds of its errors; a column says whether it kept its level."""
    parts = (wording.point_note(point, result, with_level=False), *wording.error_kinds(point))
    return "; ".join(part for part in parts if part)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("aiops_reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "benchmark_charts": benchmark_charts,
        "benchmark_remarks": benchmark_remarks,
        "commit_costs": commit_costs,
        "definitions": definitions.DEFINITIONS,
        "explanation": explanation,
        "finding_rows": finding_rows,
        "hours_per_month": HOURS_PER_MONTH,
        "inline_svg": inline_svg,
        "plan_charts": plan_charts,
        "plan_remarks": plan_remarks,
        "point_note": point_note,
        "power_share": power_share,
        "simulations": simulations,
        "tables_of": tables_of,
        "text": formatting,
        "words": wording,
    }
    return environment
