"""Requests built once, before any load: method, path, headers and the bytes of one payload file each."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.targets.multipart import boundary_for, multipart_body
from aiops_toolkit.config.targets import HttpTarget, Order
from aiops_toolkit.paths import matching

MAX_PAYLOAD_BYTES = 64 * 2**20
CONTENT_TYPES = {
    ".bin": "application/octet-stream",
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".ndjson": "application/x-ndjson",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".webp": "image/webp",
    ".xml": "application/xml",
}
DRAWS = 2**16
ENGINE_HEADERS = ("connection", "content-length", "transfer-encoding")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where requests go. `host` is a name or an address, an IPv6 address without brackets."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The messages of one benchmark, sent in turn, over and over. `url` is fit to be shown: it has no query string."""

    endpoint: Endpoint
    method: str
    url: str
    messages: tuple[bytes, ...]
    timeout_s: float
    keep_alive: bool = True


def build_requests(
    target: HttpTarget, *, root: Path, url: str, environment: Mapping[str, str], seed: int = 1
) -> Requests:
    """One message for each payload file under `root`, or a single one without payloads; drawn by `seed` if so ordered.

    `$NAME` in a header stands for a variable of `environment`, `$$` for a dollar sign. Raises UsageError for a URL,
    header or payload that cannot be sent; values of variables never appear in it.
    """
    files = find_payloads(root, target.payloads) if target.payloads else ()
    bodies = [(file.suffix.lower(), content) for file, content in files] or [("", b"")]
    headers = target.headers
    if files and target.multipart:
        headers, bodies = _multipart(target, target.multipart, files)
    requests = requests_of(
        bodies,
        method=target.method,
        url=url,
        headers=headers,
        timeout_s=target.timeout_s,
        environment=environment,
    )
    messages = requests.messages if target.keep_alive else tuple(map(_closing, requests.messages))
    return replace(requests, messages=in_order(messages, target.order, seed), keep_alive=target.keep_alive)


def in_order(messages: tuple[bytes, ...], order: Order, seed: int) -> tuple[bytes, ...]:
    """The messages as they are sent in turn: as they are, or 65,536 independent draws of them."""
    if order == "cycle" or len(messages) == 1:
        return messages
    return tuple(random.Random(seed).choices(messages, k=DRAWS))  # noqa: S311 - no secret depends on it


def requests_of(
    bodies: Sequence[tuple[str, bytes]],
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    environment: Mapping[str, str],
) -> Requests:
    """One message for each body, given with the suffix that tells its content type. Raises like `build_requests`."""
    endpoint, path = split_url(url)
    method = _token(method.upper(), "method")
    ready = _headers(headers, environment)
    authority = _authority(endpoint)
    return Requests(
        endpoint=endpoint,
        method=method,
        url=f"{'https' if endpoint.tls else 'http'}://{authority}{path.partition('?')[0]}",
        messages=tuple(
            _message(f"{method} {path} HTTP/1.1", {"Host": authority} | _described(method, suffix, body) | ready, body)
            for suffix, body in bodies
        ),
        timeout_s=timeout_s,
    )


