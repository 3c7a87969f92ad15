"""A log keeps the beginning and the end of what a command prints, and takes little room meanwhile."""

import os
import re

import pytest

from aiops_toolkit import logs
from aiops_toolkit.guardian import LOG_HEAD_BYTES, LOG_SLACK_BYTES, LOG_TAIL_BYTES, Log, punch_hole
from aiops_toolkit.processes import run, started
from support.service_programs import eventually

LIMIT_BYTES = LOG_HEAD_BYTES + LOG_TAIL_BYTES
FLOOD_BYTES = 200_000_000
LEFT_OUT = re.compile(rb"\n== aiops left out (\d+) bytes here: the first and the last 8 MiB .* are kept ==\n")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "command.log"


def cannot_punch(_descriptor, _start, _length):
    return False


def test_the_middle_of_a_flood_is_left_out_and_the_log_says_so(log, tmp_path):
    line = f"echo first; yes | head -c {FLOOD_BYTES}; echo last"
    assert run(line, cwd=tmp_path, environment={}, log=log, timeout_s=60) == 0
    head, left_out, tail = LEFT_OUT.split(log.read_bytes())
    assert head.startswith(b"first\ny\n")
    assert tail.endswith(b"y\nlast\n")
    assert (len(head), len(tail)) == (LOG_HEAD_BYTES, LOG_TAIL_BYTES)
    assert int(left_out) == len("first\nlast\n") + FLOOD_BYTES - LIMIT_BYTES


def test_a_log_takes_little_room_while_the_command_runs_and_its_end_can_be_read(log, tmp_path):
    line = f"yes | head -c {FLOOD_BYTES}; echo listening; touch done; sleep 60"
    with started(line, cwd=tmp_path, environment={}, log=log, stop_timeout_s=0.2):
        little = LIMIT_BYTES + LOG_SLACK_BYTES + 2**20
        assert eventually(lambda: (tmp_path / "done").exists() and log.stat().st_blocks * 512 < little)
        assert logs.last_lines(log, count=1) == "listening"


def test_every_command_has_its_share_of_a_log(log, tmp_path):
    flood = f"yes | head -c {LIMIT_BYTES + 2**20}"
    for _ in range(2):
        start = logs.open_section(log, "a command")
        run(flood, cwd=tmp_path, environment={}, log=log, timeout_s=60)
        assert logs.last_lines(log, start=start, count=1) == "y"
    assert len(LEFT_OUT.findall(log.read_bytes())) == 2


def test_a_log_within_its_limit_stays_as_it_was_written(log, tmp_path):
    run(f"yes | head -c {LIMIT_BYTES}", cwd=tmp_path, environment={}, log=log, timeout_s=60)
    assert log.read_bytes() == b"y\n" * (LIMIT_BYTES // 2)


@pytest.mark.parametrize("punch", [punch_hole, cannot_punch])
def test_looks_meanwhile_lose_neither_the_beginning_nor_the_end(punch, log):
    log.write_bytes(b"before\n")
    with log.open("ab+", buffering=0) as file:
        watched = Log(file.fileno(), punch)
        for number in range(10):
            file.write(b"%d\n" % number * LOG_TAIL_BYTES)
            watched.look()
        watched.close()
    head, left_out, tail = LEFT_OUT.split(log.read_bytes())
    assert head == b"before\n" + b"0\n" * (LOG_HEAD_BYTES // 2)
    assert tail == b"9\n" * (LOG_TAIL_BYTES // 2)
    assert int(left_out) == 20 * LOG_TAIL_BYTES - LIMIT_BYTES


def test_a_log_that_is_no_file_is_left_alone():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as output:
        with os.fdopen(writer, "wb") as file:
            watched = Log(file.fileno(), cannot_punch)
            file.write(b"text")
            watched.look()
            watched.close()
        assert output.read() == b"text"
