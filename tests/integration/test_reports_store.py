"""The store: one folder a commit, hidden from git, figures first, and a clear word when the file system refuses."""

import errno
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner.errors import DocumentError, StorageError, UsageError
from aiops_reports import charts
from aiops_reports.record import CommitReport
from aiops_reports.store import Store, open_store, storage_errors, write_atomically
from support import reports_samples as samples

REPORT = samples.sample_report()
FOLDER = "3f9c1d27ab54"


def with_commit(**changes: object) -> CommitReport:
    return replace(REPORT, commit=replace(samples.sample_commit(), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "name"),
    [
        (REPORT, FOLDER),
        (with_commit(dirty=True), f"{FOLDER}-dirty"),
        (replace(REPORT, commit=None), "no-commit"),
        (with_commit(sha="../../../etc/passwd"), "etcpasswd"),
        (with_commit(sha="../.."), "no-commit"),
    ],
)
def test_a_commit_has_a_folder_of_its_own_inside_the_store(report: CommitReport, name: str, tmp_path: Path) -> None:
    assert Store(tmp_path).folder(report.commit) == tmp_path / name


def test_everything_is_written_and_the_figures_are_read_back(tmp_path: Path) -> None:
    stored = Store(tmp_path / ".aiops").write_all(REPORT)
    assert stored.folder == tmp_path / ".aiops" / FOLDER
    assert sorted(
        path.relative_to(stored.folder).as_posix() for path in stored.folder.rglob("*") if path.is_file()
    ) == [
        "charts/classify-operating-curve.png",
        "charts/classify-percentiles.png",
        "charts/classify-power.png",
        "charts/cost.png",
        "comment.md",
        "load_points.csv",
        "report.html",
        "report.json",
    ]
    for path in (stored.record, stored.comment, stored.page, stored.load_points, *stored.charts):
        assert path.stat().st_size > 500
    assert Store(tmp_path / ".aiops").latest() == REPORT


def test_git_sees_nothing_of_a_new_store(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    Store(tmp_path / "results" / "aiops").write_record(REPORT)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert status.stdout == ""


def test_a_folder_that_was_in_use_before_gets_no_gitignore(tmp_path: Path) -> None:
    Store(tmp_path).write_record(REPORT)
    assert not (tmp_path / ".gitignore").exists()


def test_pages_of_an_earlier_run_go_away_with_new_figures(tmp_path: Path) -> None:
    stored = Store(tmp_path).write_all(REPORT)
    Store(tmp_path).write_record(samples.failed_report())
    assert [path.name for path in stored.folder.iterdir() if path.is_file()] == ["report.json"]
    assert not any(chart.exists() for chart in stored.charts)


def test_the_latest_report_is_the_one_written_last(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    assert kept.latest() is None
    newer = with_commit(sha="a" * 40)
    for age, report in ((10, newer), (20, REPORT)):
        path = kept.write_record(report)
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    assert kept.latest() == newer


def test_a_dirty_report_lies_beside_the_clean_one_of_the_same_commit(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    assert kept.write_record(with_commit(dirty=True)).parent.name == f"{FOLDER}-dirty"
    assert kept.write_record(REPORT).parent.name == FOLDER


def test_a_damaged_report_is_named(tmp_path: Path) -> None:
    path = Store(tmp_path).write_record(REPORT)
    path.write_text(path.read_text()[:300])
    with pytest.raises(DocumentError, match=r"report\.json: is cut short"):
        Store(tmp_path).latest()


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / ".aiops").write_text("")
    with pytest.raises(StorageError) as caught:
        Store(tmp_path / ".aiops").write_record(REPORT)
    assert "a file is where a folder should be; move that file away" in caught.value.message
    assert str(tmp_path / ".aiops") in caught.value.message


def test_a_full_disk_is_named() -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(StorageError, match=r"^/dev/full: cannot be written: the disk is full; free some space"),
        storage_errors(full),
    ):
        full.write_bytes(b"x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="permission is denied; change the permissions"):
        Store(tmp_path / "store").write_record(REPORT)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EROFS, "read-only; make it writable"),
        (errno.EACCES, "permission is denied"),
        (errno.EIO, "check the path"),
    ],
)
def test_refusals_of_the_system_become_words(code: int, words: str) -> None:
    with pytest.raises(StorageError, match=words), storage_errors(Path("there")):
        raise OSError(code, os.strerror(code))


def test_a_refusal_says_whether_it_was_to_write_or_to_read() -> None:
    with (
        pytest.raises(StorageError, match=r"^there: cannot be read: permission"),
        storage_errors(Path("there"), "read"),
    ):
        raise OSError(errno.EACCES, "")


def test_an_interrupted_write_keeps_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, b"old")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(StorageError, match="a folder is where a file should be"):
        write_atomically(tmp_path / "folder.json", b"new")
    assert path.read_bytes() == b"old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder.json", "report.json"]


def test_a_failing_chart_does_not_lose_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(report: CommitReport) -> None:
        raise MemoryError

    monkeypatch.setattr(charts, "png_files", refuse)
    with pytest.raises(MemoryError):
        Store(tmp_path).write_all(REPORT)
    assert Store(tmp_path).latest() == REPORT
    assert (tmp_path / FOLDER / "comment.md").exists()


@pytest.mark.parametrize("text", ["s3://bucket/reports", "gs://bucket", "git:aiops-reports", "https://example.org/x"])
def test_a_url_is_refused_as_a_store(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"keeps reports in directories only; set it to a path such as \.aiops"):
        open_store(text, tmp_path)


def test_a_store_is_relative_to_its_root(tmp_path: Path) -> None:
    assert open_store(".aiops", tmp_path).directory == tmp_path / ".aiops"
    assert open_store("/elsewhere", tmp_path).directory == Path("/elsewhere")
    with pytest.raises(UsageError, match=r"report\.store is empty"):
        open_store("  ", tmp_path)
