"""A model served by the Open Inference Protocol v2 (KServe, Triton and others) as a target, over HTTP."""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Event, Timer
from typing import Any
from urllib.parse import quote

from aiops_planner.errors import MeasurementError, UsageError
from aiops_toolkit.bench.targets.http import HINTS as HTTP_HINTS
from aiops_toolkit.bench.targets.http import SERVICE_LOG, HttpLoad
from aiops_toolkit.bench.targets.link import Destination, Link
from aiops_toolkit.bench.targets.payloads import Requests, find_payloads, in_order, requests_of
from aiops_toolkit.bench.targets.tensors import make_bodies
from aiops_toolkit.bench.targets.urls import below
from aiops_toolkit.config.targets import KserveTarget, Order
from aiops_toolkit.logs import one_line

MAX_METADATA_BYTES = 2**20
HINTS = HTTP_HINTS | {
    "stale-connection": "the service closes kept connections without saying so; let it say Connection: close",
    "status-400": f"check that the payloads fit the model's inputs, and {SERVICE_LOG}",
    "status-404": "check the model's name and version, and that the url is the base before /v2",
    "status-503": f"the model is not ready; check {SERVICE_LOG}",
}

Bodies = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is asked of the service before a load: the model's metadata, and whether it is ready."""

    metadata: Requests
    ready: Requests
    seed: int


class KserveLoad(HttpLoad):
    """Loads a model with payloads, or with inputs that are made up from its metadata when the load begins."""

    def __init__(
        self, build: Callable[[Bodies], Requests], bodies: Bodies, questions: Questions, *, link: Link
    ) -> None:
        super().__init__(build(bodies or [("", b"")]), link=link)
        self._build = build
        self._questions = None if bodies else questions

    def __enter__(self) -> "KserveLoad":
        """Make inputs up where there are no payloads. Raises MeasurementError when the model cannot be asked."""
        super().__enter__()
        if self._questions is not None:
            try:
                self._requests = self._build([(".json", body) for body in self._made_up(self._questions)])
            except MeasurementError as error:
                raise MeasurementError(f"{self.label}: {error.message}") from None
        return self

    def hint(self, kind: str) -> str:
        """What to check."""
        return HINTS.get(kind) or super().hint(kind)

    def _made_up(self, questions: Questions) -> list[bytes]:
        status, answer = _ask(questions.metadata, self._destination)
        if status != 200:
            raise MeasurementError(
                f"the model's metadata cannot be had (status {status}{_said(answer)}): {_why(status)}"
            )
        metadata = _parsed(answer)
        if not isinstance(metadata, dict):
            raise MeasurementError("the model's metadata are no JSON object: check that the service speaks /v2")
        status, answer = _ask(questions.ready, self._destination)
        if status not in {200, 404}:  # some servers leave this question out
            raise MeasurementError(f"the model is not ready (status {status}{_said(answer)}): check {SERVICE_LOG}")
        return make_bodies(metadata, seed=questions.seed)


def build_kserve_load(
    target: KserveTarget, *, root: Path, url: str, environment: Mapping[str, str], seed: int
) -> KserveLoad:
    """The target below the base `url`. Raises UsageError for a URL, a header or a payload that cannot be sent."""
    version = f"/versions/{quote(target.version, safe='')}" if target.version else ""
    model = below(url, f"v2/models/{quote(target.model, safe='')}{version}")
    request = partial(requests_of, headers=target.headers, timeout_s=target.timeout_s, environment=dict(environment))
    ask = partial(request, [("", b"")], method="GET")
    return KserveLoad(
        partial(_build, partial(request, method="POST", url=below(model, "infer")), target.order, seed),
        _bodies(target.payloads, root) if target.payloads else [],
        Questions(metadata=ask(url=model), ready=ask(url=below(model, "ready")), seed=seed),
        link=Link(root=root, tls=target.tls),
    )


def _build(request: Callable[[Bodies], Requests], order: Order, seed: int, bodies: Bodies) -> Requests:
    requests = request(bodies)
    return replace(requests, messages=in_order(requests.messages, order, seed))


def _bodies(pattern: str, root: Path) -> Bodies:
    bodies = []
    for path, content in find_payloads(root, pattern):
        if not isinstance(_parsed(content), dict):
            raise UsageError(f'payloads: {path} is no JSON object; an inference request is {{"inputs": [...]}}')
        bodies.append((".json", content))
    return bodies


def _ask(question: Requests, destination: Destination) -> tuple[int, bytes]:
    """Status and body of the answer, not following redirects nor using proxies, as the load itself does."""
    try:
        with closing(_connected(destination, question.timeout_s)) as connection:
            return _converse(question, connection)
    except (OSError, HTTPException, ValueError) as error:
        raise MeasurementError(
            f"{question.url} does not answer ({one_line(str(error) or type(error).__name__, limit=200)}): "
            f"check the url, and that the service runs"
        ) from None


def _converse(question: Requests, connection: socket.socket) -> tuple[int, bytes]:
    """One question and its answer, in `timeout_s` at most: that of the socket begins anew with each byte."""
    late = Event()

    def end() -> None:
        late.set()
        with suppress(OSError):  # the server was quicker
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(question.timeout_s, end)
    timer.start()
    try:
        connection.sendall(question.messages[0])
        answer = HTTPResponse(connection, method="GET")
        answer.begin()
        content = answer.read(MAX_METADATA_BYTES)
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        raise TimeoutError("timed out")
    return answer.status, content


def _connected(destination: Destination, timeout_s: float) -> socket.socket:
    connection = socket.create_connection((destination.address, destination.port), timeout=timeout_s)
    if destination.tls is None:
        return connection
    try:
        return destination.tls.wrap_socket(connection, server_hostname=destination.name)
    except OSError:
        connection.close()
        raise


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _said(answer: bytes) -> str:
    """The service's own words, where it has any."""
    parsed = _parsed(answer)
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return f", {one_line(error, limit=200)}" if isinstance(error, str) and error else ""


def _why(status: int) -> str:
    if status in {400, 404}:
        return "the model or its version is unknown there; check both, and that the url is the base before /v2"
    return HTTP_HINTS.get(f"status-{status}", f"check {SERVICE_LOG}")
