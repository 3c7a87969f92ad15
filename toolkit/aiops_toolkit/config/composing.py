"""Reading YAML with positions, and refusing in one clear line whatever is no plain, small, honest mapping.

The tree is built from the parser's events rather than by a loader: nothing is ever constructed from a tag, aliases cost
what they stand for, and a file made to exhaust memory or the stack is refused before it does.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from aiops_toolkit.config.mistakes import Mistake, Mistakes, Place, shorten
from aiops_toolkit.config.nodes import Entry, Mapping, Node, Scalar, ScalarKind, Sequence

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"yes|no|on|off|true|false", re.IGNORECASE)
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_BARE_CONDITION = re.compile(r":\s*[<>]=?\s*[-+.0-9]")


def read_mapping(path: Path) -> tuple[Mapping, tuple[Mistake, ...]]:
    """The top-level mapping of a YAML file, and what had to be left out of it.

    Raises Mistakes when there is no such mapping at all.
    """
    return parse_mapping(read_text(path))


def read_text(path: Path) -> str:
    """The text of a configuration file. Raises Mistakes when it is no small, readable, regular file of UTF-8 text."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _refused("found a folder, expected a file; name the aiops.yml in it")
        if not stat.S_ISREG(status.st_mode):
            raise _refused("found a pipe or device, expected a file")
        if status.st_size > MAX_BYTES:
            raise _refused(f"found {status.st_size / 1e6:.1f} MB, expected at most 1 MB; is this the right file?")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused("no such file; run `aiops init` to write one, or name another with --config") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(f"cannot be read: {reason}; check the path and its permissions") from None
    return _decoded(data)


def parse_mapping(text: str) -> tuple[Mapping, tuple[Mistake, ...]]:
    """The one mapping that a YAML text consists of, without the duplicate and odd keys that the mistakes name.

    Raises Mistakes when the text is no such mapping.
    """
    composer = _Composer(text)
    try:
        root = composer.document()
    except (yaml.YAMLError, ValueError) as error:  # ValueError: text that libyaml decodes to no valid Unicode
        raise _broken(text, error) from None
    if root is None or (isinstance(root, Scalar) and root.kind == "null"):
        raise _refused("empty; run `aiops init --force` to fill it")
    if not isinstance(root, Mapping):
        what = "a list" if isinstance(root, Sequence) else "a single value"
        raise _refused(f"found {what}, expected keys such as version: 1 and service:", root.line)
    return root, tuple(composer.mistakes)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused("found more than 1 MB, expected less; is this the right file?")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("found UTF-16 text, expected UTF-8; save the file as UTF-8")
    if b"\0" in data:
        raise _refused("found a binary file, expected YAML text; is this the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused("found bytes that are not UTF-8; save the file as UTF-8", line) from None


def _refused(message: str, line: int | None = None) -> Mistakes:
    return Place().mistake(line, message)


class _Composer:
    """Builds the tree of one document from parser events, keeping count of what it would grow to."""

    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._anchored: dict[str, tuple[Node, int]] = {}
        self._open: set[str] = set()
        self._values = 0

    def document(self) -> Node | None:
        """The root of the only document, None when there is none."""
        root: Node | None = None
        started = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    raise _refused("found a second document (---), expected one", _line(event))
                started = True
                root = self._node(next(self._events), depth=0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        if depth > MAX_DEPTH:
            raise _refused(f"found values nested more than {MAX_DEPTH} levels deep", _line(event))
        self._count(1, event)
        if event.tag is not None:
            self._note(event, "found a tag (!), expected a plain value; put text that begins with ! in quotes")
        if event.anchor is None:
            return self._untagged(event, depth)
        before = self._values
        self._open.add(event.anchor)
        node = self._untagged(event, depth)
        self._open.discard(event.anchor)
        self._anchored[event.anchor] = (node, self._values - before + 1)
        return node

    def _untagged(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _sequence(self, start: Any, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(line=_line(start), items=tuple(items))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            name = self._key_name(key, event)
            if name is None:
                continue
            if name in entries:
                self._note(event, f'found the key "{shorten(name)}" again (first in line {entries[name].line})')
            else:
                # The line of its key is where people look for a value that spans several lines.
                entries[name] = Entry(line=_line(event), name=name, value=replace(value, line=_line(event)))
        return Mapping(line=_line(start), entries=tuple(entries.values()))

    def _key_name(self, key: Node, event: Any) -> str | None:
        if not isinstance(key, Scalar) or key.kind == "null":
            self._note(event, "found a key that is no text, expected a name")
            return None
        if key.kind != "text":
            self._note(
                event, f'found the {key.kind} {shorten(key.text)} as a key; write "{shorten(key.text)}" in quotes'
            )
            return None
        if key.text == "<<":
            self._note(event, "found a merge key (<<), which is not supported; write the keys out")
            return None
        return key.text

    def _aliased(self, event: Any) -> Node:
        # Neither names nor tags are quoted: they may be a secret that someone left without quotes.
        if event.anchor in self._open:
            raise _refused("found an alias (*) inside the value that it stands for, a cycle", _line(event))
        if event.anchor not in self._anchored:
            raise _refused("found an alias (*) for nothing; put text that begins with * in quotes", _line(event))
        node, values = self._anchored[event.anchor]
        self._count(values, event)
        return node

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _refused(f"found more than {MAX_VALUES:,} values, counting what aliases repeat", _line(event))

    def _note(self, event: Any, message: str) -> None:
        self.mistakes.append(Mistake(line=_line(event), key="", message=message))


def _scalar(event: Any) -> Scalar:
    kind: ScalarKind = "text" if event.style else _kind(event.value)
    return Scalar(line=_line(event), text=event.value, kind=kind)


def _kind(text: str) -> ScalarKind:
    """What YAML 1.1 takes a plain scalar for; dates, times and octal numbers stay text here, as written."""
    if _NULL.fullmatch(text):
        return "null"
    if _BOOLEAN.fullmatch(text):
        return "boolean"
    return "number" if _NUMBER.fullmatch(text) else "text"


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _broken(text: str, error: Exception) -> Mistakes:
    """The parser's complaint in words, without quoting the text, which may hold secrets."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        reason = "a character that YAML does not allow"
        position = getattr(error, "position", None)
        line = None if position is None else text.encode().count(b"\n", 0, position) + 1
        return _refused(f"found {reason}, expected printable text", line)
    lines = text.splitlines()
    source = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in source[: len(source) - len(source.lstrip())]:
        return _refused("found a tab as indentation; use spaces", mark.line + 1)
    problem = getattr(error, "problem", None) or "broken syntax"
    return _refused(f"found broken YAML ({problem}){_syntax_hint(problem, source)}", mark.line + 1)


def _syntax_hint(problem: str, source: str) -> str:
    if _BARE_CONDITION.search(source):
        return '; write conditions in quotes, like ">= 0.97"'
    if "mapping values are not allowed" in problem:
        return '; check the indentation, and put text that contains ": " in quotes'
    if "cannot start any token" in problem:
        return "; put text that begins with @, `, % or > in quotes"
    return "; check brackets, quotes and indentation near this line"
