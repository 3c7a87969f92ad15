"""What a person sees while work is under way: a bar for each stage on a terminal, plain lines without one."""

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TextIO, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from aiops_toolkit.progress import Progress as Listener

WIDTH_WITHOUT_TERMINAL = 160  # logs scroll sideways; a figure broken over two lines is harder to find


def console(*, for_json: bool = False) -> Console:
    """The console to show results on; standard error when standard output is taken by JSON."""
    stream = sys.stderr if for_json else sys.stdout
    if stream.isatty():
        return Console(file=stream, highlight=False)
    width = None if "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(file=cast("IO[str]", Trimmed(stream)), highlight=False, width=width)


class Trimmed(io.TextIOBase):
    """A stream without the blanks that tables pad their lines with."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, its lines cut after their last visible character."""
        return self._stream.write(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


@contextmanager
def shown_progress(environment: Mapping[str, str] = os.environ) -> Iterator[Listener]:
    """A listener for the duration of the work: bars on a terminal, lines in CI and in pipes."""
    errors = Console(stderr=True, highlight=False)
    if not errors.is_terminal or environment.get("CI"):
        yield Lines(errors)
        return
    bars = Progress(
        Sign(),
        TextColumn("[bold]{task.description}", table_column=Column(min_width=10, no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(min_width=8, max_width=28, ratio=1)),
        TimeElapsedColumn(table_column=Column(min_width=7, no_wrap=True)),
        TextColumn("{task.fields[message]}", table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis")),
        console=errors,
        expand=True,
    )
    with bars:
        yield Bars(bars)


class Sign(SpinnerColumn):
    """A spinner while the stage runs, then whether it ended well."""

    def render(self, task: Task) -> RenderableType:
        """The sign of the stage."""
        if not task.finished:
            return super().render(task)
        return Text("✓", style="green") if task.fields["well"] else Text("✗", style="red")


class Lines:
    """A listener that prints a line when something begins, ends or is worth keeping."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""
        self._message = ""

    def start(self, stage: str, total: float | None = None) -> None:  # noqa: ARG002
        """Say that the stage began."""
        self._stage = stage
        self._message = ""
        self._print(f"{stage}: started")

    def advance(self, done: float, message: str = "") -> None:  # noqa: ARG002
        """Say what the stage is doing, once for each new message."""
        if message and message != self._message:
            self._message = message
            self._print(f"{self._stage}: {message}")

    def finish(self, message: str = "", *, well: bool = True) -> None:  # noqa: ARG002 - the message says it
        """Say how the stage ended."""
        self._print(f"{self._stage}: {message or 'done'}")

    def note(self, message: str) -> None:
        """Print the line."""
        self._print(message)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class Bars:
    """A listener that keeps one bar for each stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, stage: str, total: float | None = None) -> None:
        """Add the stage's bar."""
        self._task = self._bars.add_task(stage, total=total, message="", well=True)

    def advance(self, done: float, message: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, message=_plain(message))

    def finish(self, message: str = "", *, well: bool = True) -> None:
        """Fill the bar and leave the stage's result beside it."""
        if self._task is not None:
            total = self._bars.tasks[self._task].total or 1
            self._bars.update(self._task, total=total, completed=total, message=_plain(message), well=well)
            self._bars.stop_task(self._task)

    def note(self, message: str) -> None:
        """Print the line above the bars."""
        self._bars.console.print(message, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
