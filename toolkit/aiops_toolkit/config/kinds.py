# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""The kinds of single values in aiops.yml. Each reads its value, describes itself in JSON Schema, and names itself.

One definition serves all three, so the parser, the schema that editors use and the reference page cannot drift apart.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from aiops_planner.errors import UnitError
from aiops_planner.units import (
    parse_duration,
    parse_money_rate,
    parse_rate,
    parse_share,
    parse_size,
    parse_traffic_price,
)
from aiops_toolkit.config.mistakes import Mistakes, Place, did_you_mean, shorten
from aiops_toolkit.config.nodes import Node, Scalar, Sequence

T = TypeVar("T")
Schema = dict[str, Any]

_VARIABLE = re.compile(r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)")
_BARE_ADDRESS = re.compile(r"[\w.-]+(?::[$\w{}]+)?(?:/.*)?")
_YES = {"yes", "on", "true"}
_WHOLE = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key of aiops.yml for the reference: its path, type, default as it would be written, and meaning."""

    key: str
    type: str
    default: str | None
    required: bool
    description: str


class Kind(ABC, Generic[T]):
    """One kind of value."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What belongs here, completing the sentence `expected ...`."""

    @property
    @abstractmethod
    def type(self) -> str:
        """The kind in one or two words, for the reference."""

    @abstractmethod
    def read(self, node: Node, place: Place) -> T:
        """The value that stands in the file at `place`. Raises Mistakes, all that were found."""

    @abstractmethod
    def schema(self) -> Schema:
        """JSON Schema (draft 7) of the value."""

    def plain(self, value: Any) -> Any:
        """The value as it would be written in the file, in JSON types."""
        return value

    def rows(self, path: str) -> Iterator[Row]:  # noqa: ARG002 - kinds with keys below them need the path
        """The keys below this value; a single value has none."""
        return iter(())

    def refuse(self, node: Node, place: Place, hint: str = "") -> Mistakes:
        """The mistake `found X, expected Y`, followed by a hint."""
        return place.mistake(node.line, f"found {found(node, place)}, expected {self.expected}{hint}")


