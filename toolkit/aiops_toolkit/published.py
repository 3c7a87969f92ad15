"""From `capacity.published` of aiops.yml to the workload that published curves are looked up for."""

from aiops_planner.demand import Demand
from aiops_planner.errors import ConfigError
from aiops_planner.published import Choice, Length
from aiops_planner.published_offers import Workload
from aiops_toolkit.config.settings import PublishedSettings


def workload_of(published: PublishedSettings, demand: Demand) -> Workload:
    """The model and the tokens of each class of the demand. Raises ConfigError for a class without a length."""
    choice = Choice(
        model=published.model,
        precision=published.precision,
        backend=published.backend,
        version=published.version,
    )
    return Workload(choice=choice, lengths={name: _length(published, name) for name in demand.classes})


def _length(published: PublishedSettings, request_class: str) -> Length:
    """The tokens of a class; those of all requests where no classes are told apart."""
    one = published.classes.get(request_class, None if published.classes else published)
    if one is None or one.input_tokens is None or one.output_tokens is None:
        known = ", ".join(published.classes)
        raise ConfigError(
            f"capacity.published.classes: the demand has the class {request_class!r}, which has no length there; add "
            f"it to {known}, or give input_tokens and output_tokens for all"
        )
    return Length(one.input_tokens, one.output_tokens)
