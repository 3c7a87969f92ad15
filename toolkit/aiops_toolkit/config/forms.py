# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""The kinds of values that occur once in aiops.yml: its version, a gate's condition, and demand as a rate or a file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiops_toolkit.config.kinds import Kind, Quantity, Schema, found, rate
from aiops_toolkit.config.mistakes import Mistakes, Place
from aiops_toolkit.config.nodes import Node, Scalar
from aiops_toolkit.config.settings import Comparison

VERSION = 1

_CONDITION = r"\s*(>=|<=|==|>|<)\s*([-+]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?)\s*"


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
            raise self.refuse(node, place) from None

    def schema(self) -> Schema:
        return {"anyOf": [self.rate.schema(), {"type": "string", "pattern": r"\.[cC][sS][vV]$"}]}
