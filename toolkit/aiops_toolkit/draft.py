"""A report while it grows: every addition is saved at once, so that whatever ends the job keeps what was measured."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from aiops_planner.errors import AiopsError
from aiops_reports.record import CommitReport, Stage, StageName, StageStatus
from aiops_toolkit.masking import masked
from aiops_toolkit.progress import Progress

STAGES: tuple[StageName, ...] = ("service", "tests", "benchmarks", "plan")


@dataclass
class Ending:
    """How the running stage will be recorded; the stage itself sets what differs from success."""

    status: Literal["ok", "failed", "skipped"] = "ok"
    message: str = ""


class Draft:
    """The report so far, the function that saves it, and the secrets its messages must not show."""

    def __init__(
        self, report: CommitReport, save: Callable[[CommitReport], None], secrets: tuple[str, ...] = ()
    ) -> None:
        self.report = report
        self._save = save
        self.secrets = secrets

    def add(self, **parts: Any) -> None:
        """Set parts of the report and save it."""
        self.report = replace(self.report, **parts)
        self._save(self.report)

    @contextmanager
    def stage(self, name: StageName, progress: Progress, total: float | None = None) -> Iterator[Ending]:
        """Run one stage: an AiopsError ends it and is recorded; an interrupt is recorded and goes on upwards."""
        progress.start(name, total)
        began = time.monotonic()
        ending = Ending()
        try:
            yield ending
        except AiopsError as error:
            message = masked(error.message, self.secrets)
            self._close(name, "error", began, message, error.exit_code)
            progress.finish(message, well=False)
        except KeyboardInterrupt:
            self._close(name, "interrupted", began, f"interrupted after {time.monotonic() - began:.0f} s", 130)
            progress.finish("interrupted", well=False)
            raise
        else:
            self._close(name, ending.status, began, ending.message or None)
            progress.finish(ending.message, well=ending.status == "ok")

    def skip(self, name: StageName, message: str) -> None:
        """Record that a stage was not run, and why."""
        self.add(stages=(*self.report.stages, Stage(name=name, status="skipped", seconds=0.0, message=message)))

    def skip_rest(self, message: str) -> None:
        """Record every stage that was not reached."""
        reached = {stage.name for stage in self.report.stages}
        for name in STAGES:
            if name not in reached:
                self.skip(name, message)

    def succeeded(self, name: StageName) -> bool:
        """Whether the stage ran to its end."""
        return any(stage.name == name and stage.status in {"ok", "failed"} for stage in self.report.stages)

    def _close(
        self, name: StageName, status: StageStatus, began: float, message: str | None, exit_code: int = 0
    ) -> None:
        stage = Stage(name=name, status=status, seconds=time.monotonic() - began, message=message, exit_code=exit_code)
        self.add(stages=(*self.report.stages, stage))
