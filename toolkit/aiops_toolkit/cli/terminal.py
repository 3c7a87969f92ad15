"""What a person sees while work is under way: a bar for each stage on a terminal, plain lines without one."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from aiops_toolkit.progress import Progress as Listener

WIDTH_WITHOUT_TERMINAL = 160  # logs scroll sideways; a figure broken over two lines is harder to find


def console(*, for_json: bool = False) -> Console:
    """The console to show results on; standard error when standard output is taken by JSON."""
    stream = sys.stderr if for_json else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL)


@contextmanager
def shown_progress(environment: Mapping[str, str] = os.environ) -> Iterator[Listener]:
    """A listener for the duration of the work: bars on a terminal, lines in CI and in pipes."""
    errors = Console(stderr=True, highlight=False)
    if not errors.is_terminal or environment.get("CI"):
        yield Lines(errors)
        return
    bars = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("[bold]{task.description}", table_column=Column(min_width=10, no_wrap=True)),
        BarColumn(table_column=Column(min_width=20, max_width=28)),
        TimeElapsedColumn(table_column=Column(min_width=7, no_wrap=True)),
        TextColumn("{task.fields[message]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        console=errors,
        expand=True,
    )
    with bars:
        yield Bars(bars)


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

    def finish(self, message: str = "") -> None:
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
        self._task = self._bars.add_task(stage, total=total, message="")

    def advance(self, done: float, message: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, message=_plain(message))

    def finish(self, message: str = "") -> None:
        """Fill the bar and leave the stage's result beside it."""
        if self._task is not None:
            total = self._bars.tasks[self._task].total or 1
            self._bars.update(self._task, total=total, completed=total, message=_plain(message))
            self._bars.stop_task(self._task)

    def note(self, message: str) -> None:
        """Print the line above the bars."""
        self._bars.console.print(message, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
