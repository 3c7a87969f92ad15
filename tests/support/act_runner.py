"""Runs a workflow on this machine with act, as a pull request of octo/classifier against a loopback GitHub."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.project import Project, clean_environment

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
HEAD = "3f9c1d27ab54e08c6f2b7d915a40e3c8d1f6b2a7"
SETUP_PYTHON = """
name: stands for actions/setup-python
inputs: {python-version: {}, update-environment: {}}
outputs: {python-path: {value: "${{ steps.find.outputs.path }}"}}
runs:
  using: composite
  steps:
    - {id: find, shell: bash, run: 'echo "path=$PYTHON_HERE" >>"$GITHUB_OUTPUT"'}
"""
EVENT = {
    "number": 42,
    "pull_request": {
        "number": 42,
        "head": {"sha": HEAD, "ref": "faster", "repo": {"full_name": "octo/classifier"}},
        "base": {"sha": "0" * 40, "ref": "main", "repo": {"full_name": "octo/classifier"}},
    },
}


@dataclass(frozen=True)
class Ended:
    """A workflow that ended: act's exit code and log, and the files its steps left in $DUMP."""

    exit_code: int
    log: str
    files: dict[str, str]

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the action's step."""
        found: dict[str, str] = json.loads(self.files["outputs.json"])
        return found


class Actions:
    """The machine that runs workflows: a home of its own, this project's action, a stand-in for setup-python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.action = folder / "action"
        self._copy_action()
        for name in ("home", "setup-python"):
            (folder / name).mkdir(parents=True)
        (folder / "setup-python" / "action.yml").write_text(SETUP_PYTHON)
        (folder / "event.json").write_text(json.dumps(EVENT))

    def _copy_action(self) -> None:
        """What a release holds, without the environments and caches that lie about in a work tree."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.split("\0"):
            source = ROOT / name
            if name and source.is_file() and not name.startswith(("docs/", "examples/", "tests/", "benchmarks/")):
                target = self.action / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def run(self, project: Project, workflow: str, *, token: str, api_url: str, **environment: str) -> Ended:
        """Run a workflow on a copy of the project. Its steps find $DUMP, a folder for what a test wants to see."""
        dump = self.folder / "dump"
        shutil.rmtree(dump, ignore_errors=True)
        dump.mkdir()
        path = project.root / ".github" / "workflows" / "aiops.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(workflow)
        values = {"GITHUB_API_URL": api_url, "DUMP": str(dump), "PYTHON_HERE": sys.executable, **environment}
        secrets = self.folder / "secrets"
        secrets.write_text(f"GITHUB_TOKEN={token}\n")
        done = subprocess.run(
            [
                PROGRAMS / "act",
                *("pull_request", "--no-cache-server", "--action-offline-mode"),
                *("--platform", "ubuntu-latest=-self-hosted"),
                *("--workflows", path, "--eventpath", self.folder / "event.json", "--secret-file", secrets),
                *("--local-repository", f"octo/aiops-action@v1={self.action}"),
                *("--local-repository", f"{_pinned('actions/setup-python')}={self.folder / 'setup-python'}"),
                *(word for name, value in values.items() for word in ("--env", f"{name}={value}")),
            ],
            cwd=project.root,
            env={**clean_environment(), "HOME": str(self.folder / "home"), "DOCKER_HOST": "unix:///nowhere"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=150,
            check=False,
        )
        return Ended(done.returncode, done.stdout, {path.name: path.read_text() for path in dump.iterdir()})


def _pinned(action: str) -> str:
    """The action as action.yml names it, with its commit."""
    text = (ROOT / "action.yml").read_text()
    return next(word for word in text.split() if word.startswith(f"{action}@"))