def split_url(url: str) -> tuple[Endpoint, str]:
    """Endpoint and request path (with its query) of an http or https URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
    except (ValueError, UnicodeError) as error:
        raise UsageError(f"the benchmark's url cannot be read ({error}): write http://host:port/path") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"the benchmark's url {_shown(url)!r} is no http:// or https:// address with a host")
    if parts.username is not None:
        raise UsageError("the benchmark's url holds a user name: send it as a header, Authorization: Basic $NAME")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    tls = parts.scheme == "https"
    endpoint = Endpoint(host=host, port=port or (443 if tls else 80), tls=tls)
    return endpoint, f"{path}?{query}" if query else path


def find_payloads(root: Path, pattern: str) -> tuple[tuple[Path, bytes], ...]:
    """The files that match `pattern` below `root`, by name, with what is in them; 64 MB in all at most."""
    paths = matching(root, pattern, "payloads")
    files = [path for path in paths if not path.is_dir()]
    if not files:
        found = f"only a folder ({paths[0].name}); write {pattern}/*" if paths else "no file"
        raise UsageError(f"payloads: {pattern!r} matches {found} in {root.resolve()}")
    total_bytes = 0
    payloads = []
    for path in files:
        content = _read(path, MAX_PAYLOAD_BYTES - total_bytes)
        total_bytes += len(content)
        payloads.append((path, content))
    return tuple(payloads)


def _read(path: Path, limit_bytes: int) -> bytes:
    if not path.is_file():
        raise UsageError(f"payloads: {path} is not a regular file; narrow the pattern")
    try:
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except OSError as error:
        raise UsageError(f"payloads: {path} cannot be read ({error.strerror})") from None
    if not content:
        raise UsageError(f"payloads: {path} is empty; fill it or narrow the pattern")
    if len(content) > limit_bytes:
        raise UsageError(f"payloads: the files up to {path} exceed 64 MB in all; choose fewer or smaller ones")
    return content


def _headers(headers: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    ready = {}
    for name, text in headers.items():
        if _token(name, "header name").lower() in ENGINE_HEADERS:
            raise UsageError(f"header {name}: the load engine sets it itself; remove it")
        value = _expand(name, text, environment).strip()
        if any(ord(letter) < 32 or ord(letter) == 127 or ord(letter) > 255 for letter in value):
            raise UsageError(f"header {name}: its value holds a line break or another character HTTP does not allow")
        ready[name] = value
    return ready


def _multipart(
    target: HttpTarget, field: str, files: Sequence[tuple[Path, bytes]]
) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The headers, with the content type of the body, and a body for each file."""
    if any(name.lower() == "content-type" for name in target.headers):
        raise UsageError("header Content-Type: multipart sets it itself; remove it")
    texts = [text.encode() for text in target.fields.values()]
    boundary = boundary_for([*texts, *(content for _, content in files)])
    bodies = [
        multipart_body(
            boundary,
            field=field,
            filename=path.name,
            content_type=_content_type(path.suffix.lower()),
            content=content,
            fields=target.fields,
        )
        for path, content in files
    ]
    return {**target.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}, [("", b) for b in bodies]


def _closing(message: bytes) -> bytes:
    """The message, asking the server to close the connection after its answer."""
    request_line, rest = message.split(b"\r\n", 1)
    return request_line + b"\r\nConnection: close\r\n" + rest


def _expand(header: str, text: str, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        variable = match[1] or match[2]
        if variable is None:
            return "$"
        if variable not in environment:
            raise UsageError(f"header {header}: the environment has no variable {variable}; set it, or write $$ for $")
        return environment[variable]

    return _VARIABLE.sub(value, text)


def _message(request_line: str, headers: Mapping[str, str], body: bytes) -> bytes:
    by_lower_name = {name.lower(): (name, value) for name, value in headers.items()}  # the last one given counts
    lines = [request_line, *(f"{name}: {value}" for name, value in by_lower_name.values())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _described(method: str, suffix: str, body: bytes) -> dict[str, str]:
    common = {"User-Agent": "aiops-action", "Accept": "*/*"}
    if not body:
        return common | ({"Content-Length": "0"} if method in {"POST", "PUT", "PATCH"} else {})
    return common | {"Content-Type": _content_type(suffix), "Content-Length": str(len(body))}


def _content_type(suffix: str) -> str:
    return CONTENT_TYPES.get(suffix, "application/octet-stream")


def _authority(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return host if endpoint.port == (443 if endpoint.tls else 80) else f"{host}:{endpoint.port}"


def _token(text: str, what: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"{text!r} is no {what} of HTTP: letters, digits and dashes only")
    return text


def _shown(url: str) -> str:
    """The URL without what may be secret in it."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])
