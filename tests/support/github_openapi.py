"""GitHub's own description of its API, as a judge of what is sent to the loopback GitHub and of what that answers."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).parent.parent / "data" / "github" / "openapi.json"


@cache
def openapi() -> dict[str, Any]:
    """The document, with OpenAPI 3.0's `nullable` rewritten to what JSON Schema knows."""
    return _nullable(json.loads(DOCUMENT.read_text(encoding="utf-8")))


def _nullable(node: Any) -> Any:
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    copied = {key: _nullable(value) for key, value in node.items()}
    if copied.pop("nullable", None) is True:
        return {"anyOf": [copied, {"type": "null"}]}
    return copied


def find_operation(method: str, path: str) -> tuple[str, str] | None:
    """The template of a path and the method, when the document has such an operation."""
    for template, methods in openapi()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return template, method.lower()
    return None


def request_problems(operation: tuple[str, str], body: Any) -> list[str]:
    """What the document holds against a request's body."""
    described = _described(operation).get("requestBody")
    if described is None:
        return [] if body is None else ["a body where none is taken"]
    return _problems((*operation, "requestBody", "content", "application/json", "schema"), body)


def response_problems(operation: tuple[str, str], status: int, body: Any) -> list[str]:
    """What the document holds against an answer."""
    described = _described(operation)["responses"].get(str(status))
    if described is None or "content" not in described:
        return []
    return _problems((*operation, "responses", str(status), "content", "application/json", "schema"), body)


def _described(operation: tuple[str, str]) -> dict[str, Any]:
    template, method = operation
    return openapi()["paths"][template][method]


def _problems(keys: tuple[str, ...], value: Any) -> list[str]:
    pointer = "/".join(key.replace("~", "~0").replace("/", "~1") for key in ("paths", *keys))
    validator = Draft202012Validator({**openapi(), "$ref": f"#/{pointer}"})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
