"""Starts one command for each request that comes in over a socket, in a small process of its own.

A load generator with hundreds of megabytes takes milliseconds to start a process and sends nothing meanwhile; this one
takes a fraction. `command.py` starts it as `python -P -m aiops_toolkit.bench.targets.spawner`; the frames are worker's.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from math import isnan, nan
from pathlib import Path
from time import perf_counter

from aiops_toolkit.bench.targets.worker import (
    ANSWER,
    LONGEST_TEXT_BYTES,
    accept_lanes,
    announce,
    listen,
    receive,
)

READ_BYTES = 65_536
TAIL_BYTES = 4096
LAST_READS = 16  # of what is left in a pipe at the end; a process in the background might write for ever
BLIND_LOOK_MS = 1  # how often to look for the end where the kernel cannot tell of it
DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them, and programs expect them


def main(arguments: list[str]) -> int:
    """Serve until killed. The one argument is the path of a JSON file.

    It holds the shell command lines, one a payload, and how many commands may run at once.
    """
    path = Path(arguments[0])
    plan = json.loads(path.read_text())
    slots = threading.Semaphore(plan["at_once"])
    listener, address = listen(path.parent)
    announce(path.parent, address=address)
    accept_lanes(listener, lambda lane: serve(lane, plan["lines"], slots))
    return 0


def serve(lane: socket.socket, lines: list[str], slots: threading.Semaphore) -> None:
    """Run the commands of one lane, each time a slot is free for one, until the lane is closed."""
    with lane:
        number = receive(lane)
        while number is not None:
            try:
                with slots:
                    if _is_closed(lane):  # given up while it waited
                        return
                    answer = run(lines[number], lane)
            except OSError as error:
                print(f"no command can be started: {error.strerror}", file=sys.stderr, flush=True)
                return
            try:
                lane.sendall(answer)
            except OSError:
                return
            number = receive(lane)


def run(line: str, lane: socket.socket) -> bytes:
    """The answer for one command: its exit code, its first output, and the last line of its standard error.

    Output is read and dropped. When the command ends, or the lane is closed, the rest of its process group is killed.
    Raises OSError when the system has no room for one more process.
    """
    with contextlib.ExitStack() as stack:
        output, error = stack.enter_context(_pipe()), stack.enter_context(_pipe())
        command = _Command(line, output, error)
        try:
            command.watch(lane)
        finally:
            command.end()
    return command.answer()


def _is_closed(lane: socket.socket) -> bool:
    """Whether the other side has closed it: nothing else makes it readable while a request is under way."""
    poller = select.poll()
    poller.register(lane, select.POLLIN)
    return bool(poller.poll(0))


class _Command:
    def __init__(self, line: str, output: "_Pipe", error: "_Pipe") -> None:
        self._first_output_s = nan
        self._output, self._error = output.reader, error.reader
        self._tail = b""
        self._exit_code: int | None = None
        self._pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", line],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output.writer, 1),
                (os.POSIX_SPAWN_DUP2, error.writer, 2),
            ],
            setpgroup=0,
            setsigdef=DEFAULT_SIGNALS,
        )
        output.close_writer()
        error.close_writer()

    def watch(self, lane: socket.socket) -> None:
        """Read what it writes until it ends or the lane is closed."""
        poller = select.poll()
        for descriptor in (self._output, self._error, lane.fileno()):
            poller.register(descriptor, select.POLLIN)
        with _end_of(self._pid) as end:
            if end is not None:
                poller.register(end, select.POLLIN)
            while self._exit_code is None:
                ready = {descriptor for descriptor, _ in poller.poll(None if end is not None else BLIND_LOOK_MS)}
                for descriptor in ready & {self._output, self._error}:
                    if not self._read(descriptor):
                        poller.unregister(descriptor)
                self._reap()
                if lane.fileno() in ready:
                    return

    def end(self) -> None:
        """Take in the last output, and leave no process of the group behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        if self._exit_code is None:
            self._exit_code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        for descriptor in (self._output, self._error):
            with contextlib.suppress(BlockingIOError):
                for _ in range(LAST_READS):
                    if not self._read(descriptor):
                        break

    def answer(self) -> bytes:
        """The frame that tells how it ended; with text only when it failed."""
        lines = self._tail.strip().splitlines() if self._exit_code else []
        text = lines[-1].strip()[:LONGEST_TEXT_BYTES] if lines else b""
        return ANSWER.pack(self._exit_code or 0, self._first_output_s, len(text)) + text

    def _read(self, descriptor: int) -> bool:
        """Take in what a pipe holds; False at its end."""
        chunk = os.read(descriptor, READ_BYTES)
        if descriptor == self._error:
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]
        elif chunk and isnan(self._first_output_s):
            self._first_output_s = perf_counter()
        return bool(chunk)

    def _reap(self) -> None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._exit_code = os.waitstatus_to_exitcode(status)


class _Pipe:
    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self._is_open = True

    def close_writer(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self.writer)


@contextlib.contextmanager
def _pipe() -> Iterator[_Pipe]:
    pipe = _Pipe()
    try:
        yield pipe
    finally:
        pipe.close_writer()
        os.close(pipe.reader)


@contextlib.contextmanager
def _end_of(pid: int) -> Iterator[int | None]:
    """A descriptor that becomes readable when the process ends; None where the kernel has none to give."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
