"""Hypothesis strategies for any of our frozen values, read off their annotations."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 10**9),
    float: st.floats(1e-6, 1e9),
    str: st.text(max_size=8),
    type(None): st.none(),
}

OWN: dict[str, st.SearchStrategy[Any]] = {
    "generator_processes": st.integers(1, 64),  # at least one did the work
    "weights": st.just(()),  # else one for each hour, which no field knows by itself
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type: finite and positive numbers, and no empty series of numbers, as measurements have them."""
    if hint in SCALARS:
        return SCALARS[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of([values_of(member) for member in inner])
    if origin is tuple:
        holds_numbers = inner[0] in (int, float) or get_origin(inner[0]) is tuple
        return st.lists(values_of(inner[0]), min_size=int(holds_numbers), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=2)
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    members = {field.name: values_of(hints[field.name]) for field in fields(hint)}
    return st.builds(hint, **members | {name: OWN[name] for name in OWN.keys() & members.keys()})
