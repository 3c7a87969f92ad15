"""The file of refreshed prices: written as a whole or not at all, by one process at a time."""

import errno
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from aiops_planner.catalog_file import Refreshed, Rows, pack_refreshed, read_refreshed
from aiops_planner.errors import StorageError
from aiops_planner.machine_types import CLOUD, REGION

LONGEST_WAIT_S = 30.0
_UNFINISHED = ".unfinished"


def prepare(path: Path) -> None:
    """Make the folder that `save` is going to write into, before prices are fetched for it. Raises StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "it is a folder, or in one that cannot be written")
    except OSError as error:
        raise _cannot_write(path, error) from None


def save(path: Path, refreshed: Mapping[str, Refreshed], rows: Rows, *, wait_s: float = LONGEST_WAIT_S) -> None:
    """Put the rows of some regions into the file at `path`, which keeps those of its other regions.

    A reader sees the file of before or the new one, also when this process is killed in the middle. A file that cannot
    be read is replaced. Raises StorageError.
    """
    try:
        prepare(path)
        with FileLock(f"{path}.lock", timeout=wait_s):
            _remove_unfinished(path)
            _replace(path, _merged(path, refreshed, rows))
    except Timeout:
        raise StorageError(
            f"{path}: another refresh has been writing it for {wait_s:.0f} s; wait for it, or end it, and try again"
        ) from None
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: the prices cannot be written: {error.strerror or error}; free some space, or name another file with "
        "AIOPS_CATALOG"
    )


def _merged(path: Path, refreshed: Mapping[str, Refreshed], rows: Rows) -> bytes:
    try:
        before, old_rows = read_refreshed(path.read_bytes())
    except (FileNotFoundError, ValueError):
        before, old_rows = {}, ()
    kept = tuple(row for row in old_rows if f"{row[CLOUD]}/{row[REGION]}" not in refreshed)
    return pack_refreshed({**before, **refreshed}, (*kept, *rows))


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file and rename: the rename is all or nothing, once both are on the disk."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove_unfinished(path: Path) -> None:
    """What a refresh that was killed left behind; nobody else writes while the lock is held."""
    for left in path.parent.glob(f".{path.name}.*{_UNFINISHED}"):
        left.unlink(missing_ok=True)
