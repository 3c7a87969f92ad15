"""What comes of the files other tools wrote: figures that can be checked against the files by eye."""

import json
from pathlib import Path

import pytest

from aiops_planner.performance import LoadPoint
from aiops_reports.document import from_json, to_json
from aiops_reports.record import BenchReport
from support.imported import SAMPLES, imported
from support.reports_samples import sample_report


def seen(point: LoadPoint) -> tuple[object, ...]:
    """What identifies a point: its load, its tally, and its times in milliseconds."""
    times = point.response_s
    figures = () if times is None else (times.mean, times.p50, times.p90, times.p95, times.p99)
    milliseconds = tuple(None if value is None else round(value * 1e3, 2) for value in figures)
    load = point.concurrency if point.mode == "closed" else point.offered_rps
    return point.mode, load, point.requests, dict(point.errors_by_kind), milliseconds


SINGLE = [
    ("wrk", "wrk.txt", None, "wrk", ("closed", 8, 2916, {}, (6.11, None, None, None, None))),
    (
        "wrk",
        "wrk-latency.txt",
        None,
        "wrk",
        ("closed", 8, 2794, {"bad-status": 55}, (6.29, 4.99, 9.63, None, 21.1)),
    ),
    ("hey", "hey.txt", None, "hey", ("closed", 10, 2000, {"status-500": 40}, (6.0, 5.1, 6.2, 20.2, 21.5))),
    ("hey", "hey.csv", None, "hey", ("closed", 4, 200, {"status-500": 4}, (5.68, 4.8, 6.0, 9.3, None))),
    (
        "k6",
        "k6-summary-export.json",
        None,
        "k6",
        ("closed", 4, 2090, {"failed": 42}, (5.53, 4.87, 5.33, 6.12, 21.09)),
    ),
    ("k6", "k6-handle-summary.json", None, "k6", ("open", 200.0, 801, {}, (5.94, 4.95, 6.13, 20.36, 21.92))),
    ("k6", "k6-lines.json", None, "k6", ("closed", 2, 60, {"status-500": 1}, (5.76, 4.97, 5.3, None, None))),
    ("locust", "locust_stats.csv", None, "Locust", ("closed", 4, 1842, {"status-500": 21}, (6.22, 5, 7, 21, 22))),
    ("locust", "locust_stats.csv", "GET /", "Locust", ("closed", 4, 912, {}, (6.17, 5, 7, 9, 22))),
    (
        "pytest-benchmark",
        "pytest-benchmark.json",
        "test_predict",
        "pytest-benchmark 5.3.1",
        ("closed", 1, 144, {}, (2.11, 2.1, 2.13, 2.14, None)),
    ),
    (
        "google-benchmark",
        "google-benchmark-repetitions.json",
        None,
        "Google Benchmark",
        ("closed", 1, 402, {}, (2.1, None, None, None, None)),
    ),
    (
        "aiperf",
        "aiperf-concurrency.json",
        None,
        "AIPerf 0.13.0",
        ("closed", 2, 120, {}, (65.96, 62.96, 76.7, 83.87, None)),
    ),
    (
        "aiperf",
        "aiperf-poisson.json",
        None,
        "AIPerf 0.13.0",
        ("open", 20.0, 100, {}, (61.13, 60.95, 62.68, 63.21, None)),
    ),
]


@pytest.mark.parametrize(
    ("tool_format", "path", "select", "source", "expected"),
    SINGLE,
    ids=[f"{path}-{select}" for _, path, select, *_ in SINGLE],
)
def test_a_file_of_one_load_gives_its_point_and_names_its_tool(tool_format, path, select, source, expected) -> None:
    result = imported(tool_format, path, select=select)
    assert [seen(point) for point in result.load_points] == [expected]
    assert result.source == source
    assert result.notes
    assert all(point.valid for point in result.load_points)


@pytest.mark.parametrize(("tool_format", "path", "select"), [case[:3] for case in SINGLE])
def test_what_a_tool_does_not_state_stays_blank(tool_format, path, select) -> None:
    (point,) = imported(tool_format, path, select=select).load_points
    assert (point.warm_up_s, point.generator_cpu_s, point.service_cpu_s, point.steadiness) == (None, None, None, None)


def test_every_import_can_be_stored_and_read_back() -> None:
    results = tuple(imported(tool_format, path, select=select) for tool_format, path, select, *_ in SINGLE)
    report = BenchReport(environment=sample_report().environment, benchmarks=results)
    assert from_json(to_json(report), BenchReport, "imports") == report


def test_wrk2_is_open_loop_at_the_rates_of_its_commands_and_gives_a_capacity() -> None:
    result = imported("wrk2", "wrk2.txt")
    within, beyond = result.load_points
    assert seen(within) == ("open", 500.0, 14989, {}, (6.2, 5.2, 8.9, 12.7, 21.4))
    assert seen(beyond)[:4] == ("open", 2000.0, 36744, {"bad-status": 12})
    assert beyond.response_s.mean == pytest.approx(7.051103)
    assert (result.capacity.rps, result.capacity.missed_rps, result.knee) == (500.0, 2000.0, None)


