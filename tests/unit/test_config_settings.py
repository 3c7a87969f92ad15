"""A well-written aiops.yml becomes the values it stands for."""

import re
from pathlib import Path

import pytest

from aiops_planner.catalog import Selection
from aiops_planner.offers import PURCHASES
from aiops_planner.performance import Objective
from aiops_planner.plans import Limits
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import (
    BenchmarkSettings,
    CatalogSettings,
    DemandSettings,
    GateSettings,
    ReportSettings,
    ServiceSettings,
    Settings,
    TestSettings,
)
from aiops_toolkit.config.targets import (
    CommandTarget,
    ExpectSettings,
    HttpTarget,
    ImportTarget,
    KserveTarget,
    LoadSettings,
    OpenaiTarget,
    PythonTarget,
    SyntheticPrompts,
    TlsSettings,
)
from aiops_toolkit.sizing import selection_from
from support.config_samples import FULL, OFFERS


@pytest.fixture
def load(tmp_path):
    def load_text(text: str) -> Settings:
        path = tmp_path / "aiops.yml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path)

    return load_text


def test_every_section_becomes_its_value_in_base_units(load, tmp_path):
    settings = load(FULL)
    assert settings.root == tmp_path
    assert settings.service == ServiceSettings(
        name="image-classifier",
        setup="uv sync",
        command="uvicorn app:app --port $PORT",
        ready="http://127.0.0.1:$PORT/healthz",
    )
    assert settings.tests == TestSettings(
        command="pytest -q tests --junitxml=$AIOPS_JUNIT",
        gates=(GateSettings(metric="accuracy", comparison=">=", threshold=0.97),),
    )
    target = HttpTarget(url="http://127.0.0.1:$PORT/v1/classify", method="POST", payloads="payloads/*.json")
    assert settings.benchmarks == (
        BenchmarkSettings(name="classify", target=target, slo=Objective(p99=0.05, errors=0.001)),
    )
    assert settings.report == ReportSettings(store="git:aiops-reports", fail_on=("tests", "gates", "regression"))


def test_a_catalog_problem_becomes_capacity_in_base_units(load):
    capacity = load(FULL).capacity
    assert capacity is not None
    assert capacity.demand == DemandSettings(rates={"requests": 2000.0})
    assert capacity.slo == Objective(p99=0.1)
    assert capacity.catalog == CatalogSettings(
        clouds={"aws": ("us-east-1",), "gcp": ("us-central1",)},
        families=("c7i", "c7a", "m7i", "c3", "n2", "n2d"),
        max_vcpus=32,
    )
    assert capacity.purchases == PURCHASES
    assert capacity.survive == "zone"
    quotas = {"aws/us-east-1/c7i.*": 64.0}
    assert capacity.limits == Limits(budget_usd_per_hour=5000 / 730, spot_share=0.5, quotas=quotas)


def test_the_catalog_is_filtered_by_accelerators_and_by_what_the_model_needs(load):
    bounds = "max_memory_gib: 512, min_accelerator_memory_gib: 22, model_memory: 14 GiB, accelerators: [l4, h100]"
    capacity = load(
        re.sub(r"(?m)^  catalog: .*$", f"  catalog: {{clouds: {{aws: [us-east-1]}}, {bounds}}}", FULL)
    ).capacity
    assert capacity is not None and capacity.catalog is not None
    assert selection_from(capacity.catalog) == Selection(
        clouds={"aws": ("us-east-1",)},
        accelerators=("l4", "h100"),
        max_memory_gib=512,
        min_accelerator_memory_gib=22,
        model_memory_gib=14,
    )


def test_a_plan_alone_needs_no_service_and_is_named_after_its_folder(load, tmp_path):
    settings = load(OFFERS)
    assert settings.service == ServiceSettings(name=tmp_path.name)
    assert settings.capacity is not None
    assert settings.capacity.demand == DemandSettings(rates={"short": 8.0, "long": 2.0})
    small, large = settings.capacity.offers
    assert (small.name, small.prices_usd_per_hour, small.max_count) == ("A10G", {"on_demand": 1.01}, 20)
    assert large.capacity_rps == {"short": 20.0, "long": 8.0}


def test_an_offer_may_carry_every_price_and_one_rate_for_all_requests(load):
    settings = load(
        "version: 1\ncapacity:\n  demand: 60/min\n  offers:\n    - name: big\n      capacity: 100 rps\n"
        "      price: {on_demand: $2/h, reserved_1y: 876 USD/year, spot: 0.5 USD/h}\n"
    )
    assert settings.capacity is not None
    (offer,) = settings.capacity.offers
    assert offer.prices_usd_per_hour == {"on_demand": 2.0, "reserved_1y": 0.1, "spot": 0.5}
    assert offer.capacity_rps == {"requests": 100.0}
    assert settings.capacity.demand == DemandSettings(rates={"requests": 1.0})


