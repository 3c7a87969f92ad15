"""What every command that measures does around its work: gather the facts, run the job, keep the results."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from aiops_planner.errors import StorageError, UsageError
from aiops_reports.document import read_document
from aiops_reports.record import CommitReport, Stage
from aiops_reports.store import RECORD, Store, StoredReport, open_store, write_pages
from aiops_toolkit.ci.context import read_context
from aiops_toolkit.cli.options import settings_from
from aiops_toolkit.cli.terminal import shown_progress
from aiops_toolkit.commit import read_commit, resolve
from aiops_toolkit.config.settings import Settings
from aiops_toolkit.environment import read_environment
from aiops_toolkit.job import Facts, JobOptions, new_report, run_job
from aiops_toolkit.paths import shortest
from aiops_toolkit.preflight import preflight
from aiops_toolkit.processes import terminate_as_interrupt
from aiops_toolkit.progress import Progress


def read_facts(settings: Settings) -> Facts:
    """The machine and the commit, with a note for what could not be told."""
    commit, note = read_commit(settings.root, os.environ, context=read_context(os.environ))
    return Facts(environment=read_environment(os.environ), commit=commit, notes=(note,) if note else ())


def measured_job(settings: Settings, options: JobOptions) -> tuple[CommitReport, StoredReport]:
    """Run the main job and keep its report in the store. Raises whatever would stop it before it measures in vain."""
    check_before_start(settings)
    facts = read_facts(settings)
    store = open_store(settings.report.store, settings.root)
    folder = store.prepare(facts.commit)
    with alone_in(store.directory), terminate_as_interrupt(), shown_progress() as progress:
        store.write_record(new_report(settings, options, facts))
        keeper = Keeper(store, progress)
        report = run_job(settings, options, facts, work=folder / "logs", save=keeper.save, progress=progress)
        progress.start("report")
        try:
            report, stored = keeper.finish(report)
        except KeyboardInterrupt:
            progress.finish(f"the figures are in {shortest(folder)}; `aiops report` draws the pages", well=False)
            raise
        progress.finish(f"written to {shortest(stored.folder)}")
    return report, stored


def check_before_start(settings: Settings) -> None:
    """Raise UsageError when there is nothing to do, and whatever else would stop the job later."""
    if settings.tests is None and not settings.benchmarks and settings.capacity is None:
        raise UsageError(f"{settings.path}: nothing to do: name tests, benchmarks or capacity in it")
    preflight(settings, os.environ)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Hold the store for the block. Raises StorageError when another aiops holds it."""
    lock = FileLock(directory / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise StorageError(
            f"{directory}: another aiops is measuring here, and two at once would spoil each other's figures; "
            "wait for it to end"
        ) from None
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot be locked: {error.strerror}; set report.store to another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def unstored_job(settings: Settings, options: JobOptions) -> CommitReport:
    """Run the stages that `settings` names without keeping a report; logs stay in the store."""
    check_before_start(settings)
    facts = read_facts(settings)
    store = open_store(settings.report.store, settings.root)
    work = store.prepare(facts.commit) / "logs"
    with alone_in(store.directory), terminate_as_interrupt(), shown_progress() as progress:
        return run_job(settings, options, facts, work=work, save=lambda _: None, progress=progress)


def stored_report(settings: Settings, path: Path | None) -> CommitReport:
    """The report in the named file, or the latest one in the store."""
    if path is not None:
        return read_document(path, CommitReport)
    store = open_store(settings.report.store, settings.root)
    report = store.latest()
    if report is None:
        raise UsageError(f"{store.directory}: no report is stored yet; run `aiops run` first")
    return report


def report_named(settings: Settings, name: str) -> CommitReport:
    """The report that a path names, or the first digits of a commit in the store, or a revision that git knows.

    Raises UsageError where there is none, and DocumentError for one that cannot be read.
    """
    for path in (Path(name), Path(name) / RECORD):
        if path.is_file():
            return read_document(path, CommitReport)
    store = open_store(settings.report.store, settings.root)
    sha = resolve(settings.root, os.environ, name)
    found = store.records_of(name) or (store.records_of(sha) if sha else [])
    if len(found) == 1:
        return read_document(found[0], CommitReport)
    stored = ", ".join(record.parent.name for record in store.records())
    if found:
        raise UsageError(f"{name}: several reports in {shortest(store.directory)} begin so; choose from {stored}")
    raise UsageError(
        f"{name}: neither a file nor a commit with a report in {shortest(store.directory)}, which has "
        f"{stored or 'none'}; run `aiops run` at that commit, or name the report.json it wrote"
    )


def reopened(path: Path | None, config: Path | None) -> tuple[CommitReport, StoredReport]:
    """A stored report with its pages rendered again: the file at `path` and beside it, else the latest in the store.

    The store is that of the configuration, which is not looked at when `path` is given.
    """
    if path is not None:
        path = path / RECORD if path.is_dir() else path
        report = read_document(path, CommitReport)
        return report, write_pages(report, path.absolute().parent)
    settings = settings_from(config)
    report = stored_report(settings, None)
    store = open_store(settings.report.store, settings.root)
    return report, write_pages(report, store.folder(report.commit))


class Keeper:
    """Keeps a growing report in its store, and in a temporary folder once the store cannot be written any more."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._failure: StorageError | None = None

    def save(self, report: CommitReport) -> None:
        """Write the figures; the first failure moves everything that follows to a temporary folder."""
        try:
            self._store.write_record(report)
        except StorageError as error:
            self._move(error)
            self._store.write_record(report)

    def finish(self, report: CommitReport) -> tuple[CommitReport, StoredReport]:
        """Write figures, pages and charts; a store that failed becomes an error of the report and its exit code."""
        try:
            judged = self._judged(report)
            return judged, self._store.write_all(judged)
        except StorageError as error:
            self._move(error)
        judged = self._judged(report)
        return judged, self._store.write_all(judged)

    def _move(self, error: StorageError) -> None:
        if self._failure is not None:
            raise error
        self._failure = error
        try:
            self._store = Store(Path(tempfile.mkdtemp(prefix="aiops-")))
        except OSError:
            raise error from None  # there is nowhere else to go, so the first failure is the one to act on
        self._progress.note(f"warning: {error.message}. The report goes to {self._store.directory} instead.")

    def _judged(self, report: CommitReport) -> CommitReport:
        if self._failure is None:
            return report
        stage = Stage(name="report", status="error", seconds=0.0, message=self._failure.message, exit_code=1)
        return replace(report, stages=(*report.stages, stage))
