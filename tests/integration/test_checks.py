"""The test command is run, bounded and read back; what is no result is one clear error."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aiops_planner.errors import CheckError, StorageError
from aiops_toolkit.checks import run_checks
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import GateSettings, TestSettings
from aiops_toolkit.masking import secrets_of
from aiops_toolkit.processes import terminate_as_interrupt
from support.service_programs import PYTHON, STUBBORN, interrupt_once_started, program, running_pids, written_pids

PASSES = 'echo \'<testsuite><testcase name="a"/></testsuite>\' > "$AIOPS_JUNIT"'
FAILS = 'echo \'<testsuite><testcase name="a"><failure message="1 != 2"/></testcase></testsuite>\' > "$AIOPS_JUNIT"'
QUOTED, BARE = '"$AIOPS_JUNIT"', "$AIOPS_JUNIT"
ACCURACY = GateSettings(metric="accuracy", comparison=">=", threshold=0.97)


@pytest.fixture
def check(tmp_path):
    def check(command, *, environment=None, secrets=(), **settings):
        settings = TestSettings(command=command, **settings)
        work = tmp_path / "work"
        return run_checks(settings, root=tmp_path, work=work, environment=environment or {}, secrets=secrets)

    return check


def test_a_real_pytest_run_is_read_back(check, tmp_path):
    (tmp_path / "test_model.py").write_text(
        "import json, os, pytest\n"
        "def test_accuracy():\n"
        "    with open(os.environ['AIOPS_METRICS'], 'w') as file: json.dump({'accuracy': 0.98}, file)\n"
        "def test_url(): assert os.environ['AIOPS_URL'] == 'http://127.0.0.1:1'\n"
        "def test_wrong(): assert 1 == 2\n"
        "@pytest.fixture\n"
        "def broken(): raise OSError('no fixture')\n"
        "def test_error(broken): pass\n"
        "@pytest.mark.skip(reason='later')\n"
        "def test_later(): pass\n"
    )
    result = check(
        f"{PYTHON} -m pytest -q -p no:cacheprovider test_model.py --junitxml=$AIOPS_JUNIT",
        environment={"AIOPS_URL": "http://127.0.0.1:1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        gates=(ACCURACY,),
    )
    assert (result.passed, result.failed, result.errors, result.skipped) == (2, 1, 1, 1)
    assert result.exit_code == 1
    assert result.metrics == {"accuracy": 0.98}
    assert result.gates_passed
    assert not result.tests_passed
    assert {(failure.name, failure.kind) for failure in result.failures} == {
        ("test_model.test_wrong", "failed"),
        ("test_model.test_error", "error"),
    }
    assert 0 < result.seconds < 60


@pytest.mark.parametrize(
    ("command", "exit_code", "tests_passed"),
    [
        (PASSES, 0, True),
        (f"{FAILS}; exit 1", 1, False),
        (f"{PASSES}; exit 3", 3, False),
        (f"{PASSES}; no-such", 127, False),
    ],
)
def test_failures_and_exit_codes_are_results(command, exit_code, tests_passed, check):
    result = check(command)
    assert (result.command, result.exit_code, result.tests_passed) == (command, exit_code, tests_passed)
    assert result.gates_passed
    assert result.metrics == {}


def test_a_gate_without_its_metric_fails(check):
    result = check(PASSES, gates=(ACCURACY,))
    assert result.tests_passed
    assert not result.gates_passed
    assert result.gates[0].value is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("no-such-test-tool", ["ended with exit code 127 (command not found)", "service.setup", "no-such-test-tool"]),
        (f"{PASSES}; kill -SEGV $$", ["was killed by SIGSEGV"]),
        (f"{PASSES}; sh -c 'kill -KILL $$'; exit $?", ["was killed by SIGKILL (out of memory?)"]),
        ("echo imports failed; exit 4", ["exit code 4 and wrote no JUnit results", "--junitxml", "imports failed"]),
        ("true", ["exit code 0 and wrote no JUnit results", "it wrote nothing to its log"]),
        ("echo '<testsuite>' > $AIOPS_JUNIT", ["JUnit results cannot be used", "broken XML: no element found"]),
        ("mkdir $AIOPS_JUNIT", ["junit.xml: it is no regular file"]),
        ("mkfifo $AIOPS_JUNIT", ["junit.xml: it is no regular file"]),
        (f"{PASSES}; mkfifo $AIOPS_METRICS", ["metrics.json: it is no regular file"]),
        ("echo '<testsuites/>' > $AIOPS_JUNIT; exit 5", ["ran no test", "which tests tests.command selects"]),
        (
            "echo '<testsuite><testcase><skipped/></testcase></testsuite>' > $AIOPS_JUNIT",
            ["ran no test: all 1 were skipped"],
        ),
        (f'{PASSES}; echo \'{{"f1": "high"}}\' > $AIOPS_METRICS', ["metrics.json: 'f1' is text, expected a number"]),
    ],
)
def test_what_is_no_result_is_an_error_in_one_line(command, expected, check, tmp_path):
    with pytest.raises(CheckError) as caught:
        check(command)
    message = caught.value.message
    assert message.startswith("the test command ")
    assert str(tmp_path / "work" / "tests.log") in message
    assert len(message.splitlines()) == 1
    for part in expected:
        assert part in message


def test_a_command_that_hangs_is_stopped_with_all_it_started(check, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    began = time.monotonic()
    with pytest.raises(CheckError, match=r"took longer than 1 s and was stopped; raise tests\.timeout"):
        check(f"echo started; {stubborn} & {PASSES}; wait", timeout_s=1.0)
    assert running_pids(written_pids(tmp_path / "held")) == []
    assert time.monotonic() - began < 15


def test_results_of_an_earlier_run_do_not_count(check):
    assert check(f"{PASSES}; echo '{{\"accuracy\": 1}}' > $AIOPS_METRICS").metrics == {"accuracy": 1.0}
    assert check(PASSES).metrics == {}
    with pytest.raises(CheckError, match="wrote no JUnit results"):
        check("true")


RUN_CHECKS = """
import sys
from pathlib import Path
from aiops_toolkit.checks import run_checks
from aiops_toolkit.config.settings import TestSettings
print(run_checks(TestSettings(command=sys.argv[1]), root=Path(), work=Path("logs"), environment={}).metrics)
"""


def test_the_files_may_be_named_without_quotes_whatever_the_folders_are_called(tmp_path):
    workspace = tmp_path / "a work space"
    workspace.mkdir()
    line = f"{PASSES.replace(QUOTED, BARE)}; echo '{{\"f1\": 1}}' > $AIOPS_METRICS; echo $AIOPS_JUNIT"
    command = [sys.executable, "-c", RUN_CHECKS, line]
    environment = {**os.environ, "TMPDIR": str(workspace)}
    assert subprocess.check_output(command, cwd=workspace, env=environment, text=True) == "{'f1': 1.0}\n"
    assert "testcase" in (workspace / "logs" / "junit.xml").read_text()
    assert (workspace / "logs" / "metrics.json").read_text() == '{"f1": 1}\n'
    assert not Path((workspace / "logs" / "tests.log").read_text().strip()).parent.exists()


@pytest.mark.parametrize(
    "ending",
    ["kill -SEGV $$", "exit 4", "echo '{' > $AIOPS_METRICS", "sleep 60"],
    ids=["crash", "exit", "json", "hang"],
)
def test_results_are_kept_when_they_are_of_no_use(ending, check, tmp_path):
    with pytest.raises(CheckError, match=r"^the test command"):
        check(f"echo '<testsuite/>' > $AIOPS_JUNIT; {ending}", timeout_s=0.5)
    assert (tmp_path / "work" / "junit.xml").read_text() == "<testsuite/>\n"


def test_two_runs_at_once_read_their_own_results(check, tmp_path):
    meet = "touch $ME; while ! [ -e $OTHER ]; do sleep 0.01; done"
    with ThreadPoolExecutor() as pool:
        one = pool.submit(check, f"{PASSES}; {meet}", environment={"ME": "one", "OTHER": "other"})
        other = pool.submit(check, f"{FAILS}; {meet}", environment={"ME": "other", "OTHER": "one"})
    assert (one.result().passed, other.result().failed) == (1, 1)


def test_secrets_do_not_reach_the_error(check, monkeypatch):
    monkeypatch.setenv("HUB_TOKEN", "open-sesame")
    with pytest.raises(CheckError, match=r"ends: \*\*\*$"):
        check("echo $HUB_TOKEN")


LEAKY = """
import json, os, pytest
SECRETS = ("hunter2secret", "literalsecret5", "Bearer literalsecret5", "from the vault", "Bearer from the vault")
@pytest.mark.parametrize("secret", SECRETS)
def test_leak(secret): assert secret == {"password": secret}
@pytest.fixture
def broken(): raise OSError(" ".join(SECRETS))
def test_error(broken): pass
def test_metrics():
    with open(os.environ["AIOPS_METRICS"], "w") as file: json.dump({s: VALUE for s in (*SECRETS, "accuracy")}, file)