def test_wrk2_without_its_command_stands_at_the_rate_it_reached_and_says_so(tmp_path: Path) -> None:
    lines = (SAMPLES / "wrk2.txt").read_text().splitlines()
    (tmp_path / "bare.txt").write_text("\n".join(line for line in lines if not line.startswith("$")))
    result = imported("wrk2", "bare.txt", root=tmp_path)
    assert [round(point.offered_rps, 2) for point in result.load_points] == [499.62, 1224.79]
    assert any("does not print the rate" in note for note in result.notes)


def test_uncorrected_times_of_wrk2_are_not_taken(tmp_path: Path) -> None:
    text = (SAMPLES / "wrk2.txt").read_text().split("$ wrk2")[1]
    uncorrected = (
        "  Latency Distribution (HdrHistogram - Uncorrected Latency (measured without taking delayed starts))\n"
    )
    head, tail = text.split("----\n", 1)
    both = f"$ wrk2{head}----\n{uncorrected} 50.000%    1.00ms\n 99.000%    2.00ms\n{tail}"
    (tmp_path / "both.txt").write_text(both)
    (point,) = imported("wrk2", "both.txt", root=tmp_path).load_points
    assert (point.response_s.p50, point.response_s.p99) == pytest.approx((0.0052, 0.0214))


def test_google_benchmark_with_several_threads_is_a_curve_with_a_knee() -> None:
    result = imported("google-benchmark", "google-benchmark.json", select="BM_predict")
    assert [point.concurrency for point in result.load_points] == [1, 2, 4]
    assert [point.throughput_rps for point in result.load_points] == pytest.approx([470.4, 951.8, 1904.6], rel=1e-3)
    assert all(point.response_s.mean == pytest.approx(0.0021, rel=0.02) for point in result.load_points)
    assert (result.knee.concurrency, result.knee.in_range) == (pytest.approx(4.0), False)
    assert result.capacity.reason == "no open-loop rate was measured"


@pytest.mark.parametrize(("version", "throughput_rps"), [("v1.8.5", 951.8), ("v1.9.0", 2 * 951.8), ("2.0", 2 * 951.8)])
def test_real_time_is_read_as_the_version_of_google_benchmark_means_it(
    tmp_path: Path, version: str, throughput_rps: float
) -> None:
    text = (SAMPLES / "google-benchmark.json").read_text()
    (tmp_path / "gb.json").write_text(text.replace('"context": {', f'"context": {{"library_version": "{version}",'))
    result = imported("google-benchmark", "gb.json", select="BM_predict", root=tmp_path)
    assert result.load_points[1].throughput_rps == pytest.approx(throughput_rps, rel=1e-3)
    assert result.source == f"Google Benchmark {version.removeprefix('v')}"


def test_runs_collected_in_one_file_or_matched_by_one_pattern_make_one_curve(tmp_path: Path) -> None:
    for clients in (2, 8):
        text = (SAMPLES / "wrk.txt").read_text().replace("8 connections", f"{clients} connections")
        with (tmp_path / "all.txt").open("a") as together:
            together.write(text)
        (tmp_path / f"wrk-{clients}.txt").write_text(text)
    assert (
        imported("wrk", "all.txt", root=tmp_path).load_points == imported("wrk", "wrk-*.txt", root=tmp_path).load_points
    )
    assert imported("wrk", "all.txt", root=tmp_path).knee is not None


def test_hey_takes_its_workers_from_a_command_kept_above_its_output(tmp_path: Path) -> None:
    (tmp_path / "hey.txt").write_text("+ hey -n 2000 -c 12 http://127.0.0.1/\n" + (SAMPLES / "hey.txt").read_text())
    (point,) = imported("hey", "hey.txt", root=tmp_path).load_points
    assert point.concurrency == 12


@pytest.mark.parametrize(("path", "tool_format"), [("wrk-timeouts.txt", "wrk"), ("hey-refused.txt", "hey")])
def test_a_run_in_which_nothing_succeeded_is_an_invalid_point(path, tool_format) -> None:
    result = imported(tool_format, path)
    assert result.load_points[0].invalid_because[0].startswith("no request succeeded (")
    assert (result.load_points[0].response_s, result.knee) == (None, None)


def test_streamed_answers_keep_their_token_times() -> None:
    (point,) = imported("aiperf", "aiperf-concurrency.json").load_points
    assert point.stream.ttft_s.p50 == pytest.approx(0.0222, abs=1e-4)
    assert point.stream.tpot_s.mean == pytest.approx(0.00601, abs=1e-5)
    assert (point.stream.output_tokens, point.stream.chunks) == (960, 960)
    assert point.stream.output_tokens_per_s == pytest.approx(199.7, abs=0.1)


