"""`aiops bench`: the operating curve of every benchmark, nothing else."""

from dataclasses import replace
from pathlib import Path

import click

from aiops_planner.errors import UsageError
from aiops_toolkit.cli.options import config_option, json_option, load_options, settings_from, write_json


@click.command(name="bench", epilog="Example:  aiops bench --budget 30s --json bench.json")
@config_option
@json_option
@load_options
def command(config: Path | None, json_path: str | None, quick: bool, budget: float | None, seed: int) -> int:
    """Start the service and measure throughput S, response time T and power P = S/T over a range of loads.

    Points measured before a failure or Ctrl-C are shown and written too.
    """
    from aiops_reports.record import BenchReport
    from aiops_toolkit.cli.results import show_benchmarks
    from aiops_toolkit.cli.session import unstored_job
    from aiops_toolkit.cli.terminal import console
    from aiops_toolkit.job import JobOptions

    settings = settings_from(config)
    if not settings.benchmarks:
        raise UsageError(f"{settings.path}: no benchmark; add benchmarks: {{name: {{http: ...}}}}")
    options = JobOptions(quick=quick, budget_s=budget, seed=seed)
    report = unstored_job(replace(settings, tests=None, capacity=None), options)
    show_benchmarks(console(for_json=json_path == "-"), report.benchmarks)
    write_json(BenchReport(environment=report.environment, benchmarks=report.benchmarks), json_path)
    return report.exit_code
