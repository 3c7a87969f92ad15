"""How soon the planner has a fleet and how near the bound, beside HiGHS on the whole program and Melange's slices."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aiops_planner.demand import Demand
from aiops_planner.fleet import find_cheapest, sellable
from aiops_planner.model import Orders
from aiops_planner.offers import Offer
from aiops_planner.plans import Problem
from aiops_planner.program import FleetProgram
from aiops_planner.pruning import undominated
from aiops_planner.solver import solve
from peers import direct
from peers.direct import Solved, timed
from peers.figures import Bar, ratios, spread, table
from peers.fleet_problems import SPOT_POOL_SHARE, classes_on_gpus, client_regions, zoned_day
from peers.scripts import Turns, describe_machine, read_turns, run_script

PUBLISHED = Path(__file__).parents[1] / "tests/data/planning/melange_fig9_rate_sweep.json"
LIMIT_S, CHECK_LIMIT_S = 10.0, 1.0  # of one solve by a peer; ours has the time of its bar
NARROW_GAP = 1e-4  # where costs are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of problem by seed, the gap it is solved to, its bar, and the program it is held against."""

    name: str
    problem: Callable[[int], Problem]
    gap: float
    seconds_bar: float
    peer: str
    direct: Callable[[Problem, Orders], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One problem, solved by us and by the peer."""

    ours: Solved
    peer: Solved


def cases(*, small: bool) -> list[Case]:
    """What is measured; `small` ones show that everything works."""
    few, many, classes = (6, 50, 5) if small else (60, 500, 50)
    zones = [
        _zones(f"{name}: {types} types, {rps:,.0f}/s", partial(zoned_day, types, rps, spot_pool_share=share), gap, bar)
        for name, share in (("zones", None), ("small spot pools", SPOT_POOL_SHARE))
        for types, rps, gap, bar in ((few, 5000.0, 0.005, 2.0), (many, 200.0, 0.02, 5.0))
    ]
    return [
        *zones,
        Case(
            name=f"{classes} classes, 12 GPUs",
            problem=lambda seed: classes_on_gpus(classes, 12, 256.0, seed=seed),
            gap=NARROW_GAP,
            seconds_bar=1.0,
            peer="Melange's slices",
            direct=direct.sliced,
        ),
        Case(
            name=f"20 client regions, {many} types",
            problem=lambda seed: client_regions(many, 20, 5000.0, seed=seed),
            gap=0.005,
            seconds_bar=4.0,
            peer="HiGHS, relaxation",
            direct=lambda problem, _: direct.relaxation(problem),
        ),
    ]


def _zones(name: str, problem: Callable[..., Problem], gap: float, seconds_bar: float) -> Case:
    """A day in three zones, held against HiGHS on the whole program."""
    return Case(
        name=name,
        problem=lambda seed: problem(seed=seed),
        gap=gap,
        seconds_bar=seconds_bar,
        peer="HiGHS, whole program",
        direct=direct.whole_program,
    )


def ours(problem: Problem, gap: float, limit_s: float) -> tuple[float, float]:
    """Cost and bound of the fleet we find. Raises ValueError when there is none."""
    found = find_cheapest(problem, time_limit_s=limit_s, gap=gap)
    if found.fleet is None:
        raise ValueError("the planner found no fleet")
    return found.fleet.usd_per_hour, found.bound_usd_per_hour


def bound_error(problem: Problem, unpruned: Solved) -> float:
    """How far the relaxation of the pruned problem is from that of all offers, relative to it."""
    pruned = sellable(problem)
    pruned = replace(pruned, offers=undominated(pruned))
    found = solve(FleetProgram(pruned).model, time_limit_s=LIMIT_S, relaxed=True)
    return abs(found.bound / unpruned.usd_per_hour - 1)


def costs_met() -> tuple[int, int]:
    """How many costs of Melange's figure 9, recomputed by enumeration, the planner finds, and how many there are."""
    sweep = json.loads(PUBLISHED.read_text())
    offers = {
        name: Offer(
            name=name, prices_usd_per_hour={"on_demand": gpu["cost"]}, capacity_rps={"requests": gpu["cap_rps"]}
        )
        for name, gpu in sweep["inputs"].items()
    }
    choices = {"mix": tuple(offers.values()), "a10g_only": (offers["A10G"],), "a100_only": (offers["A100"],)}
    met = [
        abs(ours(Problem(demand=Demand.constant(row["rate"]), offers=choice), 0.0, LIMIT_S)[0] - row[key]) < 1e-9
        for row in sweep["recomputed"]
        for key, choice in choices.items()
    ]
    return sum(met), len(met)


def main() -> None:
    """Print cost, gap and CPU seconds of each case, ours and the peer's, then the bars."""
    turns = read_turns(__doc__, usual=Turns(rounds=3))
    limit_s = CHECK_LIMIT_S if turns.check else LIMIT_S
    print("Planner: CPU seconds to a fleet, 24 hours; 3 zones of which one may fail, or classes, or regions")
    print(describe_machine())
    print(
        f"{turns}; another problem each round; ours ends at its gap or at its bar, theirs after {limit_s:g} s at most\n"
    )
    done: dict[str, list[Turn]] = {}
    measured = cases(small=turns.check)
    for case in measured:
        done[case.name] = [turn(case, case.problem(seed), limit_s) for seed in range(turns.rounds)]
    print(f"{table([HEAD, *(row for case in measured for row in rows(case, done[case.name]))])}\n")
    for case in measured:
        report(case, done[case.name])
    gpus, regions = measured[-2:]
    slices = done[gpus.name]
    cost = ratios([each.ours.usd_per_hour for each in slices], [each.peer.usd_per_hour for each in slices])
    print(Bar(what="cost, aiops / Melange's slices", measured=cost, limit=1.0, spec=".4f"))
    errors = [bound_error(regions.problem(seed), each.peer) for seed, each in enumerate(done[regions.name])]
    print(Bar(what="bound, off that of all offers", measured=spread(errors), limit=1e-6, spec=".1e"))
    met, all_costs = costs_met()
    print(Bar(what=f"costs of Melange's figure 9 missed, of {all_costs}", measured=spread([all_costs - met]), limit=0))


HEAD = ["case", "way", "CPU s", "gap %", "USD/h", "CPU s, aiops / it"]


def turn(case: Case, problem: Problem, limit_s: float) -> Turn:
    """One problem, by us and by the peer."""
    orders = Orders(time_limit_s=limit_s, gap=case.gap)
    return Turn(
        ours=timed(partial(ours, problem, case.gap, min(limit_s, case.seconds_bar))),
        peer=timed(partial(case.direct, problem, orders)),
    )


def rows(case: Case, turns: list[Turn]) -> list[list[str]]:
    """Two lines of the table: ours and the peer's."""
    our, their = [each.ours for each in turns], [each.peer for each in turns]
    ratio = ratios([each.cpu_s for each in our], [each.cpu_s for each in their])
    return [[case.name, "aiops", *_cells(our), ""], ["", case.peer, *_cells(their), f"{ratio:.2f}"]]


def _cells(solved: list[Solved]) -> list[str]:
    return [
        f"{spread([each.cpu_s for each in solved]):.2f}",
        f"{spread([100 * each.gap for each in solved]):.2f}",
        f"{spread([each.usd_per_hour for each in solved]):.2f}",
    ]


def report(case: Case, turns: list[Turn]) -> None:
    """The bars of a case."""
    seconds = spread([each.ours.cpu_s for each in turns])
    print(Bar(what=f"{case.name}, CPU s", measured=seconds, limit=case.seconds_bar))
    gap = spread([100 * each.ours.gap for each in turns])
    print(Bar(what=f"{case.name}, gap %", measured=gap, limit=100 * case.gap))


if __name__ == "__main__":
    run_script(main)
