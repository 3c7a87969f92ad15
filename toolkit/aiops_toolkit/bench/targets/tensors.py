"""Inference requests of the Open Inference Protocol v2, made up from a model's own metadata."""

import json
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops_planner.errors import MeasurementError
from aiops_toolkit.bench.targets.prompts import common_words

MOST_BODIES = 8
VALUES_IN_ALL = 1_000_000
MOST_VALUES = 8_000_000
WHOLE_NUMBERS = 10  # from 0: small enough for any integer type, and for an index into a vocabulary

_INTEGERS = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))

Fill = Callable[[np.random.Generator, int], NDArray[Any]]


def make_bodies(metadata: Mapping[str, Any], *, seed: int) -> list[bytes]:
    """Up to eight request bodies with random inputs of the shapes in `metadata`; the same seed gives the same ones.

    A dimension of -1, any length, becomes 1. Raises MeasurementError for inputs that cannot be made up.
    """
    inputs = [_described(tensor) for tensor in _inputs_of(metadata)]
    values = sum(prod(shape) for _, _, shape in inputs)
    if values > MOST_VALUES:
        raise MeasurementError(
            f"the model's inputs have {values:,} values, too many to make up (limit {MOST_VALUES:,}): give payloads"
        )
    random = np.random.default_rng(seed)
    bodies = max(1, min(MOST_BODIES, VALUES_IN_ALL // max(values, 1)))
    return [json.dumps({"inputs": [_filled(tensor, random) for tensor in inputs]}).encode() for _ in range(bodies)]


def _inputs_of(metadata: Mapping[str, Any]) -> list[Any]:
    inputs = metadata.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise MeasurementError("the model's metadata name no inputs: give payloads")
    return inputs


def _described(tensor: object) -> tuple[str, str, list[int]]:
    """Name, datatype and shape of an input."""
    described = tensor if isinstance(tensor, dict) else {}
    name, datatype, shape = (described.get(key) for key in ("name", "datatype", "shape"))
    if not (isinstance(name, str) and isinstance(datatype, str) and isinstance(shape, list)):
        raise MeasurementError("an input in the model's metadata lacks its name, datatype or shape: give payloads")
    if not all(type(length) is int and length >= -1 for length in shape):
        raise MeasurementError(f"input {name} has the shape {shape}, which cannot be made up: give payloads")
    if datatype not in _FILLS:
        raise MeasurementError(
            f"input {name} is of datatype {datatype}, which JSON cannot carry or nobody defined: give payloads, "
            "or load the model as an http target with binary payloads"
        )
    return name, datatype, [1 if length == -1 else length for length in shape]


def _filled(described: tuple[str, str, list[int]], random: np.random.Generator) -> dict[str, Any]:
    name, datatype, shape = described
    return {"name": name, "datatype": datatype, "shape": shape, "data": _FILLS[datatype](random, prod(shape)).tolist()}


def _booleans(random: np.random.Generator, count: int) -> NDArray[np.bool_]:
    return random.integers(0, 2, count).astype(np.bool_)


def _integers(random: np.random.Generator, count: int) -> NDArray[np.int64]:
    return random.integers(0, WHOLE_NUMBERS, count)


def _floats(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    return random.uniform(0, 1, count).round(4)


def _texts(random: np.random.Generator, count: int) -> NDArray[np.str_]:
    return random.choice(common_words(), count)


_FILLS: Mapping[str, Fill] = {
    "BOOL": _booleans,
    "BYTES": _texts,
    "FP32": _floats,
    "FP64": _floats,
    **dict.fromkeys(_INTEGERS, _integers),
}
