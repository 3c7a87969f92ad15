"""A temporary git repository that no configuration of this machine reaches."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann Author",
    "GIT_AUTHOR_EMAIL": "ann@example.test",
    "GIT_AUTHOR_DATE": "2024-05-06T07:08:09+02:00",
    "GIT_COMMITTER_NAME": "Ann Author",
    "GIT_COMMITTER_EMAIL": "ann@example.test",
    "GIT_COMMITTER_DATE": "2024-05-07T00:00:00+00:00",
}


class Repository:
    """A work tree with a branch "main" and, at first, no commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git here; it has to succeed."""
        options = ("-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false", "-c", "core.fsync=none")
        done = subprocess.run(
            ["git", *options, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, subject: str = "Teach the model", **files: str) -> str:
        """Commit files (by name without suffix) and return the sha."""
        for name, text in files.items():
            (self.folder / f"{name}.txt").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")
