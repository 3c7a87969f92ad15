"""Targets whose work is done by a helper: a process that is started before the load, and answers over a local socket.

Lanes are connections to it. The helper is watched in place of the service, and nothing of it outlives the target.
"""

import asyncio
import json
import shlex
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, ClassVar, cast

import psutil

from aiops_planner.errors import MeasurementError
from aiops_toolkit import logs
from aiops_toolkit.bench.samples import Outcome, Samples
from aiops_toolkit.bench.target import IDLE, Lane, Owner, StreamTable
from aiops_toolkit.bench.targets.payloads import in_order
from aiops_toolkit.bench.targets.worker import ANSWER, READY, REQUEST
from aiops_toolkit.bench.watch import ServiceProbe
from aiops_toolkit.config.targets import Order
from aiops_toolkit.processes import Command, describe_exit, started

MAX_LANES = 512  # a thread or less each; what waits for its turn waits in the helper, where it counts as service
START_TIMEOUT_S = 120.0  # importing a model's libraries and loading its weights takes a while
STOP_TIMEOUT_S = 2.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a helper is started for.

    `line` is the shell command that starts it in `root`, to which the path of a file with `plan` as JSON is added.
    Request number n sends `messages[n]`, beginning again after the last. `secrets` appear in no message of an error.
    """

    label: str
    line: str
    plan: Mapping[str, Any]
    messages: tuple[bytes, ...]
    root: Path
    timeout_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """How a request failed, in the helper's words; `code` is the exit code of a command."""

    code: int
    text: str


class HelperLoad:
    """A target by way of a helper. Subclasses say which outcome a failed request has, and what may have caused it."""

    failed: ClassVar[Outcome]
    is_helper_measured: ClassVar[bool] = True  # whether the helper's own use of the machine is that of the target

    def __init__(self, work: Work) -> None:
        self.label = work.label
        self.timeout_s = work.timeout_s
        self.max_lanes = MAX_LANES
        self.probe: ServiceProbe | None = None
        self._said: _Said | None = None
        self._work = work
        self._complaints: Counter[Complaint] = Counter()
        self._stack = ExitStack()

    def __reduce__(self) -> tuple[Any, ...]:
        """What travels to another process is the work alone, which makes a new target there."""
        return type(self), (self._work,)

    def __enter__(self) -> "HelperLoad":
        """Start the helper. Raises MeasurementError, with what it said, when it does not come up."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aiops-", ignore_cleanup_errors=True)))
            plan, log = folder / "plan.json", folder / "output.log"
            plan.write_text(json.dumps(self._work.plan))
            command = stack.enter_context(
                started(
                    f"{self._work.line} {shlex.quote(str(plan))}",
                    cwd=self._work.root,
                    environment=self._work.environment,
                    log=log,
                    stop_timeout_s=STOP_TIMEOUT_S,
                )
            )
            self._said = said = _Said(log, self._work.secrets)
            facts = self._await(command, folder / READY, said)
            self._address = facts["address"]
            own = None if self.is_helper_measured else facts["pid"]
            self.probe = HelperProbe(self.label, command, said, without=own)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the helper and whatever it started."""
        self._stack.close()

    async def open(self, owner: Owner) -> Lane:
        """A connection to the helper."""
        loop = asyncio.get_running_loop()
        if isinstance(self._address, str):
            _, lane = await loop.create_unix_connection(lambda: self._lane(owner), self._address)
        else:
            _, lane = await loop.create_connection(lambda: self._lane(owner), *self._address)
        return lane

    def start(self) -> None:
        """Forget how requests of the last load failed."""
        self._complaints.clear()

    def finish(self, samples: Samples) -> StreamTable | None:  # noqa: ARG002
        """Nothing is streamed."""
        return None

    def hint(self, kind: str) -> str:
        """What to check."""
        if kind in {"timeout", "unfinished"}:
            return "raise the target's timeout, or see what it waits for"
        return f"the process behind it broke off{self._said.ending() if self._said else ''}"

    def most_common_complaint(self) -> Complaint | None:
        """How most of the failed requests of this load failed; None when none did."""
        return max(self._complaints, key=self._complaints.__getitem__, default=None)

    def start_failure(self, what: str) -> MeasurementError:
        """The error for a helper that did not come up."""
        return MeasurementError(logs.one_line(f"{self.label}: {what}", secrets=self._work.secrets, limit=2000))

    def _lane(self, owner: Owner) -> "HelperLane":
        return HelperLane(owner, self._work.messages, self._judge)

    def _judge(self, code: int, text: bytes) -> int:
        shown = logs.one_line(text.decode(errors="replace"), secrets=self._work.secrets)
        self._complaints[Complaint(code=code, text=shown)] += 1
        return self.failed

    def _await(self, command: Command, ready: Path, said: "_Said") -> dict[str, Any]:
        """What the helper announces once it is ready."""
        deadline, pause_s = time.monotonic() + START_TIMEOUT_S, SHORTEST_PAUSE_S
        while not ready.exists():
            exit_code = command.wait(pause_s)
            if exit_code is not None and not ready.exists():
                raise self.start_failure(f"its process {describe_exit(exit_code)} before it was ready{said.ending()}")
            if time.monotonic() > deadline:
                raise self.start_failure(f"its process was not ready within {START_TIMEOUT_S:g} s{said.ending()}")
            pause_s = min(LONGEST_PAUSE_S, pause_s * 1.5)
        facts: dict[str, Any] = json.loads(ready.read_text())
        if "error" in facts:
            command.wait(STOP_TIMEOUT_S)  # it may have more to say on its way out
            raise self.start_failure(f"{facts['error']}{said.ending()}")
        return facts


