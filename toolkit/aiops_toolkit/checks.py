"""The user's tests: one shell command, read back from the JUnit XML and metrics it writes, and held against gates."""

import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from aiops_planner.errors import CheckError, StorageError
from aiops_reports.record import CheckResult
from aiops_toolkit import logs
from aiops_toolkit.config.settings import TestSettings
from aiops_toolkit.junit import JUnitResult, read_junit
from aiops_toolkit.masking import masked, secrets_in
from aiops_toolkit.metrics import apply_gates, read_metrics
from aiops_toolkit.processes import describe_exit, run, signal_of

LOG_NAME, JUNIT_NAME, METRICS_NAME = "tests.log", "junit.xml", "metrics.json"
COMMAND_NOT_FOUND = 127


def run_checks(
    settings: TestSettings,
    *,
    root: Path,
    work: Path,
    environment: Mapping[str, str],
    secrets: Iterable[str] = (),
    timeout_s: float | None = None,
) -> CheckResult:
    """Run the test command in `root` and read what it wrote.

    The command finds `environment` (the service's PORT and AIOPS_URL), and in AIOPS_JUNIT and AIOPS_METRICS the paths
    of two new files whose names need no quotes; what it wrote there is kept in `work`, where its log goes too. It is
    stopped after `timeout_s` (default: the settings'), and whatever it leaves running is ended. `secrets` (see
    `secrets_of`) and the values of variables named like secrets appear neither in the result nor in an error. Raises
    CheckError when the command is not found, is killed, takes too long, runs no test or writes results that cannot be
    read; StorageError when `work` cannot be written. Failed tests are a result.
    """
    work = work.absolute()
    _remove_stale(work / name for name in (LOG_NAME, JUNIT_NAME, METRICS_NAME))
    secrets = secrets_in({**os.environ, **environment}, *secrets)
    limit_s = settings.timeout_s if timeout_s is None else timeout_s
    trouble = _Trouble(work / LOG_NAME, secrets)
    with _kept_in(work) as written:
        paths = {"AIOPS_JUNIT": str(written / JUNIT_NAME), "AIOPS_METRICS": str(written / METRICS_NAME)}
        began = time.monotonic()
        exit_code = run(
            settings.command, cwd=root, environment={**environment, **paths}, log=trouble.log, timeout_s=limit_s
        )
        seconds = time.monotonic() - began
        if exit_code is None:
            trouble.fail(f"took longer than {limit_s:g} s and was stopped", "raise tests.timeout if it needs more")
        cases = _read_cases(written / JUNIT_NAME, exit_code, trouble)
        values = _read_values(written / METRICS_NAME, trouble)
    return CheckResult(
        command=masked(settings.command, secrets),
        exit_code=exit_code,
        passed=cases.passed,
        failed=cases.failed,
        errors=cases.errors,
        skipped=cases.skipped,
        seconds=seconds,
        failures=cases.failures,
        metrics={masked(name, secrets): value for name, value in values.items()},
        gates=apply_gates(settings.gates, values),
    )


@contextmanager
def _kept_in(work: Path) -> Iterator[Path]:
    """A private folder for what the command writes, moved to `work` at the end, whatever the end is.

    Nobody else's results can get in between, and a command may name its files without quotes.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="aiops-", dir=_plain_folder()))
    except OSError as error:
        raise StorageError(f"cannot make a temporary folder: {error.strerror}; point TMPDIR to one") from error
    try:
        yield folder
    finally:
        try:
            for path in (folder / JUNIT_NAME, folder / METRICS_NAME):
                if path.is_file():
                    shutil.copyfile(path, work / path.name)
        except OSError as error:
            raise StorageError(f"cannot keep the results of the tests in {work}: {error.strerror}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _plain_folder() -> str:
    """The folder for temporary files, or another one where its name would have to be quoted in a shell."""
    usual = tempfile.gettempdir()
    plain = (folder for folder in (usual, "/tmp", "/var/tmp", "/dev/shm") if shlex.quote(folder) == folder)  # noqa: S108
    return next((folder for folder in plain if os.access(folder, os.W_OK | os.X_OK)), usual)


class _Trouble:
    """Words a failure of the test command: what happened, what to do, and how its log ends."""

    def __init__(self, log: Path, secrets: tuple[str, ...]) -> None:
        self.log = log
        self.secrets = secrets

    def fail(self, what: str, advice: str | None = None) -> NoReturn:
        ending = logs.last_lines(self.log, secrets=self.secrets)
        said = f"its log {self.log} ends: {ending}" if ending else f"it wrote nothing to its log {self.log}"
        parts = (f"the test command {what}", advice, said)
        raise CheckError(logs.one_line("; ".join(part for part in parts if part), secrets=self.secrets, limit=2000))


def _read_cases(junit: Path, exit_code: int, trouble: _Trouble) -> JUnitResult:
    if signal_of(exit_code) is not None:
        trouble.fail(describe_exit(exit_code), "a test or a library it loads crashed")
    if not junit.exists():
        advice = "let it write JUnit XML to $AIOPS_JUNIT, as in: pytest --junitxml=$AIOPS_JUNIT"
        if exit_code == COMMAND_NOT_FOUND:
            advice = "install it in service.setup, or correct tests.command"
        trouble.fail(f"{describe_exit(exit_code)} and wrote no JUnit results", advice)
    try:
        cases = read_junit(junit, secrets=trouble.secrets)
    except CheckError as error:
        kept = trouble.log.with_name(junit.name)
        trouble.fail(f"{describe_exit(exit_code)}, and its JUnit results cannot be used: {kept}: {error.message}")
    if not cases.passed + cases.failed + cases.errors:
        skipped = f": all {cases.skipped} were skipped" if cases.skipped else ""
        trouble.fail(f"ran no test{skipped}", "check which tests tests.command selects")
    return cases


def _read_values(metrics: Path, trouble: _Trouble) -> dict[str, float]:
    try:
        return read_metrics(metrics, secrets=trouble.secrets)
    except CheckError as error:
        kept = trouble.log.with_name(metrics.name)
        trouble.fail(f"wrote metrics that cannot be used: {kept}: {error.message}")


def _remove_stale(paths: Iterable[Path]) -> None:
    """Results of an earlier run must not pass for those of this one."""
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror}; choose a folder that can be written") from error
