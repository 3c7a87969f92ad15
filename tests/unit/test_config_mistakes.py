"""Each mistake in aiops.yml gets one line: file, line, key, what was found, what was expected."""

from pathlib import Path

import pytest
import yaml

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.reading import load_settings
from support.config_samples import FULL

CASES = yaml.safe_load((Path(__file__).parents[1] / "data/config/mistakes.yml").read_text(encoding="utf-8"))


@pytest.fixture
def message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def refusal(text: str) -> str:
        path = tmp_path / "aiops.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_settings(path)
        return caught.value.message

    return refusal


def mistaken(right: str, wrong: str) -> str:
    """The full sample with one thing in it replaced."""
    assert FULL.count(right) == 1, right
    return FULL.replace(right, wrong)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"].split(", expected")[0])
def test_a_mistake_is_one_line_that_names_its_place(message, case):
    text = case["text"] if "text" in case else mistaken(case["replace"], case["by"])
    assert message(text) == f"aiops.yml:{case['says']}"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~\n"])
def test_an_empty_file_says_how_to_get_a_full_one(message, text):
    assert message(text) == "aiops.yml: empty; run `aiops init --force` to fill it"


def test_every_mistake_is_reported_in_the_order_of_the_lines(message):
    text = (
        mistaken("  name: image-classifier", "  name: [a]")
        .replace("p99: 50ms", "p99: 50")
        .replace("  store:", "  stor:")
    )
    text += "tests: {}\n"
    assert [line.split(": ")[:2] for line in message(text).splitlines()] == [
        ["aiops.yml:3", "service.name"],
        ["aiops.yml:13", "benchmarks.classify.slo.p99"],
        ["aiops.yml:22", "report.stor"],
        ["aiops.yml:24", 'found the key "tests" again (first in line 7)'],
    ]


def test_a_flood_of_mistakes_is_cut_and_counted(message):
    lines = message("version: 1\n" + "".join(f"key{number}: a\n" for number in range(200))).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "aiops.yml: and 150 mistakes more"


def test_brackets_without_end_are_refused_before_they_exhaust_the_stack(message):
    text = "version: 1\nservice: " + "[" * 100_000
    assert message(text) == "aiops.yml:2: found values nested more than 40 levels deep"


def test_aliases_that_multiply_are_refused_before_they_are_followed(message):
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "found more than 50,000 values, counting what aliases repeat" in message(
        f"version: 1\nl0: &l0 [a]\n{levels}"
    )


@pytest.mark.parametrize(
    "section",
    [
        "service: {name: a, environment: {TOKEN: [hunter2]}}",
        "service: {name: a, environment: {TOKEN: {hunter2: hunter2}}}",
        "service: {name: a, environment: hunter2}",
        "service: {name: a, environment: [TOKEN=hunter2]}",
        'service: {name: a, environment: {TOKEN: "hunter2\\0"}}',
        "benchmarks: {b: {http: {url: 'http://h/', headers: {Authorization: 'hunter2\n\n next'}}, slo: {p50: 1s}}}",
        "benchmarks: {b: {http: {url: 'http://h/', headers: 'hunter2'}, slo: {p50: 1s}}}",
        "benchmarks: {b: {openai: {url: 'http://h/', model: m, prompts: p, headers: hunter2}, slo: {p50: 1s}}}",
        "benchmarks: {b: {kserve: {url: 'http://h/', model: m, headers: {A: [hunter2]}}, slo: {p50: 1s}}}",
        "benchmarks: {b: {http: {url: 'ftp://me:hunter2@h/'}, slo: {p50: 1s}}}",
        "service:\n  name: a\n  environment:\n    TOKEN: hunter2: x",
        "service:\n  name: a\n  enviroment: {TOKEN: hunter2}",
        "service: {name: a, environment: {TOKEN: *hunter2}}",
        "service: {name: a, environment: {TOKEN: !hunter2 x}}",
        "service: {name: a, environment: {TOKEN: !hunter2! x}}",
        "service: {name: a, environment: {TOKEN=hunter2: x}}",
    ],
)
def test_a_secret_never_appears_in_a_message(message, section):
    assert "hunter2" not in message(f"version: 1\n{section}\n")


def test_booleans_and_numbers_in_the_environment_are_not_shown_either(message):
    assert message("version: 1\nservice: {name: a, environment: {TOKEN: yes}}\n") == (
        "aiops.yml:2: service.environment.TOKEN: found a boolean (value hidden), expected text; put the value in quotes"
    )


def test_a_long_value_is_cut_and_control_characters_are_left_out(message):
    line = message(f'version: 1\nreport: {{fail_on: ["\\e[31m{"x" * 500}"]}}\n')
    assert "\x1b" not in line
    assert len(line) < 150
    assert "..." in line
