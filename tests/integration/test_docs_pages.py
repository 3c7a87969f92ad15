"""The generated parts of the documentation are what the code would write, and its CI examples are valid."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.docs_pages import DOCS, ROOT, Block, all_blocks

SCHEMAS = {
    ".github/workflows/": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    ".circleci/config.yml": "vendor.circle-ci",
    ".travis.yml": "vendor.travis",
}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def build_reference(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools" / "build-reference", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_committed_pages_are_up_to_date() -> None:
    checked = build_reference("--check")
    assert checked.returncode == 0, checked.stderr


def test_a_page_that_is_out_of_date_is_named_and_written_again(tmp_path: Path) -> None:
    pages = tmp_path / "docs"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("*.png"))
    stale = pages / "reference" / "errors.md"
    fresh = stale.read_text()
    stale.write_text(fresh.replace("`SolverError` | 1 |", "`SolverError` | 9 |"))
    checked = build_reference("--check", pages)
    assert checked.returncode == 1
    assert checked.stderr == f"{stale}: out of date; run tools/build-reference\n"
    assert build_reference(pages).returncode == 0
    assert stale.read_text() == fresh


def ci_examples() -> list[tuple[Block, str]]:
    """Every example of a CI system's file with its schema; the README's workflow does not name its file."""
    examples = []
    for block in all_blocks():
        file = ".github/workflows/" if block.page == "README.md" and "runs-on:" in block.text else block.file or ""
        examples += [(block, schema) for start, schema in SCHEMAS.items() if file.startswith(start)]
    return examples


@pytest.mark.parametrize(("block", "schema"), ci_examples(), ids=str)
def test_an_example_for_a_ci_system_is_valid_there(block: Block, schema: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yml"
    path.write_text(block.text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_ci_system_has_an_example() -> None:
    assert {schema for _, schema in ci_examples()} == set(SCHEMAS.values())


def test_examples_use_inputs_and_outputs_that_the_action_has() -> None:
    for block, schema in ci_examples():
        if schema != SCHEMAS[".github/workflows/"]:
            continue
        for job in yaml.safe_load(block.text)["jobs"].values():
            for step in job["steps"]:
                if "aiops-action" in step.get("uses", ""):
                    assert set(step.get("with", {})) <= set(ACTION["inputs"]), str(block)
        used = {part.split()[0].rstrip("}") for part in block.text.split("steps.aiops.outputs.")[1:]}
        assert used <= set(ACTION["outputs"]), str(block)


def test_the_pages_on_jenkins_show_every_argument_of_the_step() -> None:
    described = set(re.findall(r"<dt>(\w+)</dt>", (ROOT / "vars" / "aiopsRun.txt").read_text()))
    page = (DOCS / "jenkins.md").read_text()
    table = page.partition("## Arguments")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == described
    assert set(re.findall(r"(\w+): ", " ".join(re.findall(r"aiopsRun\((.*)\)", page)))) <= described
