"""`aiops publish`: a stored report, sent to the CI system this runs in."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from aiops_reports.record import CommitReport
from aiops_reports.store import StoredReport
from aiops_toolkit.cli.options import config_option


@click.command(name="publish", epilog="Example:  aiops publish report.json")
@config_option
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def command(environment: dict[str, str], config: Path | None, path: Path | None) -> int:
    """Send a report to the CI system this runs in: job summary, outputs, annotations, comment, build description.

    PATH is a report.json; without it the latest report in the store is taken. The exit code is 1 when a place that
    should have taken the report failed; a build that may not write there, as those of forks, is no failure.
    """
    from aiops_toolkit.cli.session import reopened

    report, stored = reopened(path, config)
    return publish_report(report, stored, environment)


def publish_report(report: CommitReport, stored: StoredReport, environment: Mapping[str, str]) -> int:
    """Publish, say a line for each place on standard error, and return 1 when one failed."""
    from aiops_reports.markdown import render_comment
    from aiops_toolkit.ci.context import read_context
    from aiops_toolkit.ci.publish import publish

    published = publish(
        report,
        stored,
        render_comment(report),
        context=read_context(environment),
        environment=environment,
        log=sys.stderr,
    )
    colours = {"refused": "yellow", "failed": "red"}
    for place in published:
        click.secho(f"publish: {place.place}: {place.status}: {place.message}", fg=colours.get(place.status), err=True)
    return int(any(place.status == "failed" for place in published))
