"""Which files a repository needs to begin, decided from what it says about itself; nothing is written here."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aiops_toolkit.config.init.commands import Commands, commands_for
from aiops_toolkit.config.init.repository import Repository, look_at
from aiops_toolkit.config.schema import SCHEMA_URL

_TEMPLATES = Path(__file__).with_name("templates")
_BARE_TEXT = re.compile(r"[A-Za-z./](?:[\w ./:$=@+,-]*[\w./$])?", re.ASCII)
_YAML_WORDS = ("yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan")
_EXAMPLE_PAYLOAD = '{"replace": "this object with the body of a real request"}\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file to write, and why."""

    path: Path
    content: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitPlan:
    """The files to write, and what is left for the person to do, a sentence each."""

    files: tuple[PlannedFile, ...]
    notes: tuple[str, ...] = ()


def plan_files(folder: Path) -> InitPlan:
    """The files that the repository around a folder needs; aiops.yml goes into the folder itself."""
    repository = look_at(folder)
    commands = commands_for(repository)
    files = [_configuration(repository, commands)]
    if commands.posts and repository.payloads is None:
        payload = repository.folder / "payloads" / "example.json"
        files.append(PlannedFile(path=payload, content=_EXAMPLE_PAYLOAD, why="one request body, to be replaced"))
    if repository.on_github:
        files.append(_github_workflow(repository))
    if repository.on_jenkins:
        files.append(_jenkinsfile(repository))
    return InitPlan(files=tuple(files), notes=tuple(_notes(repository, commands)))


def _configuration(repository: Repository, commands: Commands) -> PlannedFile:
    content = _render(
        "aiops.yml.j2",
        schema=SCHEMA_URL,
        name=repository.name,
        commands=commands,
        payloads=repository.payloads or "payloads/*.json",
    )
    return PlannedFile(path=repository.folder / "aiops.yml", content=content, why="the configuration")


def _github_workflow(repository: Repository) -> PlannedFile:
    content = _render(
        "workflow.yml.j2",
        config=_config_path(repository),
        is_python=repository.installs is not None or repository.application is not None,
        installer=repository.runner.split(" ", 1)[0],
    )
    path = repository.root / ".github" / "workflows" / "aiops.yml"
    return PlannedFile(path=path, content=content, why="the report on every push and pull request")


def _jenkinsfile(repository: Repository) -> PlannedFile:
    content = _render("Jenkinsfile.j2", config=_config_path(repository))
    path = repository.root / "Jenkinsfile.aiops"
    return PlannedFile(path=path, content=content, why="a pipeline beside your Jenkinsfile")


def _config_path(repository: Repository) -> str | None:
    """Where aiops.yml lies below the repository's top; None when it lies at the top."""
    inner = repository.folder.relative_to(repository.root)
    return (inner / "aiops.yml").as_posix() if inner.parts else None


def _notes(repository: Repository, commands: Commands) -> list[str]:
    notes = list(commands.notes)
    run = "aiops run" if (config := _config_path(repository)) is None else f"aiops run --config {config}"
    if repository.on_jenkins:
        notes.append("add the stage of Jenkinsfile.aiops to your Jenkinsfile, or point a second job at it")
    if repository.on_circleci:
        notes.append(f"add a step `{run}` to a job in .circleci/config.yml, and store .aiops as an artifact")
    if repository.on_travis:
        notes.append(f"add `{run}` to `script` in .travis.yml")
    if not (repository.on_github or repository.on_jenkins or repository.on_circleci or repository.on_travis):
        notes.append(f"no CI system was recognised: let yours call `{run}`, or make .github and run this again")
    return [*notes, "check what is marked CHECK in aiops.yml, then run `aiops run --quick`"]


def _render(template: str, **values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and Groovy, quoted by the filters below
    )
    environment.filters["yaml"] = _yaml_text
    environment.filters["groovy"] = _groovy_text
    return environment.get_template(template).render(**values)


def _yaml_text(text: str) -> str:
    """Text as a YAML scalar: bare where that cannot be misread, else in quotes."""
    is_bare = _BARE_TEXT.fullmatch(text) and ": " not in text and text.lower() not in _YAML_WORDS
    return text if is_bare else json.dumps(text, ensure_ascii=False)


def _groovy_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
