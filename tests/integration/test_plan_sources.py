"""`aiops plan` and `aiops run` where no benchmark of the repository sizes the fleet, as whole programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiops_reports.document import to_json
from support.reports_samples import sample_report

PUBLISHED = """\
version: 1
capacity:
  demand: {chat: 30/s, code: 5/s}
  slo: {ttft_p50: 500ms, tpot_p50: 15ms}
  catalog: {clouds: {aws: [us-east-1]}, accelerators: [h100, h200]}
  published:
    model: gpt-oss-120b
    precision: fp4
    classes:
      chat: {input_tokens: 1000, output_tokens: 500}
      code: {input_tokens: 4000, output_tokens: 1000}
"""
PROFILED = """\
version: 1
capacity:
  demand: 900/s
  catalog: {clouds: {aws: [us-east-1]}, families: [c7a, m7a]}
  profiles: {c7a.large: 100/s, m7a.TYPE: report.json}
"""


def aiops(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aiops_toolkit.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_published_curves_alone_are_planned_from_and_named(tmp_path: Path) -> None:
    (tmp_path / "aiops.yml").write_text(PUBLISHED)
    ran = aiops(tmp_path, "plan", "--json", "plan.json")
    assert ran.returncode == 0, ran.stderr
    shown = " ".join((ran.stdout + ran.stderr).split())
    assert "Capacities come from 56 published curves of openai/gpt-oss-120b in fp4 (ai-dynamo/aiconfigurator" in shown
    assert "Requests of chat (1000 + 500 tokens) are taken to be as long as published ones of 1024 + 1024" in shown
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert {(item["capacity_source"], item["capacity_error"]) for item in plan["fleet"]} == {("published", 0.15)}
    assert {share["request_class"] for share in plan["traffic"]} == {"chat", "code"}
    assert plan["verification"]["status"] == "not_simulated"
    assert not (tmp_path / ".aiops").exists()


def test_the_main_job_plans_from_published_curves_though_nothing_was_measured(tmp_path: Path) -> None:
    (tmp_path / "aiops.yml").write_text(PUBLISHED)
    ran = aiops(tmp_path, "run", "--json", "report.json")
    assert ran.returncode == 0, ran.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert {stage["name"]: stage["status"] for stage in report["stages"]}["plan"] == "ok"
    (comment,) = tmp_path.glob(".aiops/*/comment.md")
    text = comment.read_text()
    assert "(published ± 15 %)" in text
    assert "taken from published curves and may be off by 15 %" in text


def test_profiles_alone_are_planned_from(tmp_path: Path) -> None:
    report = sample_report()
    size = {2: "large", 4: "xlarge", 8: "2xlarge"}[report.environment.logical_cores]
    (tmp_path / "aiops.yml").write_text(PROFILED.replace("TYPE", size))
    (tmp_path / "report.json").write_text(to_json(report))
    ran = aiops(tmp_path, "plan", "--json", "plan.json")
    assert ran.returncode == 0, ran.stderr
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert {item["capacity_source"] for item in plan["fleet"]} == {"measured"}
    assert plan["offers_considered"] == 2
    assert plan["left_out"] == []


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("gpt-oss-120b", "gpt-oss-20b"), 2, "there is no curve for 'gpt-oss-20b'; did you mean gpt-oss-120b?"),
        (("ttft_p50: 500ms", "ttft_p99: 500ms"), 2, "aiops.yml:4: capacity.slo.ttft_p99: published curves are means"),
        (("500ms", "1ms"), 4, "even the least published load misses the objective"),
    ],
)
def test_what_is_not_published_is_one_clear_line(tmp_path: Path, change: tuple[str, str], code: int, said: str) -> None:
    (tmp_path / "aiops.yml").write_text(PUBLISHED.replace(*change))
    ran = aiops(tmp_path, "plan")
    assert ran.returncode == code
    assert said in " ".join((ran.stdout + ran.stderr).split())
    assert "Traceback" not in ran.stderr
