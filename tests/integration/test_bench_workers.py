"""Several generator processes load as one would, and none is left behind whatever happens."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from aiops_planner.errors import MeasurementError
from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.points import Load, load_point
from aiops_toolkit.bench.schedule import poisson
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import OpenaiTarget, SyntheticPrompts
from support.bench_callables import project, python_of
from support.bench_loads import Probe, counts, load_of
from support.bench_processes import FragileLoad, TalkativeLoad, UnwillingLoad, generators, wait_until
from support.bench_server import says, serving, status, takes
from support.llm_server import MODEL, Behaviour, serving_llm

TESTS = Path(__file__).parents[1]


def during_load(action: Callable[[list[psutil.Process]], None], *, after_s: float = 0.3) -> threading.Thread:
    """Do something to the generator processes while they load."""

    def act() -> None:
        time.sleep(after_s)
        action(generators())

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_two_processes_load_as_one_would():
    schedule = poisson(200, 0.5, seed=1)
    with serving(takes(0.01)) as server, Engine(load_of(server.url), Probe(), processes=2) as engine:
        lanes = engine.max_lanes
        closed = engine.closed(5, 0.4, drain_s=10)
        opened = engine.open(schedule, 0.5, drain_s=10)
        alone = engine.closed(1, 0.1, drain_s=10)
        assert len(generators()) == 2
    assert generators() == []
    assert lanes > 2
    assert [run.processes for run in (closed, opened, alone)] == [2, 2, 1]
    assert sum(len(run.table) for run in (closed, opened, alone)) == server.requests
    assert {kind for run in (closed, opened, alone) for kind in counts(run)} == {"ok"}
    assert np.allclose(opened.table.intended, opened.started_s + schedule, rtol=0, atol=1e-12)
    assert (np.diff(closed.table.intended) >= 0).all()
    edges = sorted([(sent, 1) for sent in closed.table.sent] + [(end, -1) for end in closed.table.end])
    assert max(np.cumsum([step for _, step in edges])) == 5
    point = load_point(closed, Load(clients=5), Objective())
    assert point.generator_processes == 2
    assert point.generator_cpu_s > 0
    assert point.generator_memory_bytes > psutil.Process().memory_info().rss


def test_a_target_may_print_and_its_hints_come_from_where_it_ran(capfd):
    with serving(says(status(503))) as server:
        target = TalkativeLoad(load_of(server.url)._requests)
        with Engine(target, Probe(), processes=2) as engine:
            assert engine.hint("status-503") == "seen from outside"
            run = engine.closed(2, 0.1, drain_s=10)
            assert engine.hint("status-503") == "seen status-503 where it happened"
    assert set(counts(run)) == {"status-503"}
    assert "the target says hello" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (UnwillingLoad, r"^the model is not loaded: load it first$"),
        (FragileLoad, r"^load generator process [12] of 2 ended with exit code 1: set load\.processes lower"),
    ],
)
def test_a_target_that_cannot_be_entered_says_why(target, message, capfd):
    load = target(load_of("http://127.0.0.1:1/")._requests)
    with pytest.raises(MeasurementError, match=message), Engine(load, Probe(), processes=2):
        pass
    assert generators() == []
    assert ("RuntimeError: unforeseen" in capfd.readouterr().err) is (target is FragileLoad)


def test_a_process_that_is_killed_ends_the_load():
    with serving(takes(0.01)) as server:
        with (
            pytest.raises(MeasurementError, match=r"load generator process \d of 2 was killed by SIGKILL"),
            Engine(load_of(server.url), Probe(), processes=2) as engine,
        ):
            killer = during_load(lambda workers: workers[0].kill())
            engine.closed(2, 30, drain_s=10)
        killer.join()
    assert generators() == []


def test_a_dead_service_ends_the_load_of_all_processes():
    probe = Probe()
    with serving(takes(0.01)) as server:
        with (
            pytest.raises(MeasurementError, match="the service died under load"),
            Engine(load_of(server.url), probe, processes=2) as engine,
        ):
            killer = during_load(lambda _: setattr(probe, "lives", False))
            engine.closed(2, 30, drain_s=10)
        killer.join()
    assert generators() == []


def test_a_stopped_process_is_a_named_standstill_and_blames_nobody():
    def stop_and_go_on(workers: list[psutil.Process]) -> None:
        workers[0].suspend()
        time.sleep(1.2)
        workers[0].resume()

    with serving(takes(0.01)) as server, Engine(load_of(server.url, timeout_s=1.0), Probe(), processes=2) as engine:
        thread = during_load(stop_and_go_on, after_s=1.3)
        run = engine.closed(2, 2.6, drain_s=10)
        thread.join()
    assert sum(still.seconds for still in run.standstills) > 0.3
    assert set(counts(run)) == {"ok"}
    point = load_point(run, Load(clients=2), Objective())
    assert any("the load generator stood still for" in reason for reason in point.invalid_because)


def test_a_starved_generator_is_either_right_or_says_so():
    two_busy_seconds = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"
    neighbours = 2 * (os.cpu_count() or 1)
    busy = [subprocess.Popen([sys.executable, "-c", two_busy_seconds]) for _ in range(neighbours)]
    try:
        with serving(takes(0.01)) as server, Engine(load_of(server.url), Probe()) as engine:
            run = engine.open(poisson(400, 1.5, seed=1), 1.5, drain_s=10)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    point = load_point(run, Load(rate_rps=400), Objective())
    assert point.response_s is None or point.response_s.mean >= 0.009
    known = ("requests left late", "the load generator", "only ", "no request")
    assert point.valid or all(reason.startswith(known) for reason in point.invalid_because)


PROGRAM = """
import pathlib, sys
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.processes import terminate_as_interrupt
from support.bench_callables import project, python_of
from support.bench_loads import Probe, load_of
from support.bench_processes import generators

