"""The commit is read from real repositories of every kind; what git cannot tell is said with the way out."""

import os

import pytest

from aiops_toolkit.ci.context import CiContext
from aiops_toolkit.commit import read_commit
from support.service_repository import ENVIRONMENT, Repository


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def read(folder, context=None, **environment):
    return read_commit(folder, {**ENVIRONMENT, **environment}, context)


def test_a_commit_is_told_with_its_branch_author_time_and_subject(repository):
    sha = repository.commit("Teach the model\n\nIt could not see.", model="1")
    commit, note = read(repository.folder)
    assert note is None
    assert (commit.sha, commit.branch, commit.subject) == (sha, "main", "Teach the model")
    assert commit.author_time == "2024-05-06T07:08:09+02:00"
    assert not commit.dirty
    assert not commit.shallow
    assert (commit.pull_request, commit.repository, commit.build_url) == (None, None, None)


def test_a_folder_inside_the_repository_will_do(repository):
    sha = repository.commit(model="1")
    inner = repository.folder / "examples" / "digits"
    inner.mkdir(parents=True)
    assert read(inner)[0].sha == sha


def edit_tracked(folder):
    (folder / "model.txt").write_text("2")


def delete_tracked(folder):
    (folder / "model.txt").unlink()


def add_untracked(folder):
    (folder / "new\nline.txt").write_text("")


def edit_our_reports(folder):
    for store in (folder / ".aiops", folder / "examples" / ".aiops"):
        (store / "report.txt").write_text("2")


@pytest.mark.parametrize(
    ("change", "dirty"),
    [(edit_tracked, True), (delete_tracked, True), (add_untracked, False), (edit_our_reports, False)],
)
@pytest.mark.parametrize("inner", [".", "examples"])
def test_only_changes_of_tracked_files_make_it_dirty(change, dirty, inner, repository):
    for store in (repository.folder / ".aiops", repository.folder / "examples" / ".aiops"):
        store.mkdir(parents=True)
        (store / "report.txt").write_text("1")
    repository.commit(model="1")
    change(repository.folder)
    assert read(repository.folder / inner)[0].dirty is dirty


def test_a_changed_file_with_a_newline_in_its_name_is_seen(repository):
    (repository.folder / "odd\nname").write_text("1")
    repository.commit()
    (repository.folder / "odd\nname").write_text("2")
    assert read(repository.folder)[0].dirty


@pytest.mark.parametrize(
    ("message", "encoding", "subject"),
    [
        ("Zähle Bilder".encode(), None, "Zähle Bilder"),
        ("Zähle Bilder".encode("latin-1"), "ISO-8859-1", "Zähle Bilder"),
        ("Zähle Bilder".encode("latin-1"), None, "Z\ufffdhle Bilder"),
        (b"$(touch owned); `touch owned` | & \"'", None, "$(touch owned); `touch owned` | & \"'"),
        ("Zähle Bilder".encode("latin-1"), "nonsense", "Z\ufffdhle Bilder"),
        (b"", None, ""),
    ],
)
def test_subjects_of_any_bytes_are_read(message, encoding, subject, repository):
    repository.commit(model="1")
    header = repository.git("cat-file", "commit", "HEAD").partition("\n\n")[0].encode()
    header += f"\nencoding {encoding}".encode() if encoding else b""
    sha = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=header + b"\n\n" + message)
    repository.git("update-ref", "HEAD", sha)
    assert read(repository.folder)[0].subject == subject
    assert not (repository.folder / "owned").exists()


def test_on_a_detached_head_the_ci_system_names_the_branch(repository):
    repository.commit(model="1")
    repository.git("checkout", "--quiet", "--detach")
    commit, note = read(repository.folder)
    assert commit.branch is None
    assert note.startswith("HEAD is detached and no CI system names the branch")
    context = CiContext(provider="jenkins", branch="feature", pull_request=7, repository="a/b", build_url="http://ci/1")
    commit, note = read(repository.folder, context)
    assert note is None
    assert (commit.branch, commit.pull_request, commit.repository, commit.build_url) == (
        "feature",
        7,
        "a/b",
        "http://ci/1",
    )


def test_a_shallow_clone_is_told_with_the_way_out(repository, tmp_path):
    repository.commit(model="1")
    sha = repository.commit(model="2")
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(tmp_path / "shallow"))
    commit, note = read(tmp_path / "shallow")
    assert (commit.sha, commit.shallow) == (sha, True)
    assert "git fetch --unshallow" in note
    assert "fetch-depth: 0" in note


