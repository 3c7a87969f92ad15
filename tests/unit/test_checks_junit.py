"""JUnit files of every shape are counted case by case; files that could do harm are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import CheckError
from aiops_toolkit.junit import KEPT_FAILURES, LARGEST_FILE_BYTES, read_junit


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "junit.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_junit(path, **options)

    return read


def counts(result):
    return result.passed, result.failed, result.errors, result.skipped


PASS, FAIL = '<testcase name="a"/>', '<testcase name="b"><failure message="m"/></testcase>'
ERROR, SKIP = '<testcase name="c"><error/></testcase>', '<testcase name="d"><skipped/></testcase>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<testsuite>{PASS}{FAIL}{ERROR}{SKIP}</testsuite>", (1, 1, 1, 1)),
        (f"<testsuites><testsuite>{PASS}</testsuite><testsuite>{PASS}{SKIP}</testsuite></testsuites>", (2, 0, 0, 1)),
        (f"<testsuites><testsuite>{PASS}<testsuite>{FAIL}</testsuite></testsuite></testsuites>", (1, 1, 0, 0)),
        (f'<testsuite tests="9" failures="9">{PASS}</testsuite>', (1, 0, 0, 0)),
        ("<testsuites/>", (0, 0, 0, 0)),
        ('<testsuite><testcase name="e"><failure/><error/></testcase></testsuite>', (0, 0, 1, 0)),
        (f"<testsuite><properties/><system-out>x</system-out>{PASS}<system-err/></testsuite>", (1, 0, 0, 0)),
        ('<testsuite><testcase name="f"><system-out>log</system-out></testcase></testsuite>', (1, 0, 0, 0)),
        (
            f'<?xml version="1.0" encoding="iso-8859-1"?><testsuite name="\xe9">{PASS}</testsuite>'.encode("latin-1"),
            (1, 0, 0, 0),
        ),
    ],
)
def test_cases_are_counted_by_what_they_report(text, expected, read):
    assert counts(read(text)) == expected


@given(st.lists(st.sampled_from([PASS, FAIL, ERROR, SKIP])), st.integers(min_value=1, max_value=40))
def test_every_case_is_counted_once_at_any_depth(tmp_path_factory, cases, depth):
    path = tmp_path_factory.mktemp("junit") / "junit.xml"
    path.write_text("<testsuite>" * depth + "".join(cases) + "</testsuite>" * depth)
    assert counts(read_junit(path)) == tuple(map(cases.count, (PASS, FAIL, ERROR, SKIP)))


@pytest.mark.parametrize(
    ("case", "name", "kind", "message"),
    [
        (
            '<testcase classname="tests.api" name="t"><failure message="assert 1&#10;where 2"/></testcase>',
            "tests.api.t",
            "failed",
            "assert 1",
        ),
        ('<testcase name="t"><error>\n  boom\nTraceback</error></testcase>', "t", "error", "boom"),
        ('<testcase name="t"><failure/></testcase>', "t", "failed", "no message"),
        ("<testcase><failure/></testcase>", "unnamed", "failed", "no message"),
        ('<testcase name="t"><failure message="key hunter22"/></testcase>', "t", "failed", "key ***"),
        ('<testcase name="t[hunter22]"><failure message="no"/></testcase>', "t[***]", "failed", "no"),
    ],
)
def test_a_failure_is_told_by_name_and_first_line(case, name, kind, message, read):
    failure = read(f"<testsuite>{case}</testsuite>", secrets=["hunter22"]).failures[0]
    assert (failure.name, failure.kind, failure.message) == (name, kind, message)


def test_only_the_first_failures_are_kept_but_all_are_counted(read):
    result = read(f"<testsuite>{FAIL * (KEPT_FAILURES + 5)}</testsuite>")
    assert (result.failed, len(result.failures)) == (KEPT_FAILURES + 5, KEPT_FAILURES)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>'
EXTERNAL = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "broken XML: no element found"),
        ("<testsuite>", "broken XML: no element found"),
        ("<testsuite></testsuites>", "broken XML: mismatched tag"),
        ("not xml", "broken XML: syntax error"),
        (b"\x89PNG\r\n\x1a\n", "broken XML"),
        ('<?xml version="1.0" encoding="nonsense"?><testsuite/>', "broken XML"),
        ("<html/>", "its root is <html>, expected <testsuites> or <testsuite>"),
        (BOMB, "declares a document type (x)"),
        (EXTERNAL, "declares a document type (x)"),
    ],
)
def test_other_files_are_refused_with_the_reason(text, reason, read):
    with pytest.raises(CheckError) as caught:
        read(text)
    assert reason in caught.value.message


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "junit.xml"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE_BYTES + 2**20)
    with pytest.raises(CheckError, match="it has 65 MiB, at most 64 are read"):
        read_junit(path)


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(CheckError, match="it is no regular file"):
        read_junit(tmp_path)
