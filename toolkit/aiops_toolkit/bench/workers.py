"""Several generator processes as one: they are started together, given their shares, and ended whatever happens.

Only this process watches the service. `worker.py` is what runs in the others, `messages.py` how they talk.
"""

import contextlib
import json
import select
import subprocess
import sys
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.loops import TICK_S, Run
from aiops_toolkit.bench.merging import merge
from aiops_toolkit.bench.messages import Failed, Finished, Prepared, Ready, receive, send
from aiops_toolkit.bench.orders import Order
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.watch import ServiceProbe, Watch
from aiops_toolkit.processes import describe_exit

PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from aiops_toolkit.bench.worker import main
sys.exit(main())
"""
HEAD_START_S = 0.05  # for the time to begin at to reach every process
STUCK_S = 30.0
PATIENCE_S = 10.0

Message = TypeVar("Message")


class Workers:
    """A context manager that holds so many processes with a copy of the target each; inside it, `run` loads it."""

    def __init__(self, target: Target, probe: ServiceProbe, *, processes: int) -> None:
        self.max_lanes = 0
        self._target = target
        self._probe = probe
        self._processes = processes
        self._workers: list[_Worker] = []
        self._hints: dict[str, str] = {}

    def __enter__(self) -> "Workers":
        try:
            for number in range(1, self._processes + 1):
                self._workers.append(_Worker(f"load generator process {number} of {self._processes}"))
            for worker in self._workers:
                worker.send(self._target)
            self.max_lanes = sum(ready.max_lanes for ready in self._await(self._workers, Ready))
        except BaseException:
            self._end(at_once=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(at_once=error is not None)

    def run(self, order: Order) -> Run:
        """Load by as many processes as have a share of the order; all begin at the same time."""
        shares = order.shares(self._processes)
        workers = self._workers[: len(shares)]
        watch = Watch(self._probe)
        for worker, share in zip(workers, shares, strict=True):
            worker.send(share)
        self._await(workers, Prepared, watch, until_s=perf_counter() + STUCK_S)
        watch.look(with_usage=True)
        begin_s = perf_counter() + HEAD_START_S
        for worker in workers:
            worker.send(begin_s)
        late_s = begin_s + order.duration_s + order.drain_s + STUCK_S
        parts = self._await(workers, Finished, watch, until_s=late_s)
        watch.look(with_usage=True)
        self._hints = {kind: hint for part in parts for kind, hint in part.hints.items()}
        return merge(
            [part.run for part in parts],
            columns=lambda _: [worker.receive() for worker in workers],
            readings=watch.readings,
        )

    def hint(self, kind: str) -> str:
        """What the user should check when every request of the last load ended as `kind`."""
        return self._hints.get(kind) or self._target.hint(kind)

    def _await(
        self,
        workers: Sequence["_Worker"],
        kind: type[Message],
        watch: Watch | None = None,
        until_s: float | None = None,
    ) -> list[Message]:
        """One message of this kind from each, the service being watched meanwhile."""
        found: dict[_Worker, Message] = {}
        while len(found) < len(workers):
            for worker in _readable([worker for worker in workers if worker not in found]):
                message = worker.receive()
                assert isinstance(message, kind)
                found[worker] = message
            if watch is not None:
                watch.look()
            if until_s is not None and perf_counter() > until_s:
                stuck = next(worker for worker in workers if worker not in found)
                raise MeasurementError(
                    f"{stuck.name} has said nothing for {STUCK_S:g} s: it was stopped, or starved of CPU by neighbours"
                )
        return [found[worker] for worker in workers]

    def _end(self, *, at_once: bool) -> None:
        try:
            for worker in self._workers:
                worker.ask_to_end(at_once=at_once)
            for worker in self._workers:
                worker.wait()
        finally:
            for worker in self._workers:
                worker.bury()
            self._workers.clear()


class _Worker:
    """One process, in a session of its own: the terminal's Ctrl-C reaches this process alone, which then ends it."""

    def __init__(self, name: str) -> None:
        self.name = name
        command = [sys.executable, "-c", PROGRAM, json.dumps(sys.path)]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        except OSError as error:
            raise MeasurementError(f"{name} cannot be started ({error.strerror}): set load.processes lower") from error
        assert process.stdin is not None and process.stdout is not None  # asked for above
        self._process = process
        self._orders, self._answers = process.stdin, process.stdout

    def fileno(self) -> int:
        """Readable when there is a message."""
        return self._answers.fileno()

    def send(self, message: object) -> None:
        """Send a message; a process that is gone is noticed when its answer is awaited."""
        with contextlib.suppress(BrokenPipeError):
            send(self._orders, message)

    def receive(self) -> Any:
        """The next message. Raises what the process failed with, and MeasurementError when it died."""
        try:
            message = receive(self._answers)
        except EOFError:
            self._died()
        if isinstance(message, Failed):
            raise message.error
        return message

    def ask_to_end(self, *, at_once: bool) -> None:
        """Let it end, by itself when it is idle, else where it stands."""
        if at_once:
            self._process.terminate()
            return
        with contextlib.suppress(OSError):
            self._orders.close()

    def wait(self) -> None:
        """Wait until it has left its target."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_S)

    def bury(self) -> None:
        """Nothing of it remains."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._orders.close()
        self._answers.close()

    def _died(self) -> NoReturn:
        self.wait()
        code = self._process.poll()
        how = "closed its output" if code is None else describe_exit(code)
        raise MeasurementError(f"{self.name} {how}: set load.processes lower, or see what stopped it")


def _readable(workers: Sequence[_Worker]) -> list[_Worker]:
    """Those with a message; waits for one no longer than until the service is to be looked at again."""
    poller = select.poll()  # select() cannot watch descriptors beyond 1023
    for worker in workers:
        poller.register(worker, select.POLLIN)
    ready = {descriptor for descriptor, _ in poller.poll(TICK_S * 1000)}
    return [worker for worker in workers if worker.fileno() in ready]