def test_demand_may_be_a_file(load):
    settings = load(
        "version: 1\ncapacity: {demand: traffic/demand.csv, offers: [{name: a, price: $1/h, capacity: 1/s}]}\n"
    )
    assert settings.capacity is not None
    assert settings.capacity.demand == DemandSettings(file=Path("traffic/demand.csv"))


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("http: {url: 'https://example.org/'}", HttpTarget(url="https://example.org/")),
        (
            "http: {url: 'http://[::1]:8000/', method: PUT, timeout: 2 s, headers: {X-Version: 1.10}}",
            HttpTarget(url="http://[::1]:8000/", method="PUT", timeout_s=2.0, headers={"X-Version": "1.10"}),
        ),
        (
            "openai: {url: 'http://127.0.0.1:8000/v1', model: tiny, prompts: prompts.txt}",
            OpenaiTarget(url="http://127.0.0.1:8000/v1", model="tiny", prompts="prompts.txt"),
        ),
        (
            "http: {url: 'https://h/', method: POST, payloads: '*.png', order: random, multipart: image,"
            " fields: {model: tiny, top: 3}, keep_alive: no, socket: run/service.sock, tls: {verify: off}}",
            HttpTarget(
                url="https://h/",
                method="POST",
                payloads="*.png",
                order="random",
                multipart="image",
                fields={"model": "tiny", "top": "3"},
                keep_alive=False,
                socket="run/service.sock",
                tls=TlsSettings(verify=False),
            ),
        ),
        (
            "http: {url: 'https://h/', tls: {ca: ca.pem}, expect: {status: [200, 404], min_size: 2 B, max_size: 1 kB,"
            " json: {label: cat, 'top[0].score': 0.5, 'a.b': yes, none: null, text: '1'}}}",
            HttpTarget(
                url="https://h/",
                tls=TlsSettings(ca="ca.pem"),
                expect=ExpectSettings(
                    status=(200, 404),
                    json={"label": "cat", "top[0].score": 0.5, "a.b": True, "none": None, "text": "1"},
                    min_bytes=2,
                    max_bytes=1000,
                ),
            ),
        ),
        (
            "openai: {url: 'https://h/v1', model: m, prompts: {input_tokens: 100, count: 5}, endpoint: completions,"
            " max_tokens: 64, order: random, headers: {Authorization: Bearer $KEY}, timeout: 1min, tls: {ca: a}}",
            OpenaiTarget(
                url="https://h/v1",
                model="m",
                prompts=SyntheticPrompts(input_tokens=100, count=5),
                endpoint="completions",
                max_tokens=64,
                order="random",
                headers={"Authorization": "Bearer $KEY"},
                timeout_s=60.0,
                tls=TlsSettings(ca="a"),
            ),
        ),
        ("kserve: {url: 'http://h/', model: m}", KserveTarget(url="http://h/", model="m")),
        (
            "kserve: {url: 'https://h/', model: m, version: 2, payloads: a*, order: random, headers: {A: b},"
            " timeout: 1s, tls: {verify: false}}",
            KserveTarget(
                url="https://h/",
                model="m",
                version="2",
                payloads="a*",
                order="random",
                headers={"A": "b"},
                timeout_s=1.0,
                tls=TlsSettings(verify=False),
            ),
        ),
        (
            "python: {function: 'm:f', interpreter: .venv/bin/python, payloads: a*, order: random, timeout: 1s}",
            PythonTarget(function="m:f", interpreter=".venv/bin/python", payloads="a*", order="random", timeout_s=1.0),
        ),
        (
            "command: {command: './predict {payload}', payloads: a*, order: random, timeout: 1s}",
            CommandTarget(command="./predict {payload}", payloads="a*", order="random", timeout_s=1.0),
        ),
        ("import: {format: wrk2, path: results.txt}", ImportTarget(format="wrk2", path="results.txt")),
        ("python: package.module:function", PythonTarget(function="package.module:function")),
        ("command: ./predict {payload}", CommandTarget(command="./predict {payload}")),
        ("import: {format: k6, path: results.json}", ImportTarget(format="k6", path="results.json")),
    ],
)
def test_a_benchmark_loads_any_one_kind_of_target(load, written, target):
    settings = load(f"version: 1\nbenchmarks:\n  only:\n    {written}\n    slo: {{p95: 1s}}\n")
    assert settings.benchmarks == (BenchmarkSettings(name="only", target=target, slo=Objective(p95=1.0)),)


@pytest.mark.parametrize(
    ("written", "load_settings"),
    [
        ("{}", LoadSettings()),
        ("{arrivals: constant}", LoadSettings(arrivals="constant")),
        ("{arrivals: traces/day.csv, processes: 4}", LoadSettings(arrivals="traces/day.csv", processes=4)),
    ],
)
def test_a_benchmark_says_how_its_load_arrives(load, written, load_settings):
    settings = load(
        f"version: 1\nbenchmarks: {{b: {{http: {{url: 'http://h/'}}, load: {written}, slo: {{p95: 1s}}}}}}\n"
    )
    assert settings.benchmarks[0].load == load_settings


def test_a_stream_may_be_held_to_its_tokens_alone(load):
    settings = load(
        "version: 1\nbenchmarks:\n  b:\n    openai: {url: 'http://h/', model: m, prompts: p}\n"
        "    slo: {ttft_p50: 50ms, ttft_p99: 200ms, tpot_p90: 20ms}\n"
    )
    assert settings.benchmarks[0].slo == Objective(ttft_p50=0.05, ttft_p99=0.2, tpot_p90=0.02)


def test_environment_keeps_numbers_as_they_were_written(load):
    settings = load(
        "version: 1\nservice: {name: a, environment: {RELEASE: 1.10, WORKERS: 4, EMPTY: '', ANSWER: 'no'}}\n"
    )
    assert settings.service.environment == {"RELEASE": "1.10", "WORKERS": "4", "EMPTY": "", "ANSWER": "no"}


def test_an_alias_stands_for_the_value_it_names(load):
    settings = load(
        "version: 1\nbenchmarks:\n"
        "  a: {http: {url: 'http://h/a'}, slo: &objective {p99: 1s}}\n"
        "  b: {http: {url: 'http://h/b'}, slo: *objective}\n"
    )
    assert settings.benchmarks[0].slo == settings.benchmarks[1].slo == Objective(p99=1.0)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "aiops.yml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\r\nservice:\r\n  name: caf\xc3\xa9\r\n")
    assert load_settings(path).service.name == "café"
