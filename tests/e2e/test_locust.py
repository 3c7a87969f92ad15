"""From a benchmark to Locust on one master and two workers, and back into the record."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.bench_server import serving, takes
from support.project import Project, clean_environment

pytestmark = pytest.mark.e2e
DEADLINE_S = 90
RUN_S = 3
USERS = 8
RATE_PER_USER = 5


@contextmanager
def started(folder: Path, log: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Locust with these arguments, ended with the block whatever happens."""
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments],
            cwd=folder,
            env=clean_environment() | {"TOKEN": "s3cret"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def distributed(folder: Path, host: str, *arguments: str) -> None:
    """Load by one master and two workers until the master ends by itself."""
    port = str(free_port())
    shape = ("--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{RUN_S}s", "--csv", "hello")
    meeting = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2")
    with ExitStack() as stack:
        master = stack.enter_context(
            started(folder, "master.log", "--master", "--headless", "--host", host, *meeting, *shape, *arguments)
        )
        for number in (1, 2):
            address = ("--master-host", "127.0.0.1", "--master-port", port)
            stack.enter_context(started(folder, f"worker{number}.log", "--worker", *address))
        code = master.wait(DEADLINE_S)
    assert code == 0, (folder / "master.log").read_text()


def test_an_exported_benchmark_runs_on_two_workers_and_its_result_is_read_back(tmp_path: Path) -> None:
    http = {
        "url": "http://127.0.0.1:$PORT/predict",
        "method": "POST",
        "payloads": "payloads/*.json",
        "headers": {"X-Token": "$TOKEN"},
        "expect": {"min_size": "2 B"},
    }
    back = {"format": "locust", "path": "hello_stats.csv"}
    slo = {"p99": "10s"}
    project = Project(
        tmp_path,
        git=False,
        tests=None,
        capacity=None,
        benchmarks={"hello": {"http": http, "slo": slo}, "back": {"import": back, "slo": slo}},
    )
    (tmp_path / "payloads").mkdir()
    (tmp_path / "payloads" / "one.json").write_text('{"pixels": [1]}')
    exported = project.run("export", "--benchmark", "hello", "--output", "locustfile.py")
    assert exported.exit_code == 0, exported.stderr
    with serving(takes(0.005)) as server:
        distributed(tmp_path, f"http://127.0.0.1:{server.port}", "--rate-per-user", str(RATE_PER_USER))
        assert set(server.bodies) == {b'{"pixels": [1]}'}
        assert all(b"X-Token: s3cret" in head for head in server.heads)
    (tmp_path / "aiops.yml").write_text(
        f"version: 1\nservice: {{name: tiny}}\nbenchmarks: {{back: {{import: {back}, slo: {slo}}}}}\n".replace("'", "")
    )
    finished = project.run("bench", "--json", "-")
    assert finished.exit_code == 0, finished.stderr
    (benchmark,) = finished.json["benchmarks"]
    (point,) = benchmark["load_points"]
    assert (benchmark["source"], point["errors_by_kind"], point["mode"]) == ("Locust", {}, "open")
    assert point["offered_rps"] == USERS * RATE_PER_USER
    assert 0 < point["successes"] <= server.requests
    assert not project.left_running()
