"""The section `benchmarks` of aiops.yml: what to load and how, and the objective it has to meet."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiops_planner.performance import PERCENTILE_SHARES, Objective
from aiops_toolkit.config import nodes
from aiops_toolkit.config.forms import WordOrFile
from aiops_toolkit.config.kinds import Whole, duration, share
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.structure import Key, MapOf, Section
from aiops_toolkit.config.target_sections import TARGET_KEYS, TARGETS, target_of
from aiops_toolkit.config.targets import ImportTarget, LoadSettings, OpenaiTarget

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
MOST_PROCESSES = 64


def _check_objective(objective: Objective, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    if not (objective.limits() or objective.stream_limits()):
        expected = "at least one limit on response time such as p99: 50ms"
        yield from place.mistake(node.line, f"found no percentile, expected {expected}").found


def _percentiles(prefix: str, what: str) -> tuple[Key, ...]:
    return tuple(
        Key(
            name=prefix + name,
            kind=duration(),
            about=f"{'Half' if part == 0.5 else f'{part * 100:g} %'} of the requests {what} within this time.",
        )
        for name, part in PERCENTILE_SHARES.items()
    )


RESPONSE_LIMITS = _percentiles("", "are answered")
STREAM_LIMITS = (
    *_percentiles("ttft_", "get their first token"),
    *_percentiles("tpot_", "get each further token, on average,"),
)
ERRORS = Key(name="errors", kind=share(), about="The share of requests that may fail.")

OBJECTIVE = Section(becomes=Objective, check=_check_objective, keys=(*RESPONSE_LIMITS, *STREAM_LIMITS, ERRORS))

LOAD: Section[LoadSettings] = Section(
    becomes=LoadSettings,
    keys=(
        Key(
            name="arrivals",
            kind=WordOrFile(words=("poisson", "constant"), file="the path of a trace such as traffic.csv"),
            about="How requests of the open loop arrive: at random, evenly, or as the file of a trace says.",
        ),
        Key(
            name="processes",
            kind=Whole(least=1, most=MOST_PROCESSES),
            about="How many processes generate the load; more than one for a service faster than one core can load.",
        ),
    ),
)


def _check_benchmark(settings: BenchmarkSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    objective = node.get("slo")
    if not isinstance(settings.target, OpenaiTarget) and isinstance(objective, nodes.Mapping):
        streamed = {key.name for key in STREAM_LIMITS}
        for entry in objective:
            if entry.name in streamed:
                message = f"found a limit on tokens for {settings.target.kind}, expected limits such as p99"
                yield from place.key("slo").key(entry.name).mistake(entry.line, message).found
    load = node.get("load")
    if load is not None and isinstance(settings.target, ImportTarget):
        message = "found a load for results that were measured already, expected none"
        yield from place.key("load").mistake(load.line, message).found


def _build(**values: Any) -> BenchmarkSettings:
    """A benchmark that does not know its name yet."""
    return BenchmarkSettings(name="", target=target_of(values), **values)


BENCHMARKS = MapOf(
    of=Section(
        becomes=BenchmarkSettings,
        build=_build,
        check=_check_benchmark,
        one_of=TARGETS,
        keys=(
            *TARGET_KEYS,
            Key(name="load", kind=LOAD, about="How the load is made."),
            Key(name="slo", kind=OBJECTIVE, about="The objective that capacity is measured for.", required=True),
        ),
    ),
    what="a mapping of benchmark names to what they load",
    key="benchmark",
    pattern=NAME,
    empty=True,
)


def benchmark_settings(read: Mapping[str, BenchmarkSettings]) -> tuple[BenchmarkSettings, ...]:
    """The benchmarks with their names, in the order of the file."""
    return tuple(replace(settings, name=name) for name, settings in read.items())
