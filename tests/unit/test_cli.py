"""The front door: help, exit codes, and that every expected failure is one line."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from aiops_toolkit.cli import main

HEAVY = ("numpy", "pandas", "matplotlib", "pulp", "pydantic", "rich", "github", "jenkins", "uvloop", "yaml")


@pytest.mark.parametrize("name", [name for name, _ in main.every_command()])
def test_every_command_has_help_with_an_example(name: str) -> None:
    command = dict(main.every_command())[name]
    assert command.name == name.rsplit(maxsplit=1)[-1]
    assert command.help
    assert f"aiops {name}" in (command.epilog or "")
    if name not in {"export", "init", "publish"}:
        assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_help_loads_none_of_the_heavy_libraries() -> None:
    code = "import sys; from aiops_toolkit.cli.main import run; run(['--help']); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "No such command"),
        (["run", "--no-such-option"], "No such option"),
        (["run", "--budget", "soon"], "soon"),
        (["run", "--budget", "1s"], "outside 5s to 24h"),
        (["run", "--config", "nowhere.yml"], "nowhere.yml"),
        (["run"], "aiops init"),
        (["report", "nowhere.json"], "nowhere.json"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_fault_of_aiops_itself_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def broken() -> None:
        raise RuntimeError("impossible")

    monkeypatch.setattr(main, "cli", broken)
    assert main.run([]) == 1
    assert "a fault of aiops itself: RuntimeError: impossible" in capsys.readouterr().err
    monkeypatch.setenv("AIOPS_DEBUG", "1")
    with pytest.raises(RuntimeError, match="impossible"):
        main.run([])


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    from aiops_toolkit import __version__

    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"aiops {__version__}\n"


def test_init_writes_a_configuration_that_loads_and_keeps_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from aiops_toolkit.config.reading import load_settings

    assert main.run(["init", str(tmp_path)]) == 0
    assert load_settings(tmp_path / "aiops.yml").service.name
    (tmp_path / "aiops.yml").write_text("version: 1\n")
    assert main.run(["init", str(tmp_path)]) == 0
    assert (tmp_path / "aiops.yml").read_text() == "version: 1\n"
    assert "aiops.yml" in capsys.readouterr().out


def aiops(*arguments: str, redirection: str = "", folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a shell, so that streams can be closed or sent anywhere."""
    line = f"{sys.executable} -m aiops_toolkit.cli {' '.join(arguments)} {redirection}"
    return subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=False)


def test_the_first_screen_keeps_its_lines(tmp_path: Path) -> None:
    lines = aiops("--help", folder=tmp_path).stdout.splitlines()
    assert "  Start with:  aiops init && aiops run --quick" in lines


@pytest.mark.parametrize(
    ("redirection", "exit_code", "said"),
    [(">/dev/full", 1, "No space left on device"), (">&-", 0, ""), ("| true", 0, ""), (">&- 2>&-", 0, "")],
)
def test_output_that_cannot_be_written_is_no_fault_of_aiops(
    tmp_path: Path, redirection: str, exit_code: int, said: str
) -> None:
    done = aiops("init", ".", redirection=redirection, folder=tmp_path)
    assert done.returncode == exit_code
    assert said in done.stderr
    assert "fault of aiops" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("place", "said"), [(".", "is a folder"), ("nowhere/plan.json", "there is no folder nowhere")])
def test_json_to_nowhere_is_refused_before_anything_is_done(tmp_path: Path, place: str, said: str) -> None:
    done = aiops("run", "--json", place, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
