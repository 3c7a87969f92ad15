"""From a file to Settings: finding aiops.yml, reading it, and saying everything that is wrong with it at once."""

from pathlib import Path
from typing import Any

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.benchmarks import benchmark_settings
from aiops_toolkit.config.composing import read_mapping
from aiops_toolkit.config.forms import Version, is_newer
from aiops_toolkit.config.grammar import FILE
from aiops_toolkit.config.mistakes import Mistakes, Place, config_error
from aiops_toolkit.config.settings import ServiceSettings, Settings
from aiops_toolkit.paths import up_to_repository_root

CONFIG_NAME = "aiops.yml"


def load_settings(path: Path) -> Settings:
    """The settings in a configuration file. Raises ConfigError with every mistake in it, one a line."""
    try:
        values = _values(path)
    except Mistakes as mistakes:
        raise config_error(path, mistakes.found) from None
    del values["version"]
    values["benchmarks"] = benchmark_settings(values.get("benchmarks", {}))
    values.setdefault("service", ServiceSettings(name=path.absolute().parent.name or "service"))
    return Settings(path=path, **values)


def _values(path: Path) -> dict[str, Any]:
    root, mistakes = read_mapping(path)
    version = root.get("version")
    if version is not None and is_newer(version):  # in a newer format, nothing else is a mistake yet
        Version().read(version, Place("version"))
    try:
        values = FILE.read(root, Place())
    except Mistakes as more:
        raise Mistakes(*mistakes, *more.found) from None
    if mistakes:
        raise Mistakes(*mistakes)
    return values


def find_config(start: Path, name: str = CONFIG_NAME) -> Path:
    """The configuration file nearest to a folder, looking upwards as far as the repository's root and no further.

    Outside a repository only `start` itself is looked at. Raises ConfigError that says where it was looked for.
    """
    folders = up_to_repository_root(start.absolute())
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    where = str(folders[0]) if len(folders) == 1 else f"{folders[0]} and its parents up to {folders[-1]}"
    raise ConfigError(f"{name}: not found in {where}; run `aiops init` to write one, or name another with --config")
