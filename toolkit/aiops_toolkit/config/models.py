"""The section `capacity.models` of aiops.yml: several models that share one fleet, in place of one demand."""

from collections.abc import Iterable

from aiops_planner.hosted_models import MOST_MODELS
from aiops_planner.performance import Objective
from aiops_planner.units import parse_size
from aiops_toolkit.config import nodes
from aiops_toolkit.config.benchmarks import ERRORS, RESPONSE_LIMITS
from aiops_toolkit.config.demand import DEMAND
from aiops_toolkit.config.kinds import Quantity, Text
from aiops_toolkit.config.mistakes import Mistake, Place, did_you_mean, shorten
from aiops_toolkit.config.settings import CapacitySettings, ModelSettings
from aiops_toolkit.config.structure import Key, MapOf, Section

_OF_ONE_MODEL = ("slo", "benchmark", "published", "profiles")


def _parse_gib(value: object) -> float:
    return parse_size(value) / 2**30


def _check_objective(objective: Objective, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    if not objective.limits():
        yield from place.mistake(node.line, "found no percentile, expected at least one such as p99: 50ms").found


MODEL_OBJECTIVE = Section(becomes=Objective, check=_check_objective, keys=(*RESPONSE_LIMITS, ERRORS))
MEMORY = Quantity(name="a size", example="14 GiB", parse=_parse_gib, base_unit=" GiB")

MODEL: Section[ModelSettings] = Section(
    becomes=ModelSettings,
    keys=(
        Key(
            name="demand",
            kind=DEMAND,
            about="The requests to this model: a rate, rates by request class, a CSV file, or a section.",
            required=True,
        ),
        Key(name="slo", kind=MODEL_OBJECTIVE, about="The objective that requests to this model have to meet."),
        Key(
            name="memory",
            into="memory_gib",
            kind=MEMORY,
            about="What it takes on a machine that hosts it; taken to fit everywhere when left out.",
        ),
        Key(
            name="benchmark",
            kind=Text(),
            about="The benchmark that sizes catalog offers for it; the one of its own name when left out.",
        ),
    ),
)

MODELS = MapOf(
    of=MODEL,
    what="a mapping of models to their demand, such as {chat: {demand: 30/s}}",
    key="model",
    pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    names="letters, digits, ., _ and -",
)


def check_models(capacity: CapacitySettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    """What has no meaning beside models, too many of them, and capacities for none of them."""
    written = node.get("models")
    if not capacity.models or written is None:
        return
    for name in _OF_ONE_MODEL:
        if (other := node.get(name)) is not None:
            message = "has no meaning beside models, expected it in each of them"
            if name in ("published", "profiles"):
                message = "has no meaning beside models, expected a benchmark for each of them, or offers"
            yield from place.key(name).mistake(other.line, message).found
    if len(capacity.models) > MOST_MODELS:
        message = f"found {len(capacity.models)} models, expected at most {MOST_MODELS} on one fleet"
        yield from place.key("models").mistake(written.line, message).found
    yield from _check_capacities(capacity, node.get("offers"), place.key("offers"))


def _check_capacities(capacity: CapacitySettings, offers: nodes.Node | None, place: Place) -> Iterable[Mistake]:
    """Offers with a capacity for something that is no model, nor a request class of one."""
    items = offers.items if isinstance(offers, nodes.Sequence) else ()
    for index, (offer, item) in enumerate(zip(capacity.offers, items, strict=True)):
        for name in offer.capacity_rps:
            if not any(name == model or name.startswith(f"{model}.") for model in capacity.models):
                expected = f"one of the models: {', '.join(capacity.models)}{did_you_mean(name, capacity.models)}"
                where = place.item(index).key("capacity")
                yield from where.mistake(item.line, f"found {shorten(name)}, expected {expected}").found
