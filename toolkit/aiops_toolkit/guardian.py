"""A program of its own that runs one shell command and lets nothing of it survive.

`processes.py` starts it, with nothing but the standard library. On Linux it adopts every orphan of the command. It ends
the tree when the command exits, when it is told to, and when the control pipe closes, as it does when aiops is killed.
Its standard output is the command's log, of which it keeps the beginning and the end.
"""

import contextlib
import ctypes
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

TERMINATE = b"t"
KILL = b"k"
KILL_PATIENCE_S = 5.0  # a process in uninterruptible sleep may outlast SIGKILL for a while
LOG_HEAD_BYTES = LOG_TAIL_BYTES = 8 * 2**20
LOG_SLACK_BYTES = 16 * 2**20  # freed at once: few large holes disturb the writer less than many small ones
LOG_LOOK_S = 0.2
STDOUT = 1
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
IS_LINUX = sys.platform == "linux"


def main(arguments: list[str]) -> int:
    """Run a command to its end. `arguments`: control pipe, status pipe, seconds to stop in, the shell command line.

    Its exit code travels over the status pipe.
    """
    control, status, stop_timeout_s, line = int(arguments[0]), int(arguments[1]), float(arguments[2]), arguments[3]
    process_control(PR_SET_CHILD_SUBREAPER, 1)
    wakeup = listen_to_signals()
    log = Log(STDOUT)
    command = subprocess.Popen(
        ["/bin/sh", "-c", line],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: process_control(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - no threads here
    )
    guardian = Guardian(command.pid, control, status, wakeup, log)
    guardian.report("started", command.pid)
    guardian.watch()
    guardian.end_tree(stop_timeout_s)
    log.close()
    command.returncode = guardian.exit_code or 0  # reaped above; keeps Popen from looking for it
    return 0


class Guardian:
    """The command's tree, and the orders that come in over the control pipe or as signals."""

    def __init__(self, command: int, control: int, status: int, wakeup: int, log: "Log") -> None:
        self.command = command
        self.log = log
        self.status = status
        self.wakeup = wakeup
        self.sources = {control, wakeup}
        self.exit_code: int | None = None
        self.is_empty = False
        self.must_end = False
        self.must_kill = False

    def watch(self) -> None:
        """Wait until the command exits or an order to end it comes."""
        while self.exit_code is None and not self.must_end:
            self.wait(None)

    def end_tree(self, stop_timeout_s: float) -> None:
        """Ask every process of the tree to end, then make them."""
        deadline = time.monotonic() + stop_timeout_s
        self.signal_tree(signal.SIGTERM)
        self.signal_tree(signal.SIGCONT)  # a stopped process sees SIGTERM only once it continues
        while not (self.is_empty or self.must_kill) and (remaining_s := deadline - time.monotonic()) > 0:
            self.wait(remaining_s)
        deadline = time.monotonic() + KILL_PATIENCE_S
        while not self.is_empty and time.monotonic() < deadline:
            self.signal_tree(signal.SIGKILL)  # again and again: a process may fork while the list is read
            self.wait(0.02)
        if not self.is_empty:
            print(f"aiops: these processes could not be ended: {descendants(os.getpid())}", flush=True)

    def wait(self, timeout_s: float | None) -> None:
        """Sleep until a child ends, an order comes or the time is over, at most until the next look at the log."""
        pause_s = LOG_LOOK_S if timeout_s is None else min(LOG_LOOK_S, timeout_s)
        readable, _, _ = select.select(list(self.sources), [], [], pause_s)
        for source in readable:
            received = os.read(source, 4096)
            if source == self.wakeup:
                self.must_end |= any(number != signal.SIGCHLD for number in received)
                continue
            self.must_end = True
            self.must_kill |= KILL in received
            if not received:
                self.sources.discard(source)
        self.reap()
        self.log.look()

    def reap(self) -> None:
        """Collect the children that ended, adopted ones too, and pass on the command's exit code at once."""
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:  # orphans become children here, so the whole tree is gone
                self.is_empty = True
                return
            if pid == 0:
                return
            if pid == self.command:
                self.exit_code = os.waitstatus_to_exitcode(wait_status)
                self.report("exited", self.exit_code)

    def signal_tree(self, number: signal.Signals) -> None:
        """Send a signal to every process of the tree that is still there, once each."""
        targets = descendants(os.getpid())
        if not targets:  # without /proc the command's own process group has to do
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.command, number)
        for pid in targets:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def report(self, event: str, number: int) -> None:
        """Write one line to whoever started this guardian, if it is still there to read it."""
        with contextlib.suppress(OSError):
            os.write(self.status, f"{event} {number}\n".encode())


