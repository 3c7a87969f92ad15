"""aiops.yml as a tree in which every value still knows the line it was written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ScalarKind = Literal["text", "boolean", "number", "null"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A single value as it was written; `kind` is what YAML takes it for when it stands without quotes."""

    line: int
    text: str
    kind: ScalarKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list of values."""

    line: int
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a mapping, the line it stands in, and its value."""

    line: int
    name: str
    value: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Values by key, in the order they were written; no key occurs twice."""

    line: int
    entries: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, name: str) -> "Node | None":
        """The value of a key, None when the mapping has no such key."""
        return next((entry.value for entry in self.entries if entry.name == name), None)


Node = Scalar | Sequence | Mapping
