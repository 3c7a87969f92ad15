"""Demand as numbers and as a CSV file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.demand import Demand
from aiops_planner.errors import UsageError


def test_reads_hours_in_any_order_with_one_column_a_class():
    text = "\ufeffHour, short, long\r\n1, 20, 0\r\n\r\n0,8.5,2\r\n"
    demand = Demand.from_csv(text, "demand.csv")
    assert demand == Demand(classes=("short", "long"), rps=((8.5, 2.0), (20.0, 0.0)))
    assert demand.peak_rps == 20.0


def test_a_leap_year_of_hours_is_read():
    text = "hour,requests\n" + "".join(f"{hour},{hour}\n" for hour in range(8784))
    assert len(Demand.from_csv(text, "demand.csv").rps) == 8784


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "demand.csv:1: the header is ''"),
        ("hour\n0\n", "demand.csv:1: the header is 'hour'"),
        ("0,5\n1,6\n", "demand.csv:1: the header is '0,5'"),
        ("hour,a,\n0,1,2\n", "demand.csv:1: the header is 'hour,a,'"),
        ("hour,a,a\n", "demand.csv:1: column 'a' is there twice"),
        ("hour,a\n", "has no row below its header"),
        ("hour,a\n0,1\n2,1\n", "hour 1 is missing"),
        ("hour,a\n1,1\n", "hour 0 is missing"),
        ("hour,a\n0,1\n0,2\n", "demand.csv:3: hour 0 is there twice"),
        ("hour,a\n0.5,1\n", "demand.csv:2: column hour: '0.5' is no hour"),
        ("hour,a\n8784,1\n", "demand.csv:2: column hour: '8784' is no hour"),
        ("hour,a\n0,many\n", "demand.csv:2: column a: 'many' is not a number"),
        ("hour,a\n0,\n", "demand.csv:2: column a: '' is not a number"),
        ("hour,a\n0,-1\n", "demand.csv:2: column a: '-1' is not a number of at least 0"),
        ("hour,a\n0,nan\n", "demand.csv:2: column a: 'nan'"),
        ("hour,a\n0,1e999\n", "demand.csv:2: column a: '1e999'"),
        ("hour,a\n0,1_000\n", "demand.csv:2: column a: '1_000'"),
        ("hour,a\n0,٥\n", "demand.csv:2: column a: '٥'"),
        ("hour,a\n0,1,2\n", "demand.csv:2: has 3 columns, the header has 2"),
        ('hour,a\n0,"1\n', "is no CSV"),
    ],
)
def test_a_mistake_names_line_and_column(text, said):
    with pytest.raises(UsageError) as refusal:
        Demand.from_csv(text, "demand.csv")
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


def test_a_million_rows_are_refused_at_the_first_hour_beyond_a_year():
    text = "hour,a\n" + "".join(f"{hour},1\n" for hour in range(1_000_000))
    with pytest.raises(UsageError, match=r"8786: column hour: '8784' is no hour of a year"):
        Demand.from_csv(text, "demand.csv")


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=30))
def test_what_is_written_is_read_back(rows):
    text = "hour,a,b\n" + "".join(f"{hour},{a!r},{b!r}\n" for hour, (a, b) in enumerate(rows))
    assert Demand.from_csv(text, "demand.csv").rps == tuple(rows)
