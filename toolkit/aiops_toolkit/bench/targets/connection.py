"""One HTTP/1.1 connection with at most one request in flight; whatever goes wrong becomes a named outcome."""

import asyncio
from collections.abc import Sequence
from math import nan
from time import perf_counter
from typing import cast

import httptools

from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.target import IDLE, Owner
from aiops_toolkit.bench.targets.stale import was_stale

MAX_ANSWER_BYTES = 64 * 2**20
MAX_HEAD_BYTES = 256 * 2**10
OK = int(Outcome.OK)  # looking up an enumeration's member takes longer, at every request
LENGTH_HEADERS = {b"content-length", b"transfer-encoding"}


class _Headers:
    """Reads a head once more, with every header: too dear for each answer, and seldom needed."""

    def __init__(self, head: bytes) -> None:
        self.values: dict[bytes, bytes] = {}
        httptools.HttpResponseParser(self).feed_data(head)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.values[name.lower()] = value


class Connection(asyncio.Protocol):
    """A lane over HTTP/1.1: sends pre-built messages, one after the other in turn, and judges the answers.

    Framing is httptools' (llhttp in strict mode). `usable` turns False when no further request may be sent;
    `first_byte_s` belongs to the request that ended last.
    """

    __slots__ = (
        "_answers",
        "_has_body",
        "_head",
        "_head_complete",
        "_keep",
        "_keep_alive",
        "_messages",
        "_owner",
        "_parser",
        "_received_bytes",
        "_status",
        "_transport",
        "_turns",
        "first_byte_s",
        "sample",
        "usable",
    )

    def __init__(self, owner: Owner, turns: Sequence[bytes], *, has_body: bool = True, keep_alive: bool = True) -> None:
        self._owner = owner
        self._turns = turns
        self._has_body = has_body  # an answer to HEAD has none, whatever its headers say
        self._keep_alive = keep_alive
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self.usable = False
        self.sample = IDLE
        self.first_byte_s = nan
        self._received_bytes = 0
        self._head = b""
        self._head_complete = False
        self._keep = False
        self._messages = 0
        self._answers = 0
        self._status = 0

    def send(self, sample: int) -> None:
        """Send the request of row `sample`; the connection must be usable and idle."""
        assert self._transport is not None
        self.sample = sample
        self._expect_answer()
        self._transport.write(self._turns[sample % len(self._turns)])

    def expire(self, now: float) -> None:
        """Give up the request in flight as timed out."""
        self._end(Outcome.TIMEOUT, now, keep=False)

    def location(self) -> str | None:
        """Where the answer that came last redirects to, None when it does not say; ask before the next `send`."""
        value = _Headers(self._head).values.get(b"location") if self._head_complete else None
        return None if value is None else value.decode("latin-1")

    def close(self) -> None:
        """Close at once; a request in flight stays unfinished."""
        self.usable = False
        self.sample = IDLE
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        now = perf_counter()
        if self.sample == IDLE:  # nobody asked
            self.close()
            return
        if not self._received_bytes:
            self.first_byte_s = now
        self._received_bytes += len(data)
        if not self._head_complete:
            self._head += data
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(Outcome.MALFORMED, now, keep=False)
            return
        self._judge(now)

    def eof_received(self) -> bool:
        """Called by the event loop; the transport closes and calls `connection_lost`."""
        self.usable = False
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the event loop."""
        self.usable = False
        if self.sample != IDLE:
            self._end(self._outcome_of_loss(error), perf_counter(), keep=False)
        self._owner.lost(self)

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte of each message."""
        self._messages += 1

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._status = self._parser.get_status_code()
        self._head_complete = self._status >= 200
        # asked here because the parser forgets once the message is complete
        self._keep = self._keep_alive and self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """Called by the parser. Interim answers (100 Continue) are not the answer."""
        if self._status >= 200:
            self._answers += 1
        else:
            self._messages -= 1

    def _expect_answer(self) -> None:
        self.first_byte_s = nan
        self._received_bytes = 0
        self._head = b""
        self._head_complete = False
        self._messages = 0
        self._answers = 0
        self._status = 0

    def _judge(self, now: float) -> None:
        """End the request when its answer is complete or can no longer become one."""
        if self._answers and self._messages == 1:
            self._end(self._status_outcome(), now, keep=self._keep)
        elif self._messages > 1 or (len(self._head) > MAX_HEAD_BYTES and not self._head_complete):
            self._end(Outcome.MALFORMED, now, keep=False)
        elif self._head_complete and not self._has_body:
            self._parser = httptools.HttpResponseParser(self)  # the old one waits for a body
            self._end(self._status_outcome(), now, keep=self._keep)
        elif self._received_bytes > MAX_ANSWER_BYTES:
            self._end(Outcome.BODY_TOO_LARGE, now, keep=False)

    def _status_outcome(self) -> int:
        return OK if 200 <= self._status < 300 else self._status

    def _outcome_of_loss(self, error: Exception | None) -> int:
        if error is not None:
            return Outcome.RESET
        if self._head_complete and not _Headers(self._head).values.keys() & LENGTH_HEADERS:
            return self._status_outcome()  # without a length the body lasts until the connection closes
        if not self._received_bytes and self._transport is not None and was_stale(self._transport):
            return Outcome.STALE_CONNECTION
        return Outcome.CLOSED_EARLY

    def _end(self, outcome: int, now: float, *, keep: bool) -> None:
        sample = self.sample
        self.sample = IDLE
        if not keep:
            self.usable = False
            if self._transport is not None:
                self._transport.abort()
        self._owner.ended(self, sample, outcome, now)
