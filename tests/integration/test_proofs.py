"""From capacity.simulation in aiops.yml, and the traces it names, to what a plan is simulated against."""

from pathlib import Path

import numpy as np
import pytest

from aiops_planner.errors import ConfigError, UsageError
from aiops_planner.performance import Objective
from aiops_planner.plans import Plan
from aiops_planner.proofs import Proof
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import CapacitySettings, SimulationSettings
from aiops_toolkit.proofs import proof_from
from aiops_toolkit.sizing import size_fleet
from support.config_samples import OFFERS

P99 = Objective(p99=0.1)


def read(tmp_path: Path, simulation: str) -> CapacitySettings:
    path = tmp_path / "aiops.yml"
    path.write_text(f"{OFFERS}  simulation: {simulation}\n", encoding="utf-8")
    return load_settings(path).capacity


def test_every_key_reaches_the_proof(tmp_path):
    settings = read(tmp_path, "{burstiness: 4, routing: shortest-queue, requests: 50000, seed: 7}").simulation
    assert proof_from(settings, P99, tmp_path) == Proof(
        objective=P99, arrival_scv=4.0, routing="shortest-queue", requests=50_000, seed=7
    )


def test_a_plan_is_simulated_with_poisson_arrivals_unless_something_else_is_said(tmp_path):
    assert proof_from(SimulationSettings(), P99, tmp_path) == Proof(objective=P99)


def test_arrivals_of_a_trace_are_replayed(tmp_path):
    (tmp_path / "trace.csv").write_text("time\n5.5\n5.0\n8.0\n", encoding="utf-8")
    settings = read(tmp_path, "{arrivals: trace.csv}").simulation
    assert proof_from(settings, P99, tmp_path).arrival_times_s == (0.0, 0.5, 3.0)


def test_counted_arrivals_are_drawn_in_proportion_to_the_counts(tmp_path):
    (tmp_path / "trace.csv").write_text("time,rps\n0,0.1\n60,0.4\n120,0\n180,0.5\n", encoding="utf-8")
    settings = read(tmp_path, "{arrivals: trace.csv, requests: 10000}").simulation
    times_s = np.array(proof_from(settings, P99, tmp_path).arrival_times_s)
    gaps = np.diff(times_s)
    assert len(times_s) == 10_000
    assert (gaps >= 0).all()
    assert (gaps > 59).sum() == 1  # the minute without a request


@pytest.mark.parametrize(
    ("simulation", "says"),
    [
        ("{routing: fastest}", "simulation.routing: found fastest, expected "),
        ("{burstiness: -1}", "simulation.burstiness: found -1"),
        ("{requests: 100}", "simulation.requests: found 100"),
        ("{seed: x}", "simulation.seed: found x, expected a whole number"),
        ("{arrivals: trace.csv, burstiness: 2}", "simulation.burstiness: has no meaning for a trace"),
        ("{burst: 2}", "simulation.burst"),
    ],
)
def test_a_mistake_names_its_key(tmp_path, simulation, says):
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, simulation)
    assert says in refused.value.message.replace('"', "")


def test_a_trace_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.csv cannot be read"):
        proof_from(SimulationSettings(arrivals="gone.csv"), P99, tmp_path)


def test_the_plan_of_aiops_yml_says_that_its_offers_cannot_be_simulated(tmp_path):
    answer = size_fleet(read(tmp_path, "{burstiness: 4}"), (), None, tmp_path)
    assert isinstance(answer, Plan)
    assert answer.verification.reason.startswith("the objective limits no response time")


def test_offers_with_service_times_are_simulated_as_asked(tmp_path):
    path = tmp_path / "aiops.yml"
    path.write_text(
        "version: 1\ncapacity:\n  demand: 500/s\n  slo: {p99: 150ms}\n  simulation: {burstiness: 4, requests: 20000}\n"
        "  offers:\n    - {name: m, price: 0.1 USD/h, capacity: 100/s, servers: 4, service_mean: 20ms, "
        "service_p99: {requests: 60ms}}\n",
        encoding="utf-8",
    )
    capacity = load_settings(path).capacity
    (offer,) = capacity.offers
    assert (offer.servers, offer.service_mean_s, offer.service_p99_s) == (4, {"requests": 0.02}, {"requests": 0.06})
    verification = size_fleet(capacity, (), None, tmp_path).verification
    assert (verification.status, verification.arrival_scv) == ("met", 4.0)
    assert {scenario.requests for scenario in verification.rounds[0].scenarios} == {20_000}
