"""Metrics are a flat object of finite numbers, and gates hold them against their conditions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import CheckError
from aiops_toolkit.config.settings import GateSettings
from aiops_toolkit.metrics import LARGEST_FILE_BYTES, apply_gates, read_metrics


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "metrics.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_metrics(path)

    return read


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("{}", {}),
        (
            '{"accuracy": 0.98, "f1/macro": -1e-3, "images": 360}',
            {"accuracy": 0.98, "f1/macro": -0.001, "images": 360.0},
        ),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1.0}),
    ],
)
def test_flat_numbers_are_read(text, metrics, read):
    assert read(text) == metrics
    assert all(type(value) is float for value in read(text).values())


def test_no_file_means_no_metrics(tmp_path):
    assert read_metrics(tmp_path / "none.json") == {}


@given(st.dictionaries(st.text("abc_/-é", min_size=1), st.floats(allow_nan=False, allow_infinity=False)))
def test_what_is_written_is_read(tmp_path_factory, metrics):
    path = tmp_path_factory.mktemp("metrics") / "metrics.json"
    path.write_text(json.dumps(metrics))
    assert read_metrics(path) == metrics


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is broken JSON: Expecting value"),
        ('{"a": 1', "it is broken JSON"),
        ("[1, 2]", "it holds a list, expected an object of numbers"),
        ("0.97", "it holds a number"),
        ("null", "it holds null, expected an object of numbers"),
        ('{"accuracy": "0.97"}', "'accuracy' is text, expected a number"),
        ('{"ok": true}', "'ok' is true or false, expected a number"),
        ('{"a": null}', "'a' is null, expected a number"),
        ('{"a": {"b": 1}}', "'a' is an object, expected a number"),
        ('{"a": [1]}', "'a' is a list, expected a number"),
        ('{"a": NaN}', "'a' is nan, expected a finite number"),
        ('{"a": -Infinity}', "'a' is -inf, expected a finite number"),
        ('{"a": 1e999}', "'a' is inf, expected a finite number"),
        pytest.param(f'{{"a": 1{"0" * 400}}}', "'a' is inf, expected a finite number", id="too large for a float"),
        pytest.param(f'{{"a": 1{"0" * 9000}}}', "it is broken JSON", id="too many digits"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ('{"": 1}', "'' is no name for a metric"),
        ('{"a\\nb": 1}', "is no name for a metric"),
        (b'{"\xff": 1}', "it is not UTF-8 text"),
        pytest.param("[" * 200_000, "it is nested too deeply", id="nested"),
        pytest.param(" " * (LARGEST_FILE_BYTES + 2**19), "it has 1.5 MiB, at most 1 is read", id="huge"),
    ],
)
def test_anything_else_is_refused_with_the_key(content, reason, read):
    with pytest.raises(CheckError) as caught:
        read(content)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        (">=", False, True, True),
        (">", False, False, True),
        ("<=", True, True, False),
        ("<", True, False, False),
        ("==", False, True, False),
    ],
)
def test_gates_compare_as_they_are_written(comparison, below, equal, above):
    gate = GateSettings(metric="accuracy", comparison=comparison, threshold=0.97)
    for value, passes in ((0.9, below), (0.97, equal), (0.99, above)):
        (judged,) = apply_gates([gate], {"accuracy": value})
        assert (judged.metric, judged.condition, judged.value) == ("accuracy", f"{comparison} 0.97", value)
        assert judged.passed is passes


def test_a_metric_that_was_not_written_fails_its_gate():
    (judged,) = apply_gates([GateSettings(metric="accuracy", comparison="<", threshold=1.0)], {"loss": 0.1})
    assert judged.value is None
    assert not judged.passed
