"""A loopback HTTP server that gets out of a load generator's way: one thread on epoll, one canned answer.

With `--service-s` each answer waits for that long by a timerfd, and the server records what it really took, from having
read the request to having written the answer. `GET /took` says what was recorded since it was last asked. The first
line on standard output is the port.
"""

import argparse
import json
import select
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import Any

from aiops_toolkit.bench.alarm import create_alarm

BACKLOG = 1024
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
REPORT_REQUEST = b"GET /took "


class Reactor:
    """The two methods of an event loop that an alarm needs, and nothing between epoll and the callbacks."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], None]] = {}

    def add_reader(self, descriptor: int, callback: Callable[..., None], *arguments: Any) -> None:
        """Call back whenever `descriptor` can be read."""
        self._callbacks[descriptor] = partial(callback, *arguments) if arguments else callback
        self._epoll.register(descriptor, select.EPOLLIN)

    def remove_reader(self, descriptor: int) -> None:
        """Stop calling back for `descriptor`."""
        self._epoll.unregister(descriptor)
        del self._callbacks[descriptor]

    def run(self) -> None:
        """Wait and call back until the process is ended."""
        while True:
            for descriptor, _ in self._epoll.poll():
                callback = self._callbacks.get(descriptor)
                if callback is not None:
                    callback()


class Listener(ABC):
    """Accepts connections and hands each to `_read` whenever it can be read."""

    def __init__(self) -> None:
        self._reactor = Reactor()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._reactor.add_reader(self._listener.fileno(), self._accept)

    def run(self) -> None:
        """Say the port, then serve until the process is ended."""
        print(self._listener.getsockname()[1], flush=True)
        self._reactor.run()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reactor.add_reader(connection.fileno(), self._read, connection)

    @abstractmethod
    def _read(self, connection: socket.socket) -> None:
        """Take what the connection sent."""

    def _received(self, connection: socket.socket) -> bytes:
        """What the connection sent; nothing once it has ended and is closed."""
        try:
            request = connection.recv(65_536)
        except ConnectionError:
            request = b""
        if not request:
            self._reactor.remove_reader(connection.fileno())
            connection.close()
        return request


class Server(Listener):
    """Answers each request `service_s` after it was read; 0 answers at once and records nothing."""

    def __init__(self, service_s: float) -> None:
        super().__init__()
        self._service_s = service_s
        self._due: deque[tuple[float, socket.socket]] = deque()
        self._took: list[float] = []
        self._cpu_s = process_time()
        self._alarm = create_alarm(self._reactor, self._ring) if service_s else None  # type: ignore[arg-type]

    def _read(self, connection: socket.socket) -> None:
        request = self._received(connection)
        if not request:
            return
        if self._alarm is None:
            _write(connection, ANSWER)
        elif request.startswith(REPORT_REQUEST):
            _write(connection, self._report())
        else:
            self._due.append((perf_counter() + self._service_s, connection))
            if len(self._due) == 1:
                self._alarm.set(self._due[0][0])

    def _ring(self) -> None:
        due = self._due
        while due and due[0][0] <= perf_counter():
            due_s, connection = due.popleft()
            _write(connection, ANSWER)
            self._took.append(perf_counter() - due_s + self._service_s)
        if due and self._alarm is not None:
            self._alarm.set(due[0][0])

    def _report(self) -> bytes:
        cpu_s = process_time()
        known = {
            "requests": len(self._took),
            "p50_s": median(self._took) if self._took else None,
            "cpu_s": cpu_s - self._cpu_s,
        }
        self._took, self._cpu_s = [], cpu_s
        body = json.dumps(known).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _write(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.send(answer)
    except OSError:  # the client has gone: reading from it next will say so
        return


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-s", type=float, default=0.0, help="how long each answer waits")
    Server(parser.parse_args().service_s).run()


if __name__ == "__main__":
    main()
