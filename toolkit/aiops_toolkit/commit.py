"""The commit in the work tree, as git tells it, completed by what the CI system knows about the build."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiops_reports.record import Commit
from aiops_toolkit import logs
from aiops_toolkit.ci.context import CiContext

GIT_TIMEOUT_S = 30.0
# set inside hooks, where they would point at another repository than the one around the folder
_FOREIGN = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"}
_STORE = ":(top,exclude,glob)**/.aiops/**"

NO_GIT = "the git program was not found, so the report names no commit; install git"
NO_COMMIT = "the repository has no commit yet, so the report names none; commit once"
SHALLOW = (
    "the clone is shallow, so earlier commits cannot be compared; "
    "fetch them with `git fetch --unshallow` (GitHub Actions: fetch-depth: 0 of actions/checkout)"
)
DETACHED = "HEAD is detached and no CI system names the branch, so the report names none; check a branch out to have it"


def read_commit(
    root: Path, environment: Mapping[str, str], context: CiContext | None = None
) -> tuple[Commit | None, str | None]:
    """The commit checked out around `root`, and in a few sentences what could not be told about it and why.

    `environment` is what git runs with. `context` gives the pull request and, on a detached HEAD, the branch; when HEAD
    is the merge of a pull request that a CI system made, the commit is the pull request's own head.
    """
    git = _Git(root, environment)
    try:
        inside, shallow = git("rev-parse", "--is-inside-work-tree", "--is-shallow-repository").split()
        facts = _facts(git, context)
        branch = git.attempt("symbolic-ref", "--quiet", "--short", "HEAD") or (context.branch if context else None)
    except _GitError as error:
        return None, error.note
    dirty, trouble = _is_dirty(git) if inside == "true" else (False, None)
    commit = Commit(
        sha=facts.sha,
        branch=branch,
        author_time=facts.author_time,
        subject=facts.subject,
        dirty=dirty,
        shallow=shallow == "true",
        pull_request=context.pull_request if context else None,
        repository=context.repository if context else None,
        build_url=context.build_url if context else None,
    )
    notes = (SHALLOW if commit.shallow else None, DETACHED if branch is None else None, trouble)
    return commit, "; ".join(note for note in notes if note) or None


def resolve(root: Path, environment: Mapping[str, str], revision: str) -> str | None:
    """The sha of a revision such as main or HEAD~1; None where git knows none."""
    return _Git(root, environment).attempt(
        "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    sha: str
    author_time: str
    subject: str


class _GitError(Exception):
    """Git did not answer; `note` says why and what to do."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


class _Git:
    """Runs git in one folder: no prompt, no pager, no translation, no locks, no endless waiting."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        kept = {name: value for name, value in environment.items() if name not in _FOREIGN}
        self.environment = {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}

    def __call__(self, *arguments: str) -> str:
        """What git prints, without the newline at its end. Raises _GitError."""
        try:
            done = subprocess.run(
                ["git", "--no-pager", *arguments],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=GIT_TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise _GitError(NO_GIT if self.root.is_dir() else f"{self.root} is no folder") from error
        except subprocess.TimeoutExpired as error:
            raise _GitError(f"git {arguments[0]} took longer than {GIT_TIMEOUT_S:.0f} s in {self.root}") from error
        except OSError as error:
            raise _GitError(f"git cannot be run in {self.root}: {error.strerror}") from error
        if done.returncode != 0:
            raise _GitError(self._explain(done.stderr.decode(errors="replace")))
        return done.stdout.decode(errors="replace").removesuffix("\n")

    def attempt(self, *arguments: str) -> str | None:
        """What git prints, or None when it has no answer."""
        try:
            return self(*arguments)
        except _GitError:
            return None

    def _explain(self, said: str) -> str:
        if "dubious ownership" in said:
            return (
                f"git does not trust {self.root} because another user owns it, so the report names no commit; "
                f"run: git config --global --add safe.directory '{self.root}'"
            )
        if "not a git repository" in said:
            return f"{self.root} is not in a git repository, so the report names no commit; run aiops in a checkout"
        return f"git cannot read the commit in {self.root}: {logs.one_line(said, limit=200)}"


def _facts(git: _Git, context: CiContext | None) -> _Facts:
    if git.attempt("rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise _GitError(NO_COMMIT)
    merged = _log(git, "HEAD")
    wanted = context.sha if context else None
    if wanted is None or wanted == merged.sha or wanted not in _parents(git):
        return merged
    try:
        return _log(git, wanted)
    except _GitError:  # a shallow clone holds the merge alone
        return _Facts(sha=wanted, author_time=merged.author_time, subject=merged.subject)


def _log(git: _Git, revision: str) -> _Facts:
    # UTF-8 whatever encoding the commit declares; %s is one line whatever the message holds
    arguments = ("--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%aI%x00%s", "--end-of-options", revision)
    sha, author_time, subject = git("log", "-1", *arguments).split("\0")
    return _Facts(sha=sha, author_time=author_time, subject=subject)


def _parents(git: _Git) -> list[str]:
    """HEAD's parents as its object names them, also those that a shallow clone left out."""
    header = git("cat-file", "commit", "HEAD").partition("\n\n")[0]
    return [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]


def _is_dirty(git: _Git) -> tuple[bool, str | None]:
    """Whether tracked files differ from the commit, our own reports aside; with a note when git cannot tell."""
    arguments = ("--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=untracked")
    try:
        return bool(git("status", *arguments, "--", ":/", _STORE)), None
    except _GitError as error:
        return False, f"whether files were changed is unknown: {error.note}"
