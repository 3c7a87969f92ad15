"""The schema that editors use says the same as the parser, key by key."""

import json

import jsonschema
import pytest
import yaml

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.grammar import config_reference
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.schema import SCHEMA_PATH, config_schema, schema_text
from support.config_samples import FULL, OFFERS

VALIDATOR = jsonschema.Draft7Validator(config_schema())
OTHER_KEYS = """\
version: 1
service:
  {name: a, setup: b, command: c, ready: 'tcp://h:1', ready_timeout: 1s, stop_timeout: 1s,
   environment: {A: 1}, port: 80}
tests: {command: a, gates: {x: '< 1e-3'}, timeout: 1h}
benchmarks:
  a: {http: {url: 'http://h/', method: GET, headers: {A: b}, timeout: 1s}, slo: {p50: 1s, p90: 1s, p95: 1s, p99: 1s}}
  b: {openai: {url: 'http://h/', model: m, prompts: p}, slo: {p50: 1s, errors: 0.01}}
  c: {python: 'a.b:c', slo: {p50: 1s}}
  d: {command: ./a, slo: {p50: 1s}}
  e: {import: {format: wrk, path: a}, slo: {p50: 1s}}
  f:
    http:
      {url: 'https://h/', method: PUT, payloads: a, order: random, multipart: b, fields: {c: 1}, keep_alive: false,
       socket: d, tls: {verify: true, ca: e},
       expect: {status: [200], json: {'a[0].b': null, c: 1, d: true}, min_size: 1 B, max_size: 1 MiB}}
    load: {arrivals: constant, processes: 2}
    slo: {p50: 1s}
  g:
    openai:
      {url: 'https://h/', model: m, prompts: {input_tokens: 5, count: 2}, endpoint: completions, max_tokens: 9,
       order: cycle, headers: {A: b}, timeout: 1s, tls: {verify: false}}
    load: {arrivals: a/b.csv}
    slo: {ttft_p50: 1s, ttft_p90: 1s, ttft_p95: 1s, ttft_p99: 1s, tpot_p50: 1s, tpot_p90: 1s,
          tpot_p95: 1s, tpot_p99: 1s}
  h:
    kserve:
      {url: 'https://h/', model: m, version: 1, payloads: a, order: random, headers: {A: b}, timeout: 1s, tls: {ca: e}}
    slo: {p50: 1s}
  i: {python: {function: 'a:b', interpreter: c, payloads: d, order: random, timeout: 1s}, slo: {p50: 1s}}
  j: {command: {command: a, payloads: d, order: random, timeout: 1s}, slo: {p50: 1s}}
capacity:
  demand: {a: 1/s}
  benchmark: a
  catalog:
    {clouds: {gcp: [us-central1]}, architectures: [arm64], min_vcpus: 1, max_vcpus: 2.5,
     min_memory_gib: 4, families: [c3]}
  published:
    {model: a, precision: b, backend: c, version: 0.19, classes: {a: {input_tokens: 1, output_tokens: 2}}}
  profiles: {m: 4/s, n: {a: 1/s}, o: b.json}
  survive: instance
  limits: {quotas: {'*': 0}}
report: {fail_on: []}
"""


def is_accepted(text: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(text))


def test_the_shipped_schema_is_the_generated_one():
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft7Validator.check_schema(config_schema())


