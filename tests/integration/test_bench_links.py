"""Servers are reached over IPv6, Unix sockets and TLS, kept connections or new ones, and their answers checked."""

import random
import socket
import ssl
from pathlib import Path

import pytest

from aiops_planner.errors import UsageError
from aiops_planner.performance import Objective
from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.targets.making import make_target
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import ExpectSettings, HttpTarget, TlsSettings
from support.bench_certificates import make_certificate, needs_openssl
from support.bench_loads import Probe, counts, kinds_of_one, load_of
from support.bench_server import OK, reset, says, serving, status

JSON = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"label": "cat"}'


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, for sockets whose path has to be short."""
    monkeypatch.chdir(tmp_path_factory.mktemp("s"))
    return Path()


def test_a_unix_socket_takes_the_place_of_the_host(short_path: Path) -> None:
    with (
        serving(says(OK), path=short_path / "service.sock") as server,
        Engine(load_of("http://model/v1", socket="service.sock", root=short_path), Probe()) as engine,
    ):
        run = engine.closed(2, 0.1, drain_s=5)
    assert counts(run) == {"ok": server.requests}
    assert server.connections == 2  # no address had to be looked for
    assert b"Host: model\r\n" in server.heads[0]


@pytest.mark.parametrize(("made", "kind"), [(False, "connect-failed"), (True, "connect-refused")])
def test_a_socket_that_nobody_serves_is_named(short_path: Path, made: bool, kind: str) -> None:
    if made:
        with serving(says(OK), path=short_path / "gone.sock"):
            (short_path / "gone.sock").rename(short_path / "service.sock")
    assert kinds_of_one("http://model/", socket="service.sock", root=short_path) == [kind]


def test_a_path_that_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    load = load_of("http://model/", socket="x" * 100 + "/service.sock", root=tmp_path)
    with pytest.raises(UsageError, match=r"socket: the path .* is longer than the 107 bytes"), load:
        pass


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_reached() -> None:
    with serving(says(OK), host="::1") as server:
        assert kinds_of_one(f"http://[::1]:{server.port}/") == ["ok"]
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.heads[0]


def test_without_keep_alive_every_request_has_a_connection_of_its_own() -> None:
    with serving(says(OK)) as server, Engine(load_of(server.url, keep_alive=False), Probe()) as engine:
        run = engine.closed(2, 0.1, drain_s=5)
    assert counts(run) == {"ok": server.requests}
    assert server.connections == server.requests + 1 > 3  # one of them only checked the address
    assert all(b"\r\nConnection: close\r\n" in head for head in server.heads)


@needs_openssl
@pytest.mark.parametrize(
    ("name", "tls", "kind"),
    [
        ("127.0.0.1", TlsSettings(), "tls"),
        ("127.0.0.1", TlsSettings(ca="certificate.pem"), "ok"),
        ("127.0.0.1", TlsSettings(verify=False), "ok"),
        ("other.example", TlsSettings(ca="certificate.pem"), "tls"),
        ("other.example", TlsSettings(verify=False), "ok"),
    ],
)
def test_a_certificate_is_judged_as_aiops_yml_says(tmp_path: Path, name: str, tls: TlsSettings, kind: str) -> None:
    context = make_certificate(tmp_path, name).server_context()
    with serving(says(OK), tls=context) as server:
        assert kinds_of_one(server.url.replace("http:", "https:"), tls=tls, root=tmp_path) == [kind]


@needs_openssl
def test_tls_over_a_unix_socket(short_path: Path) -> None:
    context = make_certificate(short_path).server_context()
    with serving(says(OK), tls=context, path=short_path / "service.sock"):
        load = {"socket": "service.sock", "tls": TlsSettings(ca="certificate.pem"), "root": short_path}
        assert kinds_of_one("https://127.0.0.1/", **load) == ["ok"]
        assert kinds_of_one("https://model.example/", **load) == ["tls"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"tls\.ca: .*ca\.pem cannot be read \(No such file or directory\); name a PEM file"),
        (b"no certificate", r"tls\.ca: .*ca\.pem holds no certificate; name"),
        (b"", r"tls\.ca: .*ca\.pem holds no certificate; name"),
        (b"\xff\x00", r"tls\.ca: .*ca\.pem is no PEM text; name"),
        (b"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n", r"tls\.ca: .* holds no certificate; name"),
    ],
)
def test_authorities_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    load = load_of("https://127.0.0.1:1/", tls=TlsSettings(ca="ca.pem"), root=tmp_path)
    with pytest.raises(UsageError, match=words) as caught, load:
        pass
    assert "\n" not in caught.value.message


@needs_openssl
def test_a_reset_inside_tls_is_a_reset_or_an_early_end(tmp_path: Path) -> None:
    context = make_certificate(tmp_path).server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the farewell may come before the session's tickets
    with serving(reset, tls=context) as server:
        kinds = kinds_of_one(server.url.replace("http:", "https:"), tls=TlsSettings(verify=False))
    assert kinds[0] in {"reset", "closed-early"}


@pytest.mark.parametrize(
    ("answer", "expect", "kind"),
    [
        (JSON, ExpectSettings(json={"label": "cat"}), "ok"),
        (JSON, ExpectSettings(json={"label": "dog"}), "unexpected-json"),
        (OK, ExpectSettings(json={"label": "cat"}), "unexpected-json"),
        (JSON, ExpectSettings(min_bytes=16, max_bytes=16), "ok"),
        (JSON, ExpectSettings(max_bytes=15), "unexpected-size"),
        (status(404), ExpectSettings(status=(404,)), "ok"),
        (OK, ExpectSettings(status=(404,)), "status-200"),
        (
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"label"\r\n8\r\n: "cat"}\r\n0\r\n\r\n',
            ExpectSettings(json={"label": "cat"}, min_bytes=16, max_bytes=16),
            "ok",
        ),
    ],
)
def test_an_answer_that_is_not_as_expected_is_no_success(answer: bytes, expect: ExpectSettings, kind: str) -> None:
    with serving(says(answer[:60], answer[60:], pause_s=0.01)) as server:
        assert kinds_of_one(server.url, expect=expect) == [kind]


def test_all_that_aiops_yml_says_of_a_target_is_done(short_path: Path) -> None:
    for name in "abc":
        (short_path / name).write_text(name)
    target = HttpTarget(
        url="http://model:$PORT/v1",
        method="POST",
        payloads="[abc]",
        order="random",
        multipart="file",
        keep_alive=False,
        socket="service.sock",
        expect=ExpectSettings(json={"label": "dog"}),
    )
    settings = BenchmarkSettings(name="all", target=target, slo=Objective(p99=1.0))
    load = make_target(
        settings, root=short_path, substitute=lambda text: text.replace("$PORT", "81"), environment={}, seed=7
    )
    with serving(says(JSON), path=short_path / "service.sock") as server, Engine(load, Probe()) as engine:
        run = engine.closed(1, 0.1, drain_s=5)
    assert load.label == "POST http://model:81/v1"
    assert counts(run) == {"unexpected-json": server.requests}
    assert server.connections == server.requests > 3
    sent = [body.split(b"\r\n\r\n")[1][:1] for body in server.bodies]
    drawn = random.Random(7).choices([b"a", b"b", b"c"], k=2**16)
    assert sent == drawn[: len(sent)]


def test_the_body_of_one_answer_is_not_held_against_the_next() -> None:
    expect = ExpectSettings(json={"label": "cat"}, max_bytes=16)
    with serving(says(JSON)) as server, Engine(load_of(server.url, expect=expect), Probe()) as engine:
        run = engine.closed(1, 0.1, drain_s=5)
    assert counts(run) == {"ok": server.requests}
    assert server.connections == 2
