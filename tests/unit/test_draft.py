"""A growing report: what every way of ending a stage leaves in it, and that nothing is kept back."""

from dataclasses import dataclass, field

import pytest

from aiops_planner.errors import CheckError, ConfigError
from aiops_reports.record import CommitReport
from aiops_toolkit.draft import Draft
from aiops_toolkit.progress import Silent
from support.reports_samples import sample_report


@dataclass
class Kept:
    """Everything that was saved, in order."""

    reports: list[CommitReport] = field(default_factory=list)

    def save(self, report: CommitReport) -> None:
        self.reports.append(report)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def draft(kept: Kept) -> Draft:
    from dataclasses import replace

    return Draft(replace(sample_report(), stages=(), checks=None, benchmarks=(), plan=None), kept.save)


def test_a_stage_that_ends_well_is_recorded_with_its_message(draft: Draft) -> None:
    with draft.stage("tests", Silent()) as ending:
        ending.message = "3 passed"
    (stage,) = draft.report.stages
    assert (stage.name, stage.status, stage.message, stage.exit_code) == ("tests", "ok", "3 passed", 0)
    assert draft.succeeded("tests")


@pytest.mark.parametrize(("error", "exit_code"), [(CheckError("no JUnit"), 1), (ConfigError("no target"), 2)])
def test_an_expected_failure_ends_its_stage_and_not_the_job(draft: Draft, error: Exception, exit_code: int) -> None:
    with draft.stage("tests", Silent()):
        raise error
    (stage,) = draft.report.stages
    assert (stage.status, stage.message, stage.exit_code) == ("error", str(error), exit_code)
    assert draft.report.exit_code == exit_code
    assert not draft.succeeded("tests")


def test_an_interrupt_is_recorded_and_goes_on_upwards(draft: Draft) -> None:
    with pytest.raises(KeyboardInterrupt), draft.stage("benchmarks", Silent()):
        raise KeyboardInterrupt
    draft.skip_rest("not reached: interrupted")
    assert [(stage.name, stage.status) for stage in draft.report.stages] == [
        ("benchmarks", "interrupted"),
        ("service", "skipped"),
        ("tests", "skipped"),
        ("plan", "skipped"),
    ]
    assert draft.report.outcome == "interrupted"


def test_a_fault_of_the_code_is_not_swallowed(draft: Draft) -> None:
    with pytest.raises(ZeroDivisionError), draft.stage("plan", Silent()):
        raise ZeroDivisionError
    assert draft.report.stages == ()


def test_everything_is_saved_as_it_comes(draft: Draft, kept: Kept) -> None:
    with draft.stage("benchmarks", Silent()):
        draft.add(benchmarks=sample_report().benchmarks)
    draft.skip("plan", "no demand")
    assert [len(report.stages) for report in kept.reports] == [0, 1, 2]
    assert kept.reports[0].benchmarks == sample_report().benchmarks
