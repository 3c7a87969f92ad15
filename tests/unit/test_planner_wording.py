"""Numbers and nouns in the planner's sentences."""

import pytest

from aiops_planner.wording import counted, number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (1.0, "1"),
        (12.5, "12.5"),
        (0.01234, "0.0123"),
        (999.4, "999"),
        (999.6, "1,000"),
        (1810.0, "1,810"),
        (1234567.8, "1,234,568"),
        (1e300, "1e+300"),
    ],
)
def test_a_number_is_written_as_people_write_it(value, written):
    assert number(value) == written


def test_only_one_is_singular():
    assert [counted(count, "machine") for count in (0, 1, 1.0, 1.5, 2000)] == [
        "0 machines",
        "1 machine",
        "1 machine",
        "1.5 machines",
        "2,000 machines",
    ]
