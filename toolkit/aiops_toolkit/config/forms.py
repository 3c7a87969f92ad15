# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""The kinds of values that occur once in aiops.yml: its version, a gate's condition, rates or files, values of JSON."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiops_toolkit.config.kinds import Boolean, Kind, Quantity, Schema, found, rate
from aiops_toolkit.config.mistakes import Mistakes, Place, did_you_mean
from aiops_toolkit.config.nodes import Node, Scalar
from aiops_toolkit.config.settings import Comparison

VERSION = 1

_CONDITION = r"\s*(>=|<=|==|>|<)\s*([-+]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?)\s*"

_FILE_NAME = r"\S\.[A-Za-z0-9]{1,8}$"


class Version(Kind[int]):
    """The version of the file's format; there is one so far."""

    @property
    def expected(self) -> str:
        return str(VERSION)

    @property
    def type(self) -> str:
        return str(VERSION)

    def read(self, node: Node, place: Place) -> int:
        if not isinstance(node, Scalar) or node.kind != "number" or not node.text.isdecimal():
            raise self.refuse(node, place)
        if is_newer(node):
            message = (
                f"found {found(node, place)}, expected {VERSION}: "
                "the file is written for a newer aiops-action; update aiops-action"
            )
            raise place.mistake(node.line, message)
        if node.text != str(VERSION):
            raise self.refuse(node, place)
        return VERSION

    def schema(self) -> Schema:
        return {"const": VERSION}


def is_newer(node: Node | None) -> bool:
    """Whether `version` announces a format that this program cannot know."""
    if not isinstance(node, Scalar) or not re.fullmatch(r"[0-9]{1,15}", node.text):
        return False
    return int(node.text) > VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Kind[tuple[Comparison, float]]):
    """A comparison and a threshold, written ">= 0.97"."""

    @property
    def expected(self) -> str:
        return 'a condition in quotes such as ">= 0.97" (with >=, >, <=, < or ==)'

    @property
    def type(self) -> str:
        return "condition"

    def read(self, node: Node, place: Place) -> tuple[Comparison, float]:
        match = re.fullmatch(_CONDITION, node.text) if isinstance(node, Scalar) else None
        if match is None:
            raise self.refuse(node, place)
        return cast("Comparison", match[1]), float(match[2])

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_CONDITION}$", "examples": [">= 0.97"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOrFile(Kind[float | Path]):
    """A rate, or the path of a CSV file with a rate for each hour."""

    rate: Quantity = rate()  # noqa: RUF009 - a frozen value

    @property
    def expected(self) -> str:
        return f"{self.rate.expected}, or a path that ends in .csv"

    @property
    def type(self) -> str:
        return f"{self.rate.type}, CSV file"

    def read(self, node: Node, place: Place) -> float | Path:
        if isinstance(node, Scalar) and node.text.lower().endswith(".csv") and "\0" not in node.text:
            return Path(node.text)
        try:
            return self.rate.read(node, place)
        except Mistakes:
            raise self.refuse(node, place, self.rate.hint(node)) from None

    def schema(self) -> Schema:
        return {"anyOf": [self.rate.schema(), {"type": "string", "pattern": r"\.[cC][sS][vV]$"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class WordOrFile(Kind[str]):
    """One word of a few, or the path of a file; what has no suffix is taken for a misspelt word."""

    words: tuple[str, ...]
    file: str

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}, or {self.file}"

    @property
    def type(self) -> str:
        return " | ".join((*self.words, "path"))

    def read(self, node: Node, place: Place) -> str:
        if not isinstance(node, Scalar) or node.kind != "text" or "\0" in node.text:
            raise self.refuse(node, place)
        if node.text not in self.words and not re.search(_FILE_NAME, node.text):
            raise self.refuse(node, place, did_you_mean(node.text, self.words))
        return node.text

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self.words)}, {"type": "string", "pattern": _FILE_NAME}]}


class JsonValue(Kind[str | float | bool | None]):
    """A single value of JSON: text, a number, true, false or null."""

    @property
    def expected(self) -> str:
        return "a single value: text, a number, true, false or null"

    @property
    def type(self) -> str:
        return "value"

    def read(self, node: Node, place: Place) -> str | float | bool | None:
        if not isinstance(node, Scalar):
            raise self.refuse(node, place)
        if node.kind == "boolean":
            return Boolean().read(node, place)
        if node.kind == "number":
            return self._number(node, place)
        return None if node.kind == "null" else node.text

    def schema(self) -> Schema:
        return {"type": ["string", "number", "boolean", "null"]}

    def _number(self, node: Scalar, place: Place) -> float:
        number = math.nan if node.text.lower().endswith(("inf", "nan")) else float(node.text)
        if not math.isfinite(number):
            raise self.refuse(node, place)
        return number
