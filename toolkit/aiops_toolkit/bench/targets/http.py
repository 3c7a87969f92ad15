"""HTTP/1.1 as a target: its connections, how many there may be, and what each kind of failure may mean."""

from types import TracebackType

from aiops_toolkit.bench.samples import Samples
from aiops_toolkit.bench.target import Lane, Owner, StreamTable
from aiops_toolkit.bench.targets.connection import Connection
from aiops_toolkit.bench.targets.expectations import CheckedConnection, Expectations
from aiops_toolkit.bench.targets.link import Destination, Link, resolve
from aiops_toolkit.bench.targets.payloads import Requests
from aiops_toolkit.bench.watch import ServiceProbe
from aiops_toolkit.config.targets import ExpectSettings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MAX_CONNECTIONS = 1024
RESERVED_FILES = 64
UNKNOWN_LIMIT_CONNECTIONS = 256

SERVICE_LOG = "the service's log"
HINTS = {
    "connect-refused": "nothing listens there; check host and port, and that the service runs",
    "connect-failed": "check host and port, or the path of the socket, and that the service runs",
    "connect-timeout": "the host does not answer; check host, port and firewall",
    "status-401": "check the headers that carry credentials",
    "status-403": "check the headers that carry credentials",
    "status-404": "check the path of the url",
    "status-405": "check the method",
    "tls": "check the certificate, and that the port speaks TLS",
    "malformed": "check that the port speaks HTTP/1.1",
    "closed-early": "check that the port speaks HTTP/1.1, and " + SERVICE_LOG,
    "unfinished": f"raise the target's timeout, or check {SERVICE_LOG}",
    "stale-connection": "the service closes kept connections without saying so; let it say Connection: close, or set "
    "keep_alive: false",
    "too-many-open-files": "raise the limit on open files (ulimit -n)",
    "unexpected-json": "compare an answer of the service with expect.json",
    "unexpected-size": "compare the size of an answer with expect.min_size and expect.max_size",
    "timeout": f"raise the target's timeout, or check {SERVICE_LOG}",
}


class HttpLoad:
    """Loads an HTTP endpoint with the messages of `requests`, one connection a request in flight."""

    probe: ServiceProbe | None = None

    def __init__(self, requests: Requests, *, link: Link | None = None, expect: ExpectSettings | None = None) -> None:
        self.label = f"{requests.method} {requests.url}"
        self.timeout_s = requests.timeout_s
        self.max_lanes = 1
        self._requests = requests
        self._link = link
        self._expectations = Expectations(expect) if expect and expect != ExpectSettings() else None
        self._has_body = requests.method != "HEAD"

    def __enter__(self) -> "HttpLoad":
        self.max_lanes = connection_limit()
        self._destination: Destination = resolve(self._requests, self._link)
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
        return await self._destination.connect(lambda: self._connection(owner))

    def _connection(self, owner: Owner) -> Connection:
        """The kind of connection that `open` makes; other targets over HTTP make their own."""
        messages, keep_alive = self._requests.messages, self._requests.keep_alive
        if self._expectations is None:
            return Connection(owner, messages, has_body=self._has_body, keep_alive=keep_alive)
        return CheckedConnection(owner, messages, self._expectations, has_body=self._has_body, keep_alive=keep_alive)

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
