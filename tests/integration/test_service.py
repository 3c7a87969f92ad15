"""A service is started, waited for, watched and stopped; whatever goes wrong is told in one line."""

import os
import socket
import threading
import time

import pytest

from aiops_planner.errors import ServiceError, StorageError
from aiops_toolkit.config.settings import ServiceSettings
from aiops_toolkit.processes import terminate_as_interrupt
from aiops_toolkit.progress import Silent
from aiops_toolkit.readiness import parse_ready
from aiops_toolkit.service import running
from support.service_programs import (
    SERVE_OK,
    STUBBORN,
    eventually,
    interrupt_once_started,
    program,
    running_pids,
    written_pids,
)

READY = "http://127.0.0.1:$PORT/healthz"


@pytest.fixture
def start(tmp_path):
    def start(**settings):
        settings = {"name": "digits", "stop_timeout_s": 0.2, "ready_timeout_s": 20.0} | settings
        return running(ServiceSettings(**settings), root=tmp_path, log=tmp_path / "service.log", progress=Silent())

    return start


@pytest.fixture
def serve(tmp_path):
    return program(tmp_path, "serve", SERVE_OK)


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("ready", [READY, "tcp://127.0.0.1:${PORT}", None])
def test_a_service_is_handed_over_when_it_answers_and_stopped_afterwards(ready, start, serve):
    with start(command=f"{serve} $PORT", ready=ready) as service:
        check = parse_ready(service.url("/"))
        assert check.attempt(5.0) is None
        assert service.alive()
        assert service.exit_reason() is None
        usage = service.usage()
        assert usage.cpu_s >= 0
        assert usage.memory_bytes > 2**20
        assert service.description.startswith(f"ready on port {service.port} after ")
    assert not check.accepts()
    assert not service.alive()
    assert service.usage() is None


def test_a_redirect_counts_as_ready(start, serve):
    with start(command=serve, ready=READY, environment={"STATUS": "307"}) as service:
        assert service.alive()


def test_setup_runs_before_the_command_with_the_same_environment(start, tmp_path):
    settings = {
        "setup": "echo $COLOUR $PORT > made",
        "command": "cat made; sleep 60",
        "environment": {"COLOUR": "p$PORT"},
    }
    with start(**settings) as service:
        assert (tmp_path / "made").read_text() == f"p{service.port} {service.port}\n"
    log = (tmp_path / "service.log").read_text()
    assert log.startswith("== setup: echo $COLOUR ")
    assert f"== command: cat made; sleep 60 ==\np{service.port}" in log


def test_a_service_that_runs_already_is_only_waited_for(start, taken_port):
    with start(ready=f"tcp://127.0.0.1:{taken_port}") as service:
        assert service.description == f"already running at http://127.0.0.1:{taken_port}"
        assert service.alive()
    assert parse_ready(f"tcp://127.0.0.1:{taken_port}").accepts()


def test_a_service_that_starts_elsewhere_later_is_waited_for(start, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        late = threading.Timer(0.3, listener.listen)
        late.start()
        with start(ready=f"tcp://127.0.0.1:{listener.getsockname()[1]}") as service:
            assert service.alive()
        late.join()


def failure_of(service):
    began = time.monotonic()
    with pytest.raises(ServiceError) as caught, service:
        pytest.fail("the service was handed over")
    message = caught.value.message
    assert message.startswith("service digits: ")
    assert len(message.splitlines()) == 1
    return message, time.monotonic() - began


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"setup": "echo no disk; exit 3"}, ["setup `echo no disk; exit 3` ended with exit code 3", "ends: no disk"]),
        ({"command": "no-such-server --port $PORT"}, ["exit code 127 (command not found)", "not found"]),
        ({"command": "echo one; echo two; exit 5"}, ["ended with exit code 5 before it was ready", "one | two"]),
        ({"command": "kill -KILL $$"}, ["killed by SIGKILL (out of memory?)", "it wrote nothing to its log"]),
        ({"command": "sleep 60 &"}, ["exit code 0", "keep service.command in the foreground"]),
        ({"command": "echo 'OSError: [Errno 98] Address already in use'; exit 1"}, ["its port is taken"]),
        ({"command": "echo \"No module named 'torch'\"; exit 1"}, ["install it in service.setup"]),
    ],
)
def test_a_service_that_cannot_start_says_why_at_once(settings, expected, start):
    message, seconds = failure_of(start(ready=READY, **{"command": "sleep 60", **settings}))
    for part in expected:
        assert part in message
    assert seconds < 10


