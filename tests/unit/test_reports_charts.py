"""Charts are pictures of the right size with the right words in them, for any data that a run can leave behind."""

import re
import struct
from dataclasses import replace
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from aiops_planner.performance import Capacity, Distribution, Interval, Objective
from aiops_planner.plans import Plan
from aiops_reports import wording
from aiops_reports.chart_style import COLOURS
from aiops_reports.charts import benchmark_charts, file_name, plan_charts, png_files, to_png, to_svg
from aiops_reports.record import BenchmarkResult
from support import reports_curves as curves
from support import reports_samples as samples


def texts(svg: str) -> str:
    """All words of a picture, parsed as XML, in one string."""
    return " ".join(node.text or "" for node in ET.fromstring(svg).iter() if node.tag.endswith("text"))


def curve_words(result: BenchmarkResult) -> list[str]:
    return [texts(to_svg(chart)) for chart in benchmark_charts(result)]


def test_pictures_are_png_files_twice_as_wide_as_they_are_shown() -> None:
    pictures = dict(png_files(samples.sample_report()))
    assert list(pictures) == [
        "classify-operating-curve.png",
        "classify-power.png",
        "classify-percentiles.png",
        "cost.png",
    ]
    for picture in pictures.values():
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", picture[16:24])
        assert width == 1440
        assert 500 < height < 1000


def test_the_operating_curve_names_knee_objective_capacity_and_invalid_points() -> None:
    curve, power, percentiles = curve_words(samples.sample_benchmark())
    for words in (
        "knee 753/s, 3.12 ms",
        "objective p99 ≤ 50 ms",
        "capacity 800/s offered (95 %: 771/s to 864/s)",
        "soft-min fit",
        "knee, 95 %",
        "capacity, 95 %",
        "closed loop, p99",
        "open loop, mean",
    ):
        assert words in curve
    assert "invalid" in curve
    assert "knee 241 k/s²" in power
    assert "knee, 95 %: 231 k/s² to 252 k/s²; 2.07 to 2.66 requests in flight" in power
    assert "soft-min fit" in power
    assert "capacity, 95 %" in percentiles
    for words in ("p50", "p90", "p95", "p99", "mean", "closed loop: clients", "open loop: offered requests/s"):
        assert words in percentiles


@pytest.mark.parametrize(
    ("objective", "drawn", "absent"),
    [
        (Objective(p95=0.05), ["p95"], ["p50", "p90", "p99"]),
        (Objective(p50=0.01, p99=0.05), ["p50", "p99"], ["p90", "p95"]),
        (Objective(errors=0.01), ["p99"], ["p50", "p90", "p95"]),
    ],
    ids=["another percentile", "two percentiles", "no limit on time"],
)
def test_the_operating_curve_draws_the_percentiles_that_the_objective_limits(
    objective: Objective, drawn: list[str], absent: list[str]
) -> None:
    points = samples.sample_points()
    result = replace(
        samples.sample_benchmark(), objective=objective, capacity=curves.measured_capacity(points, objective)
    )
    curve = curve_words(result)[0]
    assert all(f"open loop, {name}" in curve for name in drawn)
    assert not [name for name in absent if f"loop, {name}" in curve]


def test_the_capacity_stands_at_the_point_that_proved_it() -> None:
    """Of two windows at one rate, the one that met the objective proved it."""
    stalled = samples.open_point(800, 0.3, 0.9, successes=3000)
    result = samples.sample_benchmark()
    twice = replace(result, load_points=(stalled, *result.load_points))
    point = wording.capacity_point(twice)
    assert point is not None
    assert point.throughput_rps == 800
    assert wording.capacity_point(replace(result, capacity=Capacity(slo=result.objective, rps=None))) is None


def test_a_curve_without_a_fit_or_intervals_draws_none() -> None:
    bare = samples.sample_benchmark(samples.sample_points())
    assert not [words for words in curve_words(bare) if "soft-min" in words or "95 %" in words]


@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        (Capacity(slo=Objective(), rps=800, ci=Interval(low=780, high=None)), "(95 %: at least 780/s)"),
        (Capacity(slo=Objective(), rps=800, ci=Interval(low=None, high=860)), "(95 %: at most 860/s)"),
        (Capacity(slo=Objective(), rps=790, ci=None), "capacity 790/s offered"),
    ],
    ids=["open above", "open below", "between two measured rates"],
)
def test_the_ends_of_the_interval_of_a_capacity_may_be_open(capacity: Capacity, words: str) -> None:
    assert words in curve_words(replace(samples.sample_benchmark(), capacity=capacity))[0]


def test_a_capacity_beyond_all_that_was_answered_has_no_place_on_the_curve() -> None:
    far = Capacity(slo=Objective(), rps=1e7, ci=Interval(low=9e6, high=2e7))
    assert "capacity" not in curve_words(replace(samples.sample_benchmark(), capacity=far))[0]


def test_an_invalid_point_is_a_mark_of_its_own_and_joined_to_nothing() -> None:
    """The line of valid points ends where the invalid one begins: only its cross is drawn, in every chart."""
    points = samples.sample_points()
    for words in curve_words(samples.sample_benchmark(points)):
        assert "invalid" in words
    for words in curve_words(samples.sample_benchmark(tuple(point for point in points if point.valid))):
        assert "invalid" not in words


