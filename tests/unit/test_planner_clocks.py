"""Clocks that are changed, by an hour and by half of one, and zones that are half an hour off."""

import pytest

from aiops_planner.demand_file import read_traffic
from aiops_planner.file_form import FileForm

BERLIN, LORD_HOWE, KOLKATA = "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"


def dated(times):
    return "time,requests\n" + "".join(f"{time},{10 + row}\n" for row, time in enumerate(times))


def by_half_hours(day, *times):
    return [f"{day} {time}" for time in times]


@pytest.mark.parametrize(
    ("zone", "times"),
    [
        (BERLIN, by_half_hours("2024-03-31", "01:00", "01:30", "03:00", "03:30")),
        (BERLIN, by_half_hours("2024-10-27", "02:00", "02:30", "02:00", "02:30")),
        (LORD_HOWE, by_half_hours("2024-10-06", "01:00", "01:30", "02:30", "03:00")),
        (LORD_HOWE, by_half_hours("2024-04-07", "01:00", "01:30", "01:30", "02:00")),
        (KOLKATA, by_half_hours("2024-03-31", "01:00", "01:30", "02:00", "02:30")),
    ],
)
def test_two_hours_of_half_hours_stay_two_hours_when_the_zone_is_named(zone, times):
    demand = read_traffic(dated(times), "x.csv", FileForm(timezone=zone))
    assert demand.rps == ((11.0,), (13.0,))


def test_hours_of_a_zone_that_is_half_an_hour_off_are_read_by_their_offset():
    times = [f"2024-03-31T{hour:02}:30:00+05:30" for hour in range(3)]
    assert read_traffic(dated(times), "x.csv").rps == ((10.0,), (11.0,), (12.0,))


def test_hours_that_are_changed_by_half_of_one_stay_regular_when_the_zone_is_named():
    times = ["2024-10-06 00:00", "2024-10-06 01:00", "2024-10-06 02:30", "2024-10-06 03:30"]
    assert read_traffic(dated(times), "x.csv", FileForm(timezone=LORD_HOWE)).rps == ((10.0,), (11.0,), (12.0,), (13.0,))


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["Unix", "Windows", "old Mac"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
def test_the_ends_of_lines_and_a_mark_before_the_first_do_not_matter(ends, mark):
    demand = read_traffic(mark + ends.join(["hour,requests", "0,5", "", "1,7", ""]), "x.csv")
    assert (demand.classes, demand.rps) == (("requests",), ((5.0,), (7.0,)))
