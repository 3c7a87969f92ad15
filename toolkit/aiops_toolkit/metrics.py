"""The metrics tests write for their gates: a flat JSON object of finite numbers, and nothing else."""

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiops_planner.errors import CheckError
from aiops_reports.record import Gate
from aiops_toolkit.config.settings import Comparison, GateSettings
from aiops_toolkit.masking import masked

LARGEST_FILE_BYTES = 2**20
LONGEST_NAME = 200
_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
}


def read_metrics(path: Path, *, secrets: Iterable[str] = ()) -> dict[str, float]:
    """Read the metrics; none when no file was written.

    Raises CheckError, with the reason alone as its message, naming the key that is wrong without the secrets in it.
    """
    if not path.exists():
        return {}
    document = _load(path)
    if not isinstance(document, dict):
        raise CheckError(f'it holds {_kind(document)}, expected an object of numbers such as {{"accuracy": 0.98}}')
    secrets = tuple(secrets)
    return {
        _checked(name, masked(name, secrets)): _number(masked(name, secrets), value) for name, value in document.items()
    }


def apply_gates(gates: Iterable[GateSettings], metrics: Mapping[str, float]) -> tuple[Gate, ...]:
    """Hold each metric against its gate; a metric that was not written fails it."""
    return tuple(_apply(gate, metrics.get(gate.metric)) for gate in gates)


def _apply(gate: GateSettings, value: float | None) -> Gate:
    passed = value is not None and _COMPARE[gate.comparison](value, gate.threshold)
    return Gate(metric=gate.metric, condition=gate.condition, value=value, passed=passed)


def _load(path: Path) -> Any:
    if not path.is_file():  # a pipe would be waited for
        raise CheckError("it is no regular file")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise CheckError(f"it has {size / 2**20:.1f} MiB, at most 1 is read")
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repetition)
    except OSError as error:
        raise CheckError(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CheckError("it is not UTF-8 text") from error
    except RecursionError as error:
        raise CheckError("it is nested too deeply, expected a flat object of numbers") from error
    except ValueError as error:
        raise CheckError(f"it is broken JSON: {error}") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise CheckError(f"{name!r} is given twice")
        found[name] = value
    return found


def _checked(name: str, shown: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise CheckError(f"{shown[:40]!r} is no name for a metric: 1 to {LONGEST_NAME} printable characters are")
    return name


def _number(shown: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CheckError(f"{shown!r} is {_kind(value)}, expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise CheckError(f"{shown!r} is {number}, expected a finite number")
    return number


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
