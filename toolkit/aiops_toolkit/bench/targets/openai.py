"""An OpenAI-compatible service of a language model as a target: streamed answers to chat and completion requests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.samples import Samples
from aiops_toolkit.bench.target import Owner, StreamTable
from aiops_toolkit.bench.targets.answers import KeptAnswers, StreamedAnswer
from aiops_toolkit.bench.targets.connection import Connection
from aiops_toolkit.bench.targets.http import HINTS as HTTP_HINTS
from aiops_toolkit.bench.targets.http import SERVICE_LOG, HttpLoad
from aiops_toolkit.bench.targets.link import Link
from aiops_toolkit.bench.targets.payloads import Requests, in_order, requests_of
from aiops_toolkit.bench.targets.prompts import Prompt, make_prompts, read_prompts
from aiops_toolkit.bench.targets.urls import below
from aiops_toolkit.config.targets import OpenaiTarget

PATHS = {"chat": "chat/completions", "completions": "completions"}
# Its newer models refuse max_tokens; Ollama and others know nothing else, and every other server takes it.
HOSTS_OF_NEW_LIMIT = ("api.openai.com",)
HINTS = HTTP_HINTS | {
    "stale-connection": "the service closes kept connections without saying so; let it say Connection: close",
    "status-400": f"check the model's name, max_tokens and the prompts' length, and {SERVICE_LOG}",
    "status-401": "check the key: headers: {Authorization: Bearer $NAME}, with the variable NAME set",
    "status-404": "check the model's name, and the url: the base before /chat/completions, it often ends in /v1",
    "stream-cut": f"the streams stop before their end; check {SERVICE_LOG}",
    "stream-error": f"the service reports an error in its answers; check {SERVICE_LOG}",
    "stream-malformed": "the answers are not those of an OpenAI-compatible stream; check the url",
    "stream-empty": "the answers hold no token; check max_tokens and the prompts",
    "not-a-stream": "the service answers without streaming; check that it supports stream: true at this url",
}


class StreamConnection(Connection):
    """A connection that keeps the pieces of its answers and when they came; they are read after the load."""

    __slots__ = ("_answer", "_kept", "_read_at")

    def __init__(self, owner: Owner, messages: tuple[bytes, ...], kept: KeptAnswers) -> None:
        self._kept = kept
        self._answer = StreamedAnswer()
        self._read_at = 0.0
        super().__init__(owner, messages)

    def send(self, sample: int) -> None:
        """Send the request of row `sample`, and keep its answer."""
        self._answer = self._kept.begin(sample)
        super().send(sample)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._read_at = perf_counter()
        super().data_received(data)

    def on_body(self, body: bytes) -> None:
        """Called by the parser for each piece of the body."""
        self._kept.add(self._answer, body, self._read_at)


class OpenaiLoad(HttpLoad):
    """Loads chat or text completions, one connection a request in flight, and tells tokens from the answers."""

    def __init__(self, requests: Requests, *, model: str, link: Link | None = None) -> None:
        super().__init__(requests, link=link)
        self.label = f"{self.label} ({model})"
        self._kept = KeptAnswers()

    def _connection(self, owner: Owner) -> Connection:
        return StreamConnection(owner, self._requests.messages, self._kept)

    def start(self) -> None:
        """Forget the answers of the last load."""
        self._kept = KeptAnswers()

    def finish(self, samples: Samples) -> StreamTable:
        """Read the answers, and correct the outcomes that only reading can tell."""
        return self._kept.finish(samples)

    def hint(self, kind: str) -> str:
        """What to check."""
        return HINTS.get(kind) or super().hint(kind)


def build_openai_load(
    target: OpenaiTarget, *, root: Path, url: str, environment: Mapping[str, str], seed: int
) -> OpenaiLoad:
    """One streaming request for each prompt; `url` is the base, and `seed` makes synthetic prompts up.

    Raises UsageError for a URL, a header or a prompt that cannot be sent.
    """
    if isinstance(target.prompts, str):
        prompts = read_prompts(target.prompts, root=root)
    else:
        prompts = make_prompts(target.prompts, seed=seed)
    full_url = below(url, PATHS[target.endpoint])
    limit = "max_tokens"
    if target.endpoint == "chat" and urlsplit(full_url).hostname in HOSTS_OF_NEW_LIMIT:
        limit = "max_completion_tokens"
    requests = requests_of(
        [(".json", _body(target, prompt, limit)) for prompt in prompts],
        method="POST",
        url=full_url,
        headers=target.headers,
        timeout_s=target.timeout_s,
        environment=environment,
    )
    requests = replace(requests, messages=in_order(requests.messages, target.order, seed))
    return OpenaiLoad(requests, model=target.model, link=Link(root=root, tls=target.tls))


def _body(target: OpenaiTarget, prompt: Prompt, limit: str) -> bytes:
    body: dict[str, Any] = {"model": target.model}
    if target.endpoint == "chat":
        body["messages"] = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    elif isinstance(prompt, str):
        body["prompt"] = prompt
    else:
        raise UsageError('prompts: "messages" need the chat endpoint; write endpoint: chat, or {"prompt": "text"}')
    if target.max_tokens is not None:
        body[limit] = target.max_tokens
    return json.dumps(body | {"stream": True, "stream_options": {"include_usage": True}}).encode()
