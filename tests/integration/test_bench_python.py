"""A Python function is called by an interpreter of its own, and whatever it does is counted and named."""

import ast
import pickle
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from aiops_planner.errors import MeasurementError, UsageError
from aiops_toolkit.bench.targets import worker
from aiops_toolkit.bench.targets.helpers import messages_for
from aiops_toolkit.bench.watch import service_cpu_s
from support.bench_callables import load, project, python_of
from support.bench_loads import counts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path)


def test_payloads_are_handed_over_in_turn(root):
    load(python_of(root, "accept", payloads="payloads/*.txt"), clients=4)
    assert sorted((root / "seen.txt").read_text().split()) == ["a", "a", "b", "c"]


def test_payloads_are_drawn_at_random_when_asked(root):
    load(python_of(root, "accept", payloads="payloads/*.txt", order="random"), clients=60)
    drawn = Counter((root / "seen.txt").read_text().split())
    numbers = [worker.REQUEST.unpack(message)[0] for message in messages_for(3, "random", 1)[:60]]
    assert drawn == Counter("abc"[number] for number in numbers)
    assert drawn != {"a": 20, "b": 20, "c": 20}


@pytest.mark.parametrize("function", ["nothing", "noisy"])
def test_a_function_without_payloads_is_called_with_nothing(root, function):
    assert counts(load(python_of(root, function), clients=3)) == {"ok": 3}


@pytest.mark.parametrize("function", ["naps", "model"])
def test_async_functions_are_awaited_side_by_side(root, function):
    run = load(python_of(root, function), clients=50)
    assert counts(run) == {"ok": 50}
    assert (run.table.end - run.table.sent).min() >= 0.19
    assert run.cut_s - run.started_s < 50 * 0.2  # one after the other would take that long


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("wrong", "ValueError: no digit in it (model.py:"),
        ("leaves", "SystemExit: 7"),
        ("leaves_async", "SystemExit: 7"),
        ("unspeakable", "Mute (model.py:"),
        ("coroutine", "returned a coroutine"),
        ("tells_secret", "wrong key *** (model.py:"),
    ],
)
def test_what_a_function_raises_is_an_outcome_with_its_first_line(root, function, said, monkeypatch):
    monkeypatch.setenv("MODEL_TOKEN", "s3cr3t-model-key")
    target = python_of(root, function)
    assert set(counts(load(target, clients=2))) == {"exception"}
    assert said in target.hint("exception")
    assert "second line" not in target.hint("exception")


def test_a_call_that_takes_too_long_is_a_time_out_and_the_next_one_goes_on(root):
    target = python_of(root, "slow", timeout_s=0.1)
    run = load(target, seconds=1.0)
    assert set(counts(run)) == {"timeout"}
    assert len(run.table.end) >= 2
    assert "timeout" in target.hint("timeout")


def test_a_function_that_ends_its_process_ends_the_load(root):
    with pytest.raises(MeasurementError, match=r"wrote last: the weights are gone.*, ended with exit code 9"):
        load(python_of(root, "dies"), clients=2, seconds=10)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"function": "modell:predict"}, "modell cannot be imported: ModuleNotFoundError: No module named 'modell'"),
        ({"function": "model:predict"}, "model has no predict"),
        ({"function": "model:number"}, "a number that is not callable"),
        ({"function": "model:accept"}, r"takes other arguments \(missing a required argument: 'payload'\)"),
        ({"function": "model:nothing", "payloads": "payloads/*"}, "it is called with the bytes of one payload"),
        ({"function": "model:generator"}, "is a generator, which does nothing when called"),
        ({"function": "broken:predict"}, r"RuntimeError: no weights \(broken.py:2\); it wrote last: loading"),
        ({"function": "leaving:predict"}, "leaving cannot be imported: SystemExit: 4"),
        ({"interpreter": "no-such-python"}, r"127 \(command not found\).*let interpreter name the Python"),
        ({"interpreter": "true"}, "its process ended with exit code 0 before it was ready"),
    ],
)
def test_what_cannot_be_called_is_said_before_any_load(root, target, message):
    (root / "broken.py").write_text("print('loading')\nraise RuntimeError('no weights')\n")
    (root / "leaving.py").write_text("raise SystemExit(4)\n")
    with pytest.raises(MeasurementError, match=message), python_of(root, "nothing", **target):
        pass


def test_calls_beyond_the_threads_wait_in_the_process_of_the_function(root, monkeypatch):
    monkeypatch.setattr("aiops_toolkit.bench.targets.python.MAX_THREADS", 2)
    run = load(python_of(root, "rests"), clients=3)
    assert counts(run) == {"ok": 3}
    ends = sorted(run.table.end)
    assert ends[2] - ends[0] >= 0.1  # the third began when the first had ended


def test_payloads_that_are_not_there_are_a_mistake_of_the_configuration(root):
    with pytest.raises(UsageError, match="no file"):
        python_of(root, "accept", payloads="nowhere/*")


def test_the_interpreter_is_looked_up_from_the_folder_of_aiops_yml(root):
    (root / "own").mkdir()
    (root / "own" / "python").symlink_to(sys.executable)
    assert counts(load(python_of(root, "nothing", interpreter="own/python"))) == {"ok": 1}


def test_the_port_of_the_service_reaches_the_function(root):
    assert counts(load(python_of(root, "port", port="8123"))) == {"ok": 1}


def test_the_cpu_time_is_that_of_the_function(root):
    run = load(python_of(root, "work"), seconds=0.5)
    used_s = service_cpu_s(run.readings, run.started_s, run.cut_s)
    assert used_s is not None
    assert used_s > 0.02 * (counts(run)["ok"] - 1) * 0.8


def test_nothing_that_a_function_started_is_left(root):
    load(python_of(root, "starts_a_child"))
    child = int((root / "child.txt").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(child)


def test_a_target_travels_to_another_process_before_it_is_entered(root):
    assert counts(load(pickle.loads(pickle.dumps(python_of(root, "nothing"))))) == {"ok": 1}


def test_a_folder_too_deep_for_a_socket_is_served_over_the_loopback(root, tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert counts(load(python_of(root, "nothing"), clients=3)) == {"ok": 3}
    assert counts(load(python_of(root, "naps"), clients=3)) == {"ok": 3}


def test_a_lane_may_be_closed_in_the_middle_of_a_request():
    ours, theirs = socket.socketpair()
    ours.sendall(worker.REQUEST.pack(1)[:2])
    ours.close()
    with theirs:
        assert worker.receive(theirs) is None


def test_the_worker_keeps_to_python_3_8_and_to_the_standard_library():
    tree = ast.parse(Path(worker.__file__).read_text(), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if node.module}
    assert imported <= sys.stdlib_module_names
