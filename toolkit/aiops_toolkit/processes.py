"""Shell commands that cannot be left behind: started, measured and ended together with everything they started.

Each command runs below a guardian process of its own (`guardian.py`), which ends the whole tree even when this process
is killed outright.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from aiops_planner.errors import AiopsError
from aiops_toolkit import guardian, logs

RUN_STOP_TIMEOUT_S = 1.0
GUARDIAN_GRACE_S = guardian.KILL_PATIENCE_S + 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeUsage:
    """CPU seconds since the start, resident bytes now, and the number of processes alive, of a process tree."""

    cpu_s: float
    memory_bytes: int
    processes: int


class Command:
    """A shell command under way; get one from `started`."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, status: int, stop_timeout_s: float) -> None:
        self._guardian = process
        self._control = control
        self._status = status
        self._stop_timeout_s = stop_timeout_s
        self._heard = b""
        self._pid: int | None = None
        self._exit_code: int | None = None
        self._is_over = False
        self._cpu_s = 0.0

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the command runs. Costs microseconds."""
        return self.wait(0.0)

    def wait(self, timeout_s: float | None) -> int | None:
        """The exit code as soon as the command exits, None when that takes longer than `timeout_s` seconds."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self._exit_code is None and self._listen(deadline):
            pass
        return self._exit_code

    def usage(self) -> TreeUsage | None:
        """What the tree has used so far, None once it is gone. CPU seconds never go backwards."""
        usage = None if self._is_over else tree_usage(self._guardian.pid)
        if usage is None:
            return None
        # the kernel forgets the CPU time of a child whose parent ignores SIGCHLD
        self._cpu_s = max(self._cpu_s, usage.cpu_s)
        return TreeUsage(cpu_s=self._cpu_s, memory_bytes=usage.memory_bytes, processes=usage.processes)

    def listening(self) -> tuple[tuple[str, int], ...]:
        """The addresses and TCP ports on which the tree accepts connections, as far as this machine tells."""
        found: set[tuple[str, int]] = set()
        for process in _below(self._guardian.pid):
            with contextlib.suppress(psutil.Error):
                found.update(
                    (connection.laddr.ip, connection.laddr.port)
                    for connection in process.net_connections(kind="tcp")
                    if connection.status == psutil.CONN_LISTEN
                )
        return tuple(sorted(found))

    def stop(self) -> None:
        """End the tree: SIGTERM, the time it may take to stop, SIGKILL. An interrupt meanwhile skips the waiting."""
        if self._is_over and self._guardian.returncode is not None:
            return
        try:
            self._order(guardian.TERMINATE)
            self._wait_until_over(self._stop_timeout_s + GUARDIAN_GRACE_S)
        except KeyboardInterrupt:
            self._order(guardian.KILL)
            self._wait_until_over(GUARDIAN_GRACE_S)
            raise
        finally:
            self._bury_guardian()

    def _order(self, order: bytes) -> None:
        with contextlib.suppress(OSError):  # the guardian may be over already
            os.write(self._control, order)

    def _wait_until_over(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self._listen(deadline):
            pass

    def _listen(self, deadline: float | None) -> bool:
        """Take in what the guardian reports; False at the deadline and after its last word."""
        if self._is_over:
            return False
        poller = select.poll()  # select() cannot watch the descriptors a load generator drives beyond 1023
        poller.register(self._status, select.POLLIN)
        if not poller.poll(None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000):
            return False
        received = os.read(self._status, 4096)
        self._is_over = not received
        *lines, self._heard = (self._heard + received).split(b"\n")
        for line in lines:
            event, number = line.decode().split()
            if event == "started":
                self._pid = int(number)
            else:
                self._exit_code = int(number)
        if self._is_over and self._exit_code is None:
            self._exit_code = -signal.SIGKILL  # the guardian was killed; the command dies with it
        return True

    def _bury_guardian(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guardian.wait(1.0)
        if self._guardian.returncode is None:
            self._guardian.kill()
            self._guardian.wait()
        if self._guardian.returncode != 0 and self._pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
        self._is_over = True
        for descriptor in (self._control, self._status):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@contextlib.contextmanager
def started(
    line: str, *, cwd: Path, environment: Mapping[str, str], log: Path, stop_timeout_s: float = 10.0
) -> Iterator[Command]:
    """Run a shell command line in `cwd`, its output appended to `log`; when the block is left, nothing of it remains.

    Of what it prints the log keeps the first and the last 8 MiB. `environment` is added to this process's own. Raises
    StorageError when the log cannot be written and AiopsError when no process can be started.
    """
    command = _start(line, cwd=cwd, environment=environment, log=log, stop_timeout_s=stop_timeout_s)
    try:
        yield command
    finally:
        command.stop()


def run(line: str, *, cwd: Path, environment: Mapping[str, str], log: Path, timeout_s: float) -> int | None:
    """The exit code of a shell command line (negative: signal), or None when it had to be stopped at `timeout_s`."""
    with started(line, cwd=cwd, environment=environment, log=log, stop_timeout_s=RUN_STOP_TIMEOUT_S) as command:
        return command.wait(timeout_s)


def tree_usage(pid: int) -> TreeUsage | None:
    """What the processes below `pid` use, those that ended and were reaped included; None when `pid` is gone."""
    for _ in range(3):  # a process that ends between two readings would be lost or counted twice
        with contextlib.suppress(psutil.NoSuchProcess):
            return _read_usage(psutil.Process(pid))
    return None


def _read_usage(root: psutil.Process) -> TreeUsage:
    times = root.cpu_times()
    cpu_s, memory_bytes, processes = times.children_user + times.children_system, 0, 0
    for process in root.children(recursive=True):  # parents before children: see tree_usage
        times = process.cpu_times()
        cpu_s += times.user + times.system + times.children_user + times.children_system
        if process.status() != psutil.STATUS_ZOMBIE:
            memory_bytes += process.memory_info().rss
            processes += 1
    return TreeUsage(cpu_s=cpu_s, memory_bytes=memory_bytes, processes=processes)


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _start(line: str, *, cwd: Path, environment: Mapping[str, str], log: Path, stop_timeout_s: float) -> Command:
    control_reader, control = os.pipe()
    status, status_writer = os.pipe()
    try:
        with _opened(log) as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", guardian.__file__),
                    *(str(control_reader), str(status_writer), str(stop_timeout_s), line),
                ],
                cwd=cwd,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(control_reader, status_writer),
                start_new_session=True,  # the terminal's Ctrl-C reaches this process alone, which then ends the tree
            )
    except BaseException as error:
        os.close(control)
        os.close(status)
        if isinstance(error, OSError | ValueError):  # ValueError: a null byte in the command or its environment
            raise AiopsError(f"cannot start `{logs.one_line(line, limit=120)}` in {cwd}: {error}") from error
        raise
    finally:
        os.close(control_reader)
        os.close(status_writer)
    return Command(process, control, status, stop_timeout_s)


