"""What an answer has to be: connections that look at status, size and JSON before they call a request a success."""

import json
import re
from collections.abc import Sequence
from typing import Any

from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.target import Owner
from aiops_toolkit.bench.targets.connection import Connection
from aiops_toolkit.config.targets import ExpectSettings

MAX_JSON_BYTES = 8 * 2**20  # of a body that is kept to be parsed

Step = str | int

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class Expectations:
    """The checks of one benchmark. Bodies are kept only where their JSON is looked at, and that only up to 8 MiB."""

    def __init__(self, settings: ExpectSettings) -> None:
        self._statuses = frozenset(settings.status)
        self._least_bytes = settings.min_bytes or 0
        self._most_bytes = settings.max_bytes
        self._values = tuple((steps_of(path), value) for path, value in settings.json.items())
        self.needs_body = bool(self._values)

    def outcome(self, status: int, body_bytes: int, body: Sequence[bytes]) -> int:
        """OK, or the first thing that is not as it should be: status, size, JSON."""
        if not (status in self._statuses if self._statuses else 200 <= status < 300):
            return status
        if body_bytes < self._least_bytes or (self._most_bytes is not None and body_bytes > self._most_bytes):
            return Outcome.UNEXPECTED_SIZE
        if self._values and (body_bytes > MAX_JSON_BYTES or not self._holds(b"".join(body))):
            return Outcome.UNEXPECTED_JSON
        return Outcome.OK

    def _holds(self, body: bytes) -> bool:
        try:
            document = json.loads(body)
            return all(_same(_at(document, steps), value) for steps, value in self._values)
        except (ValueError, LookupError, TypeError, RecursionError):  # no JSON, or nothing at the path
            return False


class CheckedConnection(Connection):
    """A connection that checks its answers. The end of a request is timed before its JSON is parsed."""

    __slots__ = ("_body", "_body_bytes", "_expectations")

    def __init__(
        self,
        owner: Owner,
        turns: Sequence[bytes],
        expectations: Expectations,
        *,
        has_body: bool = True,
        keep_alive: bool = True,
    ) -> None:
        self._expectations = expectations
        self._body: list[bytes] = []
        self._body_bytes = 0
        super().__init__(owner, turns, has_body=has_body, keep_alive=keep_alive)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body_bytes += len(body)
        if self._expectations.needs_body and self._body_bytes <= MAX_JSON_BYTES:
            self._body.append(body)

    def _expect_answer(self) -> None:
        super()._expect_answer()
        self._body.clear()
        self._body_bytes = 0

    def _status_outcome(self) -> int:
        return self._expectations.outcome(self._status, self._body_bytes, self._body)


def steps_of(path: str) -> tuple[Step, ...]:
    """The names and indices along a path such as predictions[0].label."""
    return tuple(int(match[1]) if match[1] else match[2] for match in _STEP.finditer(path))


def _at(document: Any, steps: tuple[Step, ...]) -> Any:
    """The value at the end of the path. Raises LookupError or TypeError when there is none."""
    for step in steps:
        if isinstance(step, int) != isinstance(document, list):
            raise LookupError(step)
        document = document[step]
    return document


def _same(found: Any, wanted: Any) -> bool:
    """Equality as JSON has it: true is not 1, and 1 is 1.0."""
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)
