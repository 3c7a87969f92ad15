"""The service under test: set up, started on a port of its own, waited for, and stopped whatever happens."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiops_planner.errors import ServiceError
from aiops_toolkit import logs
from aiops_toolkit.config.settings import ServiceSettings
from aiops_toolkit.masking import secrets_in
from aiops_toolkit.processes import Command, TreeUsage, describe_exit, run, started
from aiops_toolkit.progress import Progress
from aiops_toolkit.readiness import (
    REFUSED,
    ReadyCheck,
    bracketed,
    free_port,
    holder_of,
    parse_ready,
    refusal_to_bind,
)

SETUP_TIMEOUT_S = 1800.0
ATTEMPT_TIMEOUT_S = 2.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.25
FIRST_BREATH_S = 0.3  # how long a command without a ready check is watched for an immediate death
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
_PORT = re.compile(r"\$(?:\{PORT\}|PORT(?!\w))")
_CAUSES = (
    (r"address already in use|EADDRINUSE", "its port is taken: let service.command listen on $PORT"),
    (r"No module named|ModuleNotFoundError|Cannot find module", "a package is missing: install it in service.setup"),
    (r"Permission denied|EACCES", "it may not open or run something: check the permissions"),
    (r"MemoryError|Cannot allocate memory|std::bad_alloc", "the machine's memory is too small for it"),
    (r"No such file or directory|ENOENT", "a file is missing: commands run in the folder of aiops.yml"),
)


class Service:
    """A service that is ready for requests; get one from `running`.

    `port` is None for a service that runs already and whose settings name no port. `description` says in a few words
    how it came up.
    """

    def __init__(self, settings: ServiceSettings, *, root: Path, log: Path, secrets: Iterable[str] = ()) -> None:
        self.name = settings.name
        self.log = log
        self.description = ""
        self._settings = settings
        self._root = root
        self._secrets = secrets_in(os.environ, *settings.environment.values(), *secrets)
        self._log_start = 0
        self._command: Command | None = None
        self.port = settings.port or (free_port() if settings.command else None)
        self._ready = self._ready_check()

    def substitute(self, text: str) -> str:
        """Put the port in for `$PORT` and `${PORT}`; text without them, or without a port, stays as it is."""
        return text if self.port is None else _PORT.sub(str(self.port), text)

    def url(self, path: str = "") -> str | None:
        """The service's URL with `path` at its end; None when neither a port nor a ready address is known."""
        if self._ready is not None:
            return self._ready.origin + path
        return None if self.port is None else f"http://127.0.0.1:{self.port}{path}"

    def test_environment(self) -> dict[str, str]:
        """What tests need to reach the service: PORT and AIOPS_URL, as far as they are known."""
        known = {"PORT": self.port and str(self.port), "AIOPS_URL": self.url()}
        return {name: value for name, value in known.items() if value}

    def alive(self) -> bool:
        """Whether the command still runs; True for a service that was not started here. Costs microseconds."""
        return self._command is None or self._command.poll() is None

    def usage(self) -> TreeUsage | None:
        """What its process tree has used so far; None when it is gone or was not started here."""
        return self._command.usage() if self._command else None

    def exit_reason(self) -> str | None:
        """How the command ended and what it said last, in one line; None while it runs."""
        exit_code = self._command.poll() if self._command else None
        return None if exit_code is None else self._explain(describe_exit(exit_code), _foreground_hint(exit_code))

    @contextmanager
    def up(self, progress: Progress) -> Iterator[None]:
        """Bring the service up for the block; see `running`."""
        began = time.monotonic()
        if self._settings.setup:
            progress.advance(0.0, f"setting up: {self._settings.setup}")
            self._set_up(self._settings.setup)
        with self._started():
            self._wait_until_ready(progress)
            if self._command is not None:
                self.description = f"ready on port {self.port} after {time.monotonic() - began:.1f} s"
            else:
                self.description = f"already running at {self.url()}" if self.url() else "already running"
            yield

    @contextmanager
    def _started(self) -> Iterator[None]:
        """Run the command for the block, where there is one."""
        if self._settings.command is None:
            yield
            return
        self._claim_port()
        line = self.substitute(self._settings.command)
        self._open_section(f"command: {line}")
        with started(
            line,
            cwd=self._root,
            environment=self._environment,
            log=self.log,
            stop_timeout_s=self._settings.stop_timeout_s,
        ) as self._command:
            yield

    @property
    def _environment(self) -> Mapping[str, str]:
        environment = {name: self.substitute(value) for name, value in self._settings.environment.items()}
        return environment if self.port is None else {**environment, "PORT": str(self.port)}

    def _ready_check(self) -> ReadyCheck | None:
        text = self._settings.ready
        if text is None and self._settings.command and (self._settings.port or _PORT.search(self._settings.command)):
            text = "tcp://127.0.0.1:$PORT"
        if text is None:
            return None
        if self.port is None and _PORT.search(text):
            raise ServiceError(
                f"service {self.name}: service.ready uses $PORT, but there is no port; "
                "give service.port, or service.command to start it here"
            )
        return parse_ready(self.substitute(text))

    def _explain(self, what: str, cause: str | None = None) -> str:
        """One line: what happened, the probable cause, and how the log ends."""
        said = logs.tail(self.log, start=self._log_start)
        causes = [meaning for pattern, meaning in _CAUSES if re.search(pattern, said, re.IGNORECASE)]
        probable = cause or (causes[0] if causes else None)
        ending = logs.last_lines(self.log, start=self._log_start, secrets=self._secrets)
        text = what + (f": {probable}" if probable else "")
        text += f"; its log {self.log} ends: {ending}" if ending else f"; it wrote nothing to its log {self.log}"
        return logs.one_line(text, secrets=self._secrets, limit=2000)

    def _failure(self, what: str, cause: str | None = None) -> ServiceError:
        return ServiceError(f"service {self.name}: {self._explain(what, cause)}")

    def _open_section(self, heading: str) -> None:
        self._log_start = logs.open_section(self.log, logs.one_line(heading, secrets=self._secrets))

    def _set_up(self, setup: str) -> None:
        line, shown = self.substitute(setup), logs.one_line(setup, secrets=self._secrets, limit=120)
        self._open_section(f"setup: {line}")
        exit_code = run(line, cwd=self._root, environment=self._environment, log=self.log, timeout_s=SETUP_TIMEOUT_S)
        if exit_code is None:
            raise self._failure(f"setup `{shown}` was stopped because it took longer than {SETUP_TIMEOUT_S:.0f} s")
        if exit_code != 0:
            raise self._failure(f"setup `{shown}` {describe_exit(exit_code)}")

    def _claim_port(self) -> None:
        """Make sure that whatever answers later is the service: nobody may hold its port or answer in its place."""
        port, refusal = self.port, refusal_to_bind(self.port) if self.port else None
        if refusal is None and self._ready is not None and self._ready.accepts():
            port, refusal = self._ready.port, f"something answers at {self._ready.text} already"
        if refusal is not None and port is not None:
            holder = holder_of(port)
            raise ServiceError(
                f"service {self.name}: port {port} cannot be used: {refusal}"
                + (f"; {holder} listens there" if holder else "")
                + "; stop it, or leave service.port out and let service.command and service.ready use $PORT"
            )

    def _wait_until_ready(self, progress: Progress) -> None:
        began, pause_s, answer = time.monotonic(), SHORTEST_PAUSE_S, None
        if self._ready is None:
            self._pause(FIRST_BREATH_S if self._command else 0.0)
            return
        while (waited_s := time.monotonic() - began) < (limit_s := self._settings.ready_timeout_s):
            progress.advance(waited_s, f"waiting for {self._ready.text}")
            answer = self._attempt(self._ready, min(ATTEMPT_TIMEOUT_S, limit_s - waited_s))
            self._pause(0.0 if answer is None else min(pause_s, limit_s - waited_s))
            if answer is None:
                return
            pause_s = min(LONGEST_PAUSE_S, pause_s * 1.5)
        raise self._never_ready(answer)

    def _attempt(self, ready: ReadyCheck, timeout_s: float) -> str | None:
        try:
            return ready.attempt(timeout_s)
        except ServiceError as error:
            raise ServiceError(f"service {self.name}: {error.message}") from error

    def _pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the command, which is an error here."""
        if self._command is None:
            time.sleep(seconds)
            return
        exit_code = self._command.wait(seconds)
        if exit_code is not None:
            raise self._failure(f"it {describe_exit(exit_code)} before it was ready", _foreground_hint(exit_code))

    def _never_ready(self, answer: str | None) -> ServiceError:
        ready = self._ready
        assert ready is not None  # without an address there is nothing to wait for
        what = f"not ready within {self._settings.ready_timeout_s:g} s: {ready.text} last gave: {answer}"
        if self._command is None:
            hint = "start it first, correct service.ready, or give service.command to start it here"
            return ServiceError(logs.one_line(f"service {self.name}: {what}; {hint}", secrets=self._secrets))
        elsewhere = self._elsewhere(ready, self._command.listening(), answer)
        if elsewhere:
            return self._failure(what, elsewhere)
        if answer is not None and answer.startswith("HTTP"):
            return self._failure(what, "correct the path of service.ready, or raise service.ready_timeout")
        return self._failure(what, "raise service.ready_timeout if it is still loading")

    def _elsewhere(self, ready: ReadyCheck, listening: Iterable[tuple[str, int]], answer: str | None) -> str | None:
        """What to do about a service that listens, but not where it was asked; None when it does not."""
        ports = sorted({port for _, port in listening})
        if ports and ready.port not in ports:
            return f"it listens on port {', '.join(map(str, ports))} instead; let service.command use $PORT"
        hosts = [host for host, port in listening if port == ready.port and host not in ANY_ADDRESS]
        if not hosts or answer != REFUSED:
            return None
        port = "$PORT" if _PORT.search(self._settings.ready or "$PORT") else str(ready.port)
        path = "" if ready.scheme == "tcp" else ready.path
        listed = ", ".join(f"{bracketed(host)}:{ready.port}" for host in hosts)
        return (
            f"it listens on {listed} only; let it listen on {ready.host}, or write "
            f"{ready.scheme}://{bracketed(hosts[0])}:{port}{path} in service.ready and that host in benchmark urls"
        )


@contextmanager
def running(
    settings: ServiceSettings, *, root: Path, log: Path, progress: Progress, secrets: Iterable[str] = ()
) -> Iterator[Service]:
    """Start the service in `root` and hand it over when it is ready; nothing of it is left when the block is left.

    Output of setup and command is appended to `log`. Without `command` the service runs already and is only waited for.
    Raises ServiceError when setup fails, the port is taken, the command exits or is not ready in time, and StorageError
    when the log cannot be written. `progress` hears of the waiting; its stage is the caller's to start. `secrets` (see
    `secrets_of`) appear in no error, nor does the service's environment.
    """
    service = Service(settings, root=root, log=log, secrets=secrets)
    with service.up(progress):
        yield service


def _foreground_hint(exit_code: int) -> str | None:
    return "keep service.command in the foreground" if exit_code == 0 else None
