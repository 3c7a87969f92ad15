# ruff: noqa: D102 - what the methods of a kind do is said once, in Kind
"""Capacities of catalog machines that no benchmark of the repository tells: `capacity.published` and `.profiles`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aiops_planner.demand import SINGLE_CLASS
from aiops_planner.published import TELLING
from aiops_toolkit.config import nodes
from aiops_toolkit.config.demand import RATES
from aiops_toolkit.config.kinds import Kind, Quantity, Schema, Text, Whole, rate
from aiops_toolkit.config.mistakes import Mistake, Mistakes, Place, did_you_mean, shorten
from aiops_toolkit.config.settings import CapacitySettings, LengthSettings, ProfileSettings, PublishedSettings
from aiops_toolkit.config.structure import Key, MapOf, Section

_TOKENS = Whole(least=1, most=10_000_000)
_LENGTH = ("input_tokens", "output_tokens")

LENGTH: Section[LengthSettings] = Section(
    becomes=LengthSettings,
    keys=(
        Key(name="input_tokens", kind=_TOKENS, about="The tokens of a request's prompt.", required=True),
        Key(name="output_tokens", kind=_TOKENS, about="The tokens of its answer.", required=True),
    ),
)


def _check_lengths(published: PublishedSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    for name in _LENGTH:
        written = node.get(name)
        if published.classes and written is not None:
            message = "has no meaning beside classes, expected either"
            yield from place.key(name).mistake(written.line, message).found
        elif not published.classes and written is None:
            message = f"missing, expected {_TOKENS.expected}; or classes with a length each"
            yield from place.key(name).mistake(node.line, message).found


PUBLISHED: Section[PublishedSettings] = Section(
    becomes=PublishedSettings,
    check=_check_lengths,
    keys=(
        Key(name="model", kind=Text(), about="The language model, such as openai/gpt-oss-120b.", required=True),
        Key(
            name="precision",
            kind=Text(),
            about="The precision it is served in, such as fp8; needed where several are published.",
        ),
        Key(name="backend", kind=Text(), about="The software that serves it: vllm, sglang or trtllm; any if left out."),
        Key(name="version", kind=Text(numbers=True), about="The version of that software; any when left out."),
        Key(name="input_tokens", kind=_TOKENS, about="The tokens of a request's prompt."),
        Key(name="output_tokens", kind=_TOKENS, about="The tokens of its answer."),
        Key(
            name="classes",
            kind=MapOf(of=LENGTH, what="a mapping of request classes to their tokens", key="class"),
            about="In place of both: the tokens of each request class.",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOrReport(Kind[ProfileSettings]):
    """A rate, rates by request class, or the path of a report of aiops."""

    rate: Quantity = rate()  # noqa: RUF009 - a frozen value

    @property
    def expected(self) -> str:
        return f"{self.rate.expected}, {RATES.what}, or the path of a report that ends in .json"

    @property
    def type(self) -> str:
        return f"{self.rate.type}, {RATES.type}, or path"

    def read(self, node: nodes.Node, place: Place) -> ProfileSettings:
        if isinstance(node, nodes.Mapping):
            return ProfileSettings(rates=RATES.read(node, place))
        if isinstance(node, nodes.Scalar) and node.text.lower().endswith(".json") and "\0" not in node.text:
            return ProfileSettings(report=Path(node.text))
        try:
            return ProfileSettings(rates={SINGLE_CLASS: self.rate.read(node, place)})
        except Mistakes:
            raise self.refuse(node, place) from None

    def schema(self) -> Schema:
        return {"anyOf": [self.rate.schema(), RATES.schema(), {"type": "string", "pattern": r"\.[jJ][sS][oO][nN]$"}]}


PROFILES = MapOf(
    of=RateOrReport(), what="a mapping of machine types to what one carries, such as {c7i.large: 42/s}", key="type"
)


def check_sources(capacity: CapacitySettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    """What has no meaning without the catalog, classes without a length, and limits that nothing tells of."""
    for name in ("published", "profiles"):
        written = node.get(name)
        if capacity.catalog is None and written is not None:
            message = "has no meaning without capacity.catalog, whose machine types and prices it needs"
            yield from place.key(name).mistake(written.line, message).found
    if capacity.published is not None:
        yield from _check_classes(capacity, capacity.published, node, place)
    yield from _check_limits(capacity, node.get("slo"), place.key("slo"))


def _check_classes(
    capacity: CapacitySettings, published: PublishedSettings, node: nodes.Mapping, place: Place
) -> Iterable[Mistake]:
    """Classes of the demand that have no length, where aiops.yml names them."""
    section = node.get("published")
    written = section.get("classes") if isinstance(section, nodes.Mapping) else None
    if capacity.demand.rates is None or written is None:
        return
    where = place.key("published").key("classes")
    for name in capacity.demand.rates:
        if name not in published.classes:
            hint = did_you_mean(name, published.classes)
            yield from where.mistake(written.line, f"{shorten(name)} of capacity.demand is missing{hint}").found


def _check_limits(capacity: CapacitySettings, slo: nodes.Node | None, place: Place) -> Iterable[Mistake]:
    for entry in slo if isinstance(slo, nodes.Mapping) else ():
        streamed = entry.name.startswith(("ttft_", "tpot_"))
        if capacity.published is not None and entry.name not in (*TELLING, "errors"):
            message = f"published curves are means, which tell nothing of it, expected {', '.join(TELLING)}"
            yield from place.key(entry.name).mistake(entry.line, message).found
        elif streamed and capacity.published is None and not capacity.profiles:
            message = "only published curves and profiles size a fleet by tokens, expected limits such as p99"
            yield from place.key(entry.name).mistake(entry.line, message).found
