"""One file of another tool's results: its text, and its fields, every number checked as it is read."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops_planner.errors import UsageError
from aiops_toolkit.paths import shortest

MAX_FILE_BYTES = 512 * 2**20
LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file of results. `tool` is the name of the program that should have written it, `select` what to take of it."""

    path: Path
    tool: str
    text: str
    select: str | None = None

    def refuse(self, problem: str, advice: str) -> UsageError:
        """The error for something wrong in the file."""
        return UsageError(f"{shortest(self.path)}: {problem}; {advice}")

    def foreign(self, missing: str) -> UsageError:
        """The error for a file that lacks what every result of the tool has: it is cut short, or another tool's."""
        return self.refuse(
            f"it has no {missing}, which results of {self.tool} have",
            f"it was cut short or is not from {self.tool}: let the tool write it again, or correct import.format",
        )

    def document(self) -> "Fields":
        """The JSON object in the file."""
        return self.fields(self.parsed(self.text, "the file"), "")

    def parsed(self, text: str, what: str) -> Any:
        """The JSON value in a text of the file; `what` names the text."""
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "it cannot be parsed"
            raise self.refuse(
                f"{what} is no JSON ({where})",
                f"it was cut short or is not from {self.tool}: let the tool write it again, or correct import.format",
            ) from None

    def fields(self, value: Any, place: str) -> "Fields":
        """The fields of a JSON object found at `place`."""
        if not isinstance(value, dict):
            raise self.foreign(f"object at {place}" if place else "JSON object at its top")
        return Fields(self, value, place)

    def refuse_select(self, why: str) -> None:
        """Raise UsageError when something is to be selected from a format that holds one result."""
        if self.select is not None:
            raise self.refuse(f"select {self.select!r} means nothing here: {why}", "remove import.select")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object in a file; numbers come out finite and not negative, or not at all."""

    file: ResultFile
    values: Mapping[str, Any]
    place: str = ""

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def path(self, name: str) -> str:
        """Where a field lies, as the reader would look for it: metrics.http_reqs.count."""
        return f"{self.place}.{name}" if self.place else name

    def number(self, name: str) -> float:
        """A number of at least 0."""
        if name not in self:
            raise self.file.foreign(f"field {self.path(name)}")
        return checked_number(self.file, self.path(name), self.values[name])

    def optional(self, name: str) -> float | None:
        """A number of at least 0, or None where the field is missing or null."""
        return self.number(name) if name in self else None

    def whole(self, name: str) -> int:
        """A whole number of at least 0."""
        value = self.number(name)
        if value != int(value):
            raise wrong(self.file, self.path(name), self.values[name], "a whole number")
        return int(value)

    def text(self, name: str) -> str | None:
        """Text, or None where the field is missing or null."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        raise wrong(self.file, self.path(name), value, "text")

    def section(self, name: str) -> "Fields":
        """The object in a field."""
        return self.file.fields(self.values.get(name), self.path(name))

    def sections(self, name: str) -> Iterator["Fields"]:
        """The objects in a field that holds a list of them."""
        found = self.values.get(name)
        if not isinstance(found, list):
            raise self.file.foreign(f"list at {self.path(name)}")
        for place, value in enumerate(found):
            yield self.file.fields(value, f"{self.path(name)}[{place}]")


def checked_number(file: ResultFile, place: str, value: Any) -> float:
    """A number of at least 0 from JSON or from text. Raises UsageError that names file, place and what was found."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise wrong(file, place, value, "a number of at least 0")
    return number


def wrong(file: ResultFile, place: str, found: Any, expected: str) -> UsageError:
    """The error for a field that holds something else than it should."""
    quoted = repr(found)
    shown = quoted if len(quoted) <= LONGEST_QUOTE else f"{quoted[: LONGEST_QUOTE - 1]}…"
    return file.refuse(
        f"{place}: found {shown}, expected {expected}",
        f"the measurement went wrong or the file was changed: let {file.tool} write it again",
    )


def read_file(path: Path, *, tool: str, select: str | None) -> ResultFile:
    """Read a file of results. Raises UsageError for one that is missing, empty, too large or no text."""
    file = ResultFile(path=path, tool=tool, text="", select=select)
    if path.is_dir():
        raise file.refuse("it is a folder", "name the file, or a pattern such as results/*.json, in import.path")
    if not path.is_file():
        raise file.refuse(
            f"there are no results of {tool} here",
            f"let the test command run {tool} and write them, or correct import.path",
        )
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise file.refuse("it is larger than 512 MiB", f"let {tool} write a summary, or measure for a shorter time")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise file.refuse(f"it is not UTF-8 text (byte {error.start})", "save it as UTF-8") from None
    except OSError as error:
        raise file.refuse(f"it cannot be read: {error.strerror}", "check its permissions") from None
    if not text.strip():
        raise file.refuse("it is empty", f"see whether {tool} ran to its end, and let it write the file again")
    return ResultFile(path=path, tool=tool, text=text, select=select)
