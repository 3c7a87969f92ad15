"""A model of the Open Inference Protocol: loaded with payloads or made-up inputs, refused with what the server said."""

import json
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aiops_planner.errors import MeasurementError, UsageError
from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import KserveTarget
from support.bench_loads import Probe, counts
from support.bench_server import Server, says, serving
from support.kserve_server import KserveServer

BODY = {
    "inputs": [
        {"name": "numbers", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]},
        {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["four"]},
    ]
}


@contextmanager
def serving_model(model: KserveServer) -> Iterator[Server]:
    with serving(model.reply) as server:
        model.server = server
        yield server


def load_of(server: Server, *, root: Path = Path(), **changes: Any) -> Target:
    url = f"http://127.0.0.1:{server.port}"
    target = KserveTarget(**{"url": url, "model": "adder", "timeout_s": 10.0} | changes)
    settings = BenchmarkSettings(name="infer", target=target, slo=Objective())
    return make_target(settings, root=root, substitute=lambda text: text, environment={"KEY": "k"})


def test_inputs_are_made_up_from_the_metadata_once():
    model = KserveServer()
    with serving_model(model) as server, Engine(load_of(server, headers={"X-Key": "$KEY"}), Probe()) as engine:
        run = engine.closed(2, 0.1, drain_s=10)
        assert set(counts(run)) == {"ok"}
        assert run.stream is None
        bodies = {body for body in server.bodies if body}
        assert {head.count(b"X-Key: k") for head in server.heads} == {1}
    assert model.asked[:3] == ["GET /v2/models/adder", "GET /v2/models/adder/ready", "POST /v2/models/adder/infer"]
    assert set(model.asked[2:]) == {"POST /v2/models/adder/infer"}
    assert 1 <= len(bodies) <= 8


def test_a_version_has_its_own_path():
    model = KserveServer()
    with serving_model(model) as server, Engine(load_of(server, version="2"), Probe()) as engine:
        assert counts(engine.closed(1, 0, drain_s=10)) == {"ok": 1}
    assert model.asked[-1] == "POST /v2/models/adder/versions/2/infer"


def test_payloads_are_sent_as_they_are_and_nothing_is_asked(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(BODY | {"id": name}))
    model = KserveServer()
    load = {"root": tmp_path, "payloads": "*.json"}
    with serving_model(model) as server, Engine(load_of(server, **load), Probe()) as engine:
        assert counts(engine.closed(2, 0, drain_s=10)) == {"ok": 2}
        assert sorted(json.loads(body)["id"] for body in server.bodies) == ["a", "b"]
    assert set(model.asked) == {"POST /v2/models/adder/infer"}


@pytest.mark.parametrize("content", ["[1]", "{nonsense", "\x00"])
def test_a_payload_that_is_no_inference_request_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UsageError, match=r"a\.json is no JSON object; an inference request is"):
        load_of(Server(port=1), root=tmp_path, payloads="*.json")


def test_a_server_that_does_not_say_whether_it_is_ready_is_taken_as_such():
    with serving_model(KserveServer(ready=404)) as server, Engine(load_of(server), Probe()) as engine:
        assert counts(engine.closed(1, 0, drain_s=10)) == {"ok": 1}


@pytest.mark.parametrize(
    ("model", "changes", "said"),
    [
        (
            KserveServer(),
            {"model": "other"},
            r"\(status 404, unknown: GET .*other\): the model or its version is unknown",
        ),
        (KserveServer(), {"version": "9"}, r"\(status 404, unknown: GET /versions/9\)"),
        (KserveServer(ready=503), {}, r"the model is not ready \(status 503, still loading\): check the service's log"),
        (KserveServer(metadata=[1]), {}, r"metadata are no JSON object"),
        (KserveServer(metadata=b"<html>"), {}, r"metadata are no JSON object"),
        (KserveServer(metadata={"inputs": []}), {}, r"the model's metadata name no inputs: give payloads"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_with_what_the_server_said(model, changes, said):
    with serving_model(model) as server:
        load = load_of(server, **changes)
        with pytest.raises(MeasurementError, match=re.escape(load.label) + ": .*" + said):
            load.__enter__()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", r"status 401\): check the headers that carry credentials"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}", r"status 500\): check the service's log"),
        (b"SSH-2.0-OpenSSH\r\n", r"adder does not answer \(SSH-2.0-OpenSSH\): check the url"),
        (b"", r"adder does not answer \(.+\): check the url, and that the service runs"),
    ],
)
def test_a_server_of_another_kind_is_told_as_it_answers(answer, said):
    with serving(says(answer, close=True)) as server, pytest.raises(MeasurementError, match=said):
        load_of(server).__enter__()


def test_an_answer_that_trickles_in_does_not_last_longer_than_the_timeout():
    trickle = says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", *[b"x"] * 3000, pause_s=0.01)
    with serving(trickle) as server, pytest.raises(MeasurementError, match=r"adder does not answer \(timed out\)"):
        load_of(server, timeout_s=0.3).__enter__()


def test_a_server_that_is_not_there_is_named():
    with serving(says(b"")) as server:
        load = load_of(server)
    with pytest.raises(MeasurementError, match=r"adder does not answer \(.*refused\): check the url"):
        load.__enter__()


def test_a_target_can_be_sent_to_another_process_before_it_is_entered():
    with (
        serving_model(KserveServer()) as server,
        Engine(pickle.loads(pickle.dumps(load_of(server))), Probe()) as engine,
    ):
        assert counts(engine.closed(1, 0, drain_s=10)) == {"ok": 1}
