"""`aiops export` at its edges: which benchmark, and what it may write over."""

from pathlib import Path

import pytest

from aiops_toolkit.cli.main import run

TWO = """
version: 1
service: {name: digits, command: serve $PORT}
benchmarks:
  classify: {http: {url: "http://127.0.0.1:$PORT/classify", headers: {X-Key: $KEY}}, slo: {p99: 50ms}}
  health: {http: {url: "http://127.0.0.1:$PORT/healthz"}, slo: {p99: 5ms}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "aiops.yml").write_text(TWO)
    return tmp_path / "aiops.yml"


def export(config: Path, *arguments: str) -> int:
    return run(["export", "--config", str(config), *arguments])


def test_standard_output_is_the_file_and_nothing_else(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(config, "--benchmark", "health") == 0
    said = capsys.readouterr()
    compile(said.out, "locustfile.py", "exec")
    assert 'PATH = "/healthz"' in said.out
    assert said.err == ""


def test_an_earlier_export_is_written_over(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = config.parent / "locustfile.py"
    assert export(config, "--benchmark", "health", "--output", str(output)) == 0
    assert export(config, "--benchmark", "classify", "--output", str(output)) == 0
    assert 'NAME = "classify"' in output.read_text()
    assert "written; its first lines say how to run it" in capsys.readouterr().err


def test_anything_else_is_not(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = config.parent / "mine.py"
    output.write_text("print('mine')\n")
    assert export(config, "--benchmark", "health", "--output", str(output)) == 2
    assert output.read_text() == "print('mine')\n"
    assert "it is there already and not written by `aiops export`; name another file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "there are several benchmarks; choose with --benchmark from classify, health"),
        (("--benchmark", "helth"), 2, "there is no benchmark helth; choose with --benchmark from classify, health"),
        (("--benchmark", "health", "--output", "/no/such/folder/locustfile.py"), 1, "it cannot be written"),
        (("--format", "gatling"), 2, "gatling"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert export(config, *arguments) == code
    assert said in capsys.readouterr().err


def test_a_file_without_benchmarks_has_nothing_to_export(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("version: 1\nservice: {name: digits}\ntests: {command: pytest}\n")
    assert export(config) == 2
    assert "no benchmark; add benchmarks" in capsys.readouterr().err
