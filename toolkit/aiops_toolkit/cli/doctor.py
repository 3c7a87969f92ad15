"""`aiops doctor`: what this machine can measure, and how well."""

import os
from pathlib import Path

import click

from aiops_planner.errors import ConfigError
from aiops_toolkit.cli.options import config_option, json_option, settings_from, write_json


@click.command(name="doctor", epilog="Example:  aiops doctor --json -")
@config_option
@json_option
def command(config: Path | None, json_path: str | None) -> int:
    """Measure this machine for about 15 s and say what it can and cannot resolve, and what is missing.

    Works without an aiops.yml; with one, its report store is checked too. Exit code 1 when something a command needs is
    missing.
    """
    from aiops_reports.store import open_store
    from aiops_toolkit.cli.findings import show_findings
    from aiops_toolkit.cli.terminal import console, shown_progress
    from aiops_toolkit.doctor.diagnosis import diagnose
    from aiops_toolkit.environment import read_environment

    try:
        settings = settings_from(config)
        store = open_store(settings.report.store, settings.root).directory
    except ConfigError:
        if config is not None:
            raise
        store = Path(".aiops")
    with shown_progress() as progress:
        diagnosis = diagnose(read_environment(os.environ), store, progress)
    show_findings(console(for_json=json_path == "-"), diagnosis.findings)
    write_json(diagnosis, json_path)
    return diagnosis.exit_code
