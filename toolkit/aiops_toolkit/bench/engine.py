"""Runs loads one after another on fresh connections, from this process or from several of its own."""

from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType

from aiops_toolkit.bench.gpu import GpuReading, watched_gpus
from aiops_toolkit.bench.local import LocalGenerator
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.orders import Order
from aiops_toolkit.bench.schedule import Schedule
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import ServiceProbe
from aiops_toolkit.bench.workers import Workers


class Engine:
    """A context manager; inside it `closed` and `open` load the target and return what happened.

    With more than one of `processes` each enters a copy of the target and sends its share. Both methods raise
    MeasurementError as soon as the probe says that the service is dead, and when a process ends on the way.
    """

    def __init__(self, target: Target, probe: ServiceProbe, *, processes: int = 1) -> None:
        self._generator: LocalGenerator | Workers = (
            LocalGenerator(target, lambda: target.probe or probe)
            if processes == 1
            else Workers(target, probe, processes=processes)
        )
        self._gpus: list[GpuReading] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Engine":
        with ExitStack() as stack:
            self._gpus = stack.enter_context(watched_gpus())
            stack.enter_context(self._generator)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    @property
    def max_lanes(self) -> int:
        """The most requests that can be in flight."""
        return self._generator.max_lanes

    def closed(self, clients: int, duration_s: float, *, drain_s: float) -> Run:
        """Load by `clients` users, each with one request in flight, for `duration_s`."""
        return self._run(Order(clients=clients, duration_s=duration_s, drain_s=drain_s))

    def open(self, schedule: Schedule, duration_s: float, *, drain_s: float) -> Run:
        """Load by a schedule that covers `duration_s`."""
        return self._run(Order(schedule=schedule, duration_s=duration_s, drain_s=drain_s))

    def _run(self, order: Order) -> Run:
        run = self._generator.run(order)
        seen = tuple(reading for reading in self._gpus if run.started_s <= reading.at_s < run.cut_s)
        return replace(run, gpus=seen)

    def hint(self, kind: str) -> str:
        """What the user should check when every request of the last load ended as `kind` (connect-refused)."""
        return self._generator.hint(kind)
