"""`aiops init`: the files a repository needs to begin."""

from pathlib import Path

import click


@click.command(name="init", epilog="Example:  cd my-service && aiops init")
@click.option("--force", is_flag=True, help="Overwrite files that are there already.")
@click.argument("directory", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
def command(directory: Path, force: bool) -> int:
    """Look at the repository in DIRECTORY and write aiops.yml and the CI files that fit it. Existing files stay."""
    from aiops_toolkit.config.init import plan_files, write_plan

    for line in write_plan(plan_files(directory), force=force):
        click.echo(line)
    return 0
