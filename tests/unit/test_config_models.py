"""Several models under `capacity.models` of aiops.yml: what they become, and what is refused."""

from pathlib import Path

import pytest

from aiops_planner import Objective
from aiops_planner.errors import ConfigError
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import DemandSettings, ModelSettings

TWO = """\
version: 1
capacity:
  models:
    chat: {demand: 30/s, slo: {p99: 2s}, memory: 14 GiB}
    embed: {demand: embed.csv}
  offers:
    - {name: g6.xlarge, price: 0.8 USD/h, memory: 24 GiB, capacity: {chat: 12/s, embed: 900/s}}
"""
FROM_CATALOG = """\
version: 1
benchmarks:
  chat: {http: {url: "http://127.0.0.1:8000/chat"}, slo: {p99: 2s}}
  vectors: {http: {url: "http://127.0.0.1:8000/embed"}, slo: {p99: 50ms}}
capacity:
  models:
    chat: {demand: 30/s}
    embed: {demand: 300/s, benchmark: vectors}
  catalog: {clouds: {aws: [us-east-1]}}
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def read(text: str):
        (tmp_path / "aiops.yml").write_text(text)
        return load_settings(Path("aiops.yml")).capacity

    return read


def test_models_have_demand_objective_and_memory_of_their_own(read) -> None:
    capacity = read(TWO)
    assert capacity.models == {
        "chat": ModelSettings(
            demand=DemandSettings(rates={"requests": 30.0}), slo=Objective(p99=2.0), memory_gib=pytest.approx(14.0)
        ),
        "embed": ModelSettings(demand=DemandSettings(file=Path("embed.csv"))),
    }
    assert capacity.offers[0].memory_gib == pytest.approx(24.0)


def test_catalog_offers_are_sized_by_the_benchmark_of_the_same_name_or_the_one_that_is_named(read) -> None:
    assert {name: model.benchmark for name, model in read(FROM_CATALOG).models.items()} == {
        "chat": None,
        "embed": "vectors",
    }


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (TWO, "  models:", "  demand: 3/s\n  models:", "capacity: found demand and models, expected exactly one of"),
        (TWO, "  models:", "  slo: {p99: 1s}\n  models:", "3: capacity.slo: has no meaning beside models"),
        (TWO, "demand: 30/s, ", "", "4: capacity.models.chat.demand: missing, expected a rate"),
        (TWO, "14 GiB", "14", "capacity.models.chat.memory: found 14, expected a size such as 14 GiB"),
        (TWO, "14 GiB", "0 GiB", "capacity.models.chat.memory: found 0 GiB, expected a size above 0"),
        (TWO, "{p99: 2s}", "{errors: 1%}", "capacity.models.chat.slo: found no percentile, expected at least one such"),
        (TWO, "{p99: 2s}", "{ttft_p99: 2s}", "capacity.models.chat.slo.ttft_p99: unknown key"),
        (TWO, "embed: 900/s", "embd: 900/s", '7: capacity.offers[0].capacity: found embd, expected one of the models'),
        (TWO, "memory: 14 GiB", "benchmark: chat", "capacity.models.chat.benchmark: has no meaning for offers"),
        (TWO, "    chat:", "    my chat:", 'capacity.models["my chat"]: found an unusable model name'),
        (FROM_CATALOG, "benchmark: vectors", "benchmark: vector", 'found vector, expected one of the benchmarks: chat'),
        (FROM_CATALOG, ", benchmark: vectors", "", "embed.benchmark: found none that is called embed, expected one of"),
        (FROM_CATALOG, "  catalog:", "  benchmark: chat\n  catalog:", "capacity.benchmark: has no meaning beside"),
        (
            FROM_CATALOG,
            "  catalog:",
            "  profiles: {c7i.large: 4/s}\n  catalog:",
            "capacity.profiles: has no meaning beside models, expected a benchmark for each of them, or offers",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_its_place(read, text, old, new, says) -> None:
    assert text.count(old) == 1, old
    with pytest.raises(ConfigError) as refused:
        read(text.replace(old, new))
    assert says in refused.value.message


def test_more_models_than_can_share_a_fleet_are_refused(read) -> None:
    many = "".join(f"    m{number}: {{demand: 1/s}}\n" for number in range(9))
    text = f"version: 1\ncapacity:\n  models:\n{many}  offers: [{{name: a, price: 1 USD/h, capacity: {{m0: 1/s}}}}]\n"
    with pytest.raises(ConfigError, match="found 9 models, expected at most 8 on one fleet"):
        read(text)
