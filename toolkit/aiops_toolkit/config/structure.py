# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""How values of aiops.yml are put together: sections, mappings with free keys, lists, and short forms.

What is wrong in several parts of a section is gathered and raised at once.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiops_toolkit.config.kinds import Kind, Row, Schema
from aiops_toolkit.config.mistakes import Mistake, Mistakes, Place, did_you_mean, shorten
from aiops_toolkit.config.nodes import Mapping, Node, Scalar, Sequence

T = TypeVar("T")
M = TypeVar("M")


class Gathering:
    """Reads one part after the other and keeps their mistakes for later."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def read(self, kind: Kind[T], node: Node, place: Place) -> T | None:
        """The value, or None when it had mistakes."""
        try:
            return kind.read(node, place)
        except Mistakes as error:
            self.mistakes.extend(error.found)
            return None

    def note(self, mistake: Mistakes) -> None:
        """Keep a mistake that a reader found by itself."""
        self.mistakes.extend(mistake.found)

    def settle(self) -> None:
        """Raise what was kept, if anything was."""
        if self.mistakes:
            raise Mistakes(*self.mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A known key of a section. `into` is the name of the value it fills, where that differs."""

    name: str
    kind: Kind[Any]
    about: str
    into: str = ""
    required: bool = False
    secret: bool = False

    @property
    def field(self) -> str:
        """The argument of the section's value that this key fills."""
        return self.into or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Kind[T]):
    """A mapping with known keys, built into one value. Defaults are those of the dataclass it becomes.

    Exactly one of the keys in `one_of` has to be there, and exactly one of those in `and_one_of`. `check` looks at what
    no single key can know.
    """

    becomes: type
    keys: tuple[Key, ...]
    build: Callable[..., T] | None = None
    one_of: tuple[str, ...] = ()
    and_one_of: tuple[str, ...] = ()
    check: Callable[[T, Mapping, Place], Iterable[Mistake]] | None = None

    @property
    def expected(self) -> str:
        return f"a mapping with keys such as {', '.join(key.name for key in self.keys[:3])}"

    @property
    def type(self) -> str:
        return "section"

    def read(self, node: Node, place: Place) -> T:
        if not isinstance(node, Mapping):
            raise self.refuse(node, place)
        gathering = Gathering()
        values = self._values(node, place, gathering)
        self._require(node, place, gathering)
        gathering.settle()
        value: T = (self.build or self.becomes)(**values)
        if self.check is not None and (mistakes := tuple(self.check(value, node, place))):
            raise Mistakes(*mistakes)
        return value

    def schema(self) -> Schema:
        defaults = self._defaults()
        schema: Schema = {
            "type": "object",
            "properties": {key.name: _key_schema(key, defaults) for key in self.keys},
            "additionalProperties": False,
        }
        required = [key.name for key in self.keys if key.required]
        if required:
            schema["required"] = required
        choices = [{"oneOf": [{"required": [name]} for name in names]} for names in self._choices]
        schema.update(choices[0] if len(choices) == 1 else {"allOf": choices} if choices else {})
        return schema

    def rows(self, path: str) -> Iterator[Row]:
        defaults = self._defaults()
        for key in self.keys:
            name = f"{path}.{key.name}" if path else key.name
            yield Row(
                key=name,
                type=key.kind.type,
                default=_written(defaults[key.field]) if key.field in defaults else None,
                required=key.required,
                description=key.about,
            )
            yield from key.kind.rows(name)

    def _values(self, node: Mapping, place: Place, gathering: Gathering) -> dict[str, Any]:
        known = {key.name: key for key in self.keys}
        values: dict[str, Any] = {}
        for entry in node:
            key = known.get(entry.name)
            if key is None:
                hint = did_you_mean(entry.name, known) or f"; known here: {', '.join(known)}"
                gathering.note(place.key(entry.name).mistake(entry.line, f"unknown key{hint}"))
                continue
            values[key.field] = gathering.read(key.kind, entry.value, place.key(key.name, secret=key.secret))
        return values

    def _require(self, node: Mapping, place: Place, gathering: Gathering) -> None:
        for key in self.keys:
            if key.required and node.get(key.name) is None:
                gathering.note(place.key(key.name).mistake(node.line, f"missing, expected {key.kind.expected}"))
        for names in self._choices:
            given = [name for name in names if node.get(name) is not None]
            if len(given) != 1:
                what = " and ".join(given) or "none"
                gathering.note(place.mistake(node.line, f"found {what}, expected exactly one of {', '.join(names)}"))

    @property
    def _choices(self) -> list[tuple[str, ...]]:
        return [names for names in (self.one_of, self.and_one_of) if names]

    def _defaults(self) -> dict[str, Any]:
        """What is written for a key that is left out, by field; keys without anything to write are not in it."""
        kinds = {key.field: key.kind for key in self.keys}
        return {
            item.name: kinds[item.name].plain(item.default)
            for item in dataclasses.fields(self.becomes)
            if item.name in kinds and item.default not in (dataclasses.MISSING, None, ())
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf(Kind[dict[str, T]]):
    """A mapping whose keys the user chooses, or that `words` are the only ones. `names` says what `pattern` allows."""

    of: Kind[T]
    what: str
    key: str
    pattern: str | None = None
    names: str = "letters, digits, _ and -"
    words: tuple[str, ...] = ()
    empty: bool = False

    @property
    def expected(self) -> str:
        return self.what

    @property
    def type(self) -> str:
        return f"mapping of {self.key} to {self.of.type}"

    def read(self, node: Node, place: Place) -> dict[str, T]:
        if not isinstance(node, Mapping) or not (node.entries or self.empty):
            raise self.refuse(node, place)
        gathering = Gathering()
        values: dict[str, Any] = {}
        for entry in node:
            if (refusal := self._refused_name(entry.name)) is not None:
                # A key that cannot be one may be a whole NAME=value: where values are secret it is not shown.
                where = place if place.secret else place.key(entry.name)
                gathering.note(where.mistake(entry.line, refusal))
                continue
            values[entry.name] = gathering.read(self.of, entry.value, place.key(entry.name))
        gathering.settle()
        return values

    def schema(self) -> Schema:
        schema: Schema = {"type": "object", "minProperties": 0 if self.empty else 1}
        if self.words:
            return {**schema, "properties": dict.fromkeys(self.words, self.of.schema()), "additionalProperties": False}
        if self.pattern is not None:
            schema["propertyNames"] = {"pattern": f"^(?:{self.pattern})$"}
        return {**schema, "additionalProperties": self.of.schema()}

    def rows(self, path: str) -> Iterator[Row]:
        return self.of.rows(f"{path}.<{self.key}>")

    def _refused_name(self, name: str) -> str | None:
        if self.words and name not in self.words:
            return f"unknown {self.key}, expected one of {', '.join(self.words)}{did_you_mean(name, self.words)}"
        if not name.strip() or (self.pattern is not None and not re.fullmatch(self.pattern, name)):
            return f"found an unusable {self.key} name, expected {self.names}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Kind[tuple[T, ...]]):
    """A list of values of one kind, each at most once where they are words."""

    of: Kind[T]
    what: str
    empty: bool = False

    @property
    def expected(self) -> str:
        return self.what

    @property
    def type(self) -> str:
        return f"list of {self.of.type}"

    def read(self, node: Node, place: Place) -> tuple[T, ...]:
        if not isinstance(node, Sequence) or not (node.items or self.empty):
            raise self.refuse(node, place)
        gathering = Gathering()
        values: list[Any] = []
        seen: set[str] = set()
        for index, item in enumerate(node.items):
            if isinstance(item, Scalar) and item.text in seen:
                gathering.note(
                    place.item(index).mistake(item.line, f"found {shorten(item.text)} again, expected it once")
                )
                continue
            seen.update([item.text] if isinstance(item, Scalar) else [])
            values.append(gathering.read(self.of, item, place.item(index)))
        gathering.settle()
        return tuple(values)

    def schema(self) -> Schema:
        return {"type": "array", "items": self.of.schema(), "uniqueItems": True, "minItems": 0 if self.empty else 1}

    def rows(self, path: str) -> Iterator[Row]:
        return self.of.rows(f"{path}[]")

    def plain(self, value: tuple[T, ...]) -> list[Any]:
        return [self.of.plain(item) for item in value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either(Kind[M], Generic[T, M]):
    """A single value as the short form of a mapping; `spread` turns what the short form says into the long form."""

    short: Kind[T]
    long: Kind[M]
    spread: Callable[[T], M] = field(repr=False)

    @property
    def expected(self) -> str:
        return f"{self.short.expected}, or {self.long.expected}"

    @property
    def type(self) -> str:
        return f"{self.short.type}, or {self.long.type}"

    def read(self, node: Node, place: Place) -> M:
        if isinstance(node, Mapping):
            return self.long.read(node, place)
        if not isinstance(node, Scalar) or node.kind == "null":
            raise self.refuse(node, place)
        return self.spread(self.short.read(node, place))

    def schema(self) -> Schema:
        return {"anyOf": [self.short.schema(), self.long.schema()]}

    def rows(self, path: str) -> Iterator[Row]:
        return self.long.rows(path)


def _key_schema(key: Key, defaults: dict[str, Any]) -> Schema:
    schema: Schema = {"description": key.about, **key.kind.schema()}
    if key.field in defaults:
        schema["default"] = defaults[key.field]
    return schema


def _written(plain: Any) -> str:
    """A default as it would stand in the file."""
    if isinstance(plain, bool):
        return str(plain).lower()
    return f"[{', '.join(map(_written, plain))}]" if isinstance(plain, list) else str(plain)
