"""The examples of the planner's Python interface run as they stand and print what is shown."""

import subprocess
import sys

import pytest

from support.docs_pages import DOCS, Block, blocks

BLOCKS = list(blocks(DOCS / "python.md"))
EXAMPLES = [
    (example, shown) for example, shown in zip(BLOCKS[::2], BLOCKS[1::2], strict=True) if example.language == "python"
]


@pytest.mark.parametrize(("example", "shown"), EXAMPLES, ids=str)
def test_an_example_prints_what_is_shown(example: Block, shown: Block) -> None:
    assert shown.language == "text"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", example.text], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == shown.text


def test_there_is_an_example_of_every_kind() -> None:
    text = " ".join(example.text for example, _ in EXAMPLES)
    for words in ("Demand.constant", "Demand.of_classes", "reserved_1y", 'survive="zone"', "Infeasible"):
        assert words in text
