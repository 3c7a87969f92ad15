"""Our JSON: the one module that writes, reads and describes the documents that values travel in.

A document is a value's fields plus its public properties, so that a reader needs no formula; on reading, properties are
dropped and computed again. `schema` names the kind and version of a document.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from aiops_planner.errors import DocumentError

MAX_BYTES = 50_000_000

Value = TypeVar("Value")

_REDO = "write it again with aiops, or restore it from where it was copied"
_PLANS = {"infeasible": "Infeasible"}


def to_json(value: Any) -> str:
    """The document of a value: indented by two, fields first in their order, then properties, one newline at the end.

    Raises DocumentError for a number that is not finite, naming where it stands.
    """
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_plain(value: Any, path: str = "") -> Any:
    """The same document as dicts, lists, strings, numbers, booleans and None."""
    if is_dataclass(value):
        names = [field.name for field in fields(value)] + list(derived_names(type(value)))
        return {name: to_plain(_read(value, name, path), f"{path}.{name}".lstrip(".")) for name in names}
    if isinstance(value, Mapping):
        return {_text(str(key)): to_plain(entry, f"{path}.{key}") for key, entry in value.items()}
    if isinstance(value, (str, Path)):
        return _text(str(value))
    if isinstance(value, Sequence):
        return [to_plain(entry, f"{path}[{index}]") for index, entry in enumerate(value)]
    return _number(value, path)


def from_json(text: str | bytes, kind: type[Value], source: str) -> Value:
    """The value a document stands for; `source` names it in messages, usually its path.

    Raises DocumentError for text that is not JSON, cut short, too large, of another schema or a newer version of it,
    and for a field that is missing, of the wrong type or not finite.
    """
    if len(text) > MAX_BYTES:
        raise _too_large(source)
    data = _decode(text, source)
    _check_schema(data, _schema_of(kind), source)
    value: Value = _validated(data, kind, source)
    return value


def read_document(path: Path, kind: type[Value]) -> Value:
    """The value of a document in a file. Raises DocumentError, also for a file that is not there or cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(str(path))
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}; check the path and its permissions") from error
    return from_json(content, kind, str(path))


def json_schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the documents that `to_json` writes for this type, properties included."""
    described = _adapter(kind).json_schema(mode="serialization", schema_generator=_WritingSide)
    return {"$schema": GenerateJsonSchema.schema_dialect, **described}


def derived_names(kind: Any) -> tuple[str, ...]:
    """The public properties of a class, base classes first, in the order they are written."""
    found = {
        name: None
        for ancestor in reversed(kind.__mro__)
        for name, member in vars(ancestor).items()
        if isinstance(member, property) and not name.startswith("_")
    }
    return tuple(found)


class _WritingSide(GenerateJsonSchema):
    """Describes what is written: every field and property is there, and nothing else."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        described = super().dataclass_schema(schema)
        for name in derived_names(schema["cls"]):
            getter = vars(schema["cls"])[name].fget
            entry = TypeAdapter(get_type_hints(getter)["return"]).json_schema()
            described["properties"][name] = entry | {"description": getter.__doc__}
        for entry in described["properties"].values():
            entry.pop("default", None)  # nothing is left out when writing
        return described | {"required": list(described["properties"]), "additionalProperties": False}


def _validated(data: Any, kind: Any, source: str) -> Any:
    try:
        value = _adapter(kind).validate_json(_text(json.dumps(data, ensure_ascii=False)), strict=True)
    except ValidationError as error:
        raise DocumentError(f"{source}: {_describe(error, data)}; {_REDO}") from error
    try:
        to_plain(value)
    except DocumentError as error:
        raise DocumentError(f"{source}: {error.message}; {_REDO}") from error
    return value