def found(node: Node, place: Place) -> str:
    """What stands at a place, in a few words that never give a secret away."""
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, Sequence) else "a mapping"
    if node.kind == "null":
        return "nothing"
    if place.secret:
        return f"a {node.kind} (value hidden)"
    return shorten(node.text) or "empty text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Kind[str]):
    """Text, of one form when `pattern` is given. `numbers` takes unquoted numbers for the text they are."""

    what: str = "text"
    pattern: str | None = None
    numbers: bool = False
    empty: bool = False

    @property
    def expected(self) -> str:
        return self.what

    @property
    def type(self) -> str:
        return "text"

    def read(self, node: Node, place: Place) -> str:
        text = self._text(node, place)
        if "\0" in text or not (text.strip() or self.empty):
            raise self.refuse(node, place)
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            raise self.refuse(node, place)
        return text

    def schema(self) -> Schema:
        schema: Schema = {"type": ["string", "number"] if self.numbers else "string"}
        if self.pattern is not None:
            schema["pattern"] = f"^(?:{self.pattern})$"
        elif not self.empty:
            schema["pattern"] = r"\S"
        return schema

    def _text(self, node: Node, place: Place) -> str:
        if not isinstance(node, Scalar) or node.kind == "null":
            raise self.refuse(node, place)
        if node.kind == "text" or (self.numbers and node.kind == "number"):
            return node.text
        shown = found(node, place)
        if place.secret:
            raise place.mistake(node.line, f"found {shown}, expected {self.expected}; put the value in quotes")
        message = f'found the {node.kind} {shown}, expected {self.expected}; write "{shown}" in quotes'
        raise place.mistake(node.line, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Kind[str]):
    """An absolute URL; variables such as $PORT may stand for parts of it."""

    schemes: tuple[str, ...] = ("http", "https")

    @property
    def expected(self) -> str:
        return f"a URL that begins with {' or '.join(f'{scheme}://' for scheme in self.schemes)}"

    @property
    def type(self) -> str:
        return "URL"

    def read(self, node: Node, place: Place) -> str:
        if not isinstance(node, Scalar) or node.kind != "text":
            raise self.refuse(node, place)
        if _BARE_ADDRESS.fullmatch(node.text) and self._valid(f"http://{node.text}"):
            raise self.refuse(node, place, "" if place.secret else f'; did you mean "http://{shorten(node.text)}"?')
        if not self._valid(node.text):
            raise self.refuse(node, place)
        return node.text

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{'|'.join(self.schemes)})://[^\\s]+$"}

    def _valid(self, text: str) -> bool:
        if not text.isprintable() or " " in text:
            return False
        try:
            parts = urlsplit(_VARIABLE.sub("1", text))
            return parts.scheme in self.schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Kind[str]):
    """One word of a few."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}"

    @property
    def type(self) -> str:
        return " | ".join(self.words)

    def read(self, node: Node, place: Place) -> str:
        if not isinstance(node, Scalar):
            raise self.refuse(node, place)
        if node.text not in self.words:
            raise self.refuse(node, place, "" if place.secret else did_you_mean(node.text, self.words))
        return node.text

    def schema(self) -> Schema:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Kind[float]):
    """A finite number above zero, or from zero on."""

    zero: bool = False

    @property
    def expected(self) -> str:
        return "a number from 0" if self.zero else "a number above 0"

    @property
    def type(self) -> str:
        return "number"

    def read(self, node: Node, place: Place) -> float:
        if not isinstance(node, Scalar) or node.kind != "number":
            raise self.refuse(node, place)
        number = math.nan if node.text.lower().endswith(("inf", "nan")) else float(node.text)
        if not (math.isfinite(number) and (number > 0 or (self.zero and number == 0))):
            raise self.refuse(node, place)
        return number

    def schema(self) -> Schema:
        return {"type": "number", "minimum" if self.zero else "exclusiveMinimum": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Kind[int]):
    """A whole number within bounds."""

    least: int
    most: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    @property
    def type(self) -> str:
        return "whole number"

    def read(self, node: Node, place: Place) -> int:
        written = isinstance(node, Scalar) and node.kind == "number" and _WHOLE.fullmatch(node.text)
        if not isinstance(node, Scalar) or not written or not self.least <= int(node.text) <= self.most:
            raise self.refuse(node, place)
        return int(node.text)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Boolean(Kind[bool]):
    """Yes or no, in any of the words YAML has for them."""

    @property
    def expected(self) -> str:
        return "true or false"

    @property
    def type(self) -> str:
        return "true | false"

    def read(self, node: Node, place: Place) -> bool:
        if not isinstance(node, Scalar) or node.kind != "boolean":
            raise self.refuse(node, place)
        return node.text.lower() in _YES

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(Kind[float]):
    """A number with a unit, parsed by the planner into the base unit of its kind."""

    name: str
    example: str
    parse: Callable[[object], float]
    base_unit: str = ""
    zero: bool = False
    bare: bool = False

    @property
    def expected(self) -> str:
        return f"{self.name} such as {self.example}"

    @property
    def type(self) -> str:
        return self.name.removeprefix("a ")

    def read(self, node: Node, place: Place) -> float:
        if not isinstance(node, Scalar):
            raise self.refuse(node, place)
        try:
            value = self.parse(node.text)
        except UnitError:
            raise self.refuse(node, place, self.hint(node)) from None
        if not (value or self.zero):
            raise place.mistake(node.line, f"found {found(node, place)}, expected {self.name} above 0")
        return value

    def hint(self, node: Node) -> str:
        """What is wrong with a value of the right form: `; it must not be negative`."""
        try:
            value = self.parse(node.text) if isinstance(node, Scalar) else 1.0
        except UnitError as error:
            return f"; {error.reason}" if error.reason else ""
        return "" if value or self.zero else "; it must be above 0"

    def schema(self) -> Schema:
        schema: Schema = {"type": ["string", "number"] if self.bare else "string", "examples": [self.example]}
        if self.bare:
            schema.update(minimum=0, maximum=1)
        else:
            schema["pattern"] = r"^\s*\D{0,4}[0-9.]+.*\D\s*$"
        return schema

    def plain(self, value: float) -> str:
        return f"{value:g}{self.base_unit}"


def duration(example: str = "50ms") -> Quantity:
    """Seconds, written 50ms."""
    return Quantity(name="a duration", example=example, parse=parse_duration, base_unit="s")


def rate() -> Quantity:
    """Requests a second, written 2000/s."""
    return Quantity(name="a rate", example="2000/s", parse=parse_rate, base_unit="/s")


def share(example: str = "0.1%") -> Quantity:
    """From 0 to 1, written 0.1% or 0.001."""
    return Quantity(name="a share", example=example, parse=parse_share, zero=True, bare=True)


def size() -> Quantity:
    """Whole bytes, written 10 kB."""
    return Quantity(name="a size", example="10 kB", parse=parse_size, base_unit=" B", zero=True)


def traffic_price() -> Quantity:
    """USD a gigabyte, written 0.09 USD/GB."""
    example = "0.09 USD/GB"
    return Quantity(name="a price of traffic", example=example, parse=parse_traffic_price, zero=True)


def money_rate(example: str) -> Quantity:
    """USD an hour, written 5000 USD/month."""
    return Quantity(name="money over time", example=example, parse=parse_money_rate, base_unit=" USD/h", zero=True)
