"""Commands are started, measured and ended with everything they started, whatever ends them."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from aiops_planner.errors import AiopsError, StorageError
from aiops_toolkit.processes import run, started, terminate_as_interrupt, tree_usage, uninterrupted
from support.service_programs import PYTHON, STUBBORN, eventually, program, running_pids, written_pids


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "command.log"


def start(line, log, **changes):
    options = {"cwd": log.parent.parent, "environment": {}, "stop_timeout_s": 0.2}
    return started(line, log=log, **(options | changes))


@pytest.mark.parametrize(
    ("line", "exit_code"),
    [
        ("true", 0),
        ("exit 7", 7),
        ("kill -TERM $$", -signal.SIGTERM),
        ("no-such-command-here", 127),
        ("printf 'a\\nb' | grep -c ''", 0),
        ('test "$GREETING" = "it\'s"', 0),
        ("test -e logs/command.log", 0),
    ],
)
def test_a_shell_line_runs_in_its_folder_and_gives_its_exit_code(line, exit_code, log, tmp_path):
    assert run(line, cwd=tmp_path, environment={"GREETING": "it's"}, log=log, timeout_s=10) == exit_code


def test_output_and_errors_are_appended_to_the_log(log, tmp_path):
    for word in ("first", "second"):
        run(f"echo {word}; echo {word} error >&2", cwd=tmp_path, environment={}, log=log, timeout_s=10)
    assert log.read_text() == "first\nfirst error\nsecond\nsecond error\n"


def test_a_command_reads_nothing_from_the_terminal(log, tmp_path):
    assert run("cat; echo end", cwd=tmp_path, environment={}, log=log, timeout_s=10) == 0
    assert log.read_text() == "end\n"


def test_a_command_that_takes_too_long_is_stopped_and_has_no_exit_code(log, tmp_path):
    assert run("echo $$ > pid; exec sleep 60", cwd=tmp_path, environment={}, log=log, timeout_s=1.0) is None
    assert running_pids([int((tmp_path / "pid").read_text())]) == []


def test_the_exit_is_noticed_at_once(log):
    with start("exit 3", log) as command:
        began = time.monotonic()
        assert command.wait(30) == 3
        assert command.poll() == 3
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("line", ["{}", "{} & wait", "({} &) ; sleep 60", "{} | cat"])
def test_processes_that_ignore_sigterm_or_changed_session_end_too(line, log, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    with start(line.format(stubborn), log):
        pids = written_pids(tmp_path / "held")
        assert running_pids(pids) == pids
    assert running_pids(pids) == []


def test_what_a_finished_command_left_behind_ends_with_it(log, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    line = f"{stubborn} & while ! [ -e held.child -a -e held.stray ]; do sleep 0.02; done; exit 4"
    with start(line, log) as command:
        assert command.wait(10) == 4
        pids = written_pids(tmp_path / "held")
    assert running_pids(pids) == []


def test_a_command_that_obeys_sigterm_has_time_to_clean_up(log, tmp_path):
    line = "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    with start(line, log, stop_timeout_s=10):
        assert eventually(lambda: "ready" in log.read_text())
    assert log.read_text().endswith("cleaned\n")


def test_a_stopped_process_is_ended_as_well(log, tmp_path):
    with start("echo $$ > pid; kill -STOP $$", log) as command:
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        pid = int((tmp_path / "pid").read_text())
        assert eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        assert command.poll() is None
    assert running_pids([pid]) == []


def test_an_exception_in_the_block_ends_the_tree_and_goes_on(log, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    with pytest.raises(KeyboardInterrupt), start(stubborn, log):
        pids = written_pids(tmp_path / "held")
        raise KeyboardInterrupt
    assert running_pids(pids) == []


OWNER = """
    import sys, time
    from pathlib import Path
    from aiops_toolkit.processes import started, terminate_as_interrupt

    try:
        options = {"cwd": Path.cwd(), "environment": {}, "log": Path("log"), "stop_timeout_s": float(sys.argv[2])}
        with terminate_as_interrupt(), started(sys.argv[1], **options):
            time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start_owner(tmp_path, stop_timeout_s):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    arguments = [sys.executable, "-c", textwrap.dedent(OWNER), stubborn, str(stop_timeout_s)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(arguments, cwd=tmp_path, env=environment)


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_nothing_is_left_when_the_owner_gets_a_signal(number, exit_code, tmp_path):
    with start_owner(tmp_path, 0.2) as owner:
        pids = written_pids(tmp_path / "held")
        owner.send_signal(number)
        assert owner.wait(20) == exit_code
    assert eventually(lambda: running_pids(pids) == []), "processes survived their owner"


def test_a_second_ctrl_c_does_not_wait_for_the_stop_timeout(tmp_path):
    with start_owner(tmp_path, 50) as owner:
        pids = written_pids(tmp_path / "held")
        owner.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert owner.poll() is None
        owner.send_signal(signal.SIGINT)
        assert owner.wait(20) == 130
    assert running_pids(pids) == []


def test_a_killed_guardian_counts_as_the_end_of_its_command(log, tmp_path):
    with start("echo $$ > pid; exec sleep 60", log) as command:
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        pid = int((tmp_path / "pid").read_text())
        psutil.Process(pid).parent().kill()
        assert command.wait(10) == -signal.SIGKILL
    assert eventually(lambda: running_pids([pid]) == [])


def test_usage_counts_children_that_ended_and_never_goes_backwards(log):
    burn = f"{PYTHON} -c 'import time\nwhile time.process_time() < 0.15: pass'"
    with start(f"{burn}; {burn} & {burn}; wait; echo burnt; sleep 60", log) as command:
        readings = []
        assert eventually(lambda: readings.append(command.usage()) or "burnt" in log.read_text())
        last = command.usage()
    cpu_s = [usage.cpu_s for usage in readings]
    assert cpu_s == sorted(cpu_s)
    assert last.cpu_s >= 0.4
    assert last.memory_bytes > 0
    assert last.processes >= 1
    assert command.usage() is None


def test_usage_keeps_the_cpu_of_children_that_the_kernel_forgets(log, tmp_path):
    forgetful = """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        burn = "import time\\nwhile time.process_time() < 0.3: pass\\ntime.sleep(0.5)"
        subprocess.Popen([sys.executable, "-c", burn]).wait()
        print("reaped", flush=True)
        time.sleep(60)
    """
    with start(program(tmp_path, "forgetful", forgetful), log) as command:
        readings = []
        assert eventually(lambda: readings.append(command.usage()) or "reaped" in log.read_text())
        assert command.usage().cpu_s >= readings[-1].cpu_s >= 0.3


def test_usage_of_a_process_that_is_gone_is_none():
    process = subprocess.Popen(["true"])
    process.wait()
    assert tree_usage(process.pid) is None


def test_a_log_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write the log .*file/command\.log: File exists"):
        run("true", cwd=tmp_path, environment={}, log=tmp_path / "file" / "command.log", timeout_s=1)


def test_a_folder_that_is_not_there_is_named(tmp_path, log):
    with pytest.raises(AiopsError, match=r"cannot start `true` in .*nowhere"):
        run("true", cwd=tmp_path / "nowhere", environment={}, log=log, timeout_s=1)


def test_descriptors_are_all_given_back(log, tmp_path):
    process = psutil.Process()
    run("true", cwd=tmp_path, environment={}, log=log, timeout_s=10)
    before = process.num_fds()
    for _ in range(3):
        run("true", cwd=tmp_path, environment={}, log=log, timeout_s=10)
    with pytest.raises(AiopsError):
        run("true", cwd=Path("/nowhere"), environment={}, log=log, timeout_s=10)
    assert process.num_fds() == before


def test_signal_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_put_off_to_the_end_of_a_block_that_would_lose_it(number):
    reached = []
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt():
        with uninterrupted():
            os.kill(os.getpid(), number)
            reached.append("the end of the block")
        reached.append("what follows it")
    assert reached == ["the end of the block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
