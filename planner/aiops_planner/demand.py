"""How much traffic has to be carried: requests a second by class and by hour."""

from collections.abc import Mapping
from dataclasses import dataclass

SINGLE_CLASS = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Requests a second for each hour (rows) and request class (columns); every hour weighs the same.

    `rps` has one row for a constant demand. `classes` names the columns; a demand without classes has the one class
    `SINGLE_CLASS`.
    """

    classes: tuple[str, ...]
    rps: tuple[tuple[float, ...], ...]

    @classmethod
    def constant(cls, rate_rps: float) -> "Demand":
        """One class at one rate, in requests a second."""
        return cls(classes=(SINGLE_CLASS,), rps=((rate_rps,),))

    @classmethod
    def of_classes(cls, rates_rps: Mapping[str, float]) -> "Demand":
        """Several classes at constant rates, in requests a second."""
        return cls(classes=tuple(rates_rps), rps=(tuple(rates_rps.values()),))

    @property
    def peak_rps(self) -> float:
        """The largest hourly sum over the classes."""
        return max(sum(hour) for hour in self.rps)

    @property
    def is_constant(self) -> bool:
        """Whether every hour asks for the same."""
        return all(hour == self.rps[0] for hour in self.rps)
