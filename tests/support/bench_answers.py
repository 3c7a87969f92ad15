"""Bytes in, outcome out: a connection without a network, to which a test plays the server."""

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiops_toolkit.bench.samples import kind_of
from aiops_toolkit.bench.target import IDLE
from aiops_toolkit.bench.targets.connection import Connection
from aiops_toolkit.bench.targets.expectations import CheckedConnection, Expectations
from aiops_toolkit.config.targets import ExpectSettings


@dataclass
class Recorder:
    """Owns the connection and writes down how requests end; as the transport, it takes what is sent and forgets it."""

    ends: list[int] = field(default_factory=list)
    lost_lanes: int = 0

    def ended(self, lane: Connection, sample: int, outcome: int, now: float) -> None:
        self.ends.append(outcome)

    def lost(self, lane: Connection) -> None:
        self.lost_lanes += 1

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None: ...

    def get_extra_info(self, name: str) -> None: ...


@dataclass(frozen=True)
class Verdict:
    """How a request ended, and how much of the answer had been read then."""

    kind: str
    read_bytes: int


def connected(*, has_body: bool = True, checked: bool = False) -> tuple[Connection, Recorder]:
    """A connection that is open and idle."""
    recorder = Recorder()
    if checked:
        expectations = Expectations(ExpectSettings(max_bytes=100_000, json={"label": "cat"}))
        connection: Connection = CheckedConnection(recorder, [b""], expectations, has_body=has_body)
    else:
        connection = Connection(recorder, [b""], has_body=has_body)
    connection.connection_made(recorder)  # type: ignore[arg-type]
    return connection, recorder


def verdict(connection: Connection, recorder: Recorder, pieces: Sequence[bytes]) -> Verdict:
    """Send a request, answer it with the pieces, and close if that was not enough to end it."""
    before, read_bytes = len(recorder.ends), 0
    connection.send(0)
    for piece in pieces:
        connection.data_received(piece)
        read_bytes += len(piece)
        if connection.sample == IDLE:
            break
    else:
        connection.eof_received()
        connection.connection_lost(None)
    assert len(recorder.ends) == before + 1, "a request ends exactly once"
    return Verdict(kind_of(recorder.ends[-1]), read_bytes)


def judged(pieces: Sequence[bytes], *, has_body: bool = True, checked: bool = False) -> Verdict:
    """How a request on a fresh connection ends."""
    return verdict(*connected(has_body=has_body, checked=checked), pieces)


def cut(answer: bytes) -> list[bytes]:
    """The answer in pieces, many or few, at places that only its content decides."""
    chance = random.Random(zlib.crc32(answer))
    places = sorted(chance.choices(range(len(answer) + 1), k=chance.choice((1, 2, 5, len(answer)))))
    return [answer[start:end] for start, end in zip([0, *places], [*places, len(answer)], strict=True) if start < end]


def assert_pieces_do_not_matter(answer: bytes, pieces: Sequence[bytes], **how: bool) -> None:
    """Cut or whole, what was read of the answer up to its end is judged the same."""
    in_pieces = judged(pieces, **how)
    whole = judged([answer[: in_pieces.read_bytes]] if answer else [], **how)
    assert in_pieces == whole, (in_pieces, whole)
