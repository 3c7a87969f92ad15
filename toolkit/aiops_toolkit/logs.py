"""What a log's end has to say, in one line fit for an error message: no colours, no secrets, no endless text."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from aiops_planner.errors import StorageError
from aiops_toolkit.masking import masked

TAIL_BYTES = 64 * 1024
EXCERPT_CHARACTERS = 400
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str, *, secrets: Iterable[str] = (), limit: int = EXCERPT_CHARACTERS) -> str:
    """Text on one line of at most `limit` characters, without control characters and secrets."""
    secrets = tuple(secrets)
    text = " ".join(_UNPRINTABLE.sub(" ", _ESCAPES.sub("", masked(text, secrets))).split())
    text = masked(text, secrets)  # colours may have parted one
    return text if len(text) <= limit else text[: limit - 1] + "…"


def last_lines(log: Path, *, start: int = 0, count: int = 5, secrets: Iterable[str] = ()) -> str:
    """The last lines that say something after byte `start`, joined by " | " and cut at the front; one line in all."""
    lines = [one_line(line) for line in tail(log, start=start, secrets=secrets).splitlines()]
    text = " | ".join([line for line in lines if line][-count:])
    return text if len(text) <= EXCERPT_CHARACTERS else "…" + text[1 - EXCERPT_CHARACTERS :]


def tail(log: Path, *, start: int = 0, secrets: Iterable[str] = ()) -> str:
    """The end of the log after byte `start`, at most 64 KiB of it; empty when there is none."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(start, end - TAIL_BYTES))
            return masked(file.read(TAIL_BYTES).decode(errors="replace"), secrets)
    except OSError:
        return ""


def open_section(log: Path, heading: str) -> int:
    """Append a heading; the byte at which the section's own text starts. Raises StorageError."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"== {heading} ==\n")
        return log.stat().st_size
    except OSError as error:
        raise unwritable(log, error) from error


def unwritable(log: Path, error: OSError) -> StorageError:
    """The error for a log that cannot be written."""
    return StorageError(f"cannot write the log {log}: {error.strerror}; choose a folder that can be written")