class Log:
    """What the command prints from now on: its first and last bytes are kept, and its middle is given back.

    The command writes to the file itself, so that no reader can hold it up. While it runs, the middle becomes a hole
    that takes no room on the disk; at the end it is cut out and a line says what is missing. Where a file system has no
    holes the middle is cut out at every look, and may lose the lines that are written meanwhile.
    """

    def __init__(self, descriptor: int, punch: "Callable[[int, int, int], bool] | None" = None) -> None:
        found = os.fstat(descriptor)
        self.descriptor = descriptor
        self.punch = punch or punch_hole
        self.is_file = stat.S_ISREG(found.st_mode)
        self.head_end = self.freed_to = found.st_size + LOG_HEAD_BYTES
        self.cut_bytes = 0

    def look(self) -> None:
        """Give back what is neither beginning nor end, once it is much; microseconds until then."""
        size = os.fstat(self.descriptor).st_size
        surplus = size - LOG_TAIL_BYTES - self.freed_to
        if not self.is_file or surplus < LOG_SLACK_BYTES:
            return
        with contextlib.suppress(OSError):  # the log is the lesser thing to lose
            if self.punch(self.descriptor, self.freed_to, surplus):
                self.freed_to += surplus
            else:
                self.cut()

    def close(self) -> None:
        """Leave the beginning, a line about what is missing, and the end."""
        size = os.fstat(self.descriptor).st_size
        left_out = self.cut_bytes + max(0, size - LOG_TAIL_BYTES - self.head_end)
        if not self.is_file or not left_out:
            return
        kept = f"the first and the last {LOG_HEAD_BYTES >> 20} MiB that a command prints are kept"
        with contextlib.suppress(OSError):
            self.cut(f"\n== aiops left out {left_out} bytes here: {kept} ==\n".encode())

    def cut(self, notice: bytes = b"") -> None:
        """Take the middle out of the file, with a notice in its place."""
        size = os.fstat(self.descriptor).st_size
        start = max(self.head_end, size - LOG_TAIL_BYTES)
        tail = os.pread(self.descriptor, LOG_TAIL_BYTES, start)
        os.ftruncate(self.descriptor, self.head_end)
        self.cut_bytes += start - self.head_end
        with open(self.descriptor, "ab", closefd=False) as file:
            file.write(notice + tail)


def punch_hole(descriptor: int, start: int, length: int) -> bool:
    """Give a part of a file back to the file system, the rest staying where it is; False where that cannot be done."""
    library = ctypes.CDLL(None)
    fallocate = getattr(library, "fallocate64", None) or getattr(library, "fallocate", None)
    mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    if fallocate is None:
        return False
    return bool(fallocate(descriptor, mode, ctypes.c_int64(start), ctypes.c_int64(length)) == 0)


def listen_to_signals() -> int:
    """Turn SIGCHLD and every polite request to end into bytes on a pipe; its end to read from."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return readable


def descendants(root: int) -> list[int]:
    """Every process below `root`, parents first, as /proc tells it; empty where there is no /proc."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the name in parentheses may itself hold spaces and parentheses
            parent = int(status.read_bytes().rpartition(b")")[2].split()[1])
            children[parent].append(int(status.parent.name))
    found = [root]
    for pid in found:
        found.extend(children[pid])
    return found[1:]


def process_control(option: int, value: int) -> None:
    """Call Linux's prctl; other systems have to do without."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
