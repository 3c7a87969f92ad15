"""The section `benchmarks` of aiops.yml: what to load, and the objective it has to meet."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from aiops_planner.performance import Objective
from aiops_toolkit.config import nodes
from aiops_toolkit.config.kinds import Choice, Text, Url, duration, share
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.structure import Key, MapOf, Section
from aiops_toolkit.config.targets import (
    CommandTarget,
    HttpTarget,
    ImportFormat,
    ImportTarget,
    OpenaiTarget,
    PythonTarget,
    Target,
)

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
BODILESS = ("GET", "HEAD")


def _check_objective(objective: Objective, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    if not objective.limits():
        expected = "at least one limit on response time such as p99: 50ms"
        yield from place.mistake(node.line, f"found no percentile, expected {expected}").found


def _check_http(target: HttpTarget, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    payloads = node.get("payloads")
    if payloads is not None and target.method in BODILESS:
        message = f"found payloads for {target.method}, which sends none, expected a method such as POST"
        yield from place.key("method").mistake(payloads.line, message).found


OBJECTIVE = Section(
    becomes=Objective,
    check=_check_objective,
    keys=(
        Key(name="p50", kind=duration(), about="Half of the requests are answered within this time."),
        Key(name="p90", kind=duration(), about="90 % of the requests are answered within this time."),
        Key(name="p95", kind=duration(), about="95 % of the requests are answered within this time."),
        Key(name="p99", kind=duration(), about="99 % of the requests are answered within this time."),
        Key(name="errors", kind=share(), about="The share of requests that may fail."),
    ),
)

HTTP = Section(
    becomes=HttpTarget,
    check=_check_http,
    keys=(
        Key(name="url", kind=Url(), about="Where requests go; $PORT stands for the service's port.", required=True),
        Key(
            name="method",
            kind=Choice(words=("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")),
            about="The method of the requests.",
        ),
        Key(name="payloads", kind=Text(), about="A glob over files, each of them one request body: payloads/*.json."),
        Key(
            name="headers",
            kind=MapOf(
                of=Text(what="text on one line", numbers=True, empty=True, pattern=r"[^\r\n]*"),
                what="a mapping of header names to text",
                key="header",
                pattern=r"[A-Za-z0-9!#$%&'*+.^_`|~-]+",
                empty=True,
            ),
            about="Headers of every request; $NAME is taken from the environment. Values never appear in messages.",
            secret=True,
        ),
        Key(
            name="timeout",
            into="timeout_s",
            kind=duration(),
            about="A request without an answer for this long has failed.",
        ),
    ),
)

OPENAI: Section[OpenaiTarget] = Section(
    becomes=OpenaiTarget,
    keys=(
        Key(name="url", kind=Url(), about="The base URL of an OpenAI-compatible endpoint.", required=True),
        Key(name="model", kind=Text(), about="The model to ask for.", required=True),
        Key(name="prompts", kind=Text(), about="A file with one prompt a line.", required=True),
    ),
)

IMPORT: Section[ImportTarget] = Section(
    becomes=ImportTarget,
    keys=(
        Key(
            name="format",
            kind=Choice(words=get_args(ImportFormat)),
            about="The tool that wrote the results.",
            required=True,
        ),
        Key(name="path", kind=Text(), about="The file with the results.", required=True),
    ),
)

FUNCTION = Text(
    what="a function such as package.module:function",
    pattern=r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*",
)

TARGETS = ("http", "openai", "python", "command", "import")


def _build(**values: Any) -> tuple[Target, Objective]:
    """The target, whichever of the five is there, and the objective."""
    slo: Objective = values.pop("slo")
    ((kind, value),) = values.items()
    target: Target
    if kind == "python":
        target = PythonTarget(function=value)
    elif kind == "command":
        target = CommandTarget(command=value)
    else:
        target = value
    return target, slo


BENCHMARKS = MapOf(
    of=Section(
        becomes=BenchmarkSettings,
        build=_build,
        one_of=TARGETS,
        keys=(
            Key(name="http", kind=HTTP, about="Load an HTTP endpoint."),
            Key(name="openai", kind=OPENAI, about="Load an OpenAI-compatible streaming endpoint."),
            Key(name="python", kind=FUNCTION, about="Load a Python function, written package.module:function."),
            Key(name="command", kind=Text(), about="Load a command; {payload} stands for a payload file."),
            Key(name="import", kind=IMPORT, about="Take over results that another tool measured."),
            Key(name="slo", kind=OBJECTIVE, about="The objective that capacity is measured for.", required=True),
        ),
    ),
    what="a mapping of benchmark names to what they load",
    key="benchmark",
    pattern=NAME,
    empty=True,
)


def benchmark_settings(read: Mapping[str, tuple[Target, Objective]]) -> tuple[BenchmarkSettings, ...]:
    """The benchmarks with their names, in the order of the file."""
    return tuple(BenchmarkSettings(name=name, target=target, slo=slo) for name, (target, slo) in read.items())
