"""Demand as numbers and as a CSV file with a row for each hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.demand import Demand
from aiops_planner.demand_file import MOST_ROWS
from aiops_planner.errors import UsageError
from aiops_planner.file_form import FileForm


def test_reads_hours_in_any_order_with_one_column_a_class():
    text = "\ufeffHour, short, long\r\n1, 20, 0\r\n\r\n0,8.5,2\r\n"
    demand = Demand.from_csv(text, "some/where/demand.csv")
    assert demand.classes == ("short", "long")
    assert demand.rps == ((8.5, 2.0), (20.0, 0.0))
    assert demand.peak_rps == 20.0
    assert demand.mean_rps == 15.25
    assert demand.basis == ("read from demand.csv",)


@pytest.mark.parametrize("name", ["requests", "value", "Mean_RPS"])
def test_a_single_column_that_says_requests_names_no_class(name):
    assert Demand.from_csv(f"hour,{name}\n0,5\n", "demand.csv").classes == ("requests",)


def test_one_column_of_several_can_be_named():
    text = "hour,mean,peak,server\n0,5,9,one\n1,6,10,two\n"
    demand = Demand.from_csv(text, "demand.csv", FileForm(column="mean"))
    assert demand.classes == ("requests",)
    assert demand.rps == ((5.0,), (6.0,))


def test_a_leap_year_of_hours_is_read():
    text = "hour,requests\n" + "".join(f"{hour},{hour}\n" for hour in range(8784))
    assert len(Demand.from_csv(text, "demand.csv").rps) == 8784


def test_growth_and_peaks_multiply_every_rate_and_are_named():
    demand = Demand.of_classes({"a": 100.0, "b": 10.0}).expected(growth=1.2, peak_factor=1.5)
    assert demand.rps[0] == pytest.approx((180.0, 18.0))
    assert demand.basis == ("grown by 20 %", "1.5 times as much for peaks within the hour")
    assert Demand.constant(5.0).expected() == Demand.constant(5.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "demand.csv: is empty; write hour,requests"),
        (
            "hour;a\n0;1,5\n",
            "demand.csv:1: its columns are parted by semicolons; write commas between them, and a point",
        ),
        ("sep=;\nhour;a\n0;1,5\n", "demand.csv:1: its columns are parted by semicolons"),
        ("hour\ta\n0\t1\n", "demand.csv:1: its columns are parted by tabs"),
        ("PK\x03\x04\x14\0", "demand.csv:1: is no text but perhaps a spreadsheet or an archive; save it as CSV"),
        ("<!DOCTYPE html>\n", "demand.csv:1: begins with '<!DOCTYPE html>', which is no CSV"),
        ('{"requests": [1,2,3]}\n', "demand.csv:1: begins with '{\"requests\": [1,2,3]', which is no CSV"),
        ("hour\n0\n", "demand.csv:1: the header is 'hour'"),
        ("0,5\n1,6\n", "demand.csv:1: the header is '0,5'"),
        ("2024-01-01,5\n", "demand.csv:1: the header is '2024-01-01,5'"),
        ("hour,a,\n0,1,2\n", "demand.csv:1: the header is 'hour,a,'"),
        ("hour,a,a\n", "demand.csv:1: column 'a' is there twice"),
        ("hour,a\n", "has no row below its header"),
        ("hour,a\n0,1\n2,1\n", "demand.csv:3: hour 1 is missing before this row"),
        ("hour,a\n1,1\n", "hour 0 is missing; hours count from 0"),
        ("hour,a\n0,1\n1,5\n0,2\n", "demand.csv:4: hour 0 is there twice, first in line 2; write each time once"),
        ("hour,a\n0.5,1\n", "demand.csv:2: column hour: '0.5' is no hour"),
        ("hour,a\n-1,1\n", "demand.csv:2: column hour: '-1' is no number of at least 0"),
        ("hour,a\n0,1\nnoon,1\n", "demand.csv:3: column hour: 'noon' is no number"),
        ("hour,a\nnoon,1\n", "demand.csv:2: column hour: 'noon' is neither a number nor a date"),
        ("week,a\n0,1\n", "demand.csv:2: column week holds numbers of no known unit; call it hour, minute or second"),
        ("hour,a\n0,many\n", "demand.csv:2: column a: 'many' is not a number"),
        ("hour,a\n0,\n", "demand.csv:2: column a: '' is not a number"),
        ("hour,a\n0,-1\n", "demand.csv:2: column a: '-1' is not a number of at least 0"),
        ("hour,a\n0,nan\n", "demand.csv:2: column a: 'nan'"),
        ("hour,a\n0,1e999\n", "demand.csv:2: column a: '1e999'"),
        ("hour,a\n0,1_000\n", "demand.csv:2: column a: '1_000'"),
        ("hour,a\n0,٥\n", "demand.csv:2: column a: '٥'"),
        ("hour,a\n0,1\n1,2e9\n", "demand.csv:3: column a: 2,000,000,000 requests/s; more than 1,000,000,000 cannot"),
        ("hour,a\n0,0\n1,-0\n", "demand.csv: every rate is zero"),
        ("hour,a\n0,1,5\n", "demand.csv:2: has 3 columns, the header has 2; write as many, and a point for decimals"),
        (
            'hour,a\n0,"1,500"\n',
            "demand.csv:2: column a: '1,500' is not a number of at least 0; write digits with a point",
        ),
        ("hour,a\n0,1\nTotal,1\n", "demand.csv:3: column hour: 'Total' is no number of at least 0; write a time"),
        ("time,a\n31.03.2024 00:00,1\n", "'31.03.2024 00:00' is neither a number nor a date; write 2024-03-31 13:00"),
        ('hour,a\n0,"1\n', "demand.csv:2: is no CSV"),
    ],
)
def test_a_mistake_names_line_and_column(text, said):
    with pytest.raises(UsageError) as refusal:
        Demand.from_csv(text, "demand.csv")
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match=r"demand.csv:1: there is no column 'b'; there are a, c"):
        Demand.from_csv("hour,a,c\n0,1,2\n", "demand.csv", FileForm(column="b"))


def test_a_year_and_a_day_without_repeats_is_refused_with_a_way_out():
    text = "hour,a\n" + "".join(f"{hour},{hour}\n" for hour in range(8808))
    with pytest.raises(UsageError, match=r"demand.csv: 8,808 hours .* plan for a quantile over the weeks"):
        Demand.from_csv(text, "demand.csv")


def test_a_million_hours_are_refused_whatever_they_hold():
    lines = ("hour,a\n" if hour < 0 else f"{hour},1\n" for hour in range(-1, 1_000_000))
    with pytest.raises(UsageError, match=r"covers 1,000,000 hours, more than .* check the unit"):
        Demand.from_csv("".join(lines), "demand.csv")


def test_a_file_without_end_is_refused_in_bounded_memory(monkeypatch):
    monkeypatch.setattr("aiops_planner.demand_file.MOST_ROWS", 1000)
    assert MOST_ROWS > 1_000_000
    text = "hour,a\n" + "".join(f"{hour},1\n" for hour in range(1000))
    with pytest.raises(UsageError, match=r"demand.csv:1001: has more than 1,000 rows"):
        Demand.from_csv(text, "demand.csv")


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.001, 1e6)), min_size=1, max_size=30))
def test_what_is_written_is_read_back(rows):
    text = "hour,a,b\n" + "".join(f"{hour},{a!r},{b!r}\n" for hour, (a, b) in enumerate(rows))
    assert Demand.from_csv(text, "demand.csv").rps == tuple(rows)
