"""Cut GitHub's OpenAPI document down to the operations that the loopback GitHub answers.

Usage: npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
       python cut_openapi.py package/generated/api.github.com.json > openapi.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OPERATIONS = {
    "/user": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("get", "patch", "delete"),
}
# Prose and examples: nothing that decides whether a document is valid.
PROSE = ("description", "example", "examples", "externalDocs", "summary", "tags", "x-github", "x-octokit")


def without_prose(node: Any) -> Any:
    """The same document without its prose; a schema's property may well be called description, and stays."""
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    is_schema = "$ref" not in node and isinstance(node.get("properties"), dict)
    kept = {key: without_prose(value) for key, value in node.items() if key not in PROSE}
    if is_schema:
        kept["properties"] = {name: without_prose(schema) for name, schema in node["properties"].items()}
    return kept


def references(node: Any) -> Iterator[str]:
    """Every $ref below a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """The operations, and the components they refer to, directly or not."""
    paths = {
        path: {method: without_prose(document["paths"][path][method]) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    wanted = list(references(paths))
    while wanted:
        _, _, kind, name = wanted.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = without_prose(document["components"][kind][name])
            wanted += references(components[kind][name])
    ordered = {kind: dict(sorted(parts.items())) for kind, parts in sorted(components.items())}
    return {"openapi": document["openapi"], "info": document["info"], "paths": paths, "components": ordered}


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(cut(whole), sys.stdout, indent=1)
    sys.stdout.write("\n")
