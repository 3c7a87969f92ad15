"""How long work tells its listener where it stands; the command line shows it as bars or plain lines."""

from typing import Protocol


class Progress(Protocol):
    """A listener. Calls must be cheap: they happen between measurements, never inside one."""

    def start(self, stage: str, total: float | None = None) -> None:
        """A stage begins; `total` is its size in any unit, None when unknown."""

    def advance(self, done: float, message: str = "") -> None:
        """The current stage now stands at `done` of its total, doing `message`."""

    def finish(self, message: str = "", *, well: bool = True) -> None:
        """The current stage ended, well or not, with this result in a few words."""

    def note(self, message: str) -> None:
        """A line to keep on the screen."""


class Later:
    """A part of a stage: passes everything on, with `offset` more done than the part itself knows of."""

    def __init__(self, whole: Progress, offset: float) -> None:
        self._whole = whole
        self._offset = offset

    def start(self, stage: str, total: float | None = None) -> None:
        """Pass on."""
        self._whole.start(stage, total)

    def advance(self, done: float, message: str = "") -> None:
        """Pass on what the whole stage has done."""
        self._whole.advance(self._offset + done, message)

    def finish(self, message: str = "", *, well: bool = True) -> None:
        """Pass on."""
        self._whole.finish(message, well=well)

    def note(self, message: str) -> None:
        """Pass on."""
        self._whole.note(message)


class Silent:
    """A listener that shows nothing."""

    def start(self, stage: str, total: float | None = None) -> None:
        """Ignore."""

    def advance(self, done: float, message: str = "") -> None:
        """Ignore."""

    def finish(self, message: str = "", *, well: bool = True) -> None:
        """Ignore."""

    def note(self, message: str) -> None:
        """Ignore."""
