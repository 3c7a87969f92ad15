"""The options every command shares, and the settings and results they stand for."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from aiops_planner.errors import StorageError, UnitError, UsageError
from aiops_toolkit.config.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """-c/--config FILE."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path),
        help="The configuration; without it aiops.yml is looked for from here up to the repository's root.",
    )(command)


def json_option(command: Command) -> Command:
    """--json FILE|-."""
    return click.option(
        "--json",
        "json_path",
        metavar="FILE|-",
        callback=_json_path,
        help="Write the result as JSON to FILE, or with - to standard output.",
    )(command)


def load_options(command: Command) -> Command:
    """--quick, --budget and --seed, for commands that generate load."""
    command = click.option(
        "--quick", is_flag=True, help="Spend at most 25 s and say what could not be resolved in that time."
    )(command)
    command = click.option(
        "--budget",
        metavar="DURATION",
        callback=_budget,
        help="The time to spend on load in all, such as 60s. [default: 60s; 12s with --quick]",
    )(command)
    return click.option("--seed", type=int, default=1, show_default=True, help="Seed of the arrival schedules.")(
        command
    )


def _json_path(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse a place that cannot take a file before anything is measured for it."""
    if value is None or value == "-":
        return value
    path = Path(value)
    if path.is_dir():
        raise click.BadParameter(f"{value} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    return value


def _budget(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    from aiops_planner.units import parse_duration

    if value is None:
        return None
    try:
        seconds = parse_duration(value)
    except UnitError as error:
        raise click.BadParameter(error.message) from None
    if not 5 <= seconds <= 86_400:
        raise click.BadParameter(f"{value} is outside 5s to 24h")
    return seconds


def settings_from(config: Path | None) -> Settings:
    """The settings of the named file, or of the nearest aiops.yml."""
    from aiops_toolkit.config.reading import find_config, load_settings

    if config is not None:
        return load_settings(config)
    try:
        here = Path.cwd()
    except OSError:
        raise UsageError("the working directory is gone; change into one that exists") from None
    return load_settings(find_config(here))


def write_json(value: Any, json_path: str | None) -> None:
    """Write one of our values as JSON where --json asked for it; nothing without --json."""
    if json_path is None:
        return
    from aiops_reports.document import to_json

    text = to_json(value)
    if json_path == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())  # JSON is UTF-8 whatever the terminal speaks
        sys.stdout.buffer.flush()
        return
    try:
        Path(json_path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write the JSON to {json_path}: {error.strerror}; name a file in a folder that can be written"
        ) from None
