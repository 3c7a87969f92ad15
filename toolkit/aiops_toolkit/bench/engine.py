"""Runs loads one after another on fresh connections, in an event loop of its own, without garbage collection."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from aiops_toolkit.bench.loops import ClosedLoop, LoadLoop, OpenLoop, Run
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import ServiceProbe, Watch
from aiops_toolkit.processes import uninterrupted

try:
    import uvloop
except ImportError:  # Windows
    uvloop = None  # type: ignore[assignment]


class Engine:
    """A context manager; inside it `closed` and `open` load the target and return what happened.

    Both raise MeasurementError as soon as the probe says that the service is dead.
    """

    def __init__(self, target: Target, probe: ServiceProbe) -> None:
        self._target = target
        self._probe = probe
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None)

    def __enter__(self) -> "Engine":
        self._target.__enter__()
        self._runner.__enter__()
        return self

    @property
    def max_lanes(self) -> int:
        """The most requests that can be in flight."""
        return self._target.max_lanes

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._runner.__exit__(kind, error, traceback)
        finally:
            self._target.__exit__(kind, error, traceback)

    def closed(self, clients: int, duration_s: float, *, drain_s: float) -> Run:
        """Load by `clients` users, each with one request in flight, for `duration_s`."""
        return self._run(lambda watch: ClosedLoop(self._target, watch, clients=clients), duration_s, drain_s)

    def open(self, schedule: Schedule, duration_s: float, *, drain_s: float) -> Run:
        """Load by a schedule that covers `duration_s`."""
        return self._run(lambda watch: OpenLoop(self._target, watch, schedule=schedule), duration_s, drain_s)

    def _run(self, make: Callable[[Watch], LoadLoop], duration_s: float, drain_s: float) -> Run:
        loop = make(Watch(self._target.probe or self._probe))
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
