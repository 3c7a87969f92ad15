"""Runs loads one after another on fresh connections, in an event loop of its own, without garbage collection."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.loops import ClosedLoop, Destination, LoadLoop, OpenLoop, Run
from aiops_toolkit.bench.payloads import Requests
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.watch import ServiceProbe, Watch
from aiops_toolkit.processes import uninterrupted

try:
    import resource

    import uvloop
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]
    uvloop = None  # type: ignore[assignment]

MAX_CONNECTIONS = 1024
RESERVED_FILES = 64
UNKNOWN_LIMIT_CONNECTIONS = 256
CONNECT_CHECK_S = 2.0


class Engine:
    """A context manager; inside it `closed` and `open` load the service and return what happened.

    Both raise MeasurementError as soon as the probe says that the service is dead.
    """

    def __init__(self, requests: Requests, probe: ServiceProbe) -> None:
        self._requests = requests
        self._probe = probe
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None)
        self.max_connections = connection_limit()

    def __enter__(self) -> "Engine":
        self._destination = resolve(self._requests)
        self._runner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runner.__exit__(kind, error, traceback)

    def closed(self, clients: int, duration_s: float, *, drain_s: float) -> Run:
        """Load by `clients` users, each with one request in flight, for `duration_s`."""
        return self._run(
            lambda watch: ClosedLoop(self._requests, self._destination, watch, clients=clients), duration_s, drain_s
        )

    def open(self, schedule: Schedule, duration_s: float, *, drain_s: float) -> Run:
        """Load by a schedule that covers `duration_s`."""
        return self._run(
            lambda watch: OpenLoop(
                self._requests,
                self._destination,
                watch,
                schedule=schedule,
                max_connections=self.max_connections,
            ),
            duration_s,
            drain_s,
        )

    def _run(self, make: Callable[[Watch], LoadLoop], duration_s: float, drain_s: float) -> Run:
        loop = make(Watch(self._probe))
        with quiet_collector():
            return self._runner.run(loop.run(duration_s, drain_s))


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No garbage collection inside: a pause of the collector would look like one of the service."""
    was_enabled = gc.isenabled()
    with uninterrupted():
        gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


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
