"""The example service as its aiops.yml starts it: its own tests pass against it, and it stops without dropping work."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "examples" / "image-classifier"
START_LIMIT_S = 20.0  # it takes one; a loaded machine takes longer


class ExampleService:
    """One running copy of the service, on a port that was free a moment ago."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        command = yaml.safe_load((EXAMPLE / "aiops.yml").read_text(encoding="utf-8"))["service"]["command"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PORT": str(self.port), "PATH": path}
        self.process = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=EXAMPLE, env=environment)

    def accepts(self) -> bool:
        """Whether a connection to its port is taken."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def wait_until(self, *, accepting: bool) -> None:
        """Return once it takes connections, or no longer does."""
        deadline_s = time.monotonic() + START_LIMIT_S
        while self.accepts() is not accepting:
            assert time.monotonic() < deadline_s, f"the service did not {'start' if accepting else 'stop'}"
            time.sleep(0.02)


@pytest.fixture
def service() -> Iterator[ExampleService]:
    service = ExampleService()
    try:
        service.wait_until(accepting=True)
        yield service
    finally:
        service.process.kill()
        service.process.wait()


def test_passes_its_own_tests_while_it_runs_as_configured(service: ExampleService, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.json"
    environment = {
        **os.environ,
        "AIOPS_URL": f"http://127.0.0.1:{service.port}",
        "AIOPS_METRICS": str(metrics),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    finished = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout
    assert yaml.safe_load(metrics.read_text(encoding="utf-8"))["accuracy"] >= 0.97


def test_answers_the_request_in_flight_before_it_stops(service: ExampleService) -> None:
    body = (EXAMPLE / "payloads" / "digit-7-1.json").read_bytes()
    head = (
        "POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # the request has reached the application
        service.process.send_signal(signal.SIGTERM)
        service.wait_until(accepting=False)
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'{"digit":7' in answer
    assert service.process.wait(timeout=10) in (0, -signal.SIGTERM)