@contextlib.contextmanager
def _opened(log: Path) -> Iterator[int]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)  # read by the guardian
    except OSError as error:
        raise logs.unwritable(log, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def signal_of(exit_code: int) -> signal.Signals | None:
    """The signal that an exit code stands for, as a parent sees it (-9) or as a shell passes it on (137)."""
    number = -exit_code if exit_code < 0 else exit_code - 128
    try:
        return signal.Signals(number) if number > 0 else None
    except ValueError:
        return None


def describe_exit(exit_code: int) -> str:
    """How a command ended, with the probable cause where the exit code tells it."""
    number = signal_of(exit_code)
    if number == signal.SIGKILL:
        return "was killed by SIGKILL (out of memory?)"
    if number is not None:
        return f"was killed by {number.name}"
    causes = {126: " (not executable)", 127: " (command not found)"}
    return f"ended with exit code {exit_code}{causes.get(exit_code, '')}"


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the main thread as Ctrl-C does, so that every block is left and cleans up.

    They are handed on as SIGINT, since an event loop turns only that into the end of its task: an exception raised in
    one of its callbacks would be printed and forgotten. A shell starts background jobs with SIGINT ignored; inside the
    block it is heard, or a cancelled job would go on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if previous[signal.SIGINT] is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if previous[number] is not signal.SIG_IGN:  # nohup asks to survive a hang-up
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put an interrupt off to the end of the block, for work that would lose it.

    Python prints and forgets an exception that a signal raises inside a weak reference's callback or a finaliser, and a
    garbage collection runs many of those.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in previous.items():
        if callable(handler):
            signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
