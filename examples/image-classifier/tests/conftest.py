"""The tests talk to the service at $AIOPS_URL; where that is not set, to one they start themselves."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from app import app
from classifier import Classifier
from digits import Digits, split_digits

FOLDER = Path(__file__).parent.parent


@contextmanager
def running_service() -> Iterator[str]:
    """Serve the application from a thread, on a port the system chooses; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def service_url() -> Iterator[str]:
    if url := os.environ.get("AIOPS_URL"):
        yield url
        return
    with running_service() as url:
        yield url


@pytest.fixture(scope="session")
def client(service_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service_url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def held_out() -> Digits:
    return split_digits().held_out


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier(FOLDER)


@pytest.fixture(scope="session")
def record_metric() -> Iterator[Callable[[str, float], None]]:
    """Collect the numbers that gates can be set on, and write them to $AIOPS_METRICS where it is set."""
    metrics: dict[str, float] = {}
    yield metrics.__setitem__
    if path := os.environ.get("AIOPS_METRICS"):
        Path(path).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
