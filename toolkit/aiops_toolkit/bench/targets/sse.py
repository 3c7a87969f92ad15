"""Server-sent events out of a byte stream that may be cut anywhere (WHATWG HTML, section 9.2.6)."""

from dataclasses import dataclass

MAX_STRAY_BYTES = 64 * 2**10

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELDS = frozenset({b"data", b"event", b"id", b"retry"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type (empty for the usual one) and its data, several lines joined."""

    kind: bytes
    data: bytes


class EventReader:
    """Give it the pieces of a body in order; each `feed` returns the events that its piece completed.

    Lines end with CR LF, LF or CR. `stray` is the beginning of what stands outside any field: another format.
    `held_bytes` is the size of the event that has begun and not ended.
    """

    __slots__ = ("_after_cr", "_at_start", "_data", "_kind", "_parts", "held_bytes", "stray")

    def __init__(self) -> None:
        self.stray = b""
        self.held_bytes = 0
        self._parts: list[bytes] = []
        self._kind = b""
        self._data: list[bytes] = []
        self._after_cr = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[Event]:
        """The events that end in this piece."""
        piece = self._with_plain_ends(piece)
        self.held_bytes += len(piece)
        self._parts.append(piece)
        if b"\n" not in piece:
            return []
        *lines, rest = b"".join(self._parts).split(b"\n")
        self._parts = [rest]
        events: list[Event] = []
        for line in lines:
            if line:
                self._read(line)
            elif self._data:
                events.append(self._event())
            else:
                self._kind = b""
        if not self._data:
            self.held_bytes = len(rest)
        return events

    def end(self) -> Event | None:
        """What the body ended with instead of an empty line: perhaps an event, perhaps half of one."""
        rest = b"".join(self._parts)
        self._parts = []
        if rest:
            self._read(rest)
        return self._event() if self._data else None

    def _with_plain_ends(self, piece: bytes) -> bytes:
        """The piece with LF for each line end; a CR at the end of a piece may have its LF in the next one."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" not in piece:
            return piece
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, line: bytes) -> None:
        if self._at_start:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value
        elif name == b"error":  # no field of the standard: how llama.cpp reports errors
            self._kind = name
            self._data.append(value)
        elif name and name not in _FIELDS and len(self.stray) < MAX_STRAY_BYTES:
            self.stray += line[:MAX_STRAY_BYTES] + b"\n"

    def _event(self) -> Event:
        event = Event(self._kind, b"\n".join(self._data))
        self._kind = b""
        self._data = []
        return event
