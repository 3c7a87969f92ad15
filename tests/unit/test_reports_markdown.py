"""The comment reads well, carries no one else's markup, and fits where it is posted."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_reports.markdown import MAX_CHARACTERS, escape, render_comment, shorten, sparkline
from aiops_reports.record import BenchmarkResult, CommitReport, FailedTest
from support import reports_curves as curves
from support import reports_samples as samples
from support.reports_golden import assert_golden
from support.reports_strategies import values_of


def hourly_report() -> CommitReport:
    return replace(samples.sample_report(), plan=samples.hourly_plan())


def report_of(result: BenchmarkResult) -> CommitReport:
    return replace(samples.sample_report(), benchmarks=(result,), plan=None)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("passed", samples.sample_report),
        ("failed", samples.failed_report),
        ("infeasible", samples.infeasible_report),
        ("interrupted", samples.partial_report),
        ("hourly", hourly_report),
        ("streamed", lambda: report_of(curves.streamed_benchmark())),
        ("imported", lambda: report_of(curves.imported_benchmark())),
    ],
)
def test_comments_read_as_their_golden_copies(name: str, make: Callable[[], CommitReport]) -> None:
    assert_golden(f"comment-{name}.md", render_comment(make()))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("ping @everyone", "ping @\u200beveryone"),
        ("a|b", r"a\|b"),
        ("[link](x)", r"\[link\](x)"),
        ("`code` *bold* _it_ ~no~", r"\`code\` \*bold\* \_it\_ \~no\~"),
        ("two\nlines\r\n\tand\x00more", "two lines and more"),
        ("https://evil.example www.evil.example", "https&#58;//evil.example www&#46;evil.example"),
        ("&amp; \\|", r"&amp;amp; \\\|"),
        ("right\u202eleft", "right left"),
        ("caf\udce9", "caf"),
        ("x" * 1000, "x" * 399 + "…"),
    ],
)
def test_text_of_others_keeps_its_letters_and_loses_its_powers(text: str, escaped: str) -> None:
    assert escape(text) == escaped


HOSTILE = "</details>\n\n# owned\n```\n| @team <b>[x](http://evil.example)`"


def test_no_field_of_a_hostile_report_becomes_markup() -> None:
    report = samples.failed_report()
    assert report.checks is not None
    failures = (FailedTest(name=HOSTILE, kind="failed", message=HOSTILE),)
    hostile = replace(
        report,
        service=HOSTILE,
        commit=replace(samples.sample_commit(), subject=HOSTILE),
        checks=replace(report.checks, failures=failures),
        benchmarks=(replace(samples.sample_benchmark(), name=HOSTILE, target=HOSTILE, notes=(HOSTILE,)),),
        notes=(HOSTILE,),
    )
    text = render_comment(hostile)
    tags = set(re.findall(r"<[^>]+>", text))
    assert tags == {"<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>"}
    assert text.count("</details>") == text.count("\n<details>\n<summary>") == 4
    assert "@team" not in text
    assert "http://" not in text
    assert not re.search(r"^(# owned|```)", text, re.MULTILINE)


@given(report=values_of(CommitReport))
@settings(max_examples=40, deadline=None)
def test_any_report_can_be_rendered_with_tables_that_hold(report: CommitReport) -> None:
    text = render_comment(report)
    assert len(text) <= MAX_CHARACTERS
    assert text.startswith("### ")
    assert text.count("<details>") == text.count("</details>")
    for block in re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block


def test_an_invalid_point_is_struck_through_and_its_reason_can_be_read() -> None:
    (row,) = re.findall(r"^.*~~.*$", render_comment(samples.sample_report()), re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert all(re.fullmatch("~~.+~~", cell) for cell in cells[:-1])
    assert cells[-1] == "invalid: the generator used 84 % of its core"


def test_a_comment_stays_below_the_limit_however_much_there_is_to_say() -> None:
    result = samples.sample_benchmark(samples.sample_points() * 60)
    text = render_comment(replace(samples.sample_report(), benchmarks=(result,) * 4))
    assert len(text) <= MAX_CHARACTERS
    assert text.count("<details>") == text.count("</details>")
    assert text.endswith("*Cut here: the whole report is in `report.html` beside this comment's source.*\n")


@given(
    st.lists(st.sampled_from(["```", "word", "| a | b |"]), max_size=200),
    st.integers(400, 900),
)
def test_shortened_text_ends_at_a_line_with_everything_closed(lines: list[str], limit: int) -> None:
    opened = "\n".join(["<details>", *lines, "</details>", ""])
    short = shorten(opened, limit)
    assert len(short) <= limit
    assert short.count("<details>") == short.count("</details>")
    if short != opened:
        assert len(re.findall(r"^```", short, re.MULTILINE)) % 2 == 0


def test_text_that_fits_is_left_alone() -> None:
    assert shorten("a\nb\n", 4) == "a\nb\n"


@pytest.mark.parametrize(
    ("values", "bars"),
    [([1, 2, 4, 8], "▂▃▅█"), ([0, None, 7], "▁·█"), ([], ""), ([0, 0], "▁▁"), ([None], "·"), ([5], "█")],
)
def test_sparklines_draw_values_against_the_largest(values: list[float | None], bars: str) -> None:
    assert sparkline(values) == bars
