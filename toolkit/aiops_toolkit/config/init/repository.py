"""What a repository says about itself: how it is installed, started, tested, and which CI systems it uses."""

import re
from dataclasses import dataclass
from pathlib import Path

from aiops_toolkit.config.init.application import Application, find_application
from aiops_toolkit.paths import up_to_repository_root

_EXPOSED = re.compile(r"^\s*EXPOSE\s+([0-9]{1,5})\b", re.IGNORECASE | re.MULTILINE)
_MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The facts that decide what `aiops init` writes.

    `folder` is where aiops.yml goes, `root` the top of the git repository it lies in. `installs` is the command that
    installs the service, `runner` what other commands begin with, such as `uv run`.
    """

    folder: Path
    root: Path
    name: str
    application: Application | None
    installs: str | None
    runner: str
    has_gunicorn: bool
    tests: str | None
    exposed_port: int | None
    payloads: str | None
    on_github: bool
    on_jenkins: bool
    on_circleci: bool
    on_travis: bool


def look_at(folder: Path) -> Repository:
    """The facts of the repository that a folder lies in. Nothing in it is run."""
    folder = folder.absolute()
    root = up_to_repository_root(folder)[-1]
    requirements = _text(folder / "requirements.txt") + _text(folder / "pyproject.toml")
    installs, runner = _installation(folder)
    return Repository(
        folder=folder,
        root=root,
        name=_service_name(folder),
        application=find_application(folder),
        installs=installs,
        runner=runner,
        has_gunicorn=re.search(r"\bgunicorn\b", requirements, re.IGNORECASE) is not None,
        tests=_tests(folder),
        exposed_port=_exposed_port(folder),
        payloads=_payloads(folder),
        on_github=(root / ".github").is_dir() or "github.com" in _text(root / ".git" / "config"),
        on_jenkins=(root / "Jenkinsfile").is_file(),
        on_circleci=(root / ".circleci" / "config.yml").is_file(),
        on_travis=(root / ".travis.yml").is_file(),
    )


def _text(file: Path) -> str:
    """The beginning of a file's text, empty when it cannot be read."""
    try:
        if not file.is_file():
            return ""
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_CHARACTERS)
    except OSError:
        return ""


def _service_name(folder: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.")
    return name or "service"


def _installation(folder: Path) -> tuple[str | None, str]:
    if (folder / "uv.lock").is_file():
        return "uv sync", "uv run "
    if (folder / "poetry.lock").is_file():
        return "poetry install", "poetry run "
    if (folder / "requirements.txt").is_file():
        return "python -m pip install --quiet -r requirements.txt", ""
    if (folder / "pyproject.toml").is_file() or (folder / "setup.py").is_file():
        return "python -m pip install --quiet .", ""
    return None, ""


def _tests(folder: Path) -> str | None:
    """What to give to pytest: the folder of tests, or nothing more when tests lie at the top."""
    for name in ("tests", "test"):
        if any((folder / name).rglob("test_*.py")) or any((folder / name).rglob("*_test.py")):
            return name
    return "." if any(folder.glob("test_*.py")) else None


def _exposed_port(folder: Path) -> int | None:
    match = _EXPOSED.search(_text(folder / "Dockerfile"))
    return int(match[1]) if match and 0 < int(match[1]) <= 65535 else None


def _payloads(folder: Path) -> str | None:
    """A glob over the request bodies that lie in payloads/, of the suffix that most of them have."""
    suffixes = [file.suffix for file in sorted((folder / "payloads").glob("*.*")) if file.is_file()]
    suffixes = [suffix for suffix in suffixes if re.fullmatch(r"\.[A-Za-z0-9]+", suffix)]
    return f"payloads/*{max(suffixes, key=suffixes.count)}" if suffixes else None
