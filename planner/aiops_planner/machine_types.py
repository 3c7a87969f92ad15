"""One machine type of a cloud in one region: its shape, its prices, and the row of the catalog it is kept as."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiops_planner.offers import PURCHASES, Purchase

COLUMNS = (
    "provider",
    "instance_type",
    "region",
    "family",
    "arch",
    "vcpus",
    "memory_gib",
    "accelerator",
    "accelerator_count",
    "accelerator_memory_gib",
    "coremark",
    "netflix_cpu_score",
    "price_date",
    "on_demand_usd_hour",
    "on_demand_sud_usd_hour",
    "reserved_1y_usd_hour",
    "reserved_3y_usd_hour",
    "spot_usd_hour",
)
_AT = {column: number for number, column in enumerate(COLUMNS)}
CLOUD, NAME, REGION, FAMILY = (_AT[column] for column in ("provider", "instance_type", "region", "family"))
_NUMBERS = tuple(
    _AT[column]
    for column in COLUMNS
    if column.endswith(("_usd_hour", "_gib", "_count", "_score")) or column in {"vcpus", "coremark"}
)
_SCORES = {"aws": "netflix_cpu_score", "gcp": "coremark"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One machine type in one region. Prices in USD an hour.

    `cpu_score` is for the whole machine, on its cloud's own scale: comparable inside a cloud, never between clouds.
    `accelerator_count` may be a fraction of one, and `accelerator_memory_gib` is that of one whole accelerator.
    `whole_month_usd_per_hour` is the on-demand price of a machine that is never stopped, where the cloud discounts it.
    """

    cloud: str
    region: str
    name: str
    family: str
    architecture: str
    vcpus: float
    memory_gib: float
    accelerator: str | None
    accelerator_count: float | None = None
    accelerator_memory_gib: float | None = None
    cpu_score: float | None
    prices_usd_per_hour: Mapping[Purchase, float]
    whole_month_usd_per_hour: float | None
    price_date: str

    @property
    def key(self) -> str:
        """cloud/region/name, as offers and quotas have it."""
        return f"{self.cloud}/{self.region}/{self.name}"

    @property
    def cpu_score_per_vcpu(self) -> float | None:
        """The score of one vCPU, or None when the catalog has no score."""
        return None if self.cpu_score is None else self.cpu_score / self.vcpus

    @property
    def model_memory_gib(self) -> float | None:
        """The memory a model can use: that of all accelerators, or the machine's; None when it is not known."""
        if self.accelerator is None:
            return self.memory_gib
        if self.accelerator_memory_gib is None or self.accelerator_count is None:
            return None
        return self.accelerator_memory_gib * self.accelerator_count


def from_row(row: Sequence[str]) -> InstanceType:
    """The machine type that a row stands for; a blank is None. Raises ValueError for text where a number belongs."""

    def number(column: str) -> float | None:
        text = row[_AT[column]]
        return float(text) if text else None

    priced = {purchase: number(f"{purchase}_usd_hour") for purchase in PURCHASES}
    return InstanceType(
        cloud=row[CLOUD],
        region=row[REGION],
        name=row[NAME],
        family=row[FAMILY],
        architecture=row[_AT["arch"]],
        vcpus=float(row[_AT["vcpus"]]),
        memory_gib=float(row[_AT["memory_gib"]]),
        accelerator=row[_AT["accelerator"]] or None,
        accelerator_count=number("accelerator_count"),
        accelerator_memory_gib=number("accelerator_memory_gib"),
        cpu_score=number("coremark") or number("netflix_cpu_score"),
        prices_usd_per_hour={purchase: price for purchase, price in priced.items() if price is not None},
        whole_month_usd_per_hour=number("on_demand_sud_usd_hour"),
        price_date=row[_AT["price_date"]],
    )


def have_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows have finite numbers from 0 on, or blanks, wherever numbers belong, and each its vCPUs."""
    try:
        columns = [[float(text) for row in rows if (text := row[at])] for at in _NUMBERS]
    except ValueError:
        return False
    fine = all(math.isfinite(sum(column)) and min(column, default=0) >= 0 for column in columns)
    return fine and all(row[_AT["vcpus"]] for row in rows) and min(columns[_NUMBERS.index(_AT["vcpus"])], default=1) > 0


def to_row(machine: InstanceType) -> tuple[str, ...]:
    """The row that `from_row` reads back as the same machine type, for a cloud that has a scale of CPU scores."""
    values: dict[str, object] = {
        "provider": machine.cloud,
        "instance_type": machine.name,
        "region": machine.region,
        "family": machine.family,
        "arch": machine.architecture,
        "vcpus": machine.vcpus,
        "memory_gib": machine.memory_gib,
        "accelerator": machine.accelerator,
        "accelerator_count": machine.accelerator_count,
        "accelerator_memory_gib": machine.accelerator_memory_gib,
        _SCORES[machine.cloud]: machine.cpu_score,
        "price_date": machine.price_date,
        "on_demand_sud_usd_hour": machine.whole_month_usd_per_hour,
        **{f"{purchase}_usd_hour": price for purchase, price in machine.prices_usd_per_hour.items()},
    }
    return tuple(_text(values.get(column)) for column in COLUMNS)


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
