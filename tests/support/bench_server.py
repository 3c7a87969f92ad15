"""A loopback HTTP server on a thread that answers exactly as a test scripts it, and counts what it was asked."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Reply = Callable[["Call"], Awaitable[bool]]


@dataclass
class Server:
    """What the server saw so far; setting `stop` closes it for good."""

    port: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/predict"

    @property
    def requests(self) -> int:
        return len(self.heads)


@dataclass
class Call:
    """One request, to be answered through `writer`."""

    number: int
    head: bytes
    writer: asyncio.StreamWriter


def says(*pieces: bytes, close: bool = False, pause_s: float = 0.0) -> Reply:
    """Write the pieces with a pause after each but the last, then close the connection or keep it."""

    async def reply(call: Call) -> bool:
        for number, piece in enumerate(pieces):
            if number and pause_s:
                await asyncio.sleep(pause_s)
            call.writer.write(piece)
            await call.writer.drain()
        return not close

    return reply


def takes(service_s: float, *, workers: int = 1_000_000, answer: bytes = OK) -> Reply:
    """Answer after a constant service time; at most `workers` requests are served at once, the others queue."""
    slots = asyncio.Semaphore(workers)

    async def reply(call: Call) -> bool:
        async with slots:
            await asyncio.sleep(service_s)
        call.writer.write(answer)
        return True

    return reply


def status(code: int) -> bytes:
    """An answer with this status and no body."""
    return f"HTTP/1.1 {code} Status\r\nContent-Length: 0\r\n\r\n".encode()


async def silence(_call: Call) -> bool:
    """Never answer."""
    await asyncio.sleep(3600)
    return False


async def reset(call: Call) -> bool:
    """Tear the connection down without a farewell."""
    call.writer.transport.get_extra_info("socket").setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
    call.writer.transport.abort()
    return False


@contextmanager
def serving(
    reply: Reply, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", path: Path | None = None
) -> Iterator[Server]:
    """A server on a free port of this machine, or on a Unix socket; it is gone, and closed, when the context ends."""
    server, ready = Server(), threading.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while True:
                head, body = await _read_request(reader)
                server.heads.append(head)
                server.bodies.append(body)
                if not await reply(Call(len(server.heads), head, writer)):
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client went away
        finally:
            writer.close()

    async def serve() -> None:
        listener = await asyncio.start_server(answer, sock=_listen(host, path), ssl=tls)
        server.port = 0 if path else listener.sockets[0].getsockname()[1]
        ready.set()
        while not server.stop.is_set():
            await asyncio.sleep(0.01)
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.stop.set()
        thread.join()


def _listen(host: str, path: Path | None) -> socket.socket:
    if path is None:
        return socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1024)
    return listener


async def _read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    return head, await reader.readexactly(int(lengths[0])) if lengths else b""