def _decode(text: str | bytes, source: str) -> Any:
    """What the JSON holds, with finite numbers only."""
    try:
        data = json.loads(text)
        infinite = next(_not_finite(data, ""), None)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
            message = f"is cut short at {where}; the disk may have been full when it was written"
        else:
            message = f"is not JSON: {error.msg.lower()} at {where}"
        raise DocumentError(f"{source}: {message}; {_REDO}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{source}: is not UTF-8 text at byte {error.start}; {_REDO}") from error
    except (ValueError, RecursionError) as error:
        reason = "a number is too long" if isinstance(error, ValueError) else "it is nested too deeply"
        raise DocumentError(f"{source}: is not a document of aiops: {reason}; {_REDO}") from error
    if infinite is not None:
        raise DocumentError(f"{source}: {infinite} is not a finite number; {_REDO}")
    return data


def _check_schema(data: Any, expected: str, source: str) -> None:
    found = data.get("schema") if isinstance(data, dict) else None
    if found == expected:
        return
    if not isinstance(found, str):
        raise DocumentError(f'{source}: is not a document of aiops: it has no "schema"; expected {expected}')
    family, _, version = expected.rpartition("/")
    found_family, _, found_version = found.rpartition("/")
    if found_family == family and found_version.isdecimal() and int(found_version) > int(version):
        raise DocumentError(
            f"{source}: was written by a newer aiops-action ({found}, this one reads {expected}); update aiops-action"
        )
    raise DocumentError(f"{source}: is of schema {_shown(found)}, expected {expected}; check that it is the right file")


def _describe(error: ValidationError, data: Any) -> str:
    """The first mistake in words: path, what was expected, what was found."""
    details = error.errors(include_url=False)
    first = next((entry for entry in details if _is_right_branch(entry, data)), details[0])
    path = (
        "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in _keys(first)).lstrip(".") or "the document"
    )
    if first["type"] == "missing":
        return f"{path} is missing"
    expected = first["msg"].removeprefix("Input should be ")
    return f"{path} should be {expected}, found {_shown(first['input'])}"


def _keys(entry: ErrorDetails) -> list[str | int]:
    """The way to a mistake, without the class names that pydantic adds for members of a union."""
    return [key for key in entry["loc"] if key not in ("Plan", "Infeasible")]


def _is_right_branch(entry: ErrorDetails, data: Any) -> bool:
    """Whether a mistake belongs to the member of the union that the document's own status asks for."""
    for position, key in enumerate(entry["loc"]):
        if key in ("Plan", "Infeasible"):
            for step in entry["loc"][:position]:
                data = data[step]
            status = data.get("status") if isinstance(data, dict) else None
            return key == _PLANS.get(str(status), "Plan")
    return True


def _not_finite(data: Any, path: str) -> Iterator[str]:
    if isinstance(data, float) and not math.isfinite(data):
        yield path
    elif isinstance(data, dict):
        for key, entry in data.items():
            yield from _not_finite(entry, f"{path}.{key}".lstrip("."))
    elif isinstance(data, list):
        for index, entry in enumerate(data):
            yield from _not_finite(entry, f"{path}[{index}]")


def _read(value: Any, name: str, path: str) -> Any:
    try:
        return getattr(value, name)
    except (ArithmeticError, ValueError) as error:
        where = f"{path}.{name}".lstrip(".")
        raise DocumentError(f"{where} cannot be computed from the figures beside it ({error})") from error


def _number(value: Any, path: str) -> bool | int | float | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if not isinstance(value, Real):
        raise TypeError(f"{path}: a {type(value).__name__} has no place in a document")
    if not math.isfinite(value):
        raise DocumentError(f"{path} is {value}: only finite numbers can be written")
    return float(value)


def _text(text: str) -> str:
    """Text that UTF-8 can carry: lone surrogates, as undecodable file names and subjects have them, become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shown(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _too_large(source: str) -> DocumentError:
    return DocumentError(f"{source}: is larger than {MAX_BYTES // 1_000_000} MB, which no report is; check the path")


def _schema_of(kind: Any) -> str:
    (schema,) = (field.default for field in fields(kind) if field.name == "schema")
    return str(schema)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
