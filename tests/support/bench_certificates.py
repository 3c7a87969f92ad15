"""A certificate for 127.0.0.1 that signs itself, made by the openssl program."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes its certificate with the openssl program"
)


@dataclass(frozen=True)
class Certificate:
    key: Path
    file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(folder: Path, name: str = "127.0.0.1") -> Certificate:
    """A certificate for `name`, which is an address or a host."""
    key, file = folder / "key.pem", folder / "certificate.pem"
    command = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {key} -out {file}"
    kind = "IP" if name[0].isdecimal() else "DNS"
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return Certificate(key, file)
