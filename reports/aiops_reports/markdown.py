"""The report as Markdown for pull request comments and job summaries.

Everything that a repository or a server could have written is escaped, and the text stays below the platforms' limits.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from aiops_planner.plans import HOURS_PER_MONTH, FleetItem, Infeasible, Plan
from aiops_reports import commit_costs, formatting, simulations, wording
from aiops_reports.explaining import explanation
from aiops_reports.point_tables import Column, comment_columns, stream_columns
from aiops_reports.record import BenchmarkResult, CheckResult, CommitReport
from aiops_reports.rows import finding_rows
from aiops_reports.summary import (
    benchmark_remarks,
    found_anything,
    headline,
    key_remarks,
    plan_remarks,
    run_remarks,
    summary_rows,
)

MAX_CHARACTERS = 60_000
MAX_FAILURES = 20
MAX_TEXT = 400

_MARKS = {"passed": "✅", "failed": "❌", "error": "⚠️", "infeasible": "❌", "interrupted": "⚠️"}
_JUDGED = {"ok": "✅", "bad": "❌", "neutral": ""}
_BARS = "▁▂▃▄▅▆▇█"
_CUT = "\n\n*Cut here: the whole report is in `report.html` beside this comment's source.*\n"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b"}


def render_comment(report: CommitReport) -> str:
    """The whole comment, verdict first; at most `MAX_CHARACTERS` characters, ending in a newline."""
    outcome, _, figures = headline(report).partition(" · ")
    parts = [
        f"### {_MARKS[report.outcome] if found_anything(report) else '⚠️'} {escape(report.service)}: {escape(outcome)}",
        f"**{escape(figures)}**" if figures else "",
        _table(("", "", ""), ((_JUDGED[row.judgement], row.label, row.value) for row in summary_rows(report))),
        _bullets(key_remarks(report)),
        *_failures(report.checks),
        *(part for result in report.benchmarks for part in _benchmark(result)),
        *_plan(report.plan),
        *_folded("Notes on this run", (_bullets(run_remarks(report)),)),
        _origin(report),
    ]
    return shorten("\n\n".join(part for part in parts if part) + "\n")


def escape(text: str) -> str:
    """Text that reads as it was written, on one line of at most 400 characters: no markup, mention, link or HTML."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    line = line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"
    line = re.sub(r"[&<>@]", lambda found: _ENTITIES[found[0]], line)
    line = re.sub(r"([\\`*_~|\[\]#!])", r"\\\1", line)
    return line.replace("://", "&#58;//").replace("www.", "www&#46;")


def sparkline(values: Sequence[float | None]) -> str:
    """Values as bars of eight heights, the largest the highest; a gap where there is none."""
    largest = max((value for value in values if value), default=0.0)
    return "".join(
        "·" if value is None else _BARS[round(max(value, 0.0) / largest * 7)] if largest else _BARS[0]
        for value in values
    )


