"""`aiops run`: the main job."""

from pathlib import Path

import click

from aiops_toolkit.cli.options import config_option, json_option, load_options, settings_from, write_json


@click.command(name="run", epilog="Example:  aiops run --quick --json report.json")
@config_option
@json_option
@load_options
@click.option("--publish", is_flag=True, help="Send the report to the CI system this runs in: summary, comment.")
def command(
    config: Path | None, json_path: str | None, quick: bool, budget: float | None, seed: int, publish: bool
) -> int:
    """Do everything for this commit: start the service, test it, load it, size its fleet, write the report.

    The report appears under .aiops (or report.store) as JSON, Markdown and one HTML page. Everything that was measured
    is kept when a stage fails or Ctrl-C ends the job.
    """
    from aiops_toolkit.cli.results import show_report
    from aiops_toolkit.cli.session import measured_job
    from aiops_toolkit.cli.terminal import console
    from aiops_toolkit.job import JobOptions

    settings = settings_from(config)
    report, stored = measured_job(settings, JobOptions(quick=quick, budget_s=budget, seed=seed))
    show_report(console(for_json=json_path == "-"), report, stored)
    write_json(report, json_path)
    if publish:
        from aiops_toolkit.cli.publish import publish_report

        publish_report(report, stored, click.get_current_context().obj)
    return report.exit_code
