"""What may stand in aiops.yml as a whole: the one definition that parser, JSON Schema and reference share."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from aiops_reports.record import FailOn
from aiops_toolkit.config import nodes
from aiops_toolkit.config.benchmarks import BENCHMARKS
from aiops_toolkit.config.capacity import CAPACITY
from aiops_toolkit.config.forms import Version
from aiops_toolkit.config.kinds import Choice, Row, Text
from aiops_toolkit.config.mistakes import Mistake, Place, did_you_mean, shorten
from aiops_toolkit.config.service import SERVICE, TESTS
from aiops_toolkit.config.settings import CapacitySettings, ReportSettings, Settings
from aiops_toolkit.config.structure import Key, ListOf, Section

REPORT: Section[ReportSettings] = Section(
    becomes=ReportSettings,
    keys=(
        Key(
            name="store",
            kind=Text(),
            about="The folder reports are kept in, relative to aiops.yml; other places are refused so far.",
        ),
        Key(
            name="fail_on",
            kind=ListOf(of=Choice(words=get_args(FailOn)), what=f"a list of {', '.join(get_args(FailOn))}", empty=True),
            about="What makes a commit fail (exit code 3).",
        ),
    ),
)


def _check_settings(values: dict[str, Any], node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    """What spans sections: the benchmark that sizes the fleet, and a port that nobody provides."""
    names = list(values.get("benchmarks", {}))
    capacity = values.get("capacity")
    section = node.get("capacity")
    if capacity is not None and isinstance(section, nodes.Mapping):
        yield from _check_benchmark(capacity, names, section, place.key("capacity"))
    service = values.get("service")
    if service is None or (service.command is None and service.port is None):
        yield from _check_port(node)


def _check_benchmark(
    capacity: CapacitySettings, names: list[str], section: nodes.Mapping, place: Place
) -> Iterable[Mistake]:
    if capacity.models:
        yield from _check_model_benchmarks(capacity, names, section, place.key("models"))
        return
    known = ", ".join(names)
    written = section.get("benchmark")
    if capacity.benchmark is not None and written is not None and capacity.benchmark not in names:
        expected = f"one of the benchmarks: {known}" if names else "a benchmark, but there is none"
        message = f"found {shorten(capacity.benchmark)}, expected {expected}{did_you_mean(capacity.benchmark, names)}"
        yield from place.key("benchmark").mistake(written.line, message).found
    elif capacity.catalog is None or capacity.published is not None:
        return
    elif capacity.benchmark is None and len(names) > 1:
        yield from place.key("benchmark").mistake(section.line, f"missing, expected one of {known}").found
    elif not names and not capacity.profiles:
        message = "found no benchmark to size its offers by, expected one under benchmarks; or give offers instead"
        yield from place.key("catalog").mistake(section.line, message).found


def _check_model_benchmarks(
    capacity: CapacitySettings, names: list[str], section: nodes.Mapping, place: Place
) -> Iterable[Mistake]:
    """Models that no benchmark sizes catalog offers for, and benchmarks beside offers that state their capacity."""
    written = section.get("models")
    for name, model in capacity.models.items():
        own = written.get(name) if isinstance(written, nodes.Mapping) else None
        line = own.line if own is not None else section.line
        where = place.key(name).key("benchmark")
        if capacity.catalog is None and model.benchmark is not None:
            yield from where.mistake(line, "has no meaning for offers, which state their capacity").found
        elif capacity.catalog is not None and (model.benchmark or name) not in names:
            found = shorten(model.benchmark) if model.benchmark else f"none that is called {shorten(name)}"
            expected = f"one of the benchmarks: {', '.join(names)}" if names else "a benchmark, but there is none"
            hint = did_you_mean(model.benchmark or name, names)
            yield from where.mistake(line, f"found {found}, expected {expected}{hint}").found


def _check_port(root: nodes.Mapping) -> Iterable[Mistake]:
    for node, place in _urls(root):
        if "$PORT" in node.text or "${PORT}" in node.text:
            message = "found $PORT, but nothing gives it a value, expected service.command or service.port"
            yield from place.mistake(node.line, message).found


def _urls(root: nodes.Mapping) -> Iterator[tuple[nodes.Scalar, Place]]:
    """Every URL of the service and the benchmarks, with its place."""
    service = root.get("service")
    if isinstance(service, nodes.Mapping) and isinstance(ready := service.get("ready"), nodes.Scalar):
        yield ready, Place("service").key("ready")
    benchmarks = root.get("benchmarks")
    for benchmark in benchmarks if isinstance(benchmarks, nodes.Mapping) else ():
        for target in benchmark.value if isinstance(benchmark.value, nodes.Mapping) else ():
            url = target.value.get("url") if isinstance(target.value, nodes.Mapping) else None
            if isinstance(url, nodes.Scalar):
                yield url, Place("benchmarks").key(benchmark.name).key(target.name).key("url")


FILE: Section[dict[str, Any]] = Section(
    becomes=Settings,
    build=dict,
    check=_check_settings,
    keys=(
        Key(name="version", kind=Version(), about="The version of this file's format.", required=True),
        Key(name="service", kind=SERVICE, about="The service under test. Leave it out to plan only."),
        Key(name="tests", kind=TESTS, about="The tests of the service and its model."),
        Key(name="benchmarks", kind=BENCHMARKS, about="What is loaded, by name."),
        Key(name="capacity", kind=CAPACITY, about="The fleet to size. Leave it out for no plan."),
        Key(name="report", kind=REPORT, about="Where reports go, and what makes a commit fail."),
    ),
)


def config_reference() -> list[Row]:
    """Every key of aiops.yml in the order of the file, for the documentation."""
    return list(FILE.rows(""))
