"""The limits on the page about functions and commands are those of the code."""

import pytest

from aiops_toolkit.bench.targets import command, helpers, python
from support.docs_pages import DOCS

PAGE = " ".join((DOCS / "callables.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "statement",
    [
        f"called by up to {python.MAX_THREADS} threads",
        f"At most {command.COMMANDS_PER_CORE} commands for each core",
        "may take two minutes for it",
        f"`{command.PAYLOAD}` stands for the path",
    ],
)
def test_a_limit_is_the_one_the_code_keeps(statement):
    assert statement in PAGE
    assert helpers.START_TIMEOUT_S == 120
