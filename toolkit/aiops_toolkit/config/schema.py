"""The JSON Schema of aiops.yml, for editors. `python -m aiops_toolkit.config.schema` writes the shipped file anew."""

import json
from pathlib import Path

from aiops_toolkit.config.grammar import FILE
from aiops_toolkit.config.kinds import Schema

SCHEMA_PATH = Path(__file__).with_name("aiops.schema.json")
SCHEMA_URL = "https://raw.githubusercontent.com/org/aiops-action/v1/toolkit/aiops_toolkit/config/aiops.schema.json"


def config_schema() -> Schema:
    """The schema, in draft 7 because that is what editors understand best."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": SCHEMA_URL,
        "title": "aiops.yml",
        "description": "Configuration of aiops-action: the service, its tests, its benchmarks and the fleet to size.",
        **FILE.schema(),
    }


def schema_text() -> str:
    """The shipped file's text."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
