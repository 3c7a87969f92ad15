"""The examples of the documentation are right: they load, parse, and use commands and options that exist."""

import ast
import json
import re
import shlex
from pathlib import Path

import click
import pytest

from aiops_toolkit.cli.main import cli
from aiops_toolkit.config.reading import load_settings
from support.docs_pages import Block, all_blocks, inline_code, name_of, pages

BLOCKS = all_blocks()
REST_OF_A_FRAGMENT = {
    "version": "version: 1\n",
    "service": "service: {name: example, command: serve $PORT}\n",
    "benchmarks": "benchmarks: {example: {http: {url: 'http://127.0.0.1:$PORT/'}, slo: {p99: 50ms}}}\n",
}


def _has(text: str, section: str) -> bool:
    return re.search(rf"^{section}:", text, re.MULTILINE) is not None


def of_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.is_aiops_yml], ids=str)
def test_an_example_of_aiops_yml_loads(block: Block, tmp_path: Path) -> None:
    text = block.text
    if not _has(text, "version"):  # a fragment: what it leaves out is added
        text += "".join(rest for key, rest in REST_OF_A_FRAGMENT.items() if not _has(text, key))
    path = tmp_path / "aiops.yml"
    path.write_text(text)
    load_settings(path)


def test_there_are_examples_of_every_section() -> None:
    shown = " ".join(block.text for block in BLOCKS if block.is_aiops_yml)
    for section in ("service:", "tests:", "benchmarks:", "capacity:", "report:"):
        assert section in shown


@pytest.mark.parametrize("block", of_language("json"), ids=str)
def test_an_example_of_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of_language("python"), ids=str)
def test_an_example_of_python_compiles(block: Block) -> None:
    ast.parse(block.text)


def commands_shown() -> list[tuple[str, str]]:
    """Every call of `aiops` in the documentation, with the place it stands at."""
    calls = [(name_of(page), code) for page in pages() for code in inline_code(page) if re.match(r"aiops [a-z-]", code)]
    for block in BLOCKS:
        for line in block.text.splitlines() if block.language in {"console", "yaml"} else ():
            calls += [(str(block), call) for call in re.findall(r"(?:^|\$ |&& |: |- |/)(aiops [a-z-][^|&;>]*)", line)]
    return calls


@pytest.mark.parametrize(("place", "call"), commands_shown(), ids=lambda value: value)
def test_a_command_that_is_shown_exists_with_its_options(place: str, call: str) -> None:
    arguments = shlex.split(call, comments=True)[1:]
    context = click.Context(cli, info_name="aiops")
    try:
        if arguments[0].startswith("-"):
            cli.make_context("aiops", arguments)
            return
        command = cli.get_command(context, arguments[0])
        assert command is not None, f"{place}: aiops has no command {arguments[0]}"
        if isinstance(command, click.Group) and len(arguments) > 1:
            arguments = arguments[1:]
            command = command.get_command(context, arguments[0])
            assert command is not None, f"{place}: aiops has no such command as {call}"
        command.make_context(arguments[0], arguments[1:], parent=context)
    except click.exceptions.Exit:  # --help and --version
        pass
