"""A diagnosis on the terminal: what was found, and what to do where it is not fine."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aiops_reports.diagnosis import Finding

SIGNS = {"ok": "green", "limited": "yellow", "missing": "bold red"}


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Every finding with its advice below it."""
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        advice = f"\n{finding.advice}" if finding.advice else ""
        sign = Text(finding.status, style=SIGNS[finding.status])
        table.add_row(finding.name, sign, Text.assemble(finding.found, (advice, "dim")))
    console.print(table)