def test_a_command_that_dies_at_once_is_noticed_without_a_ready_check(start):
    message, _ = failure_of(start(command="exit 9"))
    assert "ended with exit code 9" in message


@pytest.mark.parametrize(
    ("command", "status", "expected"),
    [
        ("sleep 60", "200", ["connection refused", "raise service.ready_timeout"]),
        ("{serve}", "503", ["last gave: HTTP 503", "correct the path of service.ready"]),
        ("export PORT={other}; {serve}", "200", ["it listens on port {other} instead; let service.command use $PORT"]),
    ],
)
def test_a_service_that_never_becomes_ready_is_given_up_in_time(command, status, expected, start, serve):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    line = command.format(serve=serve, other=other)
    settings = {"command": line, "ready": READY, "environment": {"STATUS": status}, "ready_timeout_s": 0.8}
    message, seconds = failure_of(start(**settings))
    assert "not ready within 0.8 s" in message
    for part in expected:
        assert part.format(other=other) in message
    assert seconds < 8


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "the connection was closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an answer that is not HTTP/1.1"),
        (b"x" * 10_000, "an answer that is not HTTP/1.1"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP 404"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"HTTP/1.0 302 Found\r\n\r\n", None),
        (None, "no answer in time"),
    ],
)
def test_what_an_address_answers_is_told_in_words(answer, words):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once, args=(listener, answer))
        thread.start()
        assert (
            parse_ready(f"http://127.0.0.1:{listener.getsockname()[1]}/").attempt(0.3 if answer is None else 5.0)
            == words
        )
        thread.join()


def answer_once(listener, answer):
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        if answer is None:
            connection.recv(4096)  # until the other side gives up
        else:
            connection.sendall(answer)


def test_a_name_that_resolves_to_nothing_is_not_ready():
    assert parse_ready("http://no-such-host.invalid/").attempt(1.0)


@pytest.mark.parametrize("settings", [{"port": "{port}"}, {"ready": "http://127.0.0.1:{port}/"}])
def test_a_taken_port_is_named_with_the_process_that_holds_it(settings, start, taken_port, tmp_path):
    settings = {key: text.format(port=taken_port) for key, text in settings.items()}
    if "port" in settings:
        settings["port"] = int(settings["port"])
    message, _ = failure_of(start(command="touch started", **settings))
    assert f"port {taken_port} cannot be used" in message
    assert f"(pid {os.getpid()}) listens there" in message
    assert not (tmp_path / "started").exists()


def test_a_service_that_dies_later_is_seen_and_explained(start, serve, tmp_path):
    with start(
        command=f"{serve} & while ! [ -e die ]; do sleep 0.02; done; echo out of ideas; exit 6", ready=READY
    ) as service:
        (tmp_path / "die").touch()
        assert eventually(lambda: not service.alive())
        assert "ended with exit code 6" in service.exit_reason()
        assert service.exit_reason().endswith("listening | out of ideas")


def test_secrets_of_the_environment_are_masked_in_errors(start, monkeypatch):
    monkeypatch.setenv("MODEL_HUB_TOKEN", "hub-sesame")
    settings = {"environment": {"LICENCE": "open-sesame"}, "command": "echo key $LICENCE $MODEL_HUB_TOKEN; exit 1"}
    message, _ = failure_of(start(ready=READY, **settings))
    assert message.endswith("ends: key *** ***")
    message, _ = failure_of(
        start(setup="echo open-sesame; exit 1", command="true", environment=settings["environment"])
    )
    assert "sesame" not in message


def test_a_log_that_cannot_be_written_is_a_storage_error(start, tmp_path):
    (tmp_path / "service.log").mkdir()
    with pytest.raises(StorageError, match="cannot write the log"), start(command="true"):
        pytest.fail("the service was handed over")


@pytest.mark.parametrize("stage", ["setup", "waiting", "ready"])
def test_an_interrupt_at_any_stage_leaves_nothing_running(stage, start, serve, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    commands = {
        "setup": {"setup": stubborn, "command": "true"},
        "waiting": {"command": stubborn, "ready": READY},
        "ready": {"command": f"{stubborn} & {serve}", "ready": READY},
    }
    log = tmp_path / "service.log"
    interrupter = interrupt_once_started(
        tmp_path / "held", and_also=lambda: stage != "ready" or "listening" in log.read_text()
    )
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt(), start(**commands[stage]):
        time.sleep(20)
    interrupter.join()
    assert running_pids(written_pids(tmp_path / "held")) == []
