"""Traffic by the minute, by the day and over many weeks as a demand by the hour; arrivals counted; clocks changed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner import Demand, Offer, Problem, plan
from aiops_planner.demand_file import read_traffic
from aiops_planner.errors import UsageError
from aiops_planner.file_form import FileForm

TRACES = Path(__file__).parents[1] / "data" / "traces"


def hourly(rates, form=None):
    """The demand of a file with these rates from hour 0 on."""
    return read_traffic("hour,requests\n" + "".join(f"{hour},{rate!r}\n" for hour, rate in enumerate(rates)), "x", form)


def recorded(name, form):
    with (TRACES / name).open(encoding="utf-8", newline="") as lines:
        return read_traffic(lines, name, form)


def rates(demand):
    return [rate for (rate,) in demand.rps]


WORKDAY = [float(10 + hour) for hour in range(24)]
SUNDAY = [float(5 + hour % 3) for hour in range(24)]


def test_repeated_weeks_are_kept_once_and_weighted():
    demand = hourly((WORKDAY * 5 + SUNDAY * 2) * 52)
    assert rates(demand) == WORKDAY + SUNDAY
    assert demand.weights == (260.0,) * 24 + (104.0,) * 24
    assert demand.basis[-1] == "364 days, of which 2 differ and come again every week"


def test_ten_years_of_one_day_are_that_day():
    demand = hourly(WORKDAY * 3652)
    assert rates(demand) == WORKDAY
    assert demand.weights == ()
    assert demand.basis[-1] == "3,652 days, which are all alike"


def test_a_plan_costs_the_same_whether_days_are_repeated_or_weighted():
    offer = Offer(
        name="one", prices_usd_per_hour={"on_demand": 1.0, "reserved_1y": 0.6}, capacity_rps={"requests": 7.0}
    )
    week = WORKDAY * 5 + SUNDAY * 2
    written = Demand(classes=("requests",), rps=tuple((rate,) for rate in week))
    costs = [
        plan(Problem(demand=demand, offers=(offer,), purchases=("on_demand", "reserved_1y")), gap=0.0).usd_per_hour
        for demand in (hourly(week), written)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=1e-9)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=80), st.integers(0, 3))
def test_keeping_days_once_changes_neither_mean_nor_peak_nor_any_hour(hours, more_days):
    found = [float(rate) for rate in hours] + WORKDAY * more_days
    if not any(found):
        return
    demand = hourly(found)
    assert demand.mean_rps == pytest.approx(sum(found) / len(found))
    assert demand.peak_rps == max(found)
    assert set(rates(demand)) == set(found)


def test_minutes_are_planned_for_the_busiest_of_each_hour():
    text = "minute,requests\n" + "".join(f"{minute},{minute % 60}\n" for minute in range(120))
    demand = read_traffic(text, "x.csv")
    assert rates(demand) == [59.0, 59.0]
    assert demand.basis[-1] == "each hour is planned for its busiest 1 min, 2 times the mean"


@pytest.mark.parametrize(
    ("step_s", "expected"),
    [(60, [59.0, 59.0]), (600, [54.5, 54.5]), (3600, [29.5, 29.5])],
)
def test_minutes_can_be_averaged_over_longer_steps_first(step_s, expected):
    text = "minute,requests\n" + "".join(f"{minute},{minute % 60}\n" for minute in range(120))
    assert rates(read_traffic(text, "x.csv", FileForm(step_s=float(step_s)))) == expected


@pytest.mark.parametrize("step_s", [30.0, 90.0, 420.0, 5400.0])
def test_steps_that_fit_neither_rows_nor_hours_are_refused(step_s):
    with pytest.raises(UsageError, match=r"capacity.demand.step: .* fits into an hour; write 1 min, 1 h"):
        read_traffic("minute,requests\n0,1\n1,2\n", "x.csv", FileForm(step_s=step_s))


def test_ninety_minutes_are_carried_by_every_hour_they_touch():
    text = "minute,requests\n0,1\n90,5\n180,2\n270,1\n"
    assert rates(read_traffic(text, "x.csv")) == [1.0, 5.0, 5.0, 2.0, 2.0, 1.0]


def test_days_are_spread_over_their_hours():
    text = "date,requests\n2024-01-01,5\n2024-01-02,7\n2024-01-03,5\n"
    demand = read_traffic(text, "x.csv")
    assert rates(demand) == [5.0] * 24 + [7.0] * 24
    assert demand.mean_rps == pytest.approx(17 / 3)


def test_the_last_hour_weighs_as_much_as_of_it_is_recorded():
    text = "minute,requests\n" + "".join(f"{minute},{1 + minute // 60}\n" for minute in range(75))
    demand = read_traffic(text, "x.csv")
    assert rates(demand) == [1.0, 2.0]
    assert demand.weights == (1.0, 0.25)
    assert demand.mean_rps == pytest.approx(1.2)


def test_counts_are_divided_by_their_step():
    lines = (TRACES / "load_balancer.csv").read_text().splitlines(keepends=True)[:73]
    demand = read_traffic(lines, "elb.csv", FileForm(rows="counts"))
    counts = [float(line.split(",")[1]) for line in lines[1:]]
    assert demand.classes == ("requests",)
    assert rates(demand) == pytest.approx([max(counts[12 * hour : 12 * hour + 12]) / 300 for hour in range(6)])


def test_a_gap_in_recorded_counts_names_what_is_missing_and_where():
    with pytest.raises(
        UsageError, match=r"csv:140: 2014-04-10 11:34:00 is missing before this row; .* gaps: zero, hold"
    ):
        recorded("load_balancer.csv", FileForm(rows="counts"))


def test_one_counted_row_does_not_say_how_long_it_counted():
    with pytest.raises(UsageError, match="does not say how long it counted"):
        read_traffic("time,value\n2024-01-01 00:00,500\n", "x.csv", FileForm(rows="counts"))


QUANTILES = [(0.5, "day", 12.0), (0.75, "day", 13.0), (0.95, "day", 14.0), (1.0, "day", 14.0)]


@pytest.mark.parametrize(("quantile", "period", "expected"), QUANTILES)
def test_a_quantile_of_each_hour_is_the_rate_that_so_many_days_do_not_exceed(quantile, period, expected):
    days = [[*WORKDAY[:1], float(rate), *WORKDAY[2:]] for rate in (14, 11, 12, 13)]
    demand = hourly([rate for day in days for rate in day], FileForm(quantile=quantile, period=period))
    assert rates(demand) == [*WORKDAY[:1], expected, *WORKDAY[2:]]
    assert demand.basis[-1] == f"p{100 * quantile:g} of each hour of the day over 4 days"


def test_a_quantile_is_over_weeks_where_there_are_two():
    demand = recorded("servegen_mid_hourly.csv", FileForm(column="mean_rps", quantile=0.95))
    hours = [float(line.split(",")[1]) for line in (TRACES / "servegen_mid_hourly.csv").read_text().splitlines()[1:]]
    assert rates(demand) == [max(pair) for pair in zip(hours[:168], hours[168:], strict=True)]
    assert demand.basis[-1] == "p95 of each hour of the week over 2 weeks"


@pytest.mark.parametrize(("hours", "period"), [(47, None), (335, "week")])
def test_a_quantile_without_repeats_is_refused(hours, period):
    with pytest.raises(UsageError, match=rf"needs two .* has {hours} whole hours"):
        hourly([1.0 + hour for hour in range(hours)], FileForm(quantile=0.95, period=period))


def test_a_quantile_of_zero_in_every_hour_is_refused():
    with pytest.raises(UsageError, match=r"x: p50 of each hour of the day over 3 days is zero, .* a higher quantile"):
        hourly([0.0] * 48 + WORKDAY, FileForm(quantile=0.5))


def test_arrivals_are_counted_by_the_minute_and_planned_for_the_busiest():
    demand = recorded("azure_llm_code.csv", FileForm(rows="arrivals"))
    seconds = [float(line.split(",")[0]) for line in (TRACES / "azure_llm_code.csv").read_text().splitlines()[1:]]
    by_minute = [sum(minute * 60 <= second < minute * 60 + 60 for second in seconds) for minute in range(3)]
    assert rates(demand) == [max(by_minute) / 60]
    assert demand.basis[0] == "400 arrivals read from azure_llm_code.csv"
    assert demand.basis[1] == f"the last {400 - sum(by_minute)} left out, in less than a whole 1 min"


def test_arrivals_shorter_than_a_step_are_taken_for_a_whole_one():
    demand = read_traffic("0\n10\n30\n60\n", "x.csv", FileForm(rows="arrivals", step_s=3600.0))
    assert rates(demand) == [0.05]
    assert demand.basis == ("4 arrivals read from x.csv", "their 60 s taken for a whole 1 h")


@pytest.mark.parametrize(
    ("text", "said"), [("", "has 0 arrivals"), ("t_s\n5\n", "has 1 arrival,"), ("5\n5\n", "at one")]
)
def test_arrivals_without_a_rate_are_refused(text, said):
    with pytest.raises(UsageError, match=rf"x.csv: .*{said}.* no rate"):
        read_traffic(text, "x.csv", FileForm(rows="arrivals"))


def test_a_row_for_each_request_is_recognised_where_rates_are_expected():
    with pytest.raises(UsageError, match=r"azure_llm_code.csv:\d+: .*rows: arrivals if each"):
        recorded("azure_llm_code.csv", FileForm(column="context_tokens"))


def test_a_million_arrivals_are_read():
    lines = (f"2024-01-01 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},7\n" for second in range(86400))
    day = list(lines)
    demand = read_traffic((line for line in day for _ in range(12)), "x.csv", FileForm(rows="arrivals"))
    assert rates(demand) == [12.0] * 24
    assert demand.basis[0] == "1,036,800 arrivals read from x.csv"


SPRING = [f"2024-03-31 {hour:02}:00" for hour in (0, 1, 3, 4)]  # in Berlin there was no hour from 2 to 3
AUTUMN = [f"2024-10-27 {hour:02}:00" for hour in (0, 1, 2, 2, 3)]  # and here two


def dated(times):
    return "time,requests\n" + "".join(f"{time},{10 + row}\n" for row, time in enumerate(times))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (SPRING, "x.csv:4: 2024-03-31 02:00:00 is missing before this row; if the clocks were put forward, write"),
        (
            AUTUMN,
            "x.csv:5: 2024-10-27 02:00:00 is there twice, first in line 4; if the clocks were put back, write",
        ),
    ],
)
def test_hours_that_clocks_skip_or_repeat_are_refused_without_a_zone_and_right_with_it(times, said):
    with pytest.raises(UsageError) as refusal:
        read_traffic(dated(times), "x.csv")
    assert said in refusal.value.message
    demand = read_traffic(dated(times), "x.csv", FileForm(timezone="Europe/Berlin"))
    assert rates(demand) == [10.0 + row for row in range(len(times))]


def test_offsets_tell_the_hours_of_autumn_apart():
    times = ["2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T02:00Z"]
    assert rates(read_traffic(dated(times), "x.csv")) == [10.0, 11.0, 12.0]


def test_arrivals_of_one_moment_stay_in_the_first_of_two_hours():
    times = ["2024-10-27 02:10", "2024-10-27 02:10", "2024-10-27 02:12", "2024-10-27 02:11"]
    demand = read_traffic(dated(times), "x.csv", FileForm(rows="arrivals", timezone="Europe/Berlin"))
    assert rates(demand) == [2 / 60, 0.0]  # an hour and a minute from the first to the last
    assert demand.weights == pytest.approx((1.0, 1 / 60))


def test_a_quantile_across_changed_clocks_says_how_it_counts():
    times = [f"2024-03-{day} {hour:02}:00" for day in (30, 31) for hour in range(24) if (day, hour) != (31, 2)]
    times += ["2024-04-01 00:00"]
    demand = read_traffic(dated(times), "x.csv", FileForm(timezone="Europe/Berlin", quantile=0.5))
    assert demand.basis[-1] == "clocks were changed within the file, and hours are counted from its first row"


@pytest.mark.parametrize(
    ("times", "form", "said"),
    [
        (["2024-01-01 00:00", "2024-01-01T01:00Z"], None, "x.csv:3: '2024-01-01T01:00Z' and the rows above it do not"),
        (["2024-03-31 02:30"], "Europe/Berlin", "x.csv:2: 2024-03-31 02:30:00 did not exist in Europe/Berlin"),
        (["2024-01-01 00:00"], "Europe/Berln", "capacity.demand.timezone: 'Europe/Berln' is not known"),
        (["2024-01-01 00:00"], "../../etc/passwd", "capacity.demand.timezone: '../../etc/passwd' is not known"),
        (["2024-01-01 00:00", "2024-13-01 00:00"], None, "x.csv:3: column time: '2024-13-01 00:00' is neither"),
        (["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 01:20", "2024-01-01 02:20"], None, "comes 20 min after"),
        (["1970-01-01 00:00", "2024-01-01 00:00"], None, "covers"),
    ],
)
def test_times_that_cannot_be_used_are_named(times, form, said):
    with pytest.raises(UsageError) as refusal:
        read_traffic(dated(times), "x.csv", FileForm(timezone=form))
    assert said in refusal.value.message
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        ("t_s,x\n1e300,1\n", FileForm(), "x.csv:2: column t_s: '1e300' is too late"),
        ("time,x\n0001-01-01,1\n", FileForm(), "x.csv:2: '0001-01-01' is not within the years 1970 to 2200"),
        (
            "time,x\n1700000000000,1\n1700003600000,1\n",
            FileForm(),
            "'1700000000000' is too late; write seconds, not milliseconds",
        ),
        ("t_s,x\n0,1\n5e-324,1\n", FileForm(), "x.csv: rows come every 4.94066e-324 s; say rows: arrivals"),
        ("0\n5\n", FileForm(rows="arrivals", step_s=0.5), "capacity.demand.step: 0.5 s is less than 1 s"),
        ("0\n6e6\n", FileForm(rows="arrivals", step_s=1.0), "covers 6,000,000 steps of 1 s, more than 5,000,000"),
    ],
)
def test_what_would_take_all_memory_is_refused(text, form, said):
    with pytest.raises(UsageError) as refusal:
        read_traffic(text, "x.csv", form)
    assert said in refusal.value.message


TIMES = st.one_of(
    st.sampled_from(["0", "1", "2", "1e308", "5e-324", "nan", "t_s", '"', "\0", ""]),
    st.sampled_from(["2024-03-31 02:30", "2024-10-27 02:30", "2024-10-27T02:30+02:00", "2024-01-01", "2024-01-02"]),
    st.sampled_from(["0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00"]),
)
RATES = st.sampled_from(["0", "1", "7.5", "-0", "1e308", "nan", "x", "", "1,1"])
FORMS = st.builds(
    FileForm,
    rows=st.sampled_from(["rates", "counts", "arrivals"]),
    column=st.sampled_from([None, "x"]),
    timezone=st.sampled_from([None, "Europe/Berlin"]),
    step_s=st.sampled_from([None, 60.0, 3600.0, 1e9]),
    quantile=st.sampled_from([None, 0.95]),
)


@given(
    st.sampled_from(["hour,x", "minute,x", "t_s,x", "time,x", "hour,x,y", ""]),
    st.lists(st.tuples(TIMES, RATES | st.text(max_size=3)).map(",".join), max_size=5),
    FORMS,
)
def test_any_file_becomes_a_demand_or_is_refused_in_one_line(head, rows, form):
    try:
        demand = read_traffic("\n".join([head, *rows]), "x.csv", form)
    except UsageError as refusal:
        assert "\n" not in refusal.message
    else:
        assert 0 < demand.mean_rps <= demand.peak_rps * (1 + 1e-9)
