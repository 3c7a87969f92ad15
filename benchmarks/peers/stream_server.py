"""A loopback server that streams tokens like an OpenAI-compatible service, at a set pace, from one thread on epoll.

It records what the time to the first token really was, from having read the request to having written the token.
`GET /took` says the median since it was last asked. The first line on standard output is the port.
"""

import argparse
import heapq
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import perf_counter

from aiops_toolkit.bench.alarm import create_alarm
from peers.server import REPORT_REQUEST, Listener

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The first token comes after `first_s`, each of the other `tokens` after another `gap_s`."""

    first_s: float
    gap_s: float
    tokens: int


@dataclass(slots=True)
class Stream:
    """An answer under way."""

    connection: socket.socket
    read_at: float
    sent: int = 0


class Server(Listener):
    """Answers whatever is asked with the same stream."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace
        self._pieces = list(pieces(pace.tokens))
        self._due: list[tuple[float, int, Stream]] = []
        self._order = count()
        self._took: list[float] = []
        self._alarm = create_alarm(self._reactor, self._ring)  # type: ignore[arg-type]

    def _read(self, connection: socket.socket) -> None:
        request = self._received(connection)
        now = perf_counter()
        if not request:
            return
        if request.startswith(REPORT_REQUEST):
            body = json.dumps({"p50_s": median(self._took) if self._took else None}).encode()
            self._took = []
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        else:
            self._send_at(now + self._pace.first_s, Stream(connection, now))

    def _send_at(self, due_s: float, stream: Stream) -> None:
        heapq.heappush(self._due, (due_s, next(self._order), stream))
        if self._due[0][0] == due_s:
            self._alarm.set(due_s)

    def _ring(self) -> None:
        due = self._due
        while due and due[0][0] <= perf_counter():
            due_s, _, stream = heapq.heappop(due)
            if self._write(stream) and stream.sent < len(self._pieces):
                self._send_at(due_s + self._pace.gap_s, stream)
        if due:
            self._alarm.set(due[0][0])

    def _write(self, stream: Stream) -> bool:
        """Write the next piece; False when the client has gone."""
        try:
            stream.connection.send(self._pieces[stream.sent])
        except OSError:
            return False
        if not stream.sent:
            self._took.append(perf_counter() - stream.read_at)
        stream.sent += 1
        return True


def pieces(tokens: int) -> Iterator[bytes]:
    """What is written at once for each token; the last one brings usage and the end with it."""
    for number in range(tokens):
        last = number == tokens - 1
        written = chunk({"delta": {"content": f" token {number}"}, "finish_reason": "stop" if last else None})
        if last:
            written += chunk(None, {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": 20 + tokens})
            written += framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        yield written if number else HEAD + written


def chunk(choice: dict[str, object] | None, usage: dict[str, int] | None = None) -> bytes:
    """One chunk of an answer as servers write it."""
    described = {
        "id": "chatcmpl-0123456789abcdef0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "tiny",
        "choices": [] if choice is None else [{"index": 0, "logprobs": None, **choice}],
        "usage": usage,
    }
    return framed(b"data: " + json.dumps(described).encode() + b"\n\n")


def framed(content: bytes) -> bytes:
    """A piece of a body in HTTP's chunked coding."""
    return b"%x\r\n%s\r\n" % (len(content), content)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-s", type=float, required=True)
    parser.add_argument("--gap-s", type=float, required=True)
    parser.add_argument("--tokens", type=int, required=True)
    asked = parser.parse_args()
    Server(Pace(first_s=asked.first_s, gap_s=asked.gap_s, tokens=asked.tokens)).run()


if __name__ == "__main__":
    main()
