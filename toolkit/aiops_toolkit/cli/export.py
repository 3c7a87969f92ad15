"""`aiops export`: the scenario of a benchmark for another tool."""

from pathlib import Path

import click

from aiops_planner.errors import StorageError, UsageError
from aiops_toolkit.cli.options import config_option, settings_from
from aiops_toolkit.config.settings import BenchmarkSettings, Settings


@click.command(name="export", epilog="Example:  aiops export --benchmark classify --output locustfile.py")
@config_option
@click.option(
    "--format",
    "_tool",
    type=click.Choice(["locust"]),
    default="locust",
    show_default=True,
    help="The tool to write for.",
)
@click.option("--benchmark", metavar="NAME", help="The benchmark to write. [default: the only one]")
@click.option("--output", metavar="FILE|-", default="-", show_default=True, help="Where to write the file.")
def command(config: Path | None, _tool: str, benchmark: str | None, output: str) -> None:
    """Write a benchmark as a Locust file, to load a service with more than one machine can make.

    The file says in its first lines how to run it on one machine and on many, and how its result comes back into the
    report. Secrets stay names of environment variables in it.
    """
    from aiops_toolkit.bench.handover import WRITTEN_BY, locust_file

    settings = settings_from(config)
    path = Path("locustfile.py") if output == "-" else Path(output)
    text = locust_file(_chosen(settings, benchmark), service=settings.service.name, root=settings.root, output=path)
    if output == "-":
        click.echo(text, nl=False)
        return
    _write(path, text, mark=WRITTEN_BY)
    click.echo(f"{output}: written; its first lines say how to run it", err=True)


def _chosen(settings: Settings, name: str | None) -> BenchmarkSettings:
    names = ", ".join(benchmark.name for benchmark in settings.benchmarks)
    if not names:
        raise UsageError(f"{settings.path}: no benchmark; add benchmarks: {{name: {{http: ...}}}}")
    found = [benchmark for benchmark in settings.benchmarks if name in {None, benchmark.name}]
    if len(found) == 1:
        return found[0]
    problem = f"there is no benchmark {name}" if name else "there are several benchmarks"
    raise UsageError(f"{settings.path}: {problem}; choose with --benchmark from {names}")


def _write(path: Path, text: str, *, mark: str) -> None:
    """Write the file, over an earlier export but over nothing else."""
    try:
        if path.exists() and mark not in path.read_text(encoding="utf-8", errors="replace"):
            raise UsageError(f"{path}: it is there already and not {mark}; name another file with --output")
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: it cannot be written: {error.strerror}; name another file with --output") from None
