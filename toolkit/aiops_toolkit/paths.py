"""Paths as people see them: short where they lie below the working directory, and the repository around a folder."""

from pathlib import Path


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
