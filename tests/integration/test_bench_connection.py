"""However a server answers, a request ends with a named outcome, in time."""

import socket
import threading

import pytest

from aiops_toolkit.bench.engine import Engine
from support.bench_certificates import make_certificate, needs_openssl
from support.bench_loads import Probe, kinds_of_one, load_of
from support.bench_server import OK, Reply, reset, says, serving, silence, status

HEAD = b"HTTP/1.1 200 OK\r\n"
BODY_70_MB = [HEAD + b"Content-Length: 73400320\r\n\r\n", *[bytes(2**20)] * 70]

ANSWERS: dict[str, tuple[Reply, str]] = {
    "plain": (says(OK), "ok"),
    "byte by byte": (says(*(OK[i : i + 1] for i in range(len(OK))), pause_s=0.001), "ok"),
    "slow headers": (says(HEAD, b"Content-Length: 2\r\n", b"\r\n", b"ok", pause_s=0.05), "ok"),
    "chunked": (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "ok"),
    "chunks of one byte": (
        says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n"),
        "ok",
    ),
    "200 with garbage": (says(HEAD + b"Content-Length: 4\r\n\r\n\0\xff{["), "ok"),
    "no length, ends at close": (says(HEAD + b"\r\nContent-Length: in the body", close=True), "ok"),
    "HTTP/1.0": (says(b"HTTP/1.0 200 OK\r\n\r\nok", close=True), "ok"),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), "ok"),
    "continue first": (says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), "ok"),
    "continue, then late": (says(b"HTTP/1.1 100 Continue\r\n\r\n", OK, pause_s=0.05), "ok"),
    "server error": (says(status(500)), "status-500"),
    "not found": (says(status(404)), "status-404"),
    "redirect": (says(status(307)), "status-307"),
    "error without a length": (says(b"HTTP/1.1 503 Busy\r\n\r\nbusy", close=True), "status-503"),
    "nothing, then closed": (says(close=True), "closed-early"),
    "half a head, then closed": (says(HEAD, close=True), "closed-early"),
    "half a body, then closed": (says(HEAD + b"Content-Length: 9\r\n\r\nhalf", close=True), "closed-early"),
    "half a chunk, then closed": (
        says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nha", close=True),
        "closed-early",
    ),
    "continue and half a body": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 9\r\n\r\nhalf", close=True),
        "closed-early",
    ),
    "half a body, then silence": (says(HEAD + b"Content-Length: 9\r\n\r\nhalf"), "timeout"),
    "silence": (silence, "timeout"),
    "headers slower than the timeout": (says(HEAD, *[b"X-Slow: 1\r\n"] * 100, pause_s=0.02), "timeout"),
    "reset": (reset, "reset"),
    "garbage": (says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "malformed"),
    "two lengths": (says(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), "malformed"),
    "length and chunks": (says(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok"), "malformed"),
    "negative length": (says(HEAD + b"Content-Length: -2\r\n\r\nok"), "malformed"),
    "more than was announced": (says(OK + b"more"), "malformed"),
    "two answers": (says(OK + OK), "malformed"),
    "another protocol": (says(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx"), "malformed"),
    "endless head": (says(HEAD, *[b"X-Filler: " + b"x" * 60_000 + b"\r\n"] * 6), "malformed"),
    "endless interim answers": (says(*[b"HTTP/1.1 102 Processing\r\n\r\n" * 4000] * 4), "malformed"),
    "body beyond 64 MB": (says(*BODY_70_MB), "body-too-large"),
}


@pytest.mark.parametrize(("reply", "kind"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_becomes_a_named_outcome(reply: Reply, kind: str) -> None:
    with serving(reply) as server:
        assert kinds_of_one(server.url, timeout_s=0.4 if kind == "timeout" else 10.0) == [kind]


def test_a_connection_serves_many_requests() -> None:
    with serving(says(OK)) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.closed(3, 0.2, drain_s=1)
    assert server.requests == len(run.table.end) > 10
    assert server.connections == 4  # one of them only checked that the address accepts connections


def test_a_connection_that_the_server_closes_is_opened_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with serving(says(answer, close=True)) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.closed(2, 0.2, drain_s=1)
    assert (run.table.outcome == 0).all()
    assert server.connections == server.requests + 1 == len(run.table.end) + 1 > 5


def test_the_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
    with serving(says(answer)) as server, Engine(load_of(server.url, method="HEAD"), Probe()) as engine:
        run = engine.closed(1, 0.1, drain_s=1)
    assert (run.table.outcome == 0).all()
    assert len(run.table.outcome) > 2
    assert server.connections == 2


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening
        assert kinds_of_one(f"http://127.0.0.1:{taken.getsockname()[1]}/") == ["connect-refused"]


def test_a_server_that_never_accepts() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):  # they fill the backlog
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        kinds = kinds_of_one(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_s=0.4)
    assert kinds in (["connect-timeout"], ["timeout"])  # kernels differ in how long a backlog of 0 is


def test_https_to_a_plain_port_is_a_failure_of_tls() -> None:
    def refuse_two_connections() -> None:  # the first only checks that the address accepts connections
        for _ in range(2):
            with listener.accept()[0] as connection:
                if connection.recv(2**16):
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse_two_connections)
        server.start()
        kinds = kinds_of_one(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        server.join()
    assert kinds == ["tls"]


@needs_openssl
@pytest.mark.parametrize("trusted", [True, False])
def test_https_needs_a_certificate_that_is_trusted(tmp_path, monkeypatch, trusted: bool) -> None:
    certificate = make_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with serving(says(OK), tls=certificate.server_context()) as server:
        assert kinds_of_one(server.url.replace("http:", "https:")) == ["ok" if trusted else "tls"]