@pytest.mark.parametrize("text", [FULL, OFFERS, OTHER_KEYS], ids=["full", "offers", "other keys"])
def test_what_the_parser_takes_the_schema_takes(text, tmp_path):
    path = tmp_path / "aiops.yml"
    path.write_text(text)
    load_settings(path)
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("  command: uvicorn", "  comand: uvicorn"),
        ("  name: image-classifier", "  name: [a]"),
        ("  name: image-classifier", "  name: ''"),
        ("  name: image-classifier\n", ""),
        ("  name: image-classifier", "  name: a\n  port: 70000"),
        ("  name: image-classifier", "  name: a\n  environment: {9A: b}"),
        ("ready: http://", "ready: ftp://"),
        ('">= 0.97"', "0.97"),
        ('">= 0.97"', '"about 0.97"'),
        ("method: POST", "method: SEND"),
        ("method: POST", "method: POST, order: shuffled"),
        ("method: POST", "method: POST, keep_alive: 1"),
        ("method: POST", "method: POST, multipart: ''"),
        ("method: POST", "method: POST, expect: {status: 200}"),
        ("method: POST", "method: POST, expect: {status: [199]}"),
        ("method: POST", "method: POST, expect: {min_size: 10}"),
        ("method: POST", "method: POST, expect: {json: {a b: 1}}"),
        ("method: POST", "method: POST, expect: {json: {a: [1]}}"),
        ("    slo: {p99: 50ms", "    load: {arrivals: poison}\n    slo: {p99: 50ms"),
        ("    slo: {p99: 50ms", "    load: {processes: 65}\n    slo: {p99: 50ms"),
        ("slo: {p99: 100ms}", "slo: {itl_p99: 100ms}"),
        ("purchase:", "published: {precision: fp8}\n  purchase:"),
        ("purchase:", "published: {model: a, input_tokens: 0}\n  purchase:"),
        ("purchase:", "profiles: {m: 5}\n  purchase:"),
        ("purchase:", "profiles: {m: report.yml}\n  purchase:"),
        ("p99: 50ms", "p99: 50"),
        ("p99: 50ms", "p99: fast"),
        ("p99: 50ms", "p98: 50ms"),
        ("errors: 0.1%", "errors: 3"),
        ("    slo: {p99: 50ms, errors: 0.1%}\n", ""),
        ("    slo: {p99: 50ms", "    python: a:b\n    slo: {p99: 50ms"),
        ("    http:", "    python: a.b #"),
        ("    http:", "    import: {format: excel, path: a} #"),
        ("demand: 2000/s", "demand: 2000"),
        ("demand: 2000/s", "demand: {}"),
        ("demand: 2000/s", "demand: [2000/s]"),
        ("  catalog:", "  x-catalog:"),
        ("  survive: zone", "  survive: zone\n  offers: [{name: a, price: 1 USD/h, capacity: 1/s}]"),
        ("{aws:", "{azure:"),
        ("max_vcpus: 32", "max_vcpus: 0"),
        ("max_vcpus: 32", "max_vcpus: many"),
        ("spot]", "spot, spot]"),
        ("survive: zone", "survive: zones"),
        ("budget: 5000 USD/month", "budget: 5000"),
        ("spot_share: 50%", "spot_share: 50"),
        ("[tests, gates, regression]", "tests"),
    ],
)
def test_what_the_parser_refuses_for_its_structure_the_schema_refuses(right, wrong, tmp_path):
    text = FULL.replace(right, wrong, 1)
    assert text != FULL
    assert not is_accepted(text)
    path = tmp_path / "aiops.yml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        load_settings(path)


def schema_of(key: str) -> dict:
    """The schema of a key of the reference, found by walking its path."""
    node = config_schema()
    for part in key.replace("[]", ".[]").split("."):
        while "anyOf" in node:
            mappings = {"properties", "additionalProperties", "anyOf"}
            node = next(form for form in reversed(node["anyOf"]) if form.keys() & mappings)  # the long form comes last
        if part == "[]":
            node = node["items"]
        elif part.startswith("<"):
            node = node["additionalProperties"]
        else:
            node = node["properties"][part]
    return node


@pytest.mark.parametrize("row", config_reference(), ids=lambda row: row.key)
def test_every_key_of_the_reference_is_described_in_the_schema(row):
    assert schema_of(row.key)["description"] == row.description
    assert row.description.endswith((".", "}."))


def test_the_reference_states_defaults_as_they_would_be_written():
    defaults = {row.key: row.default for row in config_reference()}
    assert defaults["service.ready_timeout"] == "60s"
    assert defaults["benchmarks.<benchmark>.http.method"] == "GET"
    assert defaults["benchmarks.<benchmark>.http.keep_alive"] == "true"
    assert defaults["benchmarks.<benchmark>.http.expect"] is None
    assert defaults["capacity.purchase"] == "[on_demand]"
    assert defaults["capacity.offers[].price"] is None
    assert defaults["report.store"] == ".aiops"


def test_the_schema_reads_as_json_and_names_its_keys_in_the_order_of_the_file():
    shipped = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    assert list(shipped["properties"]) == ["version", "service", "tests", "benchmarks", "capacity", "report"]
