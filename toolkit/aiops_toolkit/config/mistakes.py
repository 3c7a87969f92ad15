"""What is wrong in aiops.yml: one mistake a line, its place, and values shown short and without secrets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aiops_planner.errors import ConfigError
from aiops_toolkit.paths import shortest

_SHOWN_CHARACTERS = 40
_SHOWN_MISTAKES = 50
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CREDENTIALS = re.compile(r"(?<=//)[^/\s@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake. `line` counts from 1; `key` is the dotted path of the key, empty for the file as a whole."""

    line: int | None
    key: str
    message: str

    def within(self, file: str) -> str:
        """FILE:LINE: KEY: MESSAGE, without the parts that are not known."""
        place = file if self.line is None else f"{file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class Mistakes(Exception):  # noqa: N818 - it carries findings; ConfigError is the error that people see
    """One mistake or more that kept a value from being read; caught where they are gathered."""

    def __init__(self, *found: Mistake) -> None:
        super().__init__(*(mistake.message for mistake in found))
        self.found = found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its dotted path, and whether what stands there may be a secret."""

    path: str = ""
    secret: bool = False

    def key(self, name: str, *, secret: bool = False) -> "Place":
        """The place of a key of the mapping that stands here."""
        name = shorten(name)
        if not _BARE_KEY.fullmatch(name):
            return Place(f'{self.path}["{name}"]', self.secret or secret)
        return Place(f"{self.path}.{name}" if self.path else name, self.secret or secret)

    def item(self, index: int) -> "Place":
        """The place of an item of the list that stands here; `index` counts from 0."""
        return Place(f"{self.path}[{index}]", self.secret)

    def mistake(self, line: int | None, message: str) -> Mistakes:
        """A mistake at this place, ready to be raised."""
        return Mistakes(Mistake(line=line, key=self.path, message=message))


def shorten(text: str) -> str:
    """The text on one line, without control characters and passwords of URLs, cut after 40 characters."""
    visible = "".join(character if character.isprintable() else " " for character in text[: 10 * _SHOWN_CHARACTERS])
    plain = _CREDENTIALS.sub("***@", " ".join(visible.split()))
    cut = len(plain) > _SHOWN_CHARACTERS or len(text) > 10 * _SHOWN_CHARACTERS
    return plain[: _SHOWN_CHARACTERS - 3] + "..." if cut else plain


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """The hint `; did you mean "..."?` with the nearest known word, or nothing when none is near."""
    words = {word.lower().replace("-", "_"): word for word in known}
    near = get_close_matches(found[:100].lower().replace("-", "_"), words, n=1, cutoff=0.6)
    return f'; did you mean "{words[near[0]]}"?' if near else ""


def config_error(path: Path, found: Iterable[Mistake]) -> ConfigError:
    """All mistakes of a file, in the order of its lines, one a line."""
    ordered = sorted(found, key=lambda mistake: mistake.line or 0)
    file = shortest(path)
    lines = [mistake.within(file) for mistake in ordered[:_SHOWN_MISTAKES]]
    if len(ordered) > _SHOWN_MISTAKES:
        lines.append(f"{file}: and {len(ordered) - _SHOWN_MISTAKES} mistakes more")
    return ConfigError("\n".join(lines))
