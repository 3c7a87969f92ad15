"""What generator processes and the one that started them say to each other: pickles through pipes."""

import pickle
from dataclasses import dataclass
from typing import IO, Any

from aiops_planner.errors import AiopsError
from aiops_toolkit.bench.loops import Run

COLUMNS = ("intended", "sent", "connected", "first_byte", "end", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The target is entered."""

    max_lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The load can begin; the time to begin at is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A load has ended. Its table is empty here: the COLUMNS follow one by one, so that they can be joined so.

    `hints` say what to check, by kind of error.
    """

    run: Run
    hints: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The process is about to end, and why."""

    error: AiopsError


def send(stream: IO[bytes], message: object) -> None:
    """Write a message. Raises BrokenPipeError when nobody is left to read it."""
    pickle.dump(message, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message; waits for it. Raises EOFError when none comes any more, not even a whole one."""
    try:
        return pickle.load(stream)  # noqa: S301 - from a process of our own
    except pickle.UnpicklingError as error:
        raise EOFError from error
