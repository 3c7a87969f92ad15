"""`aiops test`: the service's tests and gates, nothing else."""

from dataclasses import replace
from pathlib import Path

import click

from aiops_planner.errors import UsageError
from aiops_toolkit.cli.options import config_option, json_option, settings_from, write_json


@click.command(name="test", epilog="Example:  aiops test --json -")
@config_option
@json_option
def command(config: Path | None, json_path: str | None) -> int:
    """Start the service, run the test command, read its JUnit file and metrics, and apply the gates."""
    from aiops_reports.record import TestReport
    from aiops_toolkit.cli.results import show_checks
    from aiops_toolkit.cli.session import unstored_job
    from aiops_toolkit.cli.terminal import console
    from aiops_toolkit.job import JobOptions

    settings = settings_from(config)
    if settings.tests is None:
        raise UsageError(f"{settings.path}: no test command; add tests: {{command: ...}}")
    report = unstored_job(replace(settings, benchmarks=(), capacity=None), JobOptions())
    show_checks(console(for_json=json_path == "-"), report)
    if report.checks is not None:
        write_json(TestReport(environment=report.environment, checks=report.checks), json_path)
    return report.exit_code
