"""The benchmark scripts run from end to end, and what they start ends with them."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from peers import children

FOLDER = Path(__file__).parents[2] / "benchmarks"
PEERS = {
    "closed_loop.py": ["wrk", "aiohttp", "hey"],
    "open_loop.py": ["aiohttp", "hey"],
    "planner.py": [],
    "simulation.py": ["ciw"],
    "startup.py": ["python -c pass"],
    "streaming.py": ["aiohttp"],
}
DEADLINE_S = 100.0
# those that need no peer
BARS = {
    "closed_loop.py": 0,
    "open_loop.py": 1,
    "planner.py": 15,
    "simulation.py": 4,
    "startup.py": 1,
    "streaming.py": 2,
}


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(FOLDER / script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_script_prints_each_peer_or_why_it_is_skipped_and_its_bars() -> None:
    running = {script: start(script, "--check") for script in PEERS}
    for script, process in running.items():
        printed, complaints = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, complaints) == (0, "")
        lines = printed.splitlines()
        assert lines[1].startswith("machine: ")
        assert [peer for peer in PEERS[script] if not any(line.startswith(peer) for line in lines)] == []
        bars = [line for line in lines if line.startswith("bar: ")]
        assert len(bars) >= BARS[script]
        assert all(line.endswith((" met", " MISSED")) for line in bars)


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return []


@pytest.mark.skipif(sys.platform != "linux", reason="the server to load waits on epoll")
def test_the_server_says_what_its_answers_really_took_and_ends_with_its_context() -> None:
    with children.serving(service_s=0.01) as url:
        (server,) = [child for child in psutil.Process().children() if "peers.server" in _command_of(child)]
        assert children.fetch(url) == children.fetch(url) == b"ok"
        took = json.loads(children.fetch(f"{url}took"))
        assert took["requests"] == 2
        assert 0.01 <= took["p50_s"] < 10
        assert json.loads(children.fetch(f"{url}took"))["requests"] == 0
    assert not server.is_running()


def test_a_program_that_fails_or_hangs_is_said_in_one_line() -> None:
    with pytest.raises(children.ChildError, match=r"ended with 3 and said: no\n?$"):
        children.run([sys.executable, "-c", "import sys; print('no'); sys.exit(3)"], limit_s=DEADLINE_S)
    with pytest.raises(children.ChildError, match=r"took longer than 0.2 s and was ended"):
        children.run([sys.executable, "-c", "import time; time.sleep(600)"], limit_s=0.2)


def test_a_turn_that_cannot_be_is_refused() -> None:
    process = start("startup.py", "--rounds", "0")
    _, complaints = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert "--rounds must be at least 1" in complaints
