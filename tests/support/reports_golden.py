"""Golden files: rendered text held against a committed copy; UPDATE_GOLDEN=1 writes the copies again."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """Fail unless the text equals the committed copy of this name."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is missing: run this test with UPDATE_GOLDEN=1 and read what it writes"
    assert text == path.read_text(encoding="utf-8"), f"{name} differs: UPDATE_GOLDEN=1 accepts the new text"
