"""Results on the terminal: short tables from the reports' own wording, then the paths to the rest."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aiops_planner.performance import LoadPoint
from aiops_planner.plans import Infeasible, Plan
from aiops_reports import formatting, wording
from aiops_reports.record import BenchmarkResult, CommitReport
from aiops_reports.store import StoredReport
from aiops_reports.summary import Row, check_rows, headline, plan_rows, remarks, summary_rows
from aiops_toolkit.paths import shortest

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
    """Every load point, with the knee and the capacity below."""
    for result in benchmarks:
        table = Table(title=f"{result.name}: {result.target}", title_justify="left", box=None, pad_edge=False)
        for heading in ("load", "S", "mean T", "p50", "p99", "P = S/T", "errors", ""):
            table.add_column(heading, justify="left" if heading in {"load", ""} else "right")
        for point in wording.by_load(result.load_points):
            table.add_row(*_point_cells(point, result), style="" if point.valid else "dim strike")
        console.print(table)
        knee = result.knee
        if knee is not None:
            found = f"S {formatting.rate(knee.throughput_rps)}, T {formatting.duration(knee.response_s)}"
            console.print(Text(f"  Knee      {found}, P {formatting.power(knee.power)}"))
        console.print(Text(f"  Capacity  {wording.capacity(result.capacity)}"))


def show_plan(console: Console, plan: Plan | Infeasible) -> None:
    """The fleet and its cost, or why there is none, and what the prices and capacities rest on."""
    title = "No fleet meets the target" if isinstance(plan, Infeasible) else "The cheapest fleet"
    _show_rows(console, title, plan_rows(plan))
    _show_notes(console, () if isinstance(plan, Infeasible) else wording.plan_notes(plan))


def _show_rows(console: Console, title: str, rows: Iterable[Row]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(row.label, Text(row.value, style=STYLES[row.judgement]))
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)


def _show_notes(console: Console, notes: tuple[str, ...]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1, 0, 1))
    for note in notes:
        table.add_row(Text("·", style="dim"), Text(formatting.sentence(note), style="dim"))
    console.print()
    console.print(table)


def _point_cells(point: LoadPoint, result: BenchmarkResult) -> tuple[str, ...]:
    response = point.response_s
    return (
        wording.load(point),
        formatting.rate(point.throughput_rps),
        formatting.duration(response.mean if response else None),
        formatting.duration(response.p50 if response else None),
        formatting.duration(response.p99 if response else None),
        formatting.power(point.power),
        f"{point.errors:,}",
        wording.point_note(point, result),
    )
