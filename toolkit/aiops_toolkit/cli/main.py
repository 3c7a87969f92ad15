"""The `aiops` command: its table of commands, loaded when called, and the one place where errors become exit codes."""

import faulthandler
import importlib
import io
import os
import sys
from collections.abc import Iterator, Sequence

import click

from aiops_planner.errors import AiopsError
from aiops_toolkit import __version__
from aiops_toolkit.ci.tokens import withdraw_tokens

INTERRUPTED = 130

# Name, module under aiops_toolkit.cli, and its line in `aiops --help`, which must not import every command.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write aiops.yml and the CI files that fit this repository."),
    "run": ("run", "Do everything for this commit: tests, load, plan, report."),
    "test": ("test", "Start the service, run its tests and apply the gates."),
    "bench": ("bench", "Start the service and measure its operating curve."),
    "plan": ("plan", "Size the cheapest fleet for the demand in aiops.yml."),
    "catalog": ("catalog", "Show the prices that plans are made of, and refresh them."),
    "report": ("report", "Show a stored report, and render its pages again."),
    "publish": ("publish", "Send a stored report to the CI system this runs in."),
    "export": ("export", "Write a benchmark for Locust, to load with many machines."),
    "doctor": ("doctor", "Say what this machine can measure, and how well."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command's own module, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"aiops_toolkit.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table of commands, from the lines above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="aiops", message="%(prog)s %(version)s")
def cli() -> None:
    """Test, measure and size an AI service at every commit.

    \b
    Exit codes: 0 fine, 1 the tool or its environment failed, 2 wrong usage or configuration,
    3 the commit failed a test or a gate, 4 no fleet meets the target, 130 interrupted.

    \b
    Start with:  aiops init && aiops run --quick
    """  # noqa: D301 - click reads the character, not the two letters of a raw string


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with what it is called: "plan", and "catalog show" for one in a group."""
    context = click.Context(cli, info_name="aiops")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {part}", inner) for part, inner in command.commands.items())
        elif command is not None:
            yield name, command


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    _open_closed_streams()
    faulthandler.enable()  # a crash inside a compiled library, such as the solver, at least says where it was
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without µ gets a question mark, not an error
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; every expected failure becomes one line on standard error and an exit code."""
    try:
        withdrawn = withdraw_tokens(os.environ)  # before any command can start the code under test
        result = cli.main(args=list(arguments), prog_name="aiops", standalone_mode=False, obj=withdrawn)
    except AiopsError as error:
        return _fail(error.message, error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        return _fail_to_write(error)
    except Exception as error:
        return _fail_unexpectedly(error)
    return result if isinstance(result, int) else 0


def _fail_to_write(error: OSError) -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered would fail again
    if isinstance(error, BrokenPipeError):
        return 1  # the reader went away (`aiops ... | head`): nothing is left to say to anybody
    where = error.filename or "standard output"
    return _fail(f"{where}: {error.strerror or error}; free some space or check the path", 1)


def _open_closed_streams() -> None:
    """Standard streams that the caller closed lead nowhere; else the next file or socket would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _fail(message: str, exit_code: int) -> int:
    for line in message.splitlines():
        click.secho(f"error: {line}", fg="red", err=True)
    return exit_code


def _fail_unexpectedly(error: Exception) -> int:
    if os.environ.get("AIOPS_DEBUG"):
        raise error
    return _fail(
        f"a fault of aiops itself: {type(error).__name__}: {error}. "
        "Please report it with the output of the same command under AIOPS_DEBUG=1.",
        1,
    )
