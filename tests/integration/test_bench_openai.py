"""Streamed answers of an OpenAI-compatible server: what it did is what is measured, and every fault has its name."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Objective
from aiops_reports.record import BenchmarkResult
from aiops_toolkit.bench.benchmark import run_benchmark
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.stream_figures import stream_figures, tpot_s, ttft_s
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import OpenaiTarget, SyntheticPrompts
from aiops_toolkit.progress import Silent
from support.bench_loads import Probe, counts
from support.llm_server import KEY, MODEL, Behaviour, LlmServer, serving_llm

TIMEOUTS_S = {"hang": 0.2, "hang-later": 2.0}
PROMPTS = SyntheticPrompts(input_tokens=20, count=4)


def settings_of(url: str, *, slo: Objective | None = None, **changes: Any) -> BenchmarkSettings:
    target = OpenaiTarget(**{"url": url, "model": MODEL, "prompts": PROMPTS, "timeout_s": 10.0} | changes)
    return BenchmarkSettings(name="chat", target=target, slo=slo or Objective())


def load_of(url: str, *, root: Path = Path(), environment: dict[str, str] | None = None, **changes: Any) -> Target:
    return make_target(
        settings_of(url, **changes), root=root, substitute=lambda text: text, environment=environment or {}
    )


def answers_of(server: LlmServer, clients: int = 2, duration_s: float = 0.15, **changes: Any) -> Run:
    with Engine(load_of(server.url, **changes), Probe()) as engine:
        return engine.closed(clients, duration_s, drain_s=10)


def test_times_and_tokens_are_those_of_the_server():
    with serving_llm(Behaviour(tokens=6, first_s=0.03, gap_s=0.01)) as server:
        run = answers_of(server, clients=1)
    assert counts(run) == {"ok": len(server.answers)}
    ttft, tpot = ttft_s(run.table, run.stream), tpot_s(run.table, run.stream)
    for row, answered in enumerate(server.answers):
        first, last = answered.written_at[0], answered.written_at[-1]
        assert run.stream.first_token[row] > first
        assert ttft[row] > first - answered.read_at
        assert run.table.end[row] > last
        assert tpot[row] >= 0
    wrote = np.concatenate([np.diff(answered.written_at) for answered in server.answers])
    assert np.median(run.stream.gaps_s) == pytest.approx(np.median(wrote), abs=0.1)
    late_s = ttft - [answered.written_at[0] - answered.read_at for answered in server.answers]
    assert np.median(late_s) < 0.1
    assert set(run.stream.chunks) == set(run.stream.output_tokens) == {6}
    assert set(run.stream.input_tokens) == {5}


def test_the_figures_of_a_run_add_up():
    with serving_llm() as server:
        run = answers_of(server)
    figures = stream_figures(run.table, run.stream, np.ones(len(run.table.end), dtype=bool), window_s=1.0)
    assert figures.chunks == figures.output_tokens == figures.output_tokens_per_s == 8 * len(server.answers)
    assert figures.input_tokens == 5 * len(server.answers)
    assert figures.ttft_s.mean >= 0.02
    assert figures.intended_ttft_s.mean >= figures.ttft_s.mean
    assert ttft_s(run.table, run.stream).mean() + 7 * figures.itl_s.mean >= 0.02 + 7 * 0.005


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_requests_keep_to_the_contract_of_their_endpoint(endpoint):
    with serving_llm() as server:
        run = answers_of(server, clients=1, duration_s=0, endpoint=endpoint, max_tokens=3)
    assert (counts(run), server.refused) == ({"ok": 1}, [])
    (answered,) = server.answers
    assert answered.body["max_tokens"] == 3
    assert run.stream.output_tokens.tolist() == [3]


def test_a_key_comes_from_the_environment():
    header = {"Authorization": "Bearer $LLM_KEY"}
    with serving_llm() as server:
        for key, expected in ((KEY, "ok"), ("wrong", "status-401")):
            load = load_of(server.url, headers=header, environment={"LLM_KEY": key})
            with Engine(load, Probe()) as engine:
                assert counts(engine.closed(1, 0, drain_s=10)) == {expected: 1}


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_chunks_of_one_byte_make_the_same_answer(line_end):
    with serving_llm(Behaviour(byte_by_byte=True, line_end=line_end, gap_s=0.0)) as server:
        run = answers_of(server, clients=1, duration_s=0)
    assert counts(run) == {"ok": 1}
    assert (run.stream.chunks[0], run.stream.output_tokens[0]) == (8, 8)


@pytest.mark.parametrize(("fault", "expected"), [("", "ok"), ("cut", "stream-cut"), ("no-end", "stream-cut")])
def test_a_stream_that_ends_with_its_connection_has_ended_only_if_it_says_so(fault, expected):
    with serving_llm(Behaviour(length=False, fault=fault)) as server:
        run = answers_of(server, clients=2, duration_s=0)
    assert counts(run) == {expected: 2}


def test_without_usage_tokens_are_unknown_and_the_rest_is_not():
    with serving_llm(Behaviour(usage=False)) as server:
        run = answers_of(server)
    figures = stream_figures(run.table, run.stream, np.ones(len(run.table.end), dtype=bool), window_s=1.0)
    assert set(counts(run)) == {"ok"}
    assert (figures.output_tokens, figures.tpot_s) == (None, None)
    assert figures.answers_without_usage == len(server.answers)
    assert figures.ttft_s.mean >= 0.02


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("cut", "stream-cut"),
        ("reset", "stream-cut"),
        ("no-end", "stream-cut"),
        ("error-event", "stream-error"),
        ("error-answer", "stream-error"),
        ("garbage", "stream-malformed"),
        ("empty", "stream-empty"),
        ("not-a-stream", "not-a-stream"),
        ("hang", "timeout"),
        ("hang-later", "timeout"),
    ],
)
def test_every_fault_of_a_stream_has_its_name(fault, expected):
    with serving_llm(Behaviour(fault=fault)) as server:
        run = answers_of(server, clients=2, duration_s=0, timeout_s=TIMEOUTS_S.get(fault, 10.0))
    assert counts(run) == {expected: 2}
    came = fault not in {"empty", "not-a-stream", "error-answer", "hang"}
    assert (~np.isnan(run.stream.first_token)).tolist() == [came] * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "huge"}, r"status-404 .*\(huge\): check the model's name, and the url: the base before"),
        ({"headers": {"Authorization": "Bearer no"}}, r"status-401 .* check the key: headers: {Authorization"),
        ({"fault": "not-a-stream"}, r"not-a-stream .* check that it supports stream: true"),
        ({"fault": "cut"}, r"stream-cut .* the streams stop before their end"),
    ],
)
def test_a_benchmark_that_cannot_start_says_what_to_check(changes, said):
    with serving_llm(Behaviour(fault=changes.pop("fault", ""))) as server, pytest.raises(MeasurementError, match=said):
        benchmark(server.url, 2.0, **changes)


def test_a_load_forgets_the_one_before():
    with serving_llm() as server, Engine(load_of(server.url), Probe()) as engine:
        runs = [engine.closed(clients, 0, drain_s=10) for clients in (3, 1)]
    assert [len(run.stream.first_token) for run in runs] == [3, 1]
    assert [sum(run.stream.chunks) for run in runs] == [24, 8]


def test_a_target_can_be_sent_to_another_process_before_it_is_entered():
    with serving_llm() as server:
        load = pickle.loads(pickle.dumps(load_of(server.url)))
        with Engine(load, Probe()) as engine:
            assert counts(engine.closed(1, 0, drain_s=10)) == {"ok": 1}


def test_several_processes_tell_one_story():
    with serving_llm() as server, Engine(load_of(server.url), Probe(), processes=2) as engine:
        run = engine.closed(4, 0, drain_s=10)
    assert counts(run) == {"ok": 4}
    assert run.stream.chunks.tolist() == run.stream.output_tokens.tolist() == [8, 8, 8, 8]
    assert np.bincount(run.stream.gap_rows).tolist() == [7, 7, 7, 7]
    assert (run.stream.first_token > run.table.sent).all()


def benchmark(url: str, budget_s: float, *, slo: Objective | None = None, **changes: Any) -> BenchmarkResult:
    settings = settings_of(url, slo=slo, **changes)
    return run_benchmark(
        settings,
        make_target(settings, root=Path(), substitute=lambda text: text, environment={}),
        budget_s=budget_s,
        quick=True,
        seed=5,
        probe=Probe(),
        progress=Silent(),
        on_point=lambda _: None,
    )


def test_a_benchmark_finds_the_capacity_within_a_time_to_the_first_token():
    objective = Objective(ttft_p90=0.5)
    for _ in range(3):  # a machine that is busy with something else may spoil one
        with serving_llm(Behaviour(tokens=4, first_s=0.01, gap_s=0.002, slots=2)) as server:
            result = benchmark(server.url, 4.0, slo=objective)
        if result.capacity.rps is not None:
            break
    assert result.capacity.rps is not None
    assert result.capacity.slo == objective
    assert result.target == f"POST {server.url}/chat/completions ({MODEL})"
    streams = [(point, point.stream) for point in result.load_points if point.successes]
    assert all(stream.output_tokens == 4 * point.successes for point, stream in streams)
    assert all(stream.ttft_s.mean >= 0.01 and stream.tpot_s is not None for _, stream in streams)
    assert any(stream.intended_ttft_s.p90 is not None for point, stream in streams if point.mode == "open")
    assert server.refused == []
