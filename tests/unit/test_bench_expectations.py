"""Answers are held against what aiops.yml expects of them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_toolkit.bench.samples import Outcome
from aiops_toolkit.bench.targets.expectations import Expectations, steps_of
from aiops_toolkit.config.target_sections import JSON_PATH
from aiops_toolkit.config.targets import ExpectSettings

ANSWER = {"label": "cat", "top": [{"score": 0.5, "ok": True}, [7, None]], "n": 1, "2": "two"}


def outcome(expected: dict, status: int = 200, body: bytes | None = None) -> int:
    body = json.dumps(ANSWER).encode() if body is None else body
    return Expectations(ExpectSettings(**expected)).outcome(status, len(body), [body[:3], body[3:]])


@pytest.mark.parametrize(
    ("expected", "answer", "wanted"),
    [
        ({"max_bytes": 10_000}, {"status": 204}, Outcome.OK),
        ({"max_bytes": 10_000}, {"status": 500}, 500),
        ({"status": (200, 404)}, {"status": 404}, Outcome.OK),
        ({"status": (404,)}, {"status": 200}, 200),
        ({"status": (200,)}, {"status": 204}, 204),
        ({"min_bytes": 3}, {"body": b"abc"}, Outcome.OK),
        ({"min_bytes": 4}, {"body": b"abc"}, Outcome.UNEXPECTED_SIZE),
        ({"max_bytes": 3}, {"body": b"abc"}, Outcome.OK),
        ({"max_bytes": 2}, {"body": b"abc"}, Outcome.UNEXPECTED_SIZE),
        ({"max_bytes": 0}, {"body": b""}, Outcome.OK),
        ({"json": {"label": "cat", "n": 1.0}}, {}, Outcome.OK),
        ({"json": {"label": "dog"}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"label": "cat"}}, {"status": 500}, 500),
        ({"json": {"top[0].score": 0.5, "top[0].ok": True, "top[1][0]": 7}}, {}, Outcome.OK),
        ({"json": {"top[1][1]": None}}, {}, Outcome.OK),
        ({"json": {"2": "two"}}, {}, Outcome.OK),
        ({"json": {"top[2]": None}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"top.score": 0.5}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"label[0]": "c"}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"missing": None}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"top[0].ok": 1.0}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"n": True}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"n": "1"}}, {}, Outcome.UNEXPECTED_JSON),
        ({"json": {"[1]": 8}}, {"body": b"[7, 8]"}, Outcome.OK),
        ({"json": {"a": 1}}, {"body": b"<html>"}, Outcome.UNEXPECTED_JSON),
        ({"json": {"a": 1}}, {"body": b""}, Outcome.UNEXPECTED_JSON),
        ({"json": {"a": 1}}, {"body": b"\xff\xfe{"}, Outcome.UNEXPECTED_JSON),
        ({"json": {"a": 1}}, {"body": b"[" * 100_000}, Outcome.UNEXPECTED_JSON),
    ],
)
def test_the_first_thing_that_is_not_as_expected_names_the_outcome(expected, answer, wanted):
    assert outcome(expected, **answer) == wanted


def test_a_path_is_names_and_indices():
    assert steps_of("predictions[0].label") == ("predictions", 0, "label")
    assert steps_of("[10][2].a-b") == (10, 2, "a-b")


@given(st.from_regex(JSON_PATH, fullmatch=True))
def test_every_path_that_aiops_yml_takes_is_taken_apart_without_loss(path):
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps_of(path))
    assert written.removeprefix(".") == re.sub(r"\[0+(?=[0-9])", "[", path)


@given(st.lists(st.text("abc-_$1", min_size=1) | st.integers(0, 3), min_size=1, max_size=5), st.booleans())
def test_a_value_is_found_wherever_it_stands(steps, there):
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    document: object = "here" if there else "elsewhere"
    for step in reversed(steps):
        document = {step: document} if isinstance(step, str) else [None] * step + [document]
    found = outcome({"json": {path: "here"}}, body=json.dumps(document).encode())
    assert found == (Outcome.OK if there else Outcome.UNEXPECTED_JSON)


@given(st.binary(max_size=200))
def test_no_body_is_too_strange_to_be_judged(body):
    assert outcome({"json": {"a[0].b": 1}}, body=body) in (Outcome.OK, Outcome.UNEXPECTED_JSON)
