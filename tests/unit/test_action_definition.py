"""action.yml against the script that reads its inputs, the code that writes its outputs, and examples of its use."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops_reports.store import StoredReport
from aiops_toolkit.ci.publish import outputs
from aiops_toolkit.ci.tokens import TOKENS
from support.reports_samples import sample_report

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SCRIPT = (ROOT / "tools" / "action-run").read_text()
STEPS = ACTION["runs"]["steps"]
ENVIRONMENT: dict[str, str] = STEPS[-1]["env"]


def test_every_input_is_used_and_every_used_input_is_declared() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", str(ACTION["runs"])))
    assert used == set(ACTION["inputs"])


def test_every_input_reaches_the_script_by_a_variable_it_reads() -> None:
    given = {name for name in ENVIRONMENT if name.startswith("AIOPS_INPUT_")}
    read = set(re.findall(r"AIOPS_INPUT_[A-Z]+", SCRIPT))
    assert read == given


def test_the_token_is_among_those_kept_from_the_code_under_test() -> None:
    secret = [name for name, value in ENVIRONMENT.items() if "token" in value]
    assert secret == ["AIOPS_GITHUB_TOKEN"]
    assert set(secret) <= set(TOKENS)


def test_every_output_is_written_and_every_written_output_is_declared() -> None:
    nowhere = Path("nowhere")
    stored = StoredReport(folder=nowhere, record=nowhere, comment=nowhere, page=nowhere, load_points=nowhere, charts=())
    by_script = set(re.findall(r"printf '([a-z-]+)=", SCRIPT))
    assert by_script | set(outputs(sample_report(), stored)) == set(ACTION["outputs"])
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.{STEPS[-1]['id']}.outputs.{name} }}}}"


def test_no_expression_is_pasted_into_a_shell() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def workflow_files() -> Iterator[tuple[str, str]]:
    """Every workflow of ours, and every one shown in the documentation."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    for name in listed:
        if name.startswith(".github/workflows/"):
            yield name, (ROOT / name).read_text()
        elif name.endswith(".md") and (ROOT / name).exists():
            blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
            for indentation, block in blocks:
                yield name, re.sub(f"^{indentation}", "", block, flags=re.MULTILINE)


def uses(node: Any) -> Iterator[dict[str, Any]]:
    """Every step below a node that uses this action."""
    if isinstance(node, dict):
        if re.fullmatch(r"\./|[\w.-]+/aiops-action@\S+", str(node.get("uses"))):
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from uses(item)


EXAMPLES = [
    pytest.param(step, id=f"{name}-{number}")
    for name, text in workflow_files()
    if "uses:" in text
    for number, step in enumerate(uses(yaml.safe_load(text)))
]


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("step", EXAMPLES)
def test_an_example_gives_inputs_that_exist(step: dict[str, Any]) -> None:
    assert set(step.get("with", {})) <= set(ACTION["inputs"])
