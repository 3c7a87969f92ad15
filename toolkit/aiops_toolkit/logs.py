"""What a log's end has to say, in one line fit for an error message: no colours, no secrets, no endless text."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiops_planner.errors import StorageError

TAIL_BYTES = 64 * 1024
EXCERPT_CHARACTERS = 400
MASK = "***"
# shorter values ("1", "yes") are no secrets, and masking them would garble every line
SHORTEST_SECRET = 4
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY", re.IGNORECASE)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def secrets_in(environment: Mapping[str, str], *also: str) -> tuple[str, ...]:
    """The values of variables whose names speak of secrets, and `also`, longest first."""
    values = [value for name, value in environment.items() if _SECRET_NAME.search(name)]
    lines = {line.strip() for value in (*values, *also) for line in (value, *value.splitlines())}
    return tuple(sorted((line for line in lines if len(line) >= SHORTEST_SECRET), key=len, reverse=True))


def one_line(text: str, *, secrets: Iterable[str] = (), limit: int = EXCERPT_CHARACTERS) -> str:
    """Text on one line of at most `limit` characters, without control characters and secrets."""
    text = " ".join(_UNPRINTABLE.sub(" ", _ESCAPES.sub("", _masked(text, secrets))).split())
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
            return _masked(file.read(TAIL_BYTES).decode(errors="replace"), secrets)
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


def _masked(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