def test_streamed_answers_have_a_chart_with_their_limits() -> None:
    *_, streams = benchmark_charts(curves.streamed_benchmark())
    assert streams.name == "chat-streams"
    words = texts(to_svg(streams))
    for part in (
        "time to first token",
        "time per output token",
        "objective TTFT p99 ≤ 800 ms",
        "objective TPOT p90 ≤ 40 ms",
        "open loop: offered requests/s",
        "p99",
    ):
        assert part in words


def test_streams_without_any_time_per_token_are_drawn_too() -> None:
    result = curves.streamed_benchmark()
    points = tuple(
        replace(point, stream=replace(point.stream, tpot_s=None)) for point in result.load_points if point.stream
    )
    words = texts(to_svg(benchmark_charts(replace(result, load_points=points))[-1]))
    assert "time to first token" in words


def test_results_of_other_tools_say_what_was_not_given() -> None:
    _, power, percentiles = curve_words(curves.imported_benchmark())
    assert "p90 and p95 not given everywhere by wrk 4.1.0" in percentiles
    assert "clients" in power


def test_percentiles_that_are_not_resolved_are_said_not_drawn() -> None:
    (result,) = samples.partial_report().benchmarks
    curve, _, percentiles = curve_words(result)
    assert "closed loop, p99" not in curve
    assert "p90, p95 and p99 not resolved everywhere: too few requests" in percentiles


DEAD = replace(samples.closed_point(1, 10, None), successes=0, response_s=None)
INSTANT = replace(samples.closed_point(1, 10, None), response_s=Distribution(mean=0.0, p50=0.0))
ODD = {
    "one closed point": (samples.closed_point(1, 410, 0.0041),),
    "one open point": (samples.open_point(300, 0.0029, None),),
    "only invalid": (samples.closed_point(2, 0.6, None, invalid_because=("too few samples",)),),
    "a dead one among others": (DEAD, *samples.sample_points()[:2]),
    "an instant one among others": (INSTANT, *samples.sample_points()[:2]),
    "very slow": (samples.closed_point(1, 0.4, None), samples.closed_point(64, 0.6, 300.0)),
    "very many": tuple(samples.closed_point(2**k, 9e4 * (1 - 0.9 ** (k + 1)), 2**k / 2e3) for k in range(16)),
}


@pytest.mark.parametrize("points", ODD.values(), ids=ODD)
def test_odd_curves_are_drawn_too(points: tuple[object, ...]) -> None:
    charts = benchmark_charts(samples.sample_benchmark(points))  # type: ignore[arg-type]
    assert len(charts) == 3
    for chart in charts:
        assert to_png(chart).startswith(b"\x89PNG")


@pytest.mark.parametrize("points", [(), (DEAD,), (INSTANT,)], ids=["none", "none answered", "no time"])
def test_without_answers_there_is_no_chart(points: tuple[object, ...]) -> None:
    assert benchmark_charts(samples.sample_benchmark(points)) == ()  # type: ignore[arg-type]


def test_cost_names_every_item_and_every_fleet_beside_it() -> None:
    (chart,) = plan_charts(samples.sample_plan())
    words = texts(to_svg(chart))
    for part in ("this plan", "$192", "2 × c7a.xlarge, 3-year commitment", "$60.15", "Google Cloud alone", "$521"):
        assert part in words


def test_an_hourly_plan_has_its_cost_by_hour() -> None:
    _, by_hour = plan_charts(samples.hourly_plan())
    assert "hour of the demand" in texts(to_svg(by_hour))
    assert by_hour.alt == "Demand and cost in each of 24 hours, $0.2664/hour on average."


def large_plan() -> Plan:
    plan = samples.sample_plan()
    fleet = tuple(replace(plan.fleet[k % 2], offer=f"type-{k}", count_by_hour=(1000 + k,)) for k in range(14))
    return replace(plan, fleet=fleet, cheapest_by_cloud_usd_per_month={"aws": None, "gcp": 1.5e6})


def test_a_large_fleet_is_summed_up_and_an_impossible_one_is_said() -> None:
    words = texts(to_svg(plan_charts(large_plan())[0]))
    assert "6 more" in words
    assert "no such fleet meets the target" in words


def test_a_plan_without_machines_has_no_chart() -> None:
    assert plan_charts(replace(samples.sample_plan(), fleet=())) == ()


def test_svg_is_the_same_for_the_same_values_and_leaves_global_state_alone() -> None:
    before = dict(mpl.rcParams)
    first, second = (to_svg(benchmark_charts(samples.sample_benchmark())[0]) for _ in range(2))
    assert first == second
    assert "<metadata>" not in first
    assert dict(mpl.rcParams) == before


def test_names_in_any_script_and_with_dollar_signs_are_drawn() -> None:
    chart = benchmark_charts(samples.sample_benchmark(name="名前 $x^2$ 🙂"))[0]
    assert to_png(chart).startswith(b"\x89PNG")


def test_colours_can_be_told_apart_by_their_hex_code() -> None:
    assert len(set(COLOURS.values())) == len(COLOURS)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("classify", "classify"),
        ("Classify v2/large", "classify-v2-large-[0-9a-f]{6}"),
        ("../..", "benchmark-[0-9a-f]{6}"),
        ("", "benchmark-[0-9a-f]{6}"),
    ],
)
def test_file_names_are_safe(name: str, pattern: str) -> None:
    assert re.fullmatch(pattern, file_name(name))


def test_names_that_look_alike_get_files_of_their_own() -> None:
    assert len({file_name(name) for name in ("a b", "a-b", "A-b", "名前", "日本")}) == 5
