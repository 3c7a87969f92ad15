"""Paths as people write and see them: short ones, those that a pattern matches, the repository around a folder."""

from pathlib import Path

from aiops_planner.errors import UsageError


def shortest(path: Path) -> str:
    """The path as people would type it: relative when it lies below the working directory."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):  # it lies elsewhere, or the working directory is gone
        return str(path)


def up_to_repository_root(start: Path) -> list[Path]:
    """A folder and those around it up to the root of its git repository; outside a repository the folder alone."""
    folders: list[Path] = []
    for folder in (start, *start.parents):
        folders.append(folder)
        if (folder / ".git").exists():
            return folders
    return [start]


def matching(root: Path, pattern: str, key: str) -> list[Path]:
    """What a glob of aiops.yml matches below `root`, by name. Raises UsageError, which names `key`, for no pattern."""
    try:
        return sorted(root.glob(pattern))
    except (ValueError, NotImplementedError, IndexError) as error:  # pathlib's, for absolute and odd patterns
        raise UsageError(f"{key}: {pattern!r} is no pattern relative to {root} ({error})") from None
