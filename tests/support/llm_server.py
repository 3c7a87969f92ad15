"""A small OpenAI-compatible server on a loopback port: holds clients to the contract, streams tokens at a set pace."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

MODEL, KEY = "tiny", "open-sesame"
WORDS = ("Once", " upon", " a", " time", ",", " there", " was", " ä")

KNOWN_KEYS = {"model", "messages", "prompt", "max_tokens", "stream", "stream_options"}

Chunk = dict[str, Any]


@dataclass(frozen=True)
class Behaviour:
    """How every answer comes: `tokens` after `first_s`, then every `gap_s`; `fault` names what goes wrong, and how.

    At most `slots` are served at once, the others queue. Without `length` a stream ends when the connection does.
    Faults: cut, reset, error-event, error-answer, garbage, not-a-stream, empty, no-end, hang, hang-later.
    """

    tokens: int = 8
    first_s: float = 0.02
    gap_s: float = 0.005
    slots: int = 1_000
    usage: bool = True
    fault: str = ""
    byte_by_byte: bool = False
    length: bool = True
    line_end: bytes = b"\n"


@dataclass
class Answered:
    """One answer as the server saw it: when the request had been read, and when each token was written."""

    body: Chunk
    read_at: float
    written_at: list[float] = field(default_factory=list)


@dataclass
class LlmServer:
    """What the server saw so far."""

    port: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[Answered] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def serving_llm(behaviour: Behaviour | None = None) -> Iterator[LlmServer]:
    """A server on a free port; it is gone, and the port closed, when the context ends."""
    server, ready = LlmServer(), threading.Event()
    how = behaviour or Behaviour()
    slots = asyncio.Semaphore(how.slots)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _answer(server, how, slots, reader, writer):
                pass
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client went away
        finally:
            writer.close()

    async def serve() -> None:
        listener = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=1024)
        server.port = listener.sockets[0].getsockname()[1]
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


async def _answer(
    server: LlmServer,
    how: Behaviour,
    slots: asyncio.Semaphore,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> bool:
    """Read one request and answer it; whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    read_at = perf_counter()
    fault = _fault_of(request_line, headers, content)
    if fault is not None:
        server.refused.append(fault[1])
        _write_json(writer, {"error": {"message": fault[1]}}, status=fault[0])
        return True
    answered = Answered(json.loads(content), read_at)
    server.answers.append(answered)
    async with slots:
        return await _Stream(how, answered, writer, chat="/chat/" in request_line).write()


def _fault_of(request_line: str, headers: dict[str, str], content: bytes) -> tuple[int, str] | None:
    """Status and message for a request that a server would refuse."""
    method, path, _ = request_line.split(" ")
    chat = path.endswith("/chat/completions")
    if method != "POST" or path not in {"/v1/chat/completions", "/v1/completions"}:
        return 404, f"no {method} {path}"
    if headers.get("authorization") not in {None, f"Bearer {KEY}"}:
        return 401, "wrong key"
    body = json.loads(content)
    prompt = body.get("messages") if chat else body.get("prompt")
    faults = [
        (404, f"no model {body['model']}", body["model"] != MODEL),
        (415, "no JSON", headers.get("content-type") != "application/json"),
        (400, "no prompt", not prompt or not isinstance(prompt, list if chat else str)),
        (
            400,
            "no stream with usage",
            (body.get("stream"), body.get("stream_options")) != (True, {"include_usage": True}),
        ),
        (400, f"unknown key in {sorted(body)}", bool(body.keys() - KNOWN_KEYS)),
    ]
    return next(((status, message) for status, message, found in faults if found), None)


def _write_json(writer: asyncio.StreamWriter, value: Chunk, *, status: int = 200) -> None:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


class _Stream:
    """Writes one answer."""

    def __init__(self, how: Behaviour, answered: Answered, writer: asyncio.StreamWriter, *, chat: bool) -> None:
        self._how, self._answered, self._writer, self._chat = how, answered, writer, chat
        self._tokens = min(how.tokens, answered.body.get("max_tokens", how.tokens))

    async def write(self) -> bool:
        fault = self._how.fault
        if fault == "not-a-stream":
            _write_json(self._writer, {"choices": [{"message": {"content": "Once"}}], "usage": {}})
            return True
        if fault == "error-answer":
            _write_json(self._writer, {"error": {"message": "overloaded"}})
            return True
        if fault == "hang":
            await asyncio.sleep(3600)
        coding = b"Transfer-Encoding: chunked\r\n" if self._how.length else b"Connection: close\r\n"
        self._writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + coding + b"\r\n")
        if self._chat:
            await self._send({"role": "assistant", "content": ""})
        if fault != "empty":
            for number in range(self._tokens):
                if number == 3 and not await self._go_on(fault):
                    return False
                await asyncio.sleep(self._how.gap_s if number else self._how.first_s)
                self._answered.written_at.append(perf_counter())
                await self._send({"content": WORDS[number % len(WORDS)]})
        await self._end()
        return self._how.length

    async def _go_on(self, fault: str) -> bool:
        """Let go wrong what has to; whether the stream goes on all the same."""
        if fault == "cut":
            return False
        if fault == "reset":
            await self._writer.drain()
            self._writer.transport.get_extra_info("socket").setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
            self._writer.transport.abort()
            return False
        if fault == "hang-later":
            await asyncio.sleep(3600)
        if fault == "error-event":
            await self._event(b'{"error": {"message": "out of memory"}}')
        if fault == "garbage":
            await self._event(b"{nonsense")
        return True

    async def _send(self, delta: Chunk, finish: str | None = None) -> None:
        said: Chunk = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": 0, **said, "finish_reason": finish}
        await self._event(json.dumps({"id": "x", "model": MODEL, "choices": [choice], "usage": None}).encode())

    async def _end(self) -> None:
        if self._how.fault != "no-end":
            await self._send({}, "stop")
            if self._how.usage:
                usage = {"prompt_tokens": 5, "completion_tokens": self._tokens}
                await self._event(json.dumps({"choices": [], "usage": usage}).encode())
            await self._event(b"[DONE]")
        self._writer.write(b"0\r\n\r\n" if self._how.length else b"")

    async def _event(self, data: bytes) -> None:
        content = b"data: " + data + 2 * self._how.line_end
        step = 1 if self._how.byte_by_byte else len(content)
        for start in range(0, len(content), step):
            piece = content[start : start + step]
            self._writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self._how.length else piece)
            await self._writer.drain()
