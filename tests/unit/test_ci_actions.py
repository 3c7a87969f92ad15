"""What a GitHub Actions runner reads from a step, read back the way the runner reads it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import PublishError
from aiops_reports.record import FailedTest, Stage
from aiops_toolkit.ci.actions import annotation, annotations, append_summary, mask, write_outputs
from support.reports_samples import failed_report, infeasible_report, sample_report


def read_outputs(text: str) -> dict[str, str]:
    """The runner's reading of $GITHUB_OUTPUT: NAME<<DELIMITER, lines, DELIMITER."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if "<<" in line:
            name, _, delimiter = line.partition("<<")
            value = []
            while (part := next(lines)) != delimiter:
                value.append(part)
            found[name] = "\n".join(value)
    return found


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=80))
def test_any_value_comes_back_from_the_outputs(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("outputs") / "output"
    write_outputs(path, {"outcome": value, "power": "3"})
    assert read_outputs(path.read_text(encoding="utf-8")) == {"outcome": value, "power": "3"}


def test_a_value_cannot_set_another_output(tmp_path: Path) -> None:
    path = tmp_path / "output"
    write_outputs(path, {"outcome": "passed\naiops_delimiter\nexit-code<<x\n0\nx"})
    assert list(read_outputs(path.read_text())) == ["outcome"]


def test_outputs_are_added_to_those_of_the_step(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("exit-code=0\n")
    write_outputs(path, {"outcome": "passed"})
    assert path.read_text().startswith("exit-code=0\noutcome<<aiops_")


def test_the_summary_grows_by_the_report(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    append_summary(path, "# One\n\n")
    append_summary(path, "# Zwei µ\n")
    assert path.read_text(encoding="utf-8") == "# One\n# Zwei µ\n"


def test_a_summary_beyond_github_s_limit_is_refused_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    append_summary(path, "x" * 1_000_000)
    with pytest.raises(PublishError, match=r"grow to 1,\d{3},\d{3} bytes and GitHub shows 1,048,576"):
        append_summary(path, "y" * 60_000)
    assert path.stat().st_size == 1_000_001


@pytest.mark.parametrize(
    ("message", "title", "expected"),
    [
        ("plain", "tests", "::error title=tests::plain"),
        ("50 % slower\r\nthan main", "a", "::error title=a::50 %25 slower%0D%0Athan main"),
        ("a::b", "test_api.py::test_x, y", "::error title=test_api.py%3A%3Atest_x%2C y::a::b"),
        ("::add-mask::x", "100%", "::error title=100%25::::add-mask::x"),
    ],
)
def test_annotations_are_escaped_as_the_runner_reads_them(message: str, title: str, expected: str) -> None:
    assert annotation("error", message, title=title) == expected


@given(message=st.text(), title=st.text())
def test_an_annotation_is_one_line_and_one_command(message: str, title: str) -> None:
    line = annotation("warning", message, title=title)
    assert "\n" not in line
    assert "\r" not in line
    assert re.match(r"::warning title=[^:,]*::", line)


def test_a_secret_is_masked_as_one_line() -> None:
    assert mask("ghs_%\n") == "::add-mask::ghs_%25%0A"


def test_a_commit_that_passed_is_not_annotated() -> None:
    assert annotations(sample_report()) == ()


def test_failed_tests_and_gates_are_annotated() -> None:
    lines = annotations(failed_report())
    assert lines[0] == (
        "::error title=tests/test_model.py%3A%3Atest_accuracy_on_the_held_out_split failed::assert 0.9417 >= 0.97"
    )
    assert lines[2] == "::error title=gate accuracy::accuracy is 0.9417, and must be >= 0.97"
    assert lines[3] == "::error title=gate recall::recall was not written, and must be >= 0.9"


def test_a_stage_that_broke_and_a_target_no_fleet_meets_are_annotated() -> None:
    broken = Stage(name="service", status="error", seconds=1.0, message="the port is taken", exit_code=1)
    report = infeasible_report()
    lines = annotations(replace(report, stages=(broken,)))
    assert lines[0] == "::error title=image-classifier%3A service::the port is taken"
    assert lines[1].startswith("::error title=image-classifier%3A no fleet meets the target::the budget of 100 USD")


def test_what_the_runner_would_drop_is_counted_in_the_tenth() -> None:
    report = failed_report()
    assert report.checks is not None
    failures = tuple(FailedTest(name=f"test_{number}", kind="failed", message="no") for number in range(30))
    lines = annotations(replace(report, checks=replace(report.checks, failures=failures, gates=())))
    assert len(lines) == 10
    assert lines[-1] == "::error title=image-classifier::21 more problems stand in the report"
