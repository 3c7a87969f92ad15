"""`aiops report`: a stored report, shown and rendered again."""

from pathlib import Path

import click

from aiops_toolkit.cli.options import config_option, json_option, write_json


@click.command(name="report", epilog="Example:  aiops report .aiops/1a2b3c4d5e6f/report.json")
@config_option
@json_option
@click.argument("path", required=False, type=click.Path(path_type=Path))
def command(config: Path | None, json_path: str | None, path: Path | None) -> int:
    """Show a stored report and render its Markdown, HTML and charts again.

    PATH is a report.json; without it the latest report in the store is taken.
    """
    from aiops_toolkit.cli.results import show_report
    from aiops_toolkit.cli.session import reopened
    from aiops_toolkit.cli.terminal import console

    report, stored = reopened(path, config)
    show_report(console(for_json=json_path == "-"), report, stored)
    write_json(report, json_path)
    return 0
