"""What a foreign error says, fit for one line of ours."""

import pytest

from aiops_toolkit.ci.published import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError("no route\nto host"), "no route"),
        (ValueError(""), "ValueError"),
        (ValueError(" \n "), "ValueError"),
        (RuntimeError("x" * 300), "x" * 200),
    ],
)
def test_the_first_line_of_an_error_says_why_even_where_it_is_empty(error: Exception, line: str) -> None:
    assert first_line(error) == line
