"""What a GitHub Actions runner reads from a step: the job summary, its outputs, and commands in the log.

Documented at https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from aiops_planner.errors import PublishError
from aiops_reports.record import CommitReport

SUMMARY_BYTES = 1024 * 1024
ANNOTATIONS = 10  # of one kind, from one step; the runner drops the rest without a word


def append_summary(path: Path, text: str) -> None:
    """Add Markdown to the job summary. Raises PublishError when the runner would drop it for its size."""
    data = text.rstrip().encode() + b"\n"
    present = path.stat().st_size if path.exists() else 0
    if present + len(data) > SUMMARY_BYTES:
        raise PublishError(
            f"the job summary would grow to {present + len(data):,} bytes and GitHub shows {SUMMARY_BYTES:,}; "
            "the report is kept as a file"
        )
    with path.open("ab") as summary:
        summary.write(data)


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Set the step's outputs; a delimiter nobody can guess keeps a value from setting others."""
    with path.open("a", encoding="utf-8") as outputs:
        for name, value in values.items():
            delimiter = f"aiops_{secrets.token_hex(16)}"
            outputs.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def mask(secret: str) -> str:
    """The command that has the runner replace a secret in every later line of the log."""
    return f"::add-mask::{_escaped(secret)}"


def annotation(level: Literal["error", "warning", "notice"], message: str, *, title: str) -> str:
    """The command that shows a message on the run's page and beside the commit."""
    escaped = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_escaped(message)}"


def annotations(report: CommitReport) -> tuple[str, ...]:
    """What turned the commit red, worst first; as many commands as a runner shows."""
    found = list(_problems(report))
    if len(found) <= ANNOTATIONS:
        return tuple(annotation("error", message, title=title) for title, message in found)
    rest = len(found) - ANNOTATIONS + 1
    shown = [annotation("error", message, title=title) for title, message in found[: ANNOTATIONS - 1]]
    return (*shown, annotation("error", f"{rest} more problems stand in the report", title=report.service))


def _problems(report: CommitReport) -> Iterable[tuple[str, str]]:
    for stage in report.stages:
        if stage.status == "error":
            yield f"{report.service}: {stage.name}", stage.message or "could not do its work"
    if report.checks is not None:
        for failure in report.checks.failures:
            yield f"{failure.name} {failure.kind}", failure.message or "no message"
        for gate in report.checks.gates:
            if not gate.passed:
                value = "was not written" if gate.value is None else f"is {gate.value:g}"
                yield f"gate {gate.metric}", f"{gate.metric} {value}, and must be {gate.condition}"
    if report.plan is not None and report.plan.status == "infeasible":
        yield f"{report.service}: no fleet meets the target", "; ".join(report.plan.reasons)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
