"""Whatever stands in aiops.yml, it loads or is refused with a ConfigError; nothing else ever comes out."""

import contextlib
import string
import tempfile
from pathlib import Path

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.grammar import config_reference
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import Settings
from support.config_samples import FULL, OFFERS

WORDS = sorted({part.strip("<>[]") for row in config_reference() for part in row.key.split(".")})
QUANTITIES = ["50ms", "2000/s", "0.1%", "5000 USD/month", ">= 0.97", "http://h:$PORT/", "a.b:c", "x.csv", "no", ".inf"]
YAML_PIECES = [
    *WORDS,
    *QUANTITIES,
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!x ",
    '"',
    "|",
    "\t",
]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(QUANTITIES + WORDS)
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=5),
    max_leaves=20,
)


def outcome(data: bytes) -> Settings | str:
    """The settings, or the message of the refusal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aiops.yml"
        path.write_bytes(data)
        try:
            return load_settings(path)
        except ConfigError as error:
            return error.message


def assert_loads_or_is_refused_in_clear_lines(data: bytes) -> None:
    result = outcome(data)
    if isinstance(result, str):
        assert result
        assert all(line.isprintable() and "aiops.yml" in line for line in result.split("\n"))


@given(st.binary(max_size=200))
@example(b'version: "\\ud800"\n')
@example(b"%YAML 9.9\n---\nversion: 1\n")
@example(b"version: " + b"9" * 5000)
@example(b"service: {port: " + b"1" * 5000 + b"}")
def test_any_bytes_load_or_are_refused(data):
    assert_loads_or_is_refused_in_clear_lines(data)


@given(st.lists(st.sampled_from(YAML_PIECES) | st.text(string.printable, max_size=3), max_size=40).map("".join))
def test_any_text_that_resembles_yaml_loads_or_is_refused(text):
    assert_loads_or_is_refused_in_clear_lines(f"version: 1\n{text}".encode())


@given(trees)
def test_any_tree_of_values_loads_or_is_refused(tree):
    with contextlib.suppress(yaml.YAMLError):
        assert_loads_or_is_refused_in_clear_lines(yaml.safe_dump({"version": 1, "service": tree}).encode())


@given(st.sampled_from([FULL, OFFERS]), st.integers(0, 900), st.integers(0, 30), st.sampled_from(YAML_PIECES))
def test_a_right_file_with_a_piece_replaced_loads_or_is_refused(text, start, length, piece):
    assert_loads_or_is_refused_in_clear_lines((text[:start] + piece + text[start + length :]).encode())


@given(st.sampled_from(config_reference()), trees)
def test_any_value_under_any_key_loads_or_is_refused(row, value):
    for part in reversed(row.key.replace("[]", ".[]").split(".")):
        value = [value] if part == "[]" else {part.strip("<>"): value}
    assert_loads_or_is_refused_in_clear_lines(yaml.safe_dump({"version": 1, **value}).encode())


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12), trees)
def test_a_value_in_the_environment_is_never_quoted(secret, shape):
    for value in ([secret], {"A": secret}, {"A": [secret]}, {"A": {"B": secret}}, [{"A": secret}, shape]):
        text = yaml.safe_dump({"version": 1, "service": {"name": "a", "environment": value, "port": "x"}})
        result = outcome(text.encode())
        assert isinstance(result, str)
        assert secret not in result
