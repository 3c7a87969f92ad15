"""Carries out orders in this process, in an event loop of its own, without garbage collection."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.orders import Order
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import ServiceProbe, Watch
from aiops_toolkit.processes import uninterrupted

try:
    import uvloop
except ImportError:  # Windows
    uvloop = None  # type: ignore[assignment]


class LocalGenerator:
    """A context manager that holds the target open; inside it, `run` loads it while it watches what `probe` gives."""

    def __init__(self, target: Target, probe: Callable[[], ServiceProbe]) -> None:
        self._target = target
        self._probe = probe
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None)

    def __enter__(self) -> "LocalGenerator":
        self._target.__enter__()
        self._runner.__enter__()
        return self

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

    @property
    def max_lanes(self) -> int:
        """The most requests that can be in flight."""
        return self._target.max_lanes

    def run(self, order: Order, when: Callable[[], float] | None = None) -> Run:
        """Load on fresh lanes, at once or from the time on that `when` says after everything is prepared."""
        loop = order.loop(self._target, Watch(self._probe()))
        with quiet_collector():
            return self._runner.run(loop.run(order.duration_s, order.drain_s, when() if when else None))

    def hint(self, kind: str) -> str:
        """What the user should check when every request ends as `kind`."""
        return self._target.hint(kind)


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
