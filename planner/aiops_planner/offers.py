"""What can be rented: an instance type in a region, its prices, and how much of each request class it carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Purchase = Literal["on_demand", "reserved_1y", "reserved_3y", "spot"]
PURCHASES: tuple[Purchase, ...] = ("on_demand", "reserved_1y", "reserved_3y", "spot")
CapacitySource = Literal["given", "measured", "estimated", "published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing to rent. Prices in USD an hour by purchase; capacity in requests/s by class, within the objective.

    A class that is missing from `capacity_rps` cannot be served. `capacity_source` says where the capacity comes from:
    given by the user, measured on that machine type, or estimated or published with a relative error (0.3 is plus or
    minus 30 %).

    Simulating a plan takes more: `servers`, how many requests a machine serves at once, and by class the mean and p99
    service time in seconds of a request that is alone. `efficiency` is the share of the capacity of such a queue that
    a machine really has: the simulation raises the load by as much, and that of a class by its `load_factor` besides.

    Where the clients of a class are elsewhere, `network_s` is the round trip to them, which a response takes as well,
    and `egress_usd_per_request` what sending them an answer costs. `machine` is the machine type where the name says
    more than that: quotas and `max_count` hold for all offers of a machine type together. `models` are those it hosts,
    where several share a fleet. `response_p99_s` is the 99th percentile of the response time at the capacity, without
    any network.
    """

    name: str
    prices_usd_per_hour: Mapping[Purchase, float]
    capacity_rps: Mapping[str, float]
    cloud: str | None = None
    region: str | None = None
    family: str | None = None
    vcpus: float | None = None
    memory_gib: float | None = None
    max_count: int | None = None
    capacity_source: CapacitySource = "given"
    capacity_error: float | None = None
    price_date: str | None = None
    servers: int | None = None
    service_mean_s: Mapping[str, float] = field(default_factory=dict)
    service_p99_s: Mapping[str, float] = field(default_factory=dict)
    efficiency: float = 1.0
    load_factor: Mapping[str, float] = field(default_factory=dict)
    network_s: Mapping[str, float] = field(default_factory=dict)
    egress_usd_per_request: Mapping[str, float] = field(default_factory=dict)
    machine: str | None = None
    models: tuple[str, ...] = ()
    response_p99_s: float | None = None

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Cloud and region; offers that name neither share one place."""
        return (self.cloud, self.region)

    @property
    def key(self) -> str:
        """cloud/region/name, the form that quotas and reasons use; the bare name for an explicit offer."""
        return "/".join(part for part in (self.cloud, self.region, self.name) if part)

    @property
    def machine_key(self) -> str:
        """cloud/region/machine type, which quotas cover and `max_count` limits; the key, unless the name says more."""
        return "/".join(part for part in (self.cloud, self.region, self.machine or self.name) if part)
