"""A request that met a connection closed before is told apart from one that the server got."""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from aiops_toolkit.bench.targets.stale import was_stale

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what was acknowledged")

REQUEST, ANSWER = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"


class Transport:
    """All that is asked of a transport here."""

    def __init__(self, connected: socket.socket | None) -> None:
        self._socket = connected

    def get_extra_info(self, name: str) -> socket.socket | None:
        return {"socket": self._socket}[name]


@contextmanager
def both_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=30)
        server, _ = listener.accept()
        with closing(client), closing(server):
            yield client, server


def exchange(client: socket.socket, server: socket.socket) -> None:
    client.sendall(REQUEST)
    assert server.recv(1000) == REQUEST
    server.sendall(ANSWER)
    assert client.recv(1000) == ANSWER


def test_a_request_to_a_connection_that_was_closed_after_its_last_answer_is_stale():
    with both_ends() as (client, server):
        exchange(client, server)
        server.close()
        assert client.recv(1000) == b""
        client.sendall(REQUEST)
        assert was_stale(Transport(client))


def test_a_request_that_the_server_read_before_it_closed_is_not():
    with both_ends() as (client, server):
        exchange(client, server)
        client.sendall(REQUEST)
        assert server.recv(1000) == REQUEST
        server.close()
        assert client.recv(1000) == b""
        assert not was_stale(Transport(client))


def test_a_connection_that_never_carried_an_answer_is_not():
    with both_ends() as (client, server):
        server.close()
        assert client.recv(1000) == b""
        client.sendall(REQUEST)
        assert not was_stale(Transport(client))


def test_where_the_system_does_not_tell_nothing_is_called_stale():
    one, other = socket.socketpair()
    with closing(one), closing(other):
        assert not was_stale(Transport(one))
    assert not was_stale(Transport(one))  # closed by now
    assert not was_stale(Transport(None))
