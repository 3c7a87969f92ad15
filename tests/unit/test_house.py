"""The habits of the house that no linter knows."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_file_grows_beyond_what_a_reader_can_hold() -> None:
    long = {
        path.name: lines for path in tracked("*.py") if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


@pytest.mark.parametrize("room", ["planner", "reports", "toolkit"])
def test_a_room_holds_its_package_and_nothing_else(room: str) -> None:
    assert {path.relative_to(ROOT / room).parts[0] for path in tracked(f"{room}/**")} == {f"aiops_{room}"}


def test_every_module_says_what_it_is_for() -> None:
    modules = [path for path in tracked("*.py") if path.read_text().strip()]
    openings = ('"""', 'r"""', "#")
    assert [path.name for path in modules if not path.read_text().lstrip().startswith(openings)] == []


def test_the_code_leaves_nothing_unfinished() -> None:
    words = ("TO" + "DO", "FIX" + "ME")  # in two parts, or this file would be found
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked("*.py", "*.groovy", "*.md", "*.yml")
        for word in words
        if word in path.read_text()
    ]
    assert found == []
