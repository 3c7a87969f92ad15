"""A model that machines serve, which may share them with others: its request classes and the memory it takes."""

from dataclasses import dataclass

MOST_MODELS = 8  # on one fleet: the sets of models that fit together grow with the binomial coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedModel:
    """A model, the classes of the demand that are requests to it, and the GiB it takes on each machine that hosts it.

    Left empty, `classes` are the one of its own name; without `memory_gib` it is taken to fit beside any other model.
    """

    name: str
    classes: tuple[str, ...] = ()
    memory_gib: float | None = None

    @property
    def request_classes(self) -> tuple[str, ...]:
        """The classes of the demand that are requests to it."""
        return self.classes or (self.name,)