target = load_of(sys.argv[1]) if sys.argv[2] == "http" else python_of(project(pathlib.Path.cwd()), "work")
with terminate_as_interrupt(), Engine(target, Probe(), processes=2) as engine:
    print(*(child.pid for worker in generators() for child in [worker, *worker.children(recursive=True)]), flush=True)
    engine.closed(2, 60, drain_s=10)
"""


@pytest.mark.parametrize(
    ("number", "target"),
    [(signal.SIGINT, "http"), (signal.SIGTERM, "python"), (signal.SIGKILL, "http"), (signal.SIGKILL, "python")],
)
def test_no_process_is_left_behind_when_the_one_that_started_it_ends(number, target, tmp_path):
    with serving(takes(0.01)) as server:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.url, target],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            cwd=tmp_path,
            text=True,
        )
        pids = [int(pid) for pid in program.stdout.readline().split()]
        time.sleep(0.3)  # the load is under way
        program.send_signal(number)
        _, complaints = program.communicate(timeout=30)
        assert len(pids) >= (2 if target == "http" else 6)  # a function has a guardian and an interpreter beside it
        wait_until(lambda: not any(_runs(pid) for pid in pids))
    assert program.returncode != 0
    assert "worker.py" not in complaints  # the processes end without a word


def _runs(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_streams_of_several_processes_are_joined_with_their_requests():
    target = OpenaiTarget(url="", model=MODEL, prompts=SyntheticPrompts(input_tokens=20, count=4))
    with serving_llm(Behaviour(tokens=4, first_s=0.01, gap_s=0.005)) as server:
        settings = BenchmarkSettings(name="chat", target=replace(target, url=server.url), slo=Objective())
        load = make_target(settings, root=Path(), substitute=str, environment={})
        with Engine(load, Probe(), processes=2) as engine:
            run = engine.closed(2, 0.3, drain_s=10)
    assert counts(run) == {"ok": len(server.answers)}
    assert ((run.table.sent < run.stream.first_token) & (run.stream.first_token <= run.table.end)).all()
    assert (np.bincount(run.stream.gap_rows, weights=run.stream.gaps_s) <= run.table.end - run.table.sent).all()
    assert set(run.stream.output_tokens) == {4}


def test_a_function_is_watched_in_every_process_that_calls_it(tmp_path):
    target = python_of(project(tmp_path), "work")
    with Engine(target, Probe(), processes=2) as engine:
        run = engine.closed(2, 0.3, drain_s=10)
    assert set(counts(run)) == {"ok"}
    point = load_point(run, Load(clients=2), Objective())
    assert point.service_memory_bytes > 0
    assert point.service_cpu_s > 0
