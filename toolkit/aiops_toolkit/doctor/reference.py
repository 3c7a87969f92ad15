"""A server that answers at once, in a process of its own: a response time against it is the engine's own.

Run as `python -m aiops_toolkit.doctor.reference`; it prints its port and serves until its standard input closes.
"""

import asyncio
import sys
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
END_OF_REQUEST = b"\r\n\r\n"


class Reference(asyncio.Protocol):
    """Answers each request without a body."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the transport to answer on."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as have come in whole."""
        *requests, self._received = (self._received + data).split(END_OF_REQUEST)
        if requests:
            self._transport.write(ANSWER * len(requests))


async def serve() -> None:
    """Serve on a free port of 127.0.0.1 until standard input closes, as it does when the parent ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Reference, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
