"""How a server is reached: its address looked up once, over TCP or a Unix socket, with or without TLS."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aiops_planner.errors import MeasurementError, UsageError
from aiops_toolkit.bench.targets.payloads import Requests
from aiops_toolkit.config.targets import TlsSettings

CONNECT_CHECK_S = 2.0
MAX_SOCKET_PATH_BYTES = 107  # what the kernel takes

P = TypeVar("P", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What aiops.yml says about the way to a server, beside its URL; relative paths start at `root`."""

    root: Path = Path()
    tls: TlsSettings = field(default_factory=TlsSettings)
    socket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A resolved address to connect to, or the path of a Unix socket; `tls` and `name` are set for https."""

    address: str
    port: int
    tls: ssl.SSLContext | None = None
    name: str | None = None
    socket: str | None = None

    async def connect(self, make: Callable[[], P]) -> P:
        """A new connection with the protocol that `make` makes. Raises OSError when there is none to be had."""
        loop = asyncio.get_running_loop()
        if self.socket is not None:
            _, protocol = await loop.create_unix_connection(make, self.socket, ssl=self.tls, server_hostname=self.name)
        else:
            _, protocol = await loop.create_connection(
                make, self.address, self.port, ssl=self.tls, server_hostname=self.name
            )
        return protocol


def resolve(requests: Requests, link: Link | None = None) -> Destination:
    """The first address of the host that accepts a connection, else its first address; the Unix socket if there is one.

    Names are looked up once, here, so that no request waits for it. Raises MeasurementError for an unknown host,
    UsageError for a socket or file of authorities that cannot be used.
    """
    endpoint, link = requests.endpoint, link or Link()
    tls = _context(link) if endpoint.tls else None
    name = endpoint.host if endpoint.tls else None
    if link.socket is not None:
        path = _socket_path(link.root, link.socket)
        return Destination(address=endpoint.host, port=endpoint.port, tls=tls, name=name, socket=path)
    addresses = _addresses(requests)
    address = next((address for address in addresses if _accepts(address, endpoint.port)), addresses[0])
    return Destination(address=address, port=endpoint.port, tls=tls, name=name)


def _addresses(requests: Requests) -> list[str]:
    endpoint = requests.endpoint
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise MeasurementError(
            f"host {endpoint.host} of {requests.url} cannot be looked up ({error.strerror}): "
            "check its spelling and the network"
        ) from None
    return [str(address[0]) for _, _, _, _, address in found]


def _accepts(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=CONNECT_CHECK_S):
            return True
    except OSError:
        return False


def _socket_path(root: Path, path: str) -> str:
    found = str(root / path)
    if len(found.encode()) > MAX_SOCKET_PATH_BYTES:
        raise UsageError(
            f"socket: the path {found} is longer than the {MAX_SOCKET_PATH_BYTES} bytes that the system takes; "
            "put the socket into a folder with a short path such as /tmp"
        )
    return found


def _context(link: Link) -> ssl.SSLContext:
    if not link.tls.verify:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if link.tls.ca is None:
        return ssl.create_default_context()
    path = link.root / link.tls.ca
    try:
        authorities = path.read_text(encoding="ascii")
        # without any text the context would silently trust the system's authorities
        return ssl.create_default_context(cadata=authorities or "none")
    except OSError as error:
        reason = "holds no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read ({error.strerror})"
    except ValueError:
        reason = "is no PEM text"
    raise UsageError(f"tls.ca: {path} {reason}; name a PEM file with the certificates of the authorities to trust")
