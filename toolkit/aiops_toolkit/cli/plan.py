"""`aiops plan`: the cheapest fleet for the demand in aiops.yml."""

from pathlib import Path

import click

from aiops_planner.errors import UsageError
from aiops_toolkit.cli.options import config_option, json_option, settings_from, write_json

NO_FLEET = 4


@click.command(name="plan", epilog="Example:  aiops plan --report .aiops/1a2b3c4d5e6f/report.json --json plan.json")
@config_option
@json_option
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path),
    help="The report.json whose measured capacity sizes catalog offers. [default: the latest in the store]",
)
@click.option(
    "--base",
    metavar="REPORT|COMMIT",
    help="Say what the commit costs: plan for an earlier report as well, a report.json or a commit with a report in "
    "the store.",
)
def command(config: Path | None, json_path: str | None, report_path: Path | None, base: str | None) -> int:
    """Size the cheapest fleet that carries the demand within the objective and the limits.

    Offers from the catalog are sized from a measured report. Published curves, profiles of machine types, and offers
    that state their capacity need none.
    Exit code 4 says that no fleet meets the target, and the output says which limits collide.
    """
    from aiops_planner.plans import Infeasible
    from aiops_toolkit.cli.results import show_plan
    from aiops_toolkit.cli.session import report_named, stored_report
    from aiops_toolkit.cli.terminal import console
    from aiops_toolkit.sizing import size_fleet

    settings = settings_from(config)
    if settings.capacity is None:
        raise UsageError(f"{settings.path}: no demand to plan for; add capacity: {{demand: 100/s, catalog: ...}}")
    if base is not None:
        from aiops_toolkit.commit_cost import size_commit

        earlier, report = report_named(settings, base), stored_report(settings, report_path)
        plan = size_commit(settings.capacity, earlier, report, settings.root)
    elif not settings.sizes_by_benchmark:
        plan = size_fleet(settings.capacity, (), None, settings.root)
    else:
        report = stored_report(settings, report_path)
        plan = size_fleet(settings.capacity, report.benchmarks, report.environment, settings.root)
    show_plan(console(for_json=json_path == "-"), plan)
    write_json(plan, json_path)
    return NO_FLEET if isinstance(plan, Infeasible) else 0