def shorten(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Text of at most `limit` characters, cut at a line's end; open code fences and details are closed."""
    if len(text) <= limit:
        return text
    reserve = len(_CUT) + 200
    kept = text[: max(0, limit - reserve)]
    kept = kept[: kept.rfind("\n") + 1]
    if len(re.findall(r"^```", kept, re.MULTILINE)) % 2:
        kept += "```\n"
    kept += "\n</details>\n" * min(8, kept.count("<details>") - kept.count("</details>"))
    return kept.rstrip("\n") + _CUT


def _failures(checks: CheckResult | None) -> Iterator[str]:
    if checks is None or not checks.failures:
        return
    rows = [(failure.kind, failure.name, failure.message) for failure in checks.failures[:MAX_FAILURES]]
    more = len(checks.failures) - len(rows)
    yield "#### Tests that did not pass"
    yield _table(("", "Test", "Message"), rows)
    if more:
        yield f"and {formatting.count(more, 'more test')}"


def _benchmark(result: BenchmarkResult) -> Iterator[str]:
    yield f"#### Benchmark {escape(result.name)}"
    if not result.load_points:
        yield "No load point was measured."
        yield _bullets(benchmark_remarks(result))
        return
    ladder = [point for point in wording.by_load(result.load_points) if point.mode == "closed"]
    if len(ladder) > 1:
        levels = " ".join(str(point.concurrency) for point in ladder)
        powers = sparkline([point.power if point.valid else None for point in ladder])
        yield f"P over load `{powers}` at {levels} clients"
    parts = [
        _points_table(comment_columns(result), result),
        _points_table(stream_columns(result), result, noted=False),
        _bullets((*(f"{row.label}: {row.value}" for row in finding_rows(result)), *benchmark_remarks(result))),
        escape(wording.reading(result)),
        escape(f"{result.target}, {wording.aim(result)}{_seed(result)}"),
    ]
    yield from _folded(formatting.count(len(result.load_points), "load point"), parts)


def _seed(result: BenchmarkResult) -> str:
    return f", seed {result.seed}" if result.source is None else ""


def _points_table(columns: Sequence[Column], result: BenchmarkResult, *, noted: bool = True) -> str:
    """A row a load point, an invalid one struck through with its reason beside it; empty without columns."""
    if not columns:
        return ""
    heads = ["Load", *(escape(column.head) for column in columns), *([""] if noted else [])]
    lines = []
    for point in wording.by_load(result.load_points):
        cells = [escape(cell) for cell in (wording.load(point), *(column.show(point) for column in columns))]
        cells = cells if point.valid else [cell if cell == formatting.MISSING else f"~~{cell}~~" for cell in cells]
        lines.append([*cells, escape(wording.point_note(point, result))] if noted else cells)
    return _grid([heads, _rules(len(heads), "-" + ":" * len(columns)), *lines])


def _plan(plan: Plan | Infeasible | None) -> Iterator[str]:
    if plan is None:
        return
    demand = formatting.rate(plan.demand.peak_rps)
    yield f"#### Fleet for {'up to ' if len(plan.demand.rps) > 1 else ''}{demand}"
    asked = wording.demand(plan.demand)
    if asked:
        yield escape(asked)
    if isinstance(plan, Infeasible):
        yield "No fleet meets the target:"
        yield _bullets((*plan.reasons, *plan_remarks(plan)))
        yield from _commit_cost(plan)
        return
    total = ("", "**Total**", "", "", "", f"**{formatting.money(plan.usd_per_month)}**")
    rows = [_fleet_cells(item, plan) for item in plan.fleet]
    if plan.egress_usd_per_hour:
        rows.append(("", "sending answers", "", "", "", formatting.money(plan.egress_usd_per_hour * HOURS_PER_MONTH)))
    yield _table(("Machines", "Type", "Where", "Bought", "Carries each", "USD/month"), rows, last=total, align=":---::")
    comparisons = wording.comparisons(plan)
    if comparisons:
        yield f"{formatting.sentence(comparisons)}"
    simulated = simulations.table(plan)
    if simulated:
        yield _table(simulations.HEADS, simulated, align="-" + ":" * (len(simulations.HEADS) - 1))
    yield from _commit_cost(plan)
    yield from _folded("What more or less would cost", (_bullets(explanation(plan)),))
    yield from _folded("What these capacities and prices rest on", (_bullets(plan_remarks(plan)),))


def _commit_cost(plan: Plan | Infeasible) -> Iterator[str]:
    """What the commit costs: the verdict, a table, and what to know of it; nothing without an earlier commit."""
    cost = plan.commit_cost
    if cost is not None:
        yield f"#### {escape(commit_costs.title(cost))}"
        yield f"{escape(formatting.sentence(commit_costs.sentence(cost)))}"
        yield _table(commit_costs.HEADS, commit_costs.table(cost), align="-::::")
        yield _bullets(commit_costs.remarks(cost))


def _fleet_cells(item: FleetItem, plan: Plan) -> tuple[str, ...]:
    return (
        wording.machines(item),
        item.offer,
        wording.where(item),
        wording.PURCHASES[item.purchase],
        wording.carries(item, plan),
        formatting.money(item.usd_per_hour * HOURS_PER_MONTH),
    )


def _origin(report: CommitReport) -> str:
    """The line at the end: machine, commit and time."""
    environment = report.environment
    commit = report.commit
    measured = f"{commit.sha[:12]} ({commit.subject}), " if commit else ""
    text = (
        f"{measured}{wording.machine(environment)}, fingerprint {environment.fingerprint}, "
        f"{formatting.moment(report.created_at)}, aiops-action {environment.tool_version}"
    )
    return f"<sub>{escape(text)}</sub>"


def _bullets(texts: Iterable[str]) -> str:
    """A list of escaped sentences; empty when there is none."""
    return "\n".join(f"- {escape(formatting.sentence(text))}" for text in texts)


def _folded(summary: str, parts: Iterable[str]) -> Iterator[str]:
    """Parts behind a line that opens them; nothing when they are empty. The line is Markdown already."""
    shown = [part for part in parts if part]
    if shown:
        yield f"<details>\n<summary>{summary}</summary>"
        yield from shown
        yield "</details>"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, align: str = "", last: Sequence[str] | None = None
) -> str:
    """A table of escaped cells and a last row that is Markdown already. `align` has a sign a column; `:` is right."""
    body = [[escape(cell) for cell in row] for row in rows]
    return _grid([heads, _rules(len(heads), align), *body, *([last] if last else [])])


def _rules(columns: int, align: str) -> list[str]:
    return ["--:" if sign == ":" else "---" for sign in align.ljust(columns, "-")]


def _grid(lines: Iterable[Sequence[str]]) -> str:
    """Rows of cells that are Markdown already."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
