"""Calls one Python function for the load engine, once for each request that comes in over a socket.

`python.py` starts this file with the user's own interpreter, so it imports nothing but the standard library and keeps
to Python 3.8. Each connection is a lane; a request names a payload by its number (REQUEST), an answer says how it ended
(ANSWER: 0 or a code, the moment of the first output or NaN, then so many bytes of text).
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import socket
import struct
import sys
import threading
import types
from math import nan
from pathlib import Path
from typing import Any, Awaitable, Callable, Sequence, Tuple  # noqa: UP035 - Python 3.8

REQUEST = struct.Struct("!I")
ANSWER = struct.Struct("!idH")
FAILED = 1
SUCCESS = ANSWER.pack(0, nan, 0)
LONGEST_TEXT_BYTES = 500
LONGEST_SOCKET_PATH_BYTES = 100  # the kernel takes 108 on Linux, 104 on macOS
BACKLOG = 1024
READY, LANES = "ready.json", "lanes"

Arguments = Sequence[Tuple[Any, ...]]  # noqa: UP006 - Python 3.8


class UnfitError(Exception):
    """The function cannot be loaded; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Serve until killed. The one argument is the path of a JSON file.

    It holds the function, the paths of its payloads, and how many threads may call it at once.
    """
    path = Path(arguments[0])
    plan = json.loads(path.read_text())
    own = str(Path(__file__).resolve().parent)
    sys.path[:] = [str(Path.cwd()), *(entry for entry in sys.path if os.path.realpath(entry) != own)]
    payloads = [Path(payload).read_bytes() for payload in plan["payloads"]]
    try:
        function = find(plan["function"], with_payload=bool(payloads))
    except UnfitError as error:
        announce(path.parent, error=str(error))
        return 1
    calls: list[tuple[Any, ...]] = [(payload,) for payload in payloads] or [()]
    listener, address = listen(path.parent)
    if is_async(function):
        asyncio.run(serve_async(listener, function, calls, lambda: announce(path.parent, address=address)))
    else:
        announce(path.parent, address=address)
        slots = threading.Semaphore(plan["at_once"])
        accept_lanes(listener, lambda lane: serve_calls(lane, function, calls, slots))
    return 0


def find(name: str, *, with_payload: bool) -> Callable[..., Any]:
    """The function that package.module:function names. Raises UnfitError unless it can be called as it will be."""
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:  # a module may do anything when it is imported, also exit
        raise UnfitError(f"{module_name} cannot be imported: {describe(error)}") from error
    function = getattr(module, attribute, None)
    if not callable(function):
        what = f"has no {attribute}" if function is None else f"has a {attribute} that is not callable"
        raise UnfitError(f"{module_name} {what}; correct the name after the colon")
    given = "the bytes of one payload" if with_payload else "nothing, as no payloads are given"
    try:
        inspect.signature(function).bind(*([b""] if with_payload else []))
    except TypeError as error:
        raise UnfitError(f"{name} takes other arguments ({error}): it is called with {given}") from error
    except ValueError:  # some functions written in C do not tell their arguments
        pass
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UnfitError(f"{name} is a generator, which does nothing when called: name a function that uses it up")
    return function  # type: ignore[no-any-return]


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives something to await: an async function, or an object whose call is one."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def listen(folder: Path) -> tuple[socket.socket, Any]:
    """A listening socket and its address: a path below `folder`, or host and port where a path cannot be had."""
    path = str(folder / LANES)
    if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= LONGEST_SOCKET_PATH_BYTES:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(BACKLOG)
        return listener, path
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    return listener, listener.getsockname()


def announce(folder: Path, **facts: Any) -> None:
    """Leave a file that says where lanes are accepted, or what is wrong; it appears whole or not at all."""
    draft = folder / (READY + ".draft")
    draft.write_text(json.dumps({"pid": os.getpid(), **facts}))
    draft.replace(folder / READY)


def accept_lanes(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """A thread for each lane, for ever."""
    while True:
        lane, _ = listener.accept()
        if lane.family == socket.AF_INET:
            lane.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(lane,), daemon=True).start()


def receive(lane: socket.socket) -> int | None:
    """The number of the payload that is asked for next; None when the lane is closed."""
    try:
        request = lane.recv(REQUEST.size, socket.MSG_WAITALL)
    except OSError:
        return None
    return REQUEST.unpack(request)[0] if len(request) == REQUEST.size else None


def serve_calls(
    lane: socket.socket, function: Callable[..., Any], calls: Arguments, slots: threading.Semaphore
) -> None:
    """Call the function for one lane, each time a slot is free for it, until the lane is closed."""
    with lane:
        number = receive(lane)
        while number is not None:
            answer = SUCCESS
            try:
                with slots:
                    result = function(*calls[number])
                if isinstance(result, types.CoroutineType):
                    raise TypeError("it returned a coroutine without being an async function")
                del result  # it may be large, and the next one may be long in coming
            except BaseException as error:  # whatever it raises is its answer
                answer = failure(error)
            try:
                lane.sendall(answer)
            except OSError:
                return
            number = receive(lane)


async def serve_async(
    listener: socket.socket,
    function: Callable[..., Awaitable[Any]],
    calls: Arguments,
    ready: Callable[[], None],
) -> None:
    """Await the function for every lane on this event loop, for ever."""
    loop = asyncio.get_running_loop()
    if listener.family == socket.AF_INET:
        server = await loop.create_server(lambda: AsyncLane(function, calls), sock=listener, backlog=BACKLOG)
    else:
        server = await loop.create_unix_server(lambda: AsyncLane(function, calls), sock=listener, backlog=BACKLOG)
    ready()
    await server.serve_forever()


class AsyncLane(asyncio.Protocol):
    """One lane of an async function; a call is cancelled when its lane is closed."""

    def __init__(self, function: Callable[..., Awaitable[Any]], calls: Arguments) -> None:
        self._function = function
        self._calls = calls
        self._received = b""
        self._call: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep the transport to answer on."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin the call that is asked for."""
        self._received += data
        if len(self._received) == REQUEST.size:
            (number,) = REQUEST.unpack(self._received)
            self._received = b""
            self._call = asyncio.get_running_loop().create_task(self._answer(number))

    def connection_lost(self, _error: Exception | None) -> None:
        """Nobody waits for the answer any more."""
        if self._call is not None:
            self._call.cancel()

    async def _answer(self, number: int) -> None:
        answer = SUCCESS
        try:
            await self._function(*self._calls[number])
        except BaseException as error:  # an exit raised in a task would end the loop
            answer = failure(error)
        self._transport.write(answer)  # does nothing on a lane that is closed


def failure(error: BaseException) -> bytes:
    """The answer for a call that raised."""
    text = describe(error).encode(errors="replace")[:LONGEST_TEXT_BYTES]
    return ANSWER.pack(FAILED, nan, len(text)) + text


def describe(error: BaseException) -> str:
    """Kind and first line of an exception, and the line of code that raised it: ValueError: no digit (model.py:12)."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an exception may fail to say what it is
        lines = []
    text = ": ".join([type(error).__name__, *lines[:1]])
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None or place.tb_frame.f_code.co_filename.startswith((__file__, "<frozen")):
        return text
    return f"{text} ({Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
