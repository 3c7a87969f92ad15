"""Whether something answers at an address: the question that tells a ready service from one that is still starting."""

import re
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from aiops_planner.errors import ServiceError

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_STATUS_LINE = 8192
REFUSED = "connection refused"
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCheck:
    """An address to try: `http://host:port/path`, `https://...`, or `tcp://host:port`, where connecting is enough."""

    text: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port as the start of a URL; http for a plain TCP address."""
        return f"{'http' if self.scheme == 'tcp' else self.scheme}://{bracketed(self.host)}:{self.port}"

    def attempt(self, timeout_s: float) -> str | None:
        """None when the address is ready (any 2xx or 3xx answer), else in a few words what happened instead.

        Raises ServiceError for a certificate that cannot be verified: waiting does not mend it.
        """
        deadline = time.monotonic() + timeout_s
        try:
            with socket.create_connection((self.host, self.port), timeout_s) as connection:
                return None if self.scheme == "tcp" else self._ask(connection, deadline)
        except TimeoutError:
            return "no answer in time"
        except ConnectionRefusedError:
            return REFUSED
        except ssl.SSLCertVerificationError as error:
            raise ServiceError(
                f"the certificate at {self.text} cannot be verified: {error.verify_message.rstrip('.')}; set "
                f"SSL_CERT_FILE to a file with an authority that vouches for {self.host}, or let service.ready use "
                "http:// or tcp://"
            ) from error
        except ssl.SSLError as error:
            return f"TLS failed: {error.reason or error}"
        except OSError as error:
            return error.strerror or str(error)

    def accepts(self) -> bool:
        """Whether anything accepts connections there now."""
        with suppress(OSError), socket.create_connection((self.host, self.port), 1.0):
            return True
        return False

    def _ask(self, connection: socket.socket, deadline: float) -> str | None:
        if self.scheme == "https":
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=self.host)
        with connection:
            connection.sendall(self._request())
            head = b""
            while b"\n" not in head and len(head) < LONGEST_STATUS_LINE:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                received = connection.recv(1024)
                if not received:
                    break
                head += received
        status = _STATUS_LINE.match(head)
        if status is None:
            return "an answer that is not HTTP/1.1" if head else "the connection was closed without an answer"
        return None if status[1][:1] in b"23" else f"HTTP {status[1].decode()}"

    def _request(self) -> bytes:
        host = self.origin.partition("://")[2]
        lines = (f"GET {self.path} HTTP/1.1", f"Host: {host}", "User-Agent: aiops-action", "Connection: close", "", "")
        return "\r\n".join(lines).encode()


def bracketed(host: str) -> str:
    """A host as URLs have it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_ready(text: str) -> ReadyCheck:
    """Read `service.ready` after `$PORT` was put in. Raises ServiceError for anything that is no such address."""
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:  # UnicodeError is one
        parts, port, host = urlsplit(""), None, ""
    if parts.scheme not in {"http", "https", "tcp"} or not host or port is None or re.search(r"\s", text):
        raise ServiceError(
            f"service.ready: found {text!r}, expected a URL such as http://127.0.0.1:$PORT/healthz "
            "or tcp://127.0.0.1:$PORT"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ReadyCheck(text=text, scheme=parts.scheme, host=host, port=port, path=path)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def refusal_to_bind(port: int) -> str | None:
    """Why 127.0.0.1 does not let us listen on a port; None when it does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT hold no one up
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def holder_of(port: int) -> str | None:
    """The process that listens on a TCP port, as "name (pid 123)", where this machine tells."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return None
