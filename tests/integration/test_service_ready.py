"""A service that answers at another address than asked, or with a certificate nobody knows, is told how to mend it."""

import shutil
import socket
import subprocess
import time

import pytest

from aiops_planner.errors import ServiceError
from aiops_toolkit.config.settings import ServiceSettings
from aiops_toolkit.progress import Silent
from aiops_toolkit.service import running
from support.service_programs import program

SERVE_AT = """
    import os, socket, ssl, sys

    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    with socket.create_server((sys.argv[1], int(os.environ["PORT"])), family=family) as listener:
        if len(sys.argv) > 2:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*sys.argv[2:])
        while True:
            connection, _ = listener.accept()
            try:
                with connection if len(sys.argv) == 2 else context.wrap_socket(connection, server_side=True) as open:
                    open.recv(4096)
                    open.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            except OSError:
                pass
"""


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")


@pytest.fixture
def start(tmp_path):
    serve = program(tmp_path, "serve", SERVE_AT)

    def start(arguments, **settings):
        settings = {"name": "digits", "command": f"{serve} {arguments}", "stop_timeout_s": 0.2} | settings
        return running(ServiceSettings(**settings), root=tmp_path, log=tmp_path / "service.log", progress=Silent())

    return start


@pytest.fixture
def certificate(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {key} -out {certificate}"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return certificate, key


@needs_ipv6
@pytest.mark.parametrize("ready", ["http://[::1]:$PORT/healthz", "tcp://[::1]:$PORT"])
def test_a_service_on_an_ipv6_address_is_found_there(ready, start):
    with start("::1", ready=ready) as service:
        assert service.url("/v1") == f"http://[::1]:{service.port}/v1"


@needs_ipv6
@pytest.mark.parametrize(
    ("listens", "ready", "asked", "advice"),
    [
        ("::1", "http://127.0.0.1:$PORT/healthz", "127.0.0.1", "http://[::1]:$PORT/healthz"),
        ("::1", "tcp://127.0.0.1:$PORT", "127.0.0.1", "tcp://[::1]:$PORT"),
        ("127.0.0.1", "http://[::1]:$PORT/", "::1", "http://127.0.0.1:$PORT/"),
    ],
)
def test_a_service_that_listens_on_another_address_is_told_which(listens, ready, asked, advice, start):
    with pytest.raises(ServiceError) as caught, start(listens, ready=ready, ready_timeout_s=0.8):
        pytest.fail("the service was handed over")
    message = caught.value.message
    assert f"only; let it listen on {asked}, or write {advice} in service.ready" in message
    assert f"it listens on {'[::1]' if listens == '::1' else listens}:" in message


@needs_openssl
def test_a_certificate_that_cannot_be_verified_is_told_at_once(start, certificate):
    began = time.monotonic()
    arguments = "127.0.0.1 {} {}".format(*certificate)
    with pytest.raises(ServiceError) as caught, start(arguments, ready="https://127.0.0.1:$PORT/"):
        pytest.fail("the service was handed over")
    message = caught.value.message
    assert message.startswith("service digits: the certificate at https://127.0.0.1:")
    assert "cannot be verified: self" in message
    assert "; set SSL_CERT_FILE to a file with an authority that vouches for 127.0.0.1, or" in message
    assert time.monotonic() - began < 20


@needs_openssl
def test_a_certificate_that_ssl_cert_file_vouches_for_is_accepted(start, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with start("127.0.0.1 {} {}".format(*certificate), ready="https://127.0.0.1:$PORT/") as service:
        assert service.url() == f"https://127.0.0.1:{service.port}"