def merge_of_pull_request(repository):
    """What CI systems check out for a pull request: a merge of its head, made by them."""
    repository.commit(model="1")
    repository.git("checkout", "--quiet", "-b", "feature")
    head = repository.commit("See better", model="2")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", f"Merge {head} into main", "feature")
    repository.git("checkout", "--quiet", "--detach")
    return head


def test_the_merge_a_ci_system_made_stands_for_the_head_of_the_pull_request(repository):
    head = merge_of_pull_request(repository)
    context = CiContext(provider="github", sha=head, branch="feature", pull_request=7)
    commit, _ = read(repository.folder, context)
    assert (commit.sha, commit.subject) == (head, "See better")


def test_the_head_of_the_pull_request_is_known_even_in_a_shallow_clone(repository, tmp_path):
    head = merge_of_pull_request(repository)
    repository.git("branch", "merged")
    repository.git(
        "clone", "--quiet", "--depth=1", "--branch=merged", repository.folder.as_uri(), str(tmp_path / "shallow")
    )
    commit, _ = read(tmp_path / "shallow", CiContext(provider="github", sha=head))
    assert commit.sha == head
    assert commit.subject == f"Merge {head} into main"


def test_a_sha_that_was_not_checked_out_is_not_believed(repository):
    sha = repository.commit(model="1")
    assert read(repository.folder, CiContext(provider="github", sha="0" * 40))[0].sha == sha


def test_worktrees_and_submodules_tell_their_own_commit(repository, tmp_path):
    sha = repository.commit("First", model="1")
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    assert (read(tmp_path / "side")[0].sha, read(tmp_path / "side")[0].branch) == (sha, "side")
    outer = Repository(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", repository.folder.as_uri(), "inner")
    outer_sha = outer.commit("Take it in")
    assert read(outer.folder / "inner")[0].sha == sha
    (outer.folder / "inner" / "untracked").write_text("")
    assert (read(outer.folder)[0].sha, read(outer.folder)[0].dirty) == (outer_sha, False)
    (outer.folder / "inner" / "model.txt").write_text("2")
    assert read(outer.folder)[0].dirty


def test_a_bare_repository_is_never_dirty(repository, tmp_path):
    sha = repository.commit(model="1")
    repository.git("clone", "--quiet", "--bare", repository.folder.as_uri(), str(tmp_path / "bare"))
    commit, note = read(tmp_path / "bare")
    assert (commit.sha, commit.dirty, note) == (sha, False, None)


def test_a_repository_without_commits_has_none_to_tell(repository):
    commit, note = read(repository.folder)
    assert commit is None
    assert note == "the repository has no commit yet, so the report names none; commit once"


def test_a_folder_outside_any_repository_is_named(tmp_path):
    commit, note = read(tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert commit is None
    assert note == f"{tmp_path} is not in a git repository, so the report names no commit; run aiops in a checkout"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert read(tmp_path / "none") == (None, f"{tmp_path}/none is no folder")


def test_a_machine_without_git_is_told_to_install_it(repository, tmp_path):
    repository.commit(model="1")
    commit, note = read(repository.folder, PATH=str(tmp_path))
    assert commit is None
    assert "install git" in note


def test_a_repository_of_another_user_is_explained(repository):
    repository.commit(model="1")
    commit, note = read(repository.folder, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert commit is None
    assert f"git config --global --add safe.directory '{repository.folder}'" in note


def test_a_damaged_repository_is_told_in_one_line(repository):
    sha = repository.commit(model="1")
    (repository.folder / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    commit, note = read(repository.folder)
    assert commit is None
    assert note.startswith(f"git cannot read the commit in {repository.folder}: ")
    assert len(note.splitlines()) == 1


def test_variables_of_a_hook_do_not_lead_to_another_repository(repository, tmp_path):
    sha = repository.commit(model="1")
    other = Repository(tmp_path / "other")
    other.commit("Elsewhere", model="2")
    assert read(repository.folder, GIT_DIR=str(other.folder / ".git"), GIT_INDEX_FILE="nowhere")[0].sha == sha


def test_reading_leaves_no_trace(repository):
    repository.commit(model="1")
    os.utime(repository.folder / "model.txt")  # git would like to refresh its index now
    index = repository.folder / ".git" / "index"
    before = index.read_bytes()
    assert not read(repository.folder)[0].dirty
    assert index.read_bytes() == before


def test_a_git_that_hangs_is_given_up(repository, tmp_path, monkeypatch):
    monkeypatch.setattr("aiops_toolkit.commit.GIT_TIMEOUT_S", 0.1)
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 20\n")
    fake.chmod(0o755)
    commit, note = read(repository.folder, PATH=f"{fake.parent}:{ENVIRONMENT['PATH']}")
    assert commit is None
    assert note.startswith("git rev-parse took longer than ")
