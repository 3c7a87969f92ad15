"""Carrying out a plan: files are written once, never over others unless told to, and every step is reported."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aiops_planner.errors import StorageError
from aiops_toolkit.config.init.plan import InitPlan, PlannedFile
from aiops_toolkit.paths import shortest


def write_plan(plan: InitPlan, force: bool = False) -> Iterator[str]:
    """Write the files one by one, each when its line is asked for, and yield the notes in the end.

    A file that is there already stays as it is unless `force` is given. Raises StorageError when a file cannot be
    written; those before it are.
    """
    for file in plan.files:
        yield _write(file, force)
    yield from (f"next: {note}" for note in plan.notes)


def _write(file: PlannedFile, force: bool) -> str:
    shown = shortest(file.path)
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        if force and os.path.lexists(file.path):
            _replace(file)
            return f"replaced {shown}: {file.why}"
        with file.path.open("x", encoding="utf-8") as stream:
            stream.write(file.content)
    except FileExistsError as error:
        if not os.path.lexists(file.path):  # a file where a folder should be
            raise _failed(shown, error) from None
        return f"kept {shown}, which is there already; --force replaces it"
    except OSError as error:
        raise _failed(shown, error) from None
    return f"wrote {shown}: {file.why}"


def _replace(file: PlannedFile) -> None:
    """Put the new file in the place of the old in one step, so that an error leaves the old one whole."""
    if file.path.is_dir():
        raise IsADirectoryError(None, "a folder of that name is there")
    descriptor, name = tempfile.mkstemp(dir=file.path.parent, prefix=f".{file.path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file.content)
        temporary.chmod(0o644)
        temporary.replace(file.path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _failed(shown: str, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(f"cannot write {shown}: {reason}; choose a folder that can be written, then run it again")