def messages_for(payloads: int, order: Order, seed: int) -> tuple[bytes, ...]:
    """What is sent to a helper for each request in turn: the number of a payload, 0 where there are none."""
    return in_order(tuple(REQUEST.pack(number) for number in range(max(1, payloads))), order, seed)


class HelperLane(asyncio.Protocol):
    """A lane to a helper: sends the number of a payload, and takes in one answer at a time."""

    __slots__ = ("_judge", "_owner", "_received", "_transport", "_turns", "first_byte_s", "sample", "usable")

    def __init__(self, owner: Owner, turns: Sequence[bytes], judge: Callable[[int, bytes], int]) -> None:
        self._owner = owner
        self._turns = turns
        self._judge = judge
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.usable = False
        self.sample = IDLE
        self.first_byte_s = nan

    def send(self, sample: int) -> None:
        """Ask for the request of row `sample`; the lane must be usable and idle."""
        assert self._transport is not None
        self.sample = sample
        self.first_byte_s = nan
        self._transport.write(self._turns[sample % len(self._turns)])

    def expire(self, now: float) -> None:
        """Give up the request in flight as timed out; the helper sees the lane closed and ends what it can."""
        self._break(Outcome.TIMEOUT, now)

    def close(self) -> None:
        """Close at once; a request in flight stays unfinished."""
        self.usable = False
        self.sample = IDLE
        if self._transport is not None:
            self._transport.abort()

    def location(self) -> str | None:
        """Helpers do not redirect."""
        return None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        now = perf_counter()
        self._received += data
        if len(self._received) < ANSWER.size:
            return
        code, first_output_s, length = ANSWER.unpack_from(self._received)
        if len(self._received) < ANSWER.size + length or self.sample == IDLE:
            return
        text = self._received[ANSWER.size :]
        self._received = b""
        self.first_byte_s = first_output_s
        outcome = self._judge(code, text) if code else Outcome.OK
        sample, self.sample = self.sample, IDLE
        self._owner.ended(self, sample, outcome, now)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the helper's end is the only cause
        """Called by the event loop."""
        self.usable = False
        if self.sample != IDLE:
            self._break(Outcome.CLOSED_EARLY, perf_counter())
        self._owner.lost(self)

    def _break(self, outcome: Outcome, now: float) -> None:
        sample = self.sample
        self.close()
        self._owner.ended(self, sample, outcome, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperUsage:
    """CPU seconds since the start and resident bytes now; None while there is nothing whose memory could be seen."""

    cpu_s: float
    memory_bytes: int | None


class HelperProbe:
    """Watches a helper in place of the service; `without` is the process whose own use of the machine is left out."""

    log: Path | None = None  # it goes with the target; what it says at its end is in the messages

    def __init__(self, label: str, command: Command, said: "_Said", *, without: int | None) -> None:
        self._said = said
        self._label = label
        self._command = command
        self._without = without
        self._cpu_s = 0.0

    def alive(self) -> bool:
        """True while the helper runs. Raises MeasurementError when it has ended, with how, and what it said last."""
        exit_code = self._command.poll()
        if exit_code is None:
            return True
        said = self._said.lines()
        which = f"the process of {self._label}" + (f", which wrote last: {said}," if said else "")
        raise MeasurementError(f"{which} {describe_exit(exit_code)}")

    def usage(self) -> HelperUsage | None:
        """What it and all it started have used so far; None once it is gone."""
        usage = self._command.usage()
        if usage is None:
            return None
        if self._without is None:
            return HelperUsage(cpu_s=usage.cpu_s, memory_bytes=usage.memory_bytes)
        try:
            own = psutil.Process(self._without)
            times, own_memory_bytes = own.cpu_times(), own.memory_info().rss
        except psutil.Error:
            return None
        self._cpu_s = max(self._cpu_s, usage.cpu_s - times.user - times.system)
        memory_bytes = usage.memory_bytes - own_memory_bytes if usage.processes > 1 else None
        return HelperUsage(cpu_s=self._cpu_s, memory_bytes=memory_bytes)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a helper has written."""

    log: Path
    secrets: tuple[str, ...]

    def lines(self) -> str:
        """The last lines, in one."""
        return logs.last_lines(self.log, secrets=self.secrets)

    def ending(self) -> str:
        """The end of a sentence with the last lines, empty when it wrote nothing."""
        lines = self.lines()
        return f"; it wrote last: {lines}" if lines else ""
