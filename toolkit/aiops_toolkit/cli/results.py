"""Results on the terminal: short tables from the reports' own wording, then the paths to the rest."""

from collections.abc import Iterable, Sequence
from textwrap import fill

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aiops_planner.cost_change import CommitCost
from aiops_planner.performance import PERCENTILES, LoadPoint
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import commit_costs, formatting, simulations, wording
from aiops_reports.definitions import EVIDENCE
from aiops_reports.point_tables import Column, stream_columns, terminal_columns
from aiops_reports.record import BenchmarkResult, CommitReport
from aiops_reports.rows import Row, curve_rows, finding_rows
from aiops_reports.store import StoredReport
from aiops_reports.summary import check_rows, headline, plan_rows, remarks, summary_rows
from aiops_toolkit.paths import shortest

HEAD_WIDTH = 10  # so that a row stays within 80 characters
STYLES = {"ok": "green", "bad": "bold red", "neutral": ""}


def show_report(console: Console, report: CommitReport, stored: StoredReport) -> None:
    """The verdict, the figures that matter, what to know before believing them, and where everything lies."""
    _show_rows(console, headline(report), summary_rows(report))
    _show_notes(console, remarks(report))
    console.print()
    for label, path in (("Page", stored.page), ("Comment", stored.comment), ("Figures", stored.record)):
        console.print(Text.assemble((f"  {label:<9}", "dim"), shortest(path)), soft_wrap=True)


def show_checks(console: Console, report: CommitReport) -> None:
    """Tests, gates and the first line of every failure."""
    _show_rows(console, report.service, check_rows(report))
    for failure in report.checks.failures if report.checks else ():
        console.print(Text(f"  {failure.kind}: {failure.name}: {failure.message}", style="red"))


def show_benchmarks(console: Console, benchmarks: tuple[BenchmarkResult, ...]) -> None:
    """Every load point, an invalid one struck through with its reason; then the knee, the capacity and the cost."""
    for result in benchmarks:
        _show_points(console, f"{result.name}: {result.target}", terminal_columns(result), result)
        if columns := stream_columns(result):
            _show_points(console, "Streamed answers", columns, result, noted=False)
        _show_rows(console, "", (*curve_rows(result), *finding_rows(result)))
        console.print()
    if benchmarks:
        console.print(Text(EVIDENCE, style="dim"))


def show_plan(console: Console, plan: Plan | Infeasible) -> None:
    """The fleet and its cost, or why there is none, and what the prices and capacities rest on."""
    title = "No fleet meets the target" if isinstance(plan, Infeasible) else "The cheapest fleet"
    _show_rows(console, title, plan_rows(plan))
    if isinstance(plan, Plan) and (simulated := simulations.table(plan)):
        _show_simulation(console, simulated)
    if plan.commit_cost is not None:
        _show_commit_cost(console, plan.commit_cost)
    asked = wording.demand(plan.demand)
    rests_on = () if isinstance(plan, Infeasible) else wording.plan_notes(plan)
    _show_notes(console, (asked, *rests_on) if asked else rests_on)


def _show_rows(console: Console, title: str, rows: Iterable[Row]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(row.label, Text(row.value, style=STYLES[row.judgement]))
    console.print()
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)


def _show_simulation(console: Console, simulated: Sequence[Sequence[str]]) -> None:
    """The scenarios of a simulation, in the columns that fit into 80 characters."""
    shown = [simulations.HEADS.index(head) for head in ("Simulated", "Rate", "p95", "p99", "p99 (95 %)")]
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 2))
    for column in shown:
        table.add_column(simulations.HEADS[column], justify="right" if column else "left", no_wrap=bool(column))
    for cells in simulated:
        table.add_row(*(Text(cells[column]) for column in shown))
    console.print()
    console.print(table)


def _show_commit_cost(console: Console, cost: CommitCost) -> None:
    """Before, after and difference, and what to know of them; the verdict stands in a row above."""
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 2))
    for column, head in enumerate(commit_costs.HEADS):
        table.add_column(head, justify="right" if column else "left", no_wrap=True)
    for cells in commit_costs.table(cost):
        table.add_row(*map(Text, cells))
    console.print()
    console.print(Text(commit_costs.title(cost), style="bold"))
    console.print(table)
    if remarks := commit_costs.remarks(cost):
        _show_notes(console, remarks)


def _show_notes(console: Console, notes: tuple[str, ...]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1, 0, 1))
    for note in notes:
        table.add_row(Text("·", style="dim"), Text(formatting.sentence(note), style="dim"))
    console.print()
    console.print(table)


def _show_points(
    console: Console, title: str, columns: Sequence[Column], result: BenchmarkResult, *, noted: bool = True
) -> None:
    """A row a load point, and what there is to say of it below; of an invalid one, only the figures are struck out."""
    points = wording.by_load(result.load_points)
    rows = [[wording.load(point), *(_terminal_cell(column, point, result) for column in columns)] for point in points]
    heads = [fill(head, HEAD_WIDTH).split("\n") for head in ("load", *(column.head for column in columns))]
    widths = [max(map(len, (*head, *cells))) for head, *cells in zip(heads, *rows, strict=True)]
    console.print(Text(title, style="italic"))
    for line in range(-max(map(len, heads)), 0):
        cells = [head[line] if len(head) >= -line else "" for head in heads]
        console.print(Text(_aligned(cells, widths), style="bold"), soft_wrap=True)
    for point, cells in zip(points, rows, strict=True):
        console.print(Text(_aligned(cells, widths), style="" if point.valid else "dim strike"), soft_wrap=True)
        notes = [part for part in (wording.point_note(point, result), *wording.error_kinds(point)) if part]
        if noted and notes:
            console.print(Padding(Text("; ".join(notes), style="dim"), (0, 0, 0, widths[0] + 2)))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells in one line: the first one on the left of its column, figures on the right of theirs."""
    (first, *rest), (wide, *others) = cells, widths
    return "  ".join([first.ljust(wide), *(cell.rjust(width) for cell, width in zip(rest, others, strict=True))])


def _terminal_cell(column: Column, point: LoadPoint, result: BenchmarkResult) -> str:
    """The cell; a percentile that our own measurement did not resolve is said in words."""
    shown = column.show(point)
    unresolved = shown == formatting.MISSING and column.name in PERCENTILES and result.source is None
    return formatting.NOT_RESOLVED if unresolved and point.response_s is not None else shown
