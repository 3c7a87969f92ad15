"""Rows that a file of traffic lacks: refused with their place, or taken as what the form says."""

import math
from datetime import datetime
from pathlib import Path

import pytest

from aiops_planner.demand_file import read_traffic
from aiops_planner.errors import UsageError
from aiops_planner.file_form import FileForm

TRACES = Path(__file__).parents[1] / "data" / "traces"
GAPPED = "hour,a,b\n0,4,1\n4,8,3\n5,8,3\n6,8,3\n"


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ("zero", [(4.0, 1.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (8.0, 3.0)]),
        ("hold", [(4.0, 1.0), (4.0, 1.0), (4.0, 1.0), (4.0, 1.0), (8.0, 3.0)]),
        ("interpolate", [(4.0, 1.0), (5.0, 1.5), (6.0, 2.0), (7.0, 2.5), (8.0, 3.0)]),
    ],
)
def test_missing_rows_are_taken_as_what_the_form_says_and_counted(gaps, expected):
    demand = read_traffic(GAPPED, "x.csv", FileForm(gaps=gaps))
    assert demand.rps[:5] == tuple(expected)
    assert demand.basis[1].startswith("3 missing rows taken as ")


def test_several_missing_rows_are_refused_together():
    with pytest.raises(UsageError) as refusal:
        read_traffic(GAPPED, "x.csv")
    assert refusal.value.message.startswith("x.csv:3: hour 1 is missing before this row, and 2 rows behind it; write")


def test_a_recording_with_gaps_is_whole_when_they_are_filled():
    demand = read_traffic((TRACES / "load_balancer.csv").read_text(), "x.csv", FileForm(rows="counts", gaps="zero"))
    lines = (TRACES / "load_balancer.csv").read_text().splitlines()[1:]
    first, last = (datetime.fromisoformat(lines[row].split(",")[0]) for row in (0, -1))
    steps = int((last - first).total_seconds()) // 300 + 1
    assert demand.basis[1] == "1 missing row taken as zero"
    assert steps == len(lines) + 1
    assert len(demand.rps) == math.ceil(steps / 12)


@pytest.mark.parametrize("gaps", ["refuse", "hold"])
def test_rows_off_their_step_are_refused_whatever_gaps_are_taken_as(gaps):
    text = "minute,a\n0,1\n1,1\n2.5,1\n3.5,1\n4.5,1\n6.5,1\n"
    with pytest.raises(UsageError, match=r"x.csv:4: comes 90 s after the row before, where most come after 1 min"):
        read_traffic(text, "x.csv", FileForm(gaps=gaps))


def test_the_first_of_several_gaps_is_named_with_their_number():
    text = "minute,a\n0,1\n1,1\n3,1\n4,1\n5,1\n9,1\n"
    with pytest.raises(UsageError, match=r"x.csv:4: minute 2 is missing before this row, the first of 2 gaps"):
        read_traffic(text, "x.csv")


def test_a_gap_of_years_is_not_filled_by_the_second():
    text = "second,a\n0,1\n1,1\n2,1\n6000000,1\n"
    with pytest.raises(UsageError, match=r"x.csv: lacks 5,999,997 rows, too many to fill; check the dates"):
        read_traffic(text, "x.csv", FileForm(gaps="zero"))