"""
CONFIGURED = """
version: 1
service:
  name: leaky
  command: "true"
  environment: {DB_PASSWORD: hunter2secret}
tests: {command: pytest}
benchmarks:
  all:
    http:
      url: http://127.0.0.1:$PORT/
      headers: {Authorization: "Bearer $VAULT_ENTRY", X-Literal: Bearer literalsecret5}
    slo: {p99: 1s}
"""


@pytest.mark.parametrize(("value", "fails"), [("0.98", False), ("'high'", True)])
def test_what_the_configuration_keeps_secret_reaches_neither_result_nor_error(value, fails, check, tmp_path):
    (tmp_path / "test_leaks.py").write_text(LEAKY.replace("VALUE", value))
    (tmp_path / "aiops.yml").write_text(CONFIGURED)
    command = f"{PYTHON} -m pytest -p no:cacheprovider test_leaks.py --junitxml=$AIOPS_JUNIT"
    options = {
        "secrets": secrets_of(load_settings(tmp_path / "aiops.yml"), {"VAULT_ENTRY": "from the vault"}),
        "environment": {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        "gates": (ACCURACY,),
    }
    if fails:
        with pytest.raises(CheckError, match="wrote metrics that cannot be used") as caught:
            check(command, **options)
        told = caught.value.message
    else:
        result = check(command, **options)
        assert (result.failed, result.errors, result.passed) == (5, 1, 1)
        assert result.gates_passed
        told = repr(result)
    assert "***" in told
    assert not [secret for secret in ("hunter2", "literalsecret", "the vault") if secret in told]


def test_a_folder_that_cannot_be_written_is_a_storage_error(check, tmp_path):
    (tmp_path / "work").write_text("a file")
    with pytest.raises(StorageError, match=r"cannot write .*work/tests\.log"):
        check("true")


def test_an_interrupt_ends_the_command(check, tmp_path):
    stubborn = f"{program(tmp_path, 'stubborn', STUBBORN)} {tmp_path}/held"
    interrupter = interrupt_once_started(tmp_path / "held")
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt():
        check(stubborn)
    interrupter.join()
    assert running_pids(written_pids(tmp_path / "held")) == []
