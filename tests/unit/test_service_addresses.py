"""A ready address is read as people write it, and `$PORT` is put in wherever it stands."""

import pytest

from aiops_planner.errors import ServiceError
from aiops_toolkit.config.settings import ServiceSettings
from aiops_toolkit.readiness import parse_ready
from aiops_toolkit.service import Service


def service(tmp_path, **settings):
    return Service(ServiceSettings(name="digits", **settings), root=tmp_path, log=tmp_path / "log")


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("http://127.0.0.1:8000/healthz", "http://127.0.0.1:8000", "/healthz"),
        ("http://localhost", "http://localhost:80", "/"),
        ("https://example.test/a?b=c", "https://example.test:443", "/a?b=c"),
        ("tcp://127.0.0.1:9", "http://127.0.0.1:9", "/"),
        ("http://[::1]:8000/", "http://[::1]:8000", "/"),
        ("http://bücher.test/", "http://xn--bcher-kva.test:80", "/"),
    ],
)
def test_ready_addresses(text, origin, path):
    check = parse_ready(text)
    assert (check.origin, check.path) == (origin, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8000",
        "ftp://h:1/",
        "http://",
        "http://h:x/",
        "http://h:99999/",
        "tcp://h",
        "http://h/a b",
        "http://[::1/",
        "http://a..b/",
    ],
)
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(
        ServiceError, match=r"service\.ready: found .* expected a URL such as http://127\.0\.0\.1:\$PORT"
    ):
        parse_ready(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("http://h:$PORT/", "http://h:8123/"),
        ("${PORT}/${PORT}", "8123/8123"),
        ("$PORTAL $PORT_2 ${PORTS}", "$PORTAL $PORT_2 ${PORTS}"),
        ("--port=$PORT.", "--port=8123."),
    ],
)
def test_the_port_is_put_in(text, result, tmp_path):
    assert service(tmp_path, port=8123).substitute(text) == result


def test_without_a_port_text_stays_as_it_is(tmp_path):
    running_elsewhere = service(tmp_path, ready="https://models.example.test/healthz")
    assert running_elsewhere.substitute("$PORT") == "$PORT"
    assert running_elsewhere.url("/v1") == "https://models.example.test:443/v1"
    assert running_elsewhere.test_environment() == {"AIOPS_URL": "https://models.example.test:443"}


def test_a_service_of_which_nothing_is_known_has_no_url(tmp_path):
    unknown = service(tmp_path)
    assert unknown.url() is None
    assert unknown.test_environment() == {}
    assert unknown.alive()
    assert unknown.usage() is None
    assert unknown.exit_reason() is None


def test_tests_are_told_where_the_service_is(tmp_path):
    assert service(tmp_path, port=8123).test_environment() == {"PORT": "8123", "AIOPS_URL": "http://127.0.0.1:8123"}


def test_a_ready_address_with_a_port_that_nobody_chose_is_refused(tmp_path):
    with pytest.raises(ServiceError, match=r"ready uses \$PORT, but there is no port; give service\.port"):
        service(tmp_path, ready="http://127.0.0.1:$PORT/")
