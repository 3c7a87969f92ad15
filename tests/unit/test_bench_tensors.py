"""Inference requests are made up from a model's metadata, always the same for a seed, or refused with the reason."""

import json
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.targets.tensors import make_bodies


def metadata(datatype: Any = "FP32", shape: Any = (-1, 4), name: Any = "x") -> dict[str, Any]:
    return {"name": "m", "inputs": [{"name": name, "datatype": datatype, "shape": list(shape)}]}


def inputs_of(body: bytes) -> list[dict[str, Any]]:
    inputs: list[dict[str, Any]] = json.loads(body)["inputs"]
    return inputs


@pytest.mark.parametrize(
    ("datatype", "kind", "low", "high"),
    [
        ("BOOL", bool, False, True),
        ("UINT8", int, 0, 9),
        ("INT64", int, 0, 9),
        ("FP32", float, 0.0, 1.0),
        ("FP64", float, 0.0, 1.0),
        ("BYTES", str, "about", "young"),
    ],
)
def test_values_are_of_the_datatype_and_small(datatype, kind, low, high):
    (tensor,) = inputs_of(make_bodies(metadata(datatype, (2, 30)), seed=1)[0])
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("x", datatype, [2, 30])
    assert {type(value) for value in tensor["data"]} == {kind}
    assert low <= min(tensor["data"]) < max(tensor["data"]) <= high


@given(st.lists(st.integers(-1, 4), max_size=4))
def test_shapes_are_kept_and_any_length_becomes_one(shape):
    (tensor,) = inputs_of(make_bodies(metadata(shape=shape), seed=1)[0])
    assert tensor["shape"] == [1 if length == -1 else length for length in shape]
    assert len(tensor["data"]) == prod(tensor["shape"])


def test_a_seed_makes_the_same_bodies_again():
    first, second = make_bodies(metadata(), seed=1), make_bodies(metadata(), seed=1)
    assert first == second
    assert len(set(first)) == 8
    assert set(first).isdisjoint(make_bodies(metadata(), seed=2))


def test_large_inputs_are_made_up_fewer_times():
    assert [len(make_bodies(metadata(shape=(count,)), seed=1)) for count in (1000, 400_000, 1_100_000)] == [8, 2, 1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "the model's metadata name no inputs: give payloads"),
        ({"inputs": []}, "name no inputs"),
        ({"inputs": "x"}, "name no inputs"),
        ({"inputs": ["x"]}, "lacks its name, datatype or shape"),
        (metadata(name=None), "lacks its name"),
        (metadata(datatype=7), "lacks its name, datatype"),
        ({"inputs": [{"name": "x", "datatype": "FP32"}]}, "lacks its name, datatype or shape"),
        (metadata(shape=("a",)), r"input x has the shape \['a'\]"),
        (metadata(shape=(-2,)), r"input x has the shape \[-2\]"),
        (metadata(shape=(True,)), r"input x has the shape \[True\]"),
        (metadata(datatype="FP16"), "input x is of datatype FP16, which JSON cannot carry"),
        (metadata(datatype="BF16"), "input x is of datatype BF16"),
        (metadata(shape=(4000, 4000)), "16,000,000 values, too many to make up"),
    ],
)
def test_what_cannot_be_made_up_is_refused_with_the_reason(answer, said):
    with pytest.raises(MeasurementError, match=said):
        make_bodies(answer, seed=1)
