"""What a server or a machine can do to a load at its worst is counted by name, and ends in time."""

import json
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.schedule import constant
from aiops_toolkit.config.targets import ExpectSettings
from support.bench_loads import Probe, counts, load_of
from support.bench_server import OK, Call, Server, says, serving

MIB = 2**20
ROOT = Path(__file__).parents[2]

# serves kept connections with at most a dozen files open; who comes later is neither accepted nor refused
SERVER_SHORT_OF_FILES = """
import asyncio, logging, resource

logging.disable()
resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


class Answering(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")


async def serve():
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
"""

LOAD_SHORT_OF_FILES = """
import json, resource, sys

from aiops_toolkit.bench.engine import Engine
from support.bench_loads import Probe, counts, load_of

resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
with Engine(load_of(sys.argv[1]), Probe()) as engine:
    print(json.dumps({"max_lanes": engine.max_lanes, **counts(engine.closed(60, 0.3, drain_s=20))}))
"""


def test_a_body_of_1_gb_is_cut_off_and_never_kept() -> None:
    async def pour(call: Call) -> bool:
        call.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            call.writer.write(piece)
            await call.writer.drain()
        return False

    piece = bytes(MIB)
    expect = ExpectSettings(json={"label": "cat"})
    with serving(pour) as server:
        for load in (load_of(server.url, timeout_s=60), load_of(server.url, timeout_s=60, expect=expect)):
            tracemalloc.start()
            with Engine(load, Probe()) as engine:
                run = engine.closed(1, 0.0, drain_s=60)
            _, peak_bytes = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert counts(run) == {"body-too-large": 1}
            assert peak_bytes < 32 * MIB


def test_a_service_that_stops_listening_under_load_is_refused_connections() -> None:
    with serving_until(10) as server, Engine(load_of(server.url), Probe()) as engine:
        run = engine.closed(2, 0.8, drain_s=20)
    kinds = counts(run)
    assert kinds["ok"] >= 9
    assert kinds["connect-refused"] > 0
    assert set(kinds) <= {"ok", "connect-refused", "closed-early", "reset", "unfinished"}


@contextmanager
def serving_until(last: int) -> Iterator[Server]:
    """A server that closes each connection after its answer, and itself at the last."""

    async def answer(call: Call) -> bool:
        if call.number >= last:
            server.stop.set()
        return await says(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", close=True)(call)

    with serving(answer) as server:
        yield server


@pytest.mark.parametrize("loop", ["closed", "open"])
def test_a_server_that_closes_after_each_answer_without_saying_so_is_survived(loop: str) -> None:
    with closing_at_once() as port, Engine(load_of(f"http://127.0.0.1:{port}/"), Probe()) as engine:
        if loop == "closed":
            run = engine.closed(2, 0.3, drain_s=20)
        else:
            run = engine.open(constant(200, 0.3), 0.3, drain_s=20)
    kinds = counts(run)
    assert kinds["ok"] > 2
    assert set(kinds) <= {"ok", "stale-connection", "reset", "closed-early"}


@contextmanager
def closing_at_once() -> Iterator[int]:
    """The port of a server that closes in the same breath as it answers."""

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if connection.recv(2**16) == b"stop":
                    return
                connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with socket.create_connection(listener.getsockname()) as connection:
                connection.sendall(b"stop")
            thread.join()


def test_a_server_that_runs_out_of_files_lets_its_last_clients_wait_in_vain() -> None:
    command = [sys.executable, "-c", SERVER_SHORT_OF_FILES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
            with Engine(load_of(url, timeout_s=0.5), Probe()) as engine:
                kinds = counts(engine.closed(20, 0.8, drain_s=20))
        finally:
            server.kill()
    assert kinds["ok"] > 2
    assert kinds["timeout"] > 1
    assert set(kinds) == {"ok", "timeout"}


def test_a_generator_that_runs_out_of_files_says_so() -> None:
    with serving(says(OK)) as server:
        command = [sys.executable, "-c", LOAD_SHORT_OF_FILES, server.url]
        run = subprocess.run(
            command,
            cwd=ROOT / "tests",
            env={"PYTHONPATH": PATH},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    kinds = Counter(json.loads(run.stdout))
    assert kinds.pop("max_lanes") == 1  # an open loop would not have gone that far
    assert kinds["ok"] > 2
    assert kinds["too-many-open-files"] > 10
    assert set(kinds) == {"ok", "too-many-open-files"}


PATH = ":".join(str(ROOT / folder) for folder in ("tests", "toolkit", "reports", "planner"))
