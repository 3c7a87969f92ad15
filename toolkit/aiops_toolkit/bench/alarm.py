"""Wakes the sender at an exact time: by a Linux timerfd, else by the event loop's own timers, which tick at 1 ms."""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1


class Alarm(Protocol):
    """A timer that calls back once each time it is set."""

    def set(self, at_s: float) -> None:
        """Call back at `at_s` of `time.perf_counter`, at once when that has passed."""

    def close(self) -> None:
        """Never call back again."""


def create_alarm(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Alarm:
    """The most exact alarm this platform has."""
    if timerfd_available():
        return TimerfdAlarm(loop, callback)
    return LoopAlarm(loop, callback)


def timerfd_available() -> bool:
    """Whether the kernel gives us a timerfd and `time.perf_counter` reads the clock that timerfd runs on."""
    clock = time.get_clock_info("perf_counter").implementation
    if sys.platform != "linux" or clock != "clock_gettime(CLOCK_MONOTONIC)":
        return False
    try:
        os.close(_create())
    except OSError:  # a sandbox without the call, or no descriptor left
        return False
    return True


class LoopAlarm:
    """An alarm by `loop.call_later`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at_s: float) -> None:
        """See Alarm."""
        self._handle = self._loop.call_later(max(0.0, at_s - time.perf_counter()), self._callback)

    def close(self) -> None:
        """See Alarm."""
        if self._handle is not None:
            self._handle.cancel()


class TimerfdAlarm:
    """An alarm by a file descriptor that becomes readable when the time has come."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._descriptor = _create()
        loop.add_reader(self._descriptor, self._ring)

    def set(self, at_s: float) -> None:
        """See Alarm."""
        _set(self._descriptor, max(at_s, 1e-9))  # zero would disarm it

    def close(self) -> None:
        """See Alarm."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ring(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:  # set again between becoming readable and this call
            return
        self._callback()


if sys.version_info >= (3, 13) and sys.platform == "linux":

    def _create() -> int:
        return os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)

    def _set(descriptor: int, at_s: float) -> None:
        os.timerfd_settime(descriptor, flags=os.TFD_TIMER_ABSTIME, initial=at_s)

else:

    class _Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    class _Timerspec(ctypes.Structure):
        _fields_ = (("interval", _Timespec), ("value", _Timespec))

    _libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def _create() -> int:
        assert _libc is not None
        descriptor = int(_libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        return descriptor

    def _set(descriptor: int, at_s: float) -> None:
        assert _libc is not None
        seconds = int(at_s)
        spec = _Timerspec(_Timespec(0, 0), _Timespec(seconds, int((at_s - seconds) * 1e9)))
        if _libc.timerfd_settime(descriptor, _ABSOLUTE, ctypes.byref(spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")
