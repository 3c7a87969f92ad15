"""A command is started for each request; its exit code, its time and what it uses are told, and nothing of it stays."""

import os
import socket
import threading
import time
from math import isnan
from pathlib import Path

import psutil
import pytest

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.targets import spawner
from aiops_toolkit.bench.targets.worker import REQUEST
from aiops_toolkit.bench.watch import peak_memory_bytes, service_cpu_s
from support.bench_callables import command_of, load, project
from support.bench_loads import Probe, counts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path)


def gone(pid: int) -> bool:
    """Whether a process is over, after the time a busy machine may need for it."""
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not psutil.pid_exists(pid)


def test_each_request_runs_the_command_on_the_next_payload(root):
    run = load(command_of(root, "cat {payload} >> seen.txt", payloads="payloads/*"), clients=4)
    assert counts(run) == {"ok": 4}
    assert sorted((root / "seen.txt").read_text()) == ["a", "a", "b", "c"]


def test_a_payload_may_have_any_name(root):
    odd = root / "payloads" / "it's a $HOME; echo.txt"
    odd.write_text("odd")
    assert counts(load(command_of(root, "test -s {payload}", payloads="payloads/it*"))) == {"ok": 1}


def test_a_request_lasts_until_the_command_exits_and_its_first_byte_is_its_first_output(root):
    run = load(command_of(root, "echo first; sleep 0.3"))
    (sent,), (first,), (end,) = run.table.sent, run.table.first_byte, run.table.end
    assert end - sent >= 0.3
    assert sent < first <= end - 0.2


def test_a_command_that_only_complains_has_no_first_byte(root):
    run = load(command_of(root, "echo careful >&2"))
    assert counts(run) == {"ok": 1}
    assert isnan(run.table.first_byte[0])


def test_output_of_any_size_is_dropped(root):
    assert counts(load(command_of(root, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"))) == {"ok": 1}


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("echo loading >&2; echo no model >&2; exit 3", "ended with exit code 3; it wrote last: no model"),
        ("exit 4", "ended with exit code 4 and wrote no error"),
        ("kill -SEGV $$", "was killed by SIGSEGV"),
        ("no-such-program", "exit code 127 (command not found); it wrote last: sh: 1: no-such-program"),
        ('echo "wrong key $MODEL_TOKEN" >&2; exit 1', "it wrote last: wrong key ***"),
    ],
)
def test_an_exit_code_is_an_outcome_with_the_last_line_of_its_error(root, command, hint, monkeypatch):
    monkeypatch.setenv("MODEL_TOKEN", "s3cr3t-model-key")
    target = command_of(root, command)
    assert counts(load(target)) == {"exit-code": 1}
    assert hint in target.hint("exit-code")


def test_the_hint_is_about_the_failure_seen_most(root):
    (root / "payloads" / "b.txt").write_text("bad")
    target = command_of(root, "grep -q bad {payload} && exit 5; exit 6", payloads="payloads/*.txt")
    assert counts(load(target, clients=3)) == {"exit-code": 3}
    assert "exit code 6" in target.hint("exit-code")


def test_a_command_that_takes_too_long_is_killed_with_all_it_started(root):
    target = command_of(root, "sleep 600 & echo $! > child.txt; wait", timeout_s=1.0)
    assert counts(load(target)) == {"timeout": 1}
    assert gone(int((root / "child.txt").read_text()))


def test_what_a_command_leaves_in_the_background_does_not_hold_up_its_answer(root):
    run = load(command_of(root, "sleep 600 & echo $! > child.txt"))
    assert counts(run) == {"ok": 1}
    assert gone(int((root / "child.txt").read_text()))


def test_a_child_in_a_session_of_its_own_ends_with_the_target(root):
    run = load(command_of(root, "setsid sleep 600 > /dev/null 2>&1 & echo $! > child.txt; sleep 0.2"))
    assert counts(run) == {"ok": 1}
    assert gone(int((root / "child.txt").read_text()))


def test_the_cpu_time_of_short_commands_is_counted_and_that_of_their_spawner_is_not(root):
    burn = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; times >> times.txt"
    run = load(command_of(root, burn), clients=10)
    used_s = service_cpu_s(run.readings, run.started_s, run.cut_s)
    own = [line.split() for line in (root / "times.txt").read_text().splitlines()[::2]]
    told_s = sum(seconds(user) + seconds(system) for user, system in own)
    assert counts(run) == {"ok": 10}
    assert used_s is not None
    assert told_s * 0.5 < used_s < told_s * 2 + 0.3
    assert peak_memory_bytes(run.readings) is None  # nothing ran when it was looked at


def seconds(text: str) -> float:
    minutes, _, rest = text.partition("m")
    return 60 * float(minutes) + float(rest.rstrip("s"))


def test_the_port_of_the_service_reaches_the_command(root):
    assert counts(load(command_of(root, 'test "$PORT" = 8123', port="8123"))) == {"ok": 1}


def test_the_command_sees_the_signals_of_a_shell(root):
    assert counts(load(command_of(root, "yes | head -1"))) == {"ok": 1}  # yes would complain of a broken pipe for ever


def test_so_many_commands_run_at_once_and_the_others_wait_in_the_spawner(root, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    run = load(command_of(root, "sleep 0.5"), clients=9)
    assert counts(run) == {"ok": 9}
    ends = sorted(run.table.end)
    assert ends[8] - ends[0] >= 0.1  # the ninth began when the first had ended


def test_each_generator_process_has_a_spawner_of_its_own(root):
    with Engine(command_of(root, "echo $PPID >> spawners.txt"), Probe(), processes=2) as engine:
        run = engine.closed(4, 0.0, drain_s=20.0)
    assert counts(run) == {"ok": 4}
    assert len(set((root / "spawners.txt").read_text().split())) == 2
    assert peak_memory_bytes(run.readings) is None


def test_a_command_that_is_given_up_while_it_waits_is_never_started(root):
    slots = threading.Semaphore(0)
    ours, theirs = socket.socketpair()
    lane = threading.Thread(target=spawner.serve, args=(theirs, [f"touch {root}/started"], slots))
    lane.start()
    ours.sendall(REQUEST.pack(0))
    ours.close()
    slots.release()
    lane.join(20)
    assert not lane.is_alive()
    assert not (root / "started").exists()


@pytest.mark.parametrize(
    ("command", "payloads", "message"),
    [
        ("cat", "payloads/*", "does not use its payloads; write {payload}"),
        ("cat {payload}", "nowhere/*", "no file"),
        ("cat {payload}", None, "name them with payloads"),
    ],
)
def test_payloads_and_their_place_belong_together(root, command, payloads, message):
    with pytest.raises(UsageError, match=message), command_of(root, command, payloads=payloads):
        pass


def test_a_kernel_that_cannot_tell_of_an_end_is_asked_for_it(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    lane, other = socket.socketpair()
    with lane, other:
        code, _, length = spawner.ANSWER.unpack_from(spawner.run("exit 2", lane))
    assert (code, length) == (2, 0)
