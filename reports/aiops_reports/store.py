"""Where reports are kept: a directory with one folder a commit.

Git never sees it, and no file in it is ever half written.
"""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aiops_planner.errors import StorageError, UsageError
from aiops_reports.document import read_document, to_json
from aiops_reports.record import Commit, CommitReport

RECORD = "report.json"
COMMENT = "comment.md"
PAGE = "report.html"
LOAD_POINTS = "load_points.csv"
CHARTS = "charts"
DIRTY = "-dirty"  # behind the digits of a commit that was changed when it was measured

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EROFS: ("the file system is read-only", "make it writable"),
    errno.EACCES: ("permission is denied", "change the permissions"),
    errno.EPERM: ("permission is denied", "change the permissions"),
    errno.ENOTDIR: ("a file is where a folder should be", "move that file away"),
    errno.EEXIST: ("a file is where a folder should be", "move that file away"),
    errno.EISDIR: ("a folder is where a file should be", "move that folder away"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """Where the parts of one report lie."""

    folder: Path
    record: Path
    comment: Path
    page: Path
    load_points: Path
    charts: tuple[Path, ...]


class Store:
    """Reports in a directory. Every method raises StorageError when the file system refuses."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def folder(self, commit: Commit | None) -> Path:
        """The folder of a commit: twelve digits of its sha, `-dirty` when files differed from it, or `no-commit`."""
        digits = re.sub(r"[^0-9A-Za-z]", "", commit.sha)[:12] if commit else ""
        if commit is None or not digits:
            return self.directory / "no-commit"
        return self.directory / (f"{digits}{DIRTY}" if commit.dirty else digits)

    def write_record(self, report: CommitReport) -> Path:
        """Write the figures alone, as JSON; cheap enough to call after every stage.

        Pages of an earlier run of the same commit go away, since they would show other figures.
        """
        path = self.prepare(report.commit) / RECORD
        write_atomically(path, to_json(report).encode())
        with storage_errors(path.parent):
            for stale in (COMMENT, PAGE, LOAD_POINTS):
                (path.parent / stale).unlink(missing_ok=True)
            for chart in (path.parent / CHARTS).glob("*.png"):
                chart.unlink(missing_ok=True)
        return path

    def write_all(self, report: CommitReport) -> StoredReport:
        """Write the figures, then everything that is drawn from them, the most useful first."""
        return write_pages(report, self.write_record(report).parent)

    def latest(self) -> CommitReport | None:
        """The report that was written last, or None in an empty store. Raises DocumentError when it is damaged."""
        newest = next(iter(self.records()), None)
        return None if newest is None else read_document(newest, CommitReport)

    def records(self) -> list[Path]:
        """The figures of every report, those that were written last first."""
        with storage_errors(self.directory, "read"):
            found = self.directory.glob(f"*/{RECORD}")
            return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path), reverse=True)

    def records_of(self, commit: str) -> list[Path]:
        """The figures of the commits whose sha begins with these four digits or more, or of the folder named so.

        Of a commit that was measured both clean and with changes only the clean ones are given.
        """
        records = self.records()
        named = [path for path in records if path.parent.name == commit]
        if named or not re.fullmatch(r"[0-9a-f]{4,64}", commit.lower()):
            return named
        found = [path for path in records if path.parent.name.startswith(commit.lower()[:12])]
        return [path for path in found if not path.parent.name.endswith(DIRTY)] or found

    def prepare(self, commit: Commit | None) -> Path:
        """Make the folder of a commit and return it.

        A new store hides itself from git; a directory that was in use before is left as it is.
        """
        folder = self.folder(commit)
        with storage_errors(folder):
            is_new = not self.directory.exists()
            folder.mkdir(parents=True, exist_ok=True)
        if is_new:
            write_atomically(self.directory / ".gitignore", b"*\n")
        return folder


def open_store(text: str, root: Path) -> Store:
    """The store that `report.store` of aiops.yml names, relative to the folder of aiops.yml.

    Raises UsageError for a URL: this version writes to directories.
    """
    if not text.strip():
        raise UsageError("report.store is empty; name a directory such as .aiops")
    if _URL.match(text):
        raise UsageError(
            f"report.store: {text!r} is not a directory, and this version keeps reports in directories only; "
            "set it to a path such as .aiops and let the CI system keep that folder"
        )
    return Store(root / Path(text).expanduser())


def write_pages(report: CommitReport, folder: Path) -> StoredReport:
    """Write everything that is drawn from a report into the folder of its record. Raises StorageError."""
    for name, render in _renderers():
        write_atomically(folder / name, render(report))
    return StoredReport(
        folder=folder,
        record=folder / RECORD,
        comment=folder / COMMENT,
        page=folder / PAGE,
        load_points=folder / LOAD_POINTS,
        charts=_write_charts(folder / CHARTS, report),
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new one, never a part. Raises StorageError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with storage_errors(path):
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise


@contextmanager
def storage_errors(path: Path, action: Literal["written", "read"] = "written") -> Iterator[None]:
    """Turns what the file system refuses into a StorageError: which path, for which action, why, and what to do."""
    try:
        yield
    except OSError as error:
        why, remedy = _CAUSES.get(error.errno or 0, (error.strerror or str(error), "check the path"))
        raise StorageError(
            f"{path}: cannot be {action}: {why}; {remedy}, or set report.store in aiops.yml to another directory"
        ) from error


def _write_charts(folder: Path, report: CommitReport) -> tuple[Path, ...]:
    from aiops_reports.charts import png_files  # noqa: PLC0415 (loads matplotlib)

    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
    written = []
    for name, picture in png_files(report):
        write_atomically(folder / name, picture)
        written.append(folder / name)
    return tuple(written)


def _renderers() -> tuple[tuple[str, Callable[[CommitReport], bytes]], ...]:
    """What is drawn from a report besides charts. Loaded here, so that writing figures alone stays cheap."""
    from aiops_reports.html import render_page  # noqa: PLC0415 (loads matplotlib and Jinja2)
    from aiops_reports.markdown import render_comment  # noqa: PLC0415
    from aiops_reports.tables import load_points_csv  # noqa: PLC0415 (loads pandas)

    return (
        (COMMENT, lambda report: render_comment(report).encode()),
        (LOAD_POINTS, lambda report: load_points_csv(report).encode()),
        (PAGE, lambda report: render_page(report).encode()),
    )
