"""The mixed-integer program whose optimum is the cheapest fleet.

    min   sum_iz p_i^res R_iz + sum_t w_t (sum_iz (p_i^od O_izt + p_i^sp S_izt) + sum_ib e_ib y_ibt)
    s.t.  n_izt = R_iz + O_izt + S_izt                    machines of offer i in zone z at hour t
          sum_i y_ibt^l = phi_l D_bt                      for every loss l, class b is carried whole ...
          sum_b y_ibt^l / kappa_ib <= n_it left by l      ... by the machines that are left
          s_c D_t <= sum_{i in c, b} y_ibt <= S_c D_t     clouds carry their shares
          kappa_i S_izt <= alpha D_t                      spot pools stay small
          sum_{i in q} v_i n_it <= Q_q,   n_it <= N_i,   cost <= budget

A loss l is what may fail: nothing, one machine of offer j, a zone, a region, a cloud, or spot machines. Committed
machines R are paid every hour; on-demand O and spot S follow the hour, and so does the egress e that answers cost. A
class that comes from one client region has no capacity kappa, and so no flow, where the objective is out of reach.
With one class: sum_i kappa_i n_it >= phi_l D_t.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, floor
from typing import Literal

from aiops_planner.hours import Levels
from aiops_planner.loads import loads_alone
from aiops_planner.losses import NOTHING, Loss, losses_of
from aiops_planner.model import Model, Terms
from aiops_planner.offers import Purchase
from aiops_planner.plans import Problem
from aiops_planner.pools import SOME, ZONES, Layout, Place, Pool, places_of, pools_of
from aiops_planner.pruning import matches_quota, quota_vcpus
from aiops_planner.stations import stations

Goal = Literal["cost", "served"]

SECONDS_PER_HOUR = 3600.0
_ROUNDING = 1e-9  # machines


class FleetProgram:
    """The program for a problem whose offers are already pruned.

    `served` is the share of the demand that is carried: fixed at one for the goal "cost", and itself maximised for the
    goal "served". `whole_hours=False` lets machines that follow the hour be fractions. `decided` names the pools to
    choose from, each with its count where that is decided already. `counts()` reads a solution.

    Where a zone is to be survived, `layout` says which zones have counts of their own. "apart" is exact. "paired" and
    "even" leave some fleets out, have fewer variables and none that are alike: what they find is good, and soon found.
    "summed" counts the machines of all zones together and asks for the mean of the rows for each zone: no fleet costs
    less than its optimum, nor than its relaxation, which is as low as that of the others, since the mean over all ways
    to name the zones of a solution is even.
    """

    def __init__(
        self,
        problem: Problem,
        goal: Goal = "cost",
        *,
        whole_hours: bool = True,
        decided: Mapping[Pool, int | None] | None = None,
        layout: Layout = "apart",
    ) -> None:
        self.problem = problem
        self.offers = problem.offers
        self.layout = layout
        self.levels = Levels.of(problem.demand)
        self.hours = range(len(self.levels.rps))
        self.model = Model()
        self.served = self.model.add_variable(1 if goal == "cost" else 0, 1)
        self.decided = dict.fromkeys(pools_of(problem, layout)) if decided is None else dict(decided)
        self.pools = tuple(self.decided)
        self.pools_of_offer: dict[int, list[Pool]] = {index: [] for index in range(len(self.offers))}
        for pool in self.pools:
            self.pools_of_offer[pool.offer].append(pool)
        self.whole_hours = whole_hours
        self.stations = stations(self.offers, problem.demand.classes, by_cloud=bool(problem.limits.cloud_shares))
        self.loads_alone = loads_alone(self.offers, problem.demand.classes, self.levels.rps)
        self.machines = self._machines()
        self.used = self._used() if problem.survive == "instance" else {}
        self.egress: Terms = []
        for loss in losses_of(problem, layout, spot=any(pool.purchase == "spot" for pool in self.pools)):
            for hour in self.hours:
                self._carry_demand_despite(loss, hour)
        cost = [*self._cost(), *self.egress]
        self.model.minimise(cost if goal == "cost" else [(self.served, -1.0)])
        self._keep_quotas()
        self._keep_max_counts()
        self._keep_spot_pools_small()
        self._keep_budget(cost)
        self._order_zones()

    def counts(self, values: Sequence[float]) -> dict[Pool, tuple[int, ...]]:
        """Machines by pool and level of the demand, from the values of the model's variables."""
        found = {pool: tuple(round(values[self.machines[pool, hour]]) for hour in self.hours) for pool in self.pools}
        return {pool: counts for pool, counts in found.items() if any(counts)}

    def values_of(self, machines: Mapping[Pool, tuple[int, ...]]) -> dict[int, float]:
        """The whole variables of the model, were these the machines by pool of one zone and level."""
        if not machines:
            return {}
        nothing = (0,) * len(self.hours)
        ordered = self._largest_zone_first(machines)
        values: dict[int, float] = {}
        for pool in self.pools:
            counts = ordered.get((pool.offer, pool.purchase, pool.zones[0]), nothing)
            values |= {self.machines[pool, hour]: float(counts[hour]) for hour in self.hours}
        offers = {(pool.offer, hour) for pool, counts in machines.items() for hour in self.hours if counts[hour]}
        return values | {mark: float(at in offers) for at, mark in self.used.items()}

    def _largest_zone_first(
        self, machines: Mapping[Pool, tuple[int, ...]]
    ) -> dict[tuple[int, Purchase, str | None], tuple[int, ...]]:
        """Machines by offer, purchase and zone, the zones of each place renamed as their order here wants it."""
        size: dict[tuple[Place, str | None], float] = {}
        for pool, counts in machines.items():
            offer = self.offers[pool.offer]
            at = (offer.place, pool.zone)
            size[at] = size.get(at, 0.0) + sum(counts) * sum(offer.capacity_rps.values())
        name: dict[tuple[Place, str | None], str | None] = {}
        for place in places_of(self.offers):
            zones = sorted((zone for at, zone in size if at == place and zone), key=lambda zone: -size[place, zone])
            name |= {(place, zone): new for zone, new in zip(zones, ZONES, strict=False)}
        return {
            (pool.offer, pool.purchase, name.get((self.offers[pool.offer].place, pool.zone))): counts
            for pool, counts in machines.items()
        }

    def _machines(self) -> dict[tuple[Pool, int], int]:
        """Counts n by pool and hour; a committed pool has one variable, the same at every hour."""
        machines: dict[tuple[Pool, int], int] = {}
        for pool in self.pools:
            whole = pool.committed or self.whole_hours
            fixed = self.decided[pool]
            low, high = (0, self._most(pool)) if fixed is None else (fixed, fixed)
            for hour in self.hours:
                if pool.committed and hour:
                    machines[pool, hour] = machines[pool, 0]
                else:
                    machines[pool, hour] = self.model.add_variable(low, high, integer=whole)
        return machines

    def _most(self, pool: Pool) -> int:
        """Machines that carry alone all their offer can carry, and one that may fail: more are never cheaper."""
        return self._most_of(pool.offer) * (len(ZONES) if pool.zone == SOME else 1)

    def _most_of(self, offer: int) -> int:
        limit = self.offers[offer].max_count
        load = float(self.loads_alone[:, offer].max())
        return ceil(load) + 1 if limit is None else ceil(min(load + 1, limit))

    def _cost(self) -> Terms:
        """Mean USD an hour over the demand's hours."""
        terms = [(self.machines[pool, 0], pool.usd_per_hour) for pool in self.pools if pool.committed]
        for pool in self.pools:
            if not pool.committed:
                terms += [
                    (self.machines[pool, hour], self.levels.weight[hour] * pool.usd_per_hour) for hour in self.hours
                ]
        return terms

    def _used(self) -> dict[tuple[int, int], int]:
        """1 where an offer has machines at an hour, so that one of them may fail."""
        used: dict[tuple[int, int], int] = {}
        for offer in range(len(self.offers)):
            for hour in self.hours:
                mark = used[offer, hour] = self.model.add_variable(0, 1, integer=self.whole_hours)
                most = self._most_of(offer) + sum(n or 0 for pool, n in self.decided.items() if pool.offer == offer)
                terms = [*self._left(NOTHING, offer, hour), (mark, -float(most))]
                self.model.add_row(f"mark_{offer}_hour_{hour}", terms, high=0)
        return used

    def _left(self, loss: Loss, offer: int, hour: int) -> Terms:
        """The machines of an offer that are left after a loss."""
        place = self.offers[offer].place
        terms = [
            (self.machines[pool, hour], left)
            for pool in self.pools_of_offer[offer]
            if not (loss.spot and pool.purchase == "spot")
            and place not in loss.places
            and (left := pool.machines - (pool.lost_with_zone if loss.zone == (place, pool.zone) else 0.0))
        ]
        return [*terms, (self.used[offer, hour], -1.0)] if loss.machine_of == offer else terms

    def _carry_demand_despite(self, loss: Loss, hour: int) -> None:
        """What is left after the loss carries its share of every class at one hour."""
        rates = zip(self.problem.demand.classes, self.levels.rps[hour], strict=True)
        required = {name: loss.share * rate for name, rate in rates if loss.share * rate > 0}
        if not required:
            return
        if loss.spot_pools:
            self._cover_despite_spot(loss, hour, required)
        elif self.one_way:
            self._cover(loss, hour, required)
        else:
            self._route(loss, hour, required)

    @property
    def one_way(self) -> bool:
        """Whether there is nothing to choose about flows: one class, that every offer carries alike."""
        alike = len(self.problem.demand.classes) == len(self.stations) == 1
        return alike and not self.stations[0].costs_egress and not self.problem.limits.cloud_shares

    def _cover(self, loss: Loss, hour: int, required: Mapping[str, float]) -> None:
        """One class: sum_i kappa_i n_it left >= phi D_t, both sides divided by the rate to keep tolerances relative."""
        ((name, rate),) = required.items()
        terms = [
            (variable, factor * offer.capacity_rps.get(name, 0.0) / rate)
            for index, offer in enumerate(self.offers)
            for variable, factor in self._left(loss, index, hour)
        ]
        self.model.add_row(f"carry_{loss.name}_hour_{hour}", [*terms, (self.served, -1.0)], low=0)

    def _cover_despite_spot(self, loss: Loss, hour: int, required: Mapping[str, float]) -> None:
        """One class, the largest spot pools lost: sum_i kappa_i n_it - Gamma q - sum_p r_p >= D_t, q + r_p >= pool p.

        At the optimum q is the size of the Gamma-th largest pool and r_p what a pool is larger, which makes the rows
        those of all ways to lose Gamma pools (Bertsimas and Sim, The price of robustness, 2004).
        """
        ((name, rate),) = required.items()
        largest = self.model.add_variable()
        carried: Terms = [(self.served, -1.0), (largest, -float(loss.spot_pools))]
        for index, offer in enumerate(self.offers):
            part = offer.capacity_rps.get(name, 0.0) / rate
            carried += [(variable, factor * part) for variable, factor in self._left(NOTHING, index, hour)]
            for pool in self.pools_of_offer[index]:
                if pool.purchase == "spot" and part:
                    above = self.model.add_variable()
                    size = (self.machines[pool, hour], -part * pool.lost_with_zone)
                    row = f"pool_{index}_{pool.zone}_{loss.name}_hour_{hour}"
                    self.model.add_row(row, [(largest, 1.0), (above, 1.0), size], low=0)
                    carried.append((above, -1.0 * pool.spot_pools))
        self.model.add_row(f"carry_{loss.name}_hour_{hour}", carried, low=0)

    def _route(self, loss: Loss, hour: int, required: Mapping[str, float]) -> None:
        """Flows y, as shares of a class, carry it whole and load no station beyond the machines left."""
        arriving: dict[str, Terms] = {name: [(self.served, -1.0)] for name in required}
        by_cloud: dict[str | None, Terms] = {}
        for number, station in enumerate(self.stations):
            load: Terms = []
            for name, rate in required.items():
                if name in station.capacity_rps:
                    flow = self.model.add_variable()
                    arriving[name].append((flow, 1.0))
                    load.append((flow, rate / station.capacity_rps[name]))
                    by_cloud.setdefault(station.cloud, []).append((flow, rate / sum(required.values())))
                    if loss is NOTHING and name in station.egress_usd_per_request:
                        usd_per_hour = rate * SECONDS_PER_HOUR * station.egress_usd_per_request[name]
                        self.egress.append((flow, self.levels.weight[hour] * usd_per_hour))
            room = [
                (variable, -factor * multiple)
                for index, multiple in station.multiples.items()
                for variable, factor in self._left(loss, index, hour)
            ]
            self.model.add_row(f"load_{number}_{loss.name}_hour_{hour}", load + room, high=0)
        for number, terms in enumerate(arriving.values()):
            self.model.add_row(f"carry_{number}_{loss.name}_hour_{hour}", terms, low=0, high=0)
        if loss is NOTHING:
            self._keep_cloud_shares(by_cloud, hour)

    def _keep_cloud_shares(self, carried: Mapping[str | None, Terms], hour: int) -> None:
        """A cloud carries its share: least <= what it carries, as a share of all that is served <= most."""
        for cloud, share in self.problem.limits.cloud_shares.items():
            terms = carried.get(cloud, [])
            if share.least > 0:
                self.model.add_row(f"least_{cloud}_hour_{hour}", [*terms, (self.served, -share.least)], low=0)
            if share.most < 1:
                self.model.add_row(f"most_{cloud}_hour_{hour}", [*terms, (self.served, -share.most)], high=0)

    def _keep_spot_pools_small(self) -> None:
        """kappa_i S_izt <= alpha D_t: no spot pool holds more machines than carry its share of what they can serve."""
        share = self.problem.limits.spot_pool_share
        if share is None:
            return
        for pool in self.pools:
            if pool.purchase == "spot":
                for hour in self.hours:
                    self._keep_spot_pool_small(pool, hour, share * float(self.loads_alone[hour, pool.offer]))

    def _keep_spot_pool_small(self, pool: Pool, hour: int, most: float) -> None:
        """At most so many machines: a bound where all demand is served, else a row that grows with what is."""
        machines, pools = self.machines[pool, hour], pool.spot_pools if pool.zone == SOME else 1
        if self.model.lows[self.served] == 1:
            whole = floor(most + _ROUNDING) * pools
            self.model.highs[machines] = max(self.model.lows[machines], min(self.model.highs[machines], whole))
        else:
            terms = [(machines, 1.0), (self.served, -most * pools)]
            self.model.add_row(f"pool_{pool.offer}_{pool.zone}_hour_{hour}", terms, high=0)

    def _keep_quotas(self) -> None:
        """sum_{i in q} v_i n_it <= Q_q at every hour."""
        for number, (pattern, most) in enumerate(self.problem.limits.quotas.items()):
            for hour in self.hours:
                terms = [
                    (self.machines[pool, hour], quota_vcpus(self.offers[pool.offer]) * pool.machines)
                    for pool in self.pools
                    if matches_quota(self.offers[pool.offer], pattern)
                ]
                self.model.add_row(f"quota_{number}_hour_{hour}", terms, high=most)

    def _keep_max_counts(self) -> None:
        """n_it <= N_i at every hour, over all ways to buy, all zones, and all offers of a machine type."""
        limited = [index for index, offer in enumerate(self.offers) if offer.max_count is not None]
        by_machine: dict[str, list[int]] = {}
        for index in limited:
            by_machine.setdefault(self.offers[index].machine_key, []).append(index)
        for indices in by_machine.values():
            most = min(self.offers[index].max_count or 0 for index in indices)
            for hour in self.hours:
                terms = [term for index in indices for term in self._left(NOTHING, index, hour)]
                self.model.add_row(f"max_{indices[0]}_hour_{hour}", terms, high=most)

    def _keep_budget(self, cost: Terms) -> None:
        """Mean cost an hour <= budget."""
        budget = self.problem.limits.budget_usd_per_hour
        if budget is not None:
            self.model.add_row("budget", cost, high=budget)

    def _order_zones(self) -> None:
        """The zones of a place are alike: ordering them by total capacity spares the solver their permutations."""
        if self.problem.survive != "zone" or self.layout != "apart" or any(self.decided.values()):
            return
        for number, place in enumerate(places_of(self.offers)):
            size = {zone: self._zone_capacity(place, zone) for zone in ZONES}
            for larger, smaller in pairwise(ZONES):
                difference = size[larger] + [(variable, -capacity) for variable, capacity in size[smaller]]
                self.model.add_row(f"order_{number}_zone_{larger}", difference, low=0)

    def _zone_capacity(self, place: Place, zone: str) -> Terms:
        totals: dict[int, float] = {}
        for pool in self.pools:
            offer = self.offers[pool.offer]
            if offer.place == place and pool.zone == zone:
                for hour in self.hours:
                    variable = self.machines[pool, hour]
                    totals[variable] = totals.get(variable, 0.0) + sum(offer.capacity_rps.values())
        return list(totals.items())