def test_the_older_form_of_genai_perf_is_read_too(tmp_path: Path) -> None:
    document = json.loads((SAMPLES / "aiperf-concurrency.json").read_text())
    for name in ("aiperf_version", "schema_version", "is_complete", "was_cancelled", "inter_chunk_latency"):
        del document[name]
    document["input_config"] = {"model_names": ["tiny"], "perf_analyzer": {"stimulus": {"concurrency": 4}}}
    (tmp_path / "profile_export_genai_perf.json").write_text(json.dumps(document))
    result = imported("aiperf", "profile_export_genai_perf.json", root=tmp_path)
    assert (result.source, result.load_points[0].concurrency) == ("GenAI-Perf", 4)


@pytest.mark.parametrize(("rate", "valid"), [(200, True), (250, False)])
def test_a_rate_that_k6_could_not_keep_makes_the_point_invalid(tmp_path: Path, rate: int, valid: bool) -> None:
    text = (SAMPLES / "k6-handle-summary.json").read_text().replace('"rate": 200,', f'"rate": {rate},')
    (tmp_path / "k6.json").write_text(text)
    (point,) = imported("k6", "k6.json", root=tmp_path).load_points
    assert point.valid is valid
    assert valid or "could be sent" in point.invalid_because[0]


def test_a_ramp_is_no_point_of_a_curve(tmp_path: Path) -> None:
    text = (SAMPLES / "k6-handle-summary.json").read_text().replace("constant-arrival-rate", "ramping-vus")
    (tmp_path / "k6.json").write_text(text)
    (point,) = imported("k6", "k6.json", root=tmp_path).load_points
    assert point.invalid_because == ("executor ramping-vus changes the load, so this is no point of a curve",)


def test_users_that_keep_a_pace_make_an_open_loop(tmp_path: Path) -> None:
    for suffix in ("stats", "stats_history", "failures"):
        text = (SAMPLES / f"locust_{suffix}.csv").read_text()
        (tmp_path / f"run_{suffix}.csv").write_text(text.replace("POST /fail", "predict (77/s a user)"))
    result = imported("locust", "run_stats.csv", select="predict (77/s a user)", root=tmp_path)
    assert seen(result.load_points[0])[:4] == ("open", 308.0, 930, {"status-500": 21})
    assert result.load_points[0].valid


def test_failures_of_our_locust_file_keep_their_kinds(tmp_path: Path) -> None:
    errors = {
        "CatchResponseError('status 503')": "status-503",
        "CatchResponseError('unexpected size')": "unexpected-size",
        "CatchResponseError('unexpected JSON')": "unexpected-json",
        "\"ConnectionRefusedError(111, 'Connection refused')\"": "connect-refused",
        "socket.timeout('timed out')": "timeout",
        "Exception('?')": "failed",
    }
    header = "Method,Name,Error,Occurrences,First Seen,Last Seen\n"
    rows = "".join(f"POST,POST /fail,{error},2,,\n" for error in errors)
    (tmp_path / "run_stats.csv").write_text((SAMPLES / "locust_stats.csv").read_text())
    (tmp_path / "run_failures.csv").write_text(header + rows)
    result = imported("locust", "run_stats.csv", select="POST /fail", root=tmp_path)
    counted = dict.fromkeys(errors.values(), 2) | {"failed": 21 - 2 * (len(errors) - 1)}
    assert dict(result.load_points[0].errors_by_kind) == counted
    assert any("number of users is not known" in note for note in result.notes)


def test_the_custom_format_takes_closed_and_open_points() -> None:
    result = imported("custom-json", "custom.json")
    assert (result.source, result.notes[-1]) == ("predict-bench 1.2", "Requests leave from one process.")
    assert [point.mode for point in result.load_points] == ["closed", "closed", "open"]
    assert (result.knee.throughput_rps, result.capacity.rps) == (639.6, 500)
    assert result.load_points[1].service_cpu_s_per_request == pytest.approx(9.1 / 6396)


def test_a_custom_point_without_response_times_is_invalid(tmp_path: Path) -> None:
    points = [{"concurrency": 1, "window_s": 1, "requests": 5}]
    (tmp_path / "custom.json").write_text(json.dumps({"points": points}))
    result = imported("custom-json", "custom.json", root=tmp_path)
    assert result.load_points[0].invalid_because == ("its response time is not known",)
    assert (result.source, result.notes) == ("another tool", ())


def test_results_from_long_before_the_run_are_pointed_out(tmp_path: Path) -> None:
    import os
    import time

    (tmp_path / "wrk.txt").write_text((SAMPLES / "wrk.txt").read_text())
    assert not any("may be of another commit" in note for note in imported("wrk", "wrk.txt", root=tmp_path).notes)
    os.utime(tmp_path / "wrk.txt", (time.time() - 7200, time.time() - 7200))
    assert imported("wrk", "wrk.txt", root=tmp_path).notes[0] == (
        "wrk.txt was written 2 h 0 min before this report: it may be of another commit."
    )
