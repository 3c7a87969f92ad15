"""The commands and addresses that aiops.yml begins with: those of the application that was found, or placeholders."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from aiops_toolkit.config.init.application import Application
from aiops_toolkit.config.init.repository import Repository

_ADDRESS = "http://127.0.0.1:$PORT"
_READY_NAMES = ("healthz", "health", "readyz", "ready", "livez", "ping", "status", "")
_OWN_PATHS = (*_READY_NAMES, "metrics", "docs", "openapi.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What stands in the sections service, tests and benchmarks. `guessed` is True where nothing was found to go by."""

    setup: str | None
    command: str
    ready: str
    tests: str | None
    benchmark: str
    url: str
    posts: bool
    guessed: bool
    notes: tuple[str, ...] = ()


def commands_for(repository: Repository) -> Commands:
    """The commands that fit a repository."""
    application = repository.application
    method, path = _measured_route(application)
    command, setup, notes = _service(repository)
    return Commands(
        setup=setup,
        command=command,
        ready=_ready(application),
        tests=_tests(repository),
        benchmark=_benchmark_name(path),
        url=f"{_ADDRESS}{path}",
        posts=method == "POST",
        guessed=application is None,
        notes=notes,
    )


def _service(repository: Repository) -> tuple[str, str | None, tuple[str, ...]]:
    """The commands that start and set up the service, and what to tell about them."""
    if repository.application is not None:
        return _serve(repository, repository.application), repository.installs, ()
    if repository.exposed_port is not None:
        image = repository.name.lower()
        publish = f"127.0.0.1:$PORT:{repository.exposed_port}"
        return f"docker run --rm --publish {publish} {image}", f"docker build --tag {image} .", ()
    note = "no FastAPI or Flask application and no Dockerfile with EXPOSE was found: service.command is a placeholder"
    return f"{repository.runner}python server.py --port $PORT", repository.installs, (note,)


def _serve(repository: Repository, application: Application) -> str:
    folder, module = _importable(repository.folder, application.file)
    if application.framework == "fastapi":
        options = [f"--app-dir {quote(folder)}"] if folder else []
        options += ["--factory"] if application.factory else []
        serve = " ".join(["uvicorn", *options, f"{module}:{application.name}", "--port $PORT"])
    elif repository.has_gunicorn:
        chdir = f" --chdir {quote(folder)}" if folder else ""
        call = "()" if application.factory else ""
        serve = f"gunicorn --bind 127.0.0.1:$PORT{chdir} {quote(f'{module}:{application.name}{call}')}"
    else:
        serve = f"flask --app {quote(application.file.as_posix())}:{application.name} run --port $PORT"
    return repository.runner + serve


def _importable(root: Path, file: Path) -> tuple[str, str]:
    """(folder to import from, dotted module) of a Python file; the folder is empty for the root."""
    names = [file.stem]
    folder = file.parent
    while folder.parts and (root / folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return ("" if not folder.parts else folder.as_posix(), ".".join(names))


def _tests(repository: Repository) -> str | None:
    if repository.tests is None:
        return None
    place = "" if repository.tests == "." else f" {repository.tests}"
    return f"{repository.runner}python -m pytest -q{place} --junitxml=$AIOPS_JUNIT"


def _ready(application: Application | None) -> str:
    path = application.first_route("GET", *_READY_NAMES) if application else "/healthz"
    if path is not None:
        return f"{_ADDRESS}{path}"
    assert application is not None  # without one the path is given
    return f"{_ADDRESS}/openapi.json" if application.framework == "fastapi" else "tcp://127.0.0.1:$PORT"


def _measured_route(application: Application | None) -> tuple[str, str]:
    """(method, path) worth measuring: the first that takes a body, else the first that is no health check."""
    if application is None:
        return "POST", "/predict"
    if (posted := application.first_route("POST")) is not None:
        return "POST", posted
    names = [route.path.strip("/") for route in application.routes]
    got = application.first_route("GET", *(name for name in names if name not in _OWN_PATHS))
    return "GET", got or application.first_route("GET") or "/"


def _benchmark_name(path: str) -> str:
    last = path.rstrip("/").rsplit("/", 1)[-1]
    name = "".join(character if character.isascii() and character.isalnum() else "-" for character in last).strip("-")
    return name[:64] or "home"
