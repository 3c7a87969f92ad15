"""The Jenkins step and the example pipeline under the Groovy of Jenkins; `aiops` is a stub but for the last test."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiops_reports.document import to_json
from aiops_reports.record import CommitReport
from support.groovy_harness import ROOT, Outcome, Scenario, missing_groovy, run_scenarios
from support.project import Project, clean_environment
from support.reports_samples import infeasible_report, sample_report

REASON = missing_groovy()
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

# Records how it was called, and leaves the prepared report where --json asks for it.
AIOPS = """#!/bin/sh
env >environment
pwd >directory
: >arguments
for word; do printf '%s\\n' "$word" >>arguments; done
while [ "$1" != --json ]; do shift; done
[ ! -e "$STUB_REPORT" ] || cp "$STUB_REPORT" "$2"
exit "${STUB_EXIT:-0}"
"""
# Stands for `python3 -m venv` and for the pip and the aiops inside of what that makes.
PYTHON = """#!/bin/sh
echo "$0 $*" >>"$WORKSPACE/python-calls"
if [ "$2" = venv ]; then
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    cp "$0" "$3/bin/pip"
    cp "$WORKSPACE/aiops" "$3/bin/aiops"
fi
"""


def workspace(folder: Path, *, report: CommitReport | None = None, exit_code: int = 0) -> dict[str, str]:
    """A workspace with both stubs; returns the environment of its scenario."""
    (folder / "programs").mkdir(parents=True)
    for path, text in ((folder / "aiops", AIOPS), (folder / "programs" / "python3", PYTHON)):
        path.write_text(text)
        path.chmod(0o755)
    if report is not None:
        (folder / "prepared.json").write_text(to_json(report))
    return {
        "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
        "STUB_REPORT": str(folder / "prepared.json"),
        "STUB_EXIT": str(exit_code),
    }


def scenario(folder: Path, script: str, **changes: Any) -> Scenario:
    credentials = changes.pop("credentials", {})
    params = changes.pop("params", {})
    env = workspace(folder, **changes)
    return Scenario(workspace=str(folder), script=script, env=env, credentials=credentials, params=params)


STUB = "command: env.WORKSPACE + '/aiops'"
CREDENTIALS = {"gh": "ghs_secret", "jk": ["ci-bot", "11secret"]}
EVERYTHING = f"""
aiopsRun(
    {STUB}, config: 'a b/aiops.yml', quick: true, args: ['--seed', '$(id); *'],
    githubCredentials: 'gh', jenkinsCredentials: 'jk', workingDirectory: 'service'
)
"""
SCENARIOS: dict[str, Callable[[Path], Scenario]] = {
    "passed": lambda at: scenario(at, f"aiopsRun({STUB})", report=sample_report()),
    "everything": lambda at: scenario(at, EVERYTHING, report=sample_report(), credentials=CREDENTIALS),
    "failed": lambda at: scenario(at, f"aiopsRun({STUB})", report=sample_report(), exit_code=3),
    "unstable": lambda at: scenario(at, f"aiopsRun({STUB}, unstable: true)", report=sample_report(), exit_code=3),
    "infeasible": lambda at: scenario(at, f"aiopsRun({STUB}, unstable: true)", report=infeasible_report(), exit_code=4),
    "misconfigured": lambda at: scenario(at, f"aiopsRun({STUB}, unstable: true)", exit_code=2),
    "misspelt": lambda at: scenario(at, f"aiopsRun({STUB}, quik: true)"),
    "installing": lambda at: scenario(at, "aiopsRun(requirement: 'aiops-action==1.2.3; echo')", report=sample_report()),
    "example": lambda at: scenario(
        at,
        (ROOT / "Jenkinsfile.example").read_text(),
        report=sample_report(),
        params={"QUICK": True},
        credentials={"github-token": "ghs_secret", "aiops-jenkins": ["ci-bot", "11secret"]},
    ),
}


def documented_pipelines() -> dict[str, str]:
    """The pipelines shown to readers, by page and place."""
    return {
        f"{page}-{number}": block
        for page in ("README.md", "docs/jenkins.md")
        for number, block in enumerate(
            re.findall(r"^```groovy\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
        )
    }


DOCUMENTED = documented_pipelines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jenkins")


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, Outcome]:
    (folder / "everything" / "service").mkdir(parents=True)
    made = {name: make(folder / name) for name, make in SCENARIOS.items()}
    for name, script in DOCUMENTED.items():
        made[name] = scenario(folder / name.replace("/", "-"), script, report=sample_report())
    return dict(zip(made, run_scenarios(list(made.values())), strict=True))


def test_the_step_returns_the_figures_of_the_report(outcomes: dict[str, Outcome]) -> None:
    report = sample_report()
    knee = report.benchmarks[0].knee
    assert knee is not None
    assert report.plan is not None
    assert outcomes["passed"].result == "SUCCESS"
    assert outcomes["passed"].returned == {
        "exitCode": 0,
        "outcome": "passed",
        "throughputRps": pytest.approx(knee.throughput_rps),
        "responseSeconds": pytest.approx(knee.response_s),
        "power": pytest.approx(knee.power),
        "usdPerMonth": pytest.approx(report.plan.usd_per_month),
    }


def test_arguments_reach_aiops_as_they_were_written(outcomes: dict[str, Outcome], folder: Path) -> None:
    assert outcomes["everything"].error is None
    root = folder / "everything"
    assert (root / "service" / "arguments").read_text().splitlines() == [
        *("run", "--publish", "--json", f"{root}@tmp/aiops-report.json"),
        *("--config", "a b/aiops.yml", "--quick", "--seed", "$(id); *"),
    ]
    assert (root / "service" / "directory").read_text().strip() == str(root / "service")


def test_credentials_reach_aiops_and_are_shown_nowhere(outcomes: dict[str, Outcome], folder: Path) -> None:
    seen = (folder / "everything" / "service" / "environment").read_text().splitlines()
    assert "AIOPS_GITHUB_TOKEN=ghs_secret" in seen
    assert "AIOPS_JENKINS_USER=ci-bot" in seen
    assert "AIOPS_JENKINS_TOKEN=11secret" in seen
    assert "secret" not in str(outcomes["everything"].steps)
    assert not any("secret" in line for line in (folder / "passed" / "environment").read_text().splitlines())


@pytest.mark.parametrize(
    ("name", "result", "message"),
    [
        ("failed", "FAILURE", "aiops: tests or gates failed (exit code 3)"),
        ("unstable", "UNSTABLE", "aiops: tests or gates failed (exit code 3)"),
        ("infeasible", "UNSTABLE", "aiops: no fleet meets the target (exit code 4)"),
        (
            "misconfigured",
            "FAILURE",
            "aiops: aiops could not do its work; its last lines above say why (exit code 2)",
        ),
    ],
)
def test_the_exit_code_decides_the_colour_of_the_build(
    outcomes: dict[str, Outcome], name: str, result: str, message: str
) -> None:
    outcome = outcomes[name]
    assert outcome.result == result
    assert outcome.arguments("unstable" if result == "UNSTABLE" else "error") == [message]


@pytest.mark.parametrize("name", ["passed", "failed", "misconfigured"])
def test_report_and_test_results_are_kept_whatever_came_of_them(outcomes: dict[str, Outcome], name: str) -> None:
    (archived,) = outcomes[name].arguments("archiveArtifacts")
    (results,) = outcomes[name].arguments("junit")
    assert archived["artifacts"] == "**/.aiops/*/**"
    assert results["testResults"] == "**/.aiops/*/logs/junit.xml"


def test_a_build_without_a_report_has_no_figures(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["misconfigured"].returned is None
    assert not outcomes["misconfigured"].arguments("readJSON")


def test_a_misspelt_argument_is_named_before_anything_runs(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["misspelt"]
    assert outcome.result == "FAILURE"
    assert outcome.error is not None
    assert outcome.error.startswith("aiopsRun: unknown argument quik; expected one of config, workingDirectory, quick")
    assert not outcome.arguments("sh")


def test_aiops_is_installed_beside_the_workspace(outcomes: dict[str, Outcome], folder: Path) -> None:
    root = folder / "installing"
    assert outcomes["installing"].result == "SUCCESS"
    environment = f"{root}@tmp/aiops-environment"
    assert (root / "python-calls").read_text().splitlines() == [
        f"{root}/programs/python3 -m venv {environment}",
        f"{environment}/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "
        "aiops-action==1.2.3; echo",
    ]


def test_the_example_pipeline_runs_from_end_to_end(outcomes: dict[str, Outcome], folder: Path) -> None:
    outcome = outcomes["example"]
    assert outcome.result == "SUCCESS", outcome.error
    assert outcome.arguments("stage") == ["Set up", "Test, measure, size"]
    assert "--quick" in (folder / "example" / "arguments").read_text()
    (said,) = outcome.arguments("echo")
    assert said.startswith("P = ")
    assert "null" not in said


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_pipeline_runs_from_end_to_end(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].result == "SUCCESS", outcomes[name].error
    assert outcomes[name].arguments("readJSON")


def test_the_help_names_every_argument_and_no_other() -> None:
    step = (ROOT / "vars" / "aiopsRun.groovy").read_text()
    defaults = step[step.index("Map defaults = [") :]
    accepted = re.findall(r"^ +(\w+):", defaults[: defaults.index("]\n    Set")], re.MULTILINE)
    described = re.findall(r"<dt>(\w+)</dt>", (ROOT / "vars" / "aiopsRun.txt").read_text())
    assert accepted == described


def test_the_step_runs_the_real_aiops(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    command = Path(sys.executable).parent / "aiops"
    script = f"aiopsRun(command: '{command}', quick: true, args: ['--budget', '5s'])"
    (outcome,) = run_scenarios([Scenario(workspace=str(project.root), script=script, env=clean_environment())])
    assert outcome.result == "SUCCESS", outcome.error
    assert outcome.returned["outcome"] == "passed"
    assert outcome.returned["power"] == pytest.approx(
        outcome.returned["throughputRps"] / outcome.returned["responseSeconds"]
    )
    assert list(project.root.glob(".aiops/*/logs/junit.xml"))
