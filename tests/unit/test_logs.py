"""What a log's end says fits in one line, without colours and secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import StorageError
from aiops_toolkit.logs import EXCERPT_CHARACTERS, TAIL_BYTES, last_lines, one_line, open_section
from aiops_toolkit.masking import secrets_in


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\n\tlines\r\n", "two lines"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07text", "red text"),
        ("null\x00and\x85next\u2028line", "null and next line"),
        ("a token: s3same", "a token: ***"),
    ],
)
def test_text_becomes_one_printable_line(text, shown):
    assert one_line(text, secrets=["s3same"]) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_one_line_keeps_its_limit_and_holds_no_control_character(text, limit):
    shown = one_line(text, limit=limit)
    assert len(shown) <= limit
    assert shown.splitlines() in ([], [shown])


def test_the_last_lines_that_say_something_are_joined(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\n\ntwo\n   \nthree\n")
    assert last_lines(log, count=2) == "two | three"
    assert last_lines(log, start=4) == "two | three"


def test_a_long_excerpt_keeps_its_end(tmp_path):
    (tmp_path / "log").write_text("word " * 60 + "\n" + "word " * 60 + "the end")
    shown = last_lines(tmp_path / "log")
    assert len(shown) == EXCERPT_CHARACTERS
    assert shown.endswith("the end")


def test_only_the_end_of_a_big_log_is_read(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff" * (3 * TAIL_BYTES) + b"\nthe end\n")
    assert last_lines(tmp_path / "log").endswith("the end")


def test_a_secret_of_several_lines_is_masked_before_the_lines_are_parted(tmp_path):
    (tmp_path / "log").write_text("key: -----BEGIN\nab\n-----END\n")
    assert last_lines(tmp_path / "log", secrets=secrets_in({"PRIVATE_KEY": "-----BEGIN\nab\n-----END"})) == "key: ***"


def test_a_log_that_is_not_there_says_nothing(tmp_path):
    assert last_lines(tmp_path / "none") == ""


def test_a_section_starts_after_its_heading(tmp_path):
    log = tmp_path / "folder" / "log"
    open_section(log, "setup: true")
    start = open_section(log, "command: serve")
    with log.open("a") as file:
        file.write("hello\n")
    assert log.read_text() == "== setup: true ==\n== command: serve ==\nhello\n"
    assert last_lines(log, start=start) == "hello"


def test_a_section_that_cannot_be_written_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match=r"cannot write the log .*: Is a directory; choose a folder"):
        open_section(tmp_path, "setup: true")
