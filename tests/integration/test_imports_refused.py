"""Files that cannot be taken over: each is refused in one line that names it and says what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from aiops_planner.errors import UsageError
from aiops_planner.performance import LoadPoint
from aiops_toolkit.bench.imports.registry import IMPORTERS
from aiops_toolkit.config.targets import ImportFormat
from support.imported import SAMPLES, imported

ONE_OF_EACH: dict[ImportFormat, str] = {
    "k6": "k6-summary-export.json",
    "locust": "locust_stats.csv",
    "aiperf": "aiperf-concurrency.json",
    "wrk": "wrk-latency.txt",
    "wrk2": "wrk2.txt",
    "hey": "hey.txt",
    "pytest-benchmark": "pytest-benchmark.json",
    "google-benchmark": "google-benchmark-repetitions.json",
    "custom-json": "custom.json",
}


def refusal(tool_format: ImportFormat, path: str, root: Path, select: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        imported(tool_format, path, root=root, select=select)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_every_format_of_aiops_yml_has_an_importer_and_a_sample() -> None:
    assert set(IMPORTERS) == set(ONE_OF_EACH) == set(get_args(ImportFormat))


@pytest.mark.parametrize("tool_format", ONE_OF_EACH)
def test_a_file_that_is_missing_empty_or_no_text_is_named(tool_format: ImportFormat, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00r\x00e\x00s")
    tool = IMPORTERS[tool_format][0]
    assert f"there are no results of {tool} here; let the test command run {tool}" in refusal(
        tool_format, "gone", tmp_path
    )
    assert "empty: it is empty; see whether" in refusal(tool_format, "empty", tmp_path)
    assert "binary: it is not UTF-8 text (byte 0); save it as UTF-8" in refusal(tool_format, "binary", tmp_path)
    assert "it is a folder; name the file" in refusal(tool_format, ".", tmp_path)
    assert "matches no file" in refusal(tool_format, "*.none", tmp_path)


@pytest.mark.parametrize("tool_format", ONE_OF_EACH)
def test_a_file_of_another_tool_is_recognised(tool_format: ImportFormat) -> None:
    for other, path in ONE_OF_EACH.items():
        if other != tool_format:
            said = refusal(tool_format, path, SAMPLES)
            assert path in said
            assert "import.format" in said or "is no field of this format" in said


@pytest.mark.parametrize("tool_format", ONE_OF_EACH)
def test_a_file_that_was_cut_short_gives_no_other_figures_than_the_whole_one(
    tool_format: ImportFormat, tmp_path: Path
) -> None:
    text = (SAMPLES / ONE_OF_EACH[tool_format]).read_text()
    whole = read(tool_format, text, tmp_path)
    assert whole
    cuts = {len(text) * part // 40 for part in range(1, 40)} | {
        place for place, sign in enumerate(text) if sign == "\n"
    }
    for place in sorted(cuts)[::3]:
        assert set(map(str, read(tool_format, text[:place], tmp_path))) <= set(map(str, whole))


def read(tool_format: ImportFormat, text: str, folder: Path) -> tuple[LoadPoint, ...]:
    """The points in a text, none where it is refused."""
    (folder / "results").write_text(text)
    select = "test_predict" if tool_format == "pytest-benchmark" else None
    try:
        return imported(tool_format, "results", select=select, root=folder).load_points
    except UsageError as error:
        assert "results: " in error.message
        return ()


Change = Callable[[Any], None]


def put(*path_and_value: Any) -> Change:
    """Sets what lies at a path in a JSON document."""
    *path, last, value = path_and_value

    def change(document: Any) -> None:
        for step in path:
            document = document[step]
        document[last] = value

    return change


DURATION = "http_req_duration{expected_response:true}"
FIRST = ("benchmarks", 0)
WRONG_JSON = [
    ("k6", put("metrics", DURATION, "avg", float("nan")), "avg: found nan, expected a number of at least 0"),
    ("k6", put("metrics", DURATION, "p(99)", -1), "p(99): found -1, expected a number of at least 0"),
    ("k6", put("metrics", "http_req_failed", "passes", 3000), "3000 of 2090 requests failed"),
    ("k6", put("metrics", "http_reqs", "count", 10.5), "metrics.http_reqs.count: found 10.5, expected a whole number"),
    ("k6", put("metrics", "http_reqs", "count", 0), "it holds no request"),
    ("k6", put("metrics", "http_reqs", True), "no object at metrics.http_reqs"),
    ("k6", put("scenarios", {"a": {}, "b": {}}), "it sums up 2 scenarios in one"),
    (
        "k6",
        put("scenarios", {"a": {"executor": "constant-arrival-rate", "rate": 5, "timeUnit": "soon"}}),
        "scenarios.a.timeUnit: found 'soon', expected a duration",
    ),
    ("aiperf", put("schema_version", "2.0"), "its schema is 2.0, and only 1.x is known here"),
    ("aiperf", put("is_complete", False), "the run was stopped before its end"),
    ("aiperf", put("request_latency", "unit", "weeks"), "request_latency.unit: found 'weeks', expected one of"),
    ("aiperf", put("request_count", None), "no object at request_count"),
    ("pytest-benchmark", put("benchmarks", []), "it holds no benchmark"),
    ("pytest-benchmark", put(*FIRST, "name", 3), "benchmarks[0].name: found 3, expected text"),
    ("google-benchmark", put(*FIRST, "real_time", "fast"), "benchmarks[0].real_time: found 'fast'"),
    ("google-benchmark", put(*FIRST, "time_unit", "min"), "benchmarks[0].time_unit: found 'min'"),
    ("google-benchmark", put(*FIRST, "error_occurred", True), "failed (no reason given)"),
    ("custom-json", put("points", []), "its list of points is empty"),
    ("custom-json", put("points", 0, "concurrency", 0), "points[0].concurrency: found 0, expected a number above 0"),
    ("custom-json", put("points", 0, "offered_rps", 5), "points[0]: expected either concurrency or offered_rps"),
    ("custom-json", put("points", 1, "rsponse_s", {}), "points[1].rsponse_s is no field of this format; choose from"),
    ("custom-json", put("points", 2, "response_s", "median", 1), "points[2].response_s.median is no field"),
    ("custom-json", put("points", 0, "window_s", True), "points[0].window_s: found True"),
    ("custom-json", put("points", 0, "requests", 10**400), "points[0].requests: found 1000"),
    ("custom-json", put("points", 0, "window_s", 1e-308), "are no measurement"),
    ("custom-json", put("notes", "one"), "notes: found 'one', expected a list of sentences"),
]


@pytest.mark.parametrize(("tool_format", "change", "said"), WRONG_JSON, ids=[case[2][:50] for case in WRONG_JSON])
def test_a_wrong_field_is_named_with_what_was_found(
    tool_format: ImportFormat, change: Change, said: str, tmp_path: Path
) -> None:
    document = json.loads((SAMPLES / ONE_OF_EACH[tool_format]).read_text())
    change(document)
    (tmp_path / "results.json").write_text(json.dumps(document))
    select = (
        "test_predict" if tool_format == "pytest-benchmark" and "[0]" not in said and document["benchmarks"] else None
    )
    assert said in refusal(tool_format, "results.json", tmp_path, select)


WRONG_TEXT = [
    ("wrk", "6.29ms", "-6.29ms", "Latency: found '-6.29', expected a number of at least 0"),
    ("wrk", "1394.85", "nan", "Requests/sec: found 'nan'"),
    ("wrk", "responses: 55", "responses: 5500", "5500 of 2794 requests failed"),
    ("wrk", "2794 requests", "9" * 5000 + " requests", "no line '... requests in ...'"),
    ("wrk2", "-R500", "-Rfast", "-R: found 'fast'"),
    ("hey", "0.0060 secs", "abc secs", "Average: found 'abc'"),
    ("locust", "614.2", "-614.2", "line 4.Requests/s: found '-614"),
    ("locust", ",1842,21,", ",1842,2100,", "2100 of 1842 requests failed"),
    ("locust", "Request Count", "Count of Requests", "no columns 'Name', 'Request Count'"),
]


@pytest.mark.parametrize(("tool_format", "old", "new", "said"), WRONG_TEXT, ids=[case[3][:40] for case in WRONG_TEXT])
def test_a_wrong_line_is_named_with_what_was_found(
    tool_format: ImportFormat, old: str, new: str, said: str, tmp_path: Path
) -> None:
    text = (SAMPLES / ONE_OF_EACH[tool_format]).read_text()
    assert old in text
    (tmp_path / "results").write_text(text.replace(old, new))
    assert said in refusal(tool_format, "results", tmp_path)


@pytest.mark.parametrize(
    ("tool_format", "path", "select", "said"),
    [
        ("pytest-benchmark", "pytest-benchmark.json", None, "it holds 2 benchmarks to choose from; set import.select"),
        ("pytest-benchmark", "pytest-benchmark.json", "test_no", "test_pb.py::test_predict, test_pb.py::test_tokenise"),
        ("google-benchmark", "google-benchmark.json", None, "it holds 3 benchmarks to choose from"),
        ("google-benchmark", "google-benchmark.json", "BM_parse/2/min_time:0.050", "failed (no such model)"),
        (
            "locust",
            "locust_stats.csv",
            "GET /no",
            "it has no request named 'GET /no'; select one of 'Aggregated', 'GET /'",
        ),
        ("k6", "k6-lines.json", "steady", "it has no scenario 'steady'; select one of default"),
        ("wrk", "wrk.txt", "predict", "select 'predict' means nothing here: every run in the file is taken"),
    ],
)
def test_what_is_to_be_selected_must_be_there_once(tool_format, path, select, said) -> None:
    assert said in refusal(tool_format, path, SAMPLES, select)


def test_the_newer_summary_of_k6_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text(json.dumps({"version": "1.0", "results": {"metrics": []}}))
    assert "newer machine-readable summary" in refusal("k6", "new.json", tmp_path)


@pytest.mark.parametrize("tool_format", ONE_OF_EACH)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_a_damaged_file_is_either_read_or_refused_in_one_line(
    tool_format: ImportFormat, tmp_path: Path, data: some.DataObject
) -> None:
    text = (SAMPLES / ONE_OF_EACH[tool_format]).read_text()
    place = data.draw(some.integers(0, len(text) - 1))
    length = data.draw(some.integers(0, 40))
    (tmp_path / "damaged").write_text(text[:place] + data.draw(some.text(max_size=6)) + text[place + length :])
    try:
        for point in imported(tool_format, "damaged", root=tmp_path).load_points:
            assert point.requests >= point.successes >= 0
            assert point.window_s > 0
    except UsageError as error:
        assert "damaged" in error.message
