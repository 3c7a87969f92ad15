"""Numbers and nouns in the planner's sentences."""

import re
from pathlib import Path

import pytest

from aiops_planner.wording import counted, milliseconds, number, percent

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (percent(0.5), "50 %"),
        (percent(1.256, 1), "125.6 %"),
        (milliseconds(0.005), "5 ms"),
        (milliseconds(0.04011), "40.1 ms"),
        (milliseconds(2.5), "2,500 ms"),
    ],
)
def test_units_stand_apart_from_their_numbers(written, said):
    assert written == said


@pytest.mark.parametrize("room", ["planner", "reports", "toolkit"])
def test_percentages_are_written_in_one_way(room):
    glued = re.compile(r"\{[^{}]+:[.,0-9]*%\}")
    found = [path.name for path in (ROOT / room).rglob("*.py") if glued.search(path.read_text(encoding="utf-8"))]
    assert found == []
