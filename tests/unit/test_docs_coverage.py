"""Nothing a user can write or read is missing from the documentation."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from aiops_planner import errors
from aiops_reports.record import CommitReport
from aiops_reports.schemas import SHIPPED, render
from aiops_toolkit.bench.samples import Outcome, kind_of
from aiops_toolkit.cli.main import every_command
from aiops_toolkit.config.grammar import config_reference
from aiops_toolkit.config.kinds import Row
from support.docs_pages import DOCS, ROOT, inline_code

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def options() -> Iterator[tuple[str, str]]:
    for name, command in every_command():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield from ((name, option) for option in parameter.opts)


@pytest.mark.parametrize(("command", "option"), list(options()))
def test_every_option_stands_under_its_command(command: str, option: str) -> None:
    section = page("reference/commands.md").partition(f"## aiops {command}\n")[2].partition("\n## ")[0]
    assert re.search(rf"`[^`]*(?<![\w-]){re.escape(option)}(?![\w-])[^`]*`: .", section)


@pytest.mark.parametrize("row", config_reference(), ids=lambda row: row.key)
def test_every_key_of_aiops_yml_stands_in_the_table_of_its_section(row: Row) -> None:
    path, _, key = row.key.rpartition(".")
    heading = path.replace("<", "&lt;").replace(">", "&gt;") or "The file"
    table = page("reference/configuration.md").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert f"| `{key}` |" in table


@pytest.mark.parametrize("row", [row for row in config_reference() if row.key.count(".") < 2], ids=lambda row: row.key)
def test_every_section_and_its_keys_are_explained(row: Row) -> None:
    explained = page("configuration.md")
    key = row.key.rpartition(".")[2].removesuffix("[]")
    assert re.search(rf"\b{key}\b", explained)


@pytest.mark.parametrize("name", list(ACTION["inputs"]))
def test_every_input_of_the_action_is_documented(name: str) -> None:
    assert f"| `{name}` |" in page("github-actions.md")


@pytest.mark.parametrize("name", list(ACTION["outputs"]))
def test_every_output_of_the_action_is_documented(name: str) -> None:
    assert f"| `{name}` |" in page("github-actions.md")


def subclasses(error: type[errors.AiopsError]) -> Iterator[type[errors.AiopsError]]:
    yield error
    for kind in error.__subclasses__():
        yield from subclasses(kind)


ERRORS = [kind for kind in subclasses(errors.AiopsError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_says_what_to_do(error: type[errors.AiopsError]) -> None:
    reference, advice = page("reference/errors.md").split("## What to do")
    assert f"`{error.__name__}` | {error.exit_code} |" in reference
    assert error.__subclasses__() or f"`{error.__name__}`" in advice


def test_every_exit_code_is_explained() -> None:
    codes = {0, 3, 4, 130, *(kind.exit_code for kind in subclasses(errors.AiopsError))}
    table = page("reference/commands.md").partition("## Exit codes")[2].partition("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == codes
    assert CommitReport.exit_code.__doc__ is not None


@pytest.mark.parametrize("name", list(SHIPPED))
def test_every_field_of_every_document_is_in_the_reference(name: str) -> None:
    reference = page("reference/json.md")
    schema = json.loads(render(name))
    for value in [schema, *schema.get("$defs", {}).values()]:
        for field in value.get("properties", {}):
            assert f"| `{field}` |" in reference


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in (Outcome.OK, Outcome.UNFINISHED)])
def test_every_kind_of_failed_request_is_explained(outcome: Outcome) -> None:
    assert f"`{kind_of(outcome)}`" in page("troubleshooting.md")


def texts_of(path: Path) -> Iterator[str]:
    """Every text in a module, with … for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_messages_that_troubleshooting_quotes_are_those_of_the_code() -> None:
    rooms = ("planner", "reports", "toolkit")
    code = "\n".join(text for room in rooms for path in (ROOT / room).rglob("*.py") for text in texts_of(path))
    headings = re.findall(r"^\*\*(.+?)\*\*", page("troubleshooting.md"), re.MULTILINE)
    quoted = [text for heading in headings for text in re.findall(r"`{1,2}(.+?)`{1,2}(?=[, *]|$)", heading)]
    assert len(quoted) > 30
    pieces = [piece.strip(" `") for text in quoted for piece in re.split("…", text)]
    assert [piece for piece in pieces if len(piece) > 6 and piece not in code] == []


def test_every_room_is_on_the_map() -> None:
    architecture = page("architecture.md")
    for room in ("toolkit/aiops_toolkit", "reports/aiops_reports", "planner/aiops_planner"):
        assert room in architecture
    shown = set(inline_code(DOCS / "architecture.md"))
    assert {"aiops_planner", "aiops_reports", "aiops_toolkit.cli"} <= shown
