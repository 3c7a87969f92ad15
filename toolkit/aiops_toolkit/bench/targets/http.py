"""HTTP/1.1 as a target: where requests go, over which transport, and what each kind of failure may mean."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.samples import Samples
from aiops_toolkit.bench.target import Lane, Owner, StreamTable
from aiops_toolkit.bench.targets.connection import Connection
from aiops_toolkit.bench.targets.payloads import Requests
from aiops_toolkit.bench.watch import ServiceProbe

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MAX_CONNECTIONS = 1024
RESERVED_FILES = 64
UNKNOWN_LIMIT_CONNECTIONS = 256
CONNECT_CHECK_S = 2.0

SERVICE_LOG = "the service's log"
HINTS = {
    "connect-refused": "nothing listens there; check host and port, and that the service runs",
    "connect-timeout": "the host does not answer; check host, port and firewall",
    "status-401": "check the headers that carry credentials",
    "status-403": "check the headers that carry credentials",
    "status-404": "check the path of the url",
    "status-405": "check the method",
    "tls": "check the certificate, and that the port speaks TLS",
    "malformed": "check that the port speaks HTTP/1.1",
    "closed-early": "check that the port speaks HTTP/1.1, and " + SERVICE_LOG,
    "unfinished": f"raise the target's timeout, or check {SERVICE_LOG}",
    "timeout": f"raise the target's timeout, or check {SERVICE_LOG}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A resolved address to connect to; `tls` and `name` are set for https."""

    address: str
    port: int
    tls: ssl.SSLContext | None = None
    name: str | None = None


class HttpLoad:
    """Loads an HTTP endpoint with the messages of `requests`, one connection a request in flight."""

    probe: ServiceProbe | None = None

    def __init__(self, requests: Requests) -> None:
        self.label = f"{requests.method} {requests.url}"
        self.timeout_s = requests.timeout_s
        self.max_lanes = 1
        self._requests = requests
        self._has_body = requests.method != "HEAD"

    def __enter__(self) -> "HttpLoad":
        self.max_lanes = connection_limit()
        self._destination = resolve(self._requests)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing has to be ended: loops close their connections."""

    async def open(self, owner: Owner) -> Lane:
        """A connection."""
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: self._connection(owner),
            self._destination.address,
            self._destination.port,
            ssl=self._destination.tls,
            server_hostname=self._destination.name,
        )
        return connection

    def _connection(self, owner: Owner) -> Connection:
        """The kind of connection that `open` makes; other targets over HTTP make their own."""
        return Connection(owner, self._requests.messages, has_body=self._has_body)

    def start(self) -> None:
        """Nothing is kept."""

    def finish(self, samples: Samples) -> StreamTable | None:  # noqa: ARG002
        """Nothing was kept."""
        return None

    def hint(self, kind: str) -> str:
        """What to check."""
        return HINTS.get(kind, f"check the payloads, the headers and {SERVICE_LOG}")


def connection_limit() -> int:
    """How many connections one load may hold open, after raising this process's limit on open files if need be."""
    if resource is None:
        return UNKNOWN_LIMIT_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft - RESERVED_FILES))


def resolve(requests: Requests) -> Destination:
    """The first address of the host that accepts a connection, else its first address.

    Names are looked up once, here, so that no request waits for it. Raises MeasurementError for an unknown host.
    """
    endpoint = requests.endpoint
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise MeasurementError(
            f"host {endpoint.host} of {requests.url} cannot be looked up ({error.strerror}): "
            "check its spelling and the network"
        ) from None
    addresses = [str(address[0]) for _, _, _, _, address in found]
    return Destination(
        address=next((address for address in addresses if _accepts(address, endpoint.port)), addresses[0]),
        port=endpoint.port,
        tls=ssl.create_default_context() if endpoint.tls else None,
        name=endpoint.host if endpoint.tls else None,
    )


def _accepts(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=CONNECT_CHECK_S):
            return True
    except OSError:
        return False
