"""The section `capacity.simulation` of aiops.yml: how requests arrive and are routed when a plan is simulated."""

from collections.abc import Iterable
from typing import get_args

from aiops_planner.proofs import Routing
from aiops_toolkit.config import nodes
from aiops_toolkit.config.forms import WordOrFile
from aiops_toolkit.config.kinds import Choice, Number, Whole
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.settings import SimulationSettings
from aiops_toolkit.config.structure import Key, Section

FEWEST_REQUESTS, MOST_REQUESTS = 10_000, 10_000_000
LARGEST_SEED = 2**32 - 1


def _check(simulation: SimulationSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    burstiness = node.get("burstiness")
    if simulation.arrivals != "poisson" and burstiness is not None:
        message = "has no meaning for a trace, whose bursts are its own"
        yield from place.key("burstiness").mistake(burstiness.line, message).found


SIMULATION: Section[SimulationSettings] = Section(
    becomes=SimulationSettings,
    check=_check,
    keys=(
        Key(
            name="arrivals",
            kind=WordOrFile(words=("poisson",), file="the path of a trace such as traffic.csv"),
            about="How requests arrive: at random, or as the file of a trace says, at the rate of the plan.",
        ),
        Key(
            name="burstiness",
            kind=Number(zero=True),
            about="The squared coefficient of variation of the gaps between requests: 1 is Poisson, more is bursty.",
        ),
        Key(
            name="routing",
            kind=Choice(words=get_args(Routing)),
            about="Which machine of a type takes a request: each in turn, that with the fewest requests, or any.",
        ),
        Key(
            name="requests",
            kind=Whole(least=FEWEST_REQUESTS, most=MOST_REQUESTS),
            about="How many requests are simulated for each scenario.",
        ),
        Key(name="seed", kind=Whole(least=0, most=LARGEST_SEED), about="What reproduces the simulation."),
    ),
)
