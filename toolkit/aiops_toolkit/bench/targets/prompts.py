"""Prompts for language models: read from a file, or made up of common words to a given length."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.targets.payloads import MAX_PAYLOAD_BYTES
from aiops_toolkit.config.targets import SyntheticPrompts

WORDS_PER_TOKEN = 0.75  # of English prose under common tokenizers; the server's own `usage` has the truth

Prompt = str | list[dict[str, Any]]
"""A text, or the messages of a conversation."""


def read_prompts(file: str, *, root: Path) -> list[Prompt]:
    """The prompts of a file below `root`, one a line; empty lines are skipped.

    A line that starts with { is JSON: {"prompt": "..."} or {"messages": [...]}. Other keys of it are ignored. Raises
    UsageError with the line's number for one that cannot be read.
    """
    path = root / file
    try:
        size = path.stat().st_size
        if size > MAX_PAYLOAD_BYTES:
            raise UsageError(f"prompts: {file} is larger than {MAX_PAYLOAD_BYTES >> 20} MB; choose fewer prompts")
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"prompts: {file} cannot be read in {root.resolve()} ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"prompts: {file} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    prompts = [
        _prompt(line.strip(), f"prompts: {file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not prompts:
        raise UsageError(f"prompts: {file} holds no prompt; write one a line")
    return prompts


def make_prompts(synthetic: SyntheticPrompts, *, seed: int) -> list[Prompt]:
    """Prompts of random common words, about `input_tokens` tokens each; the same seed gives the same ones."""
    random = np.random.default_rng(seed)
    length = max(1, round(synthetic.input_tokens * WORDS_PER_TOKEN))
    words = common_words()
    return [" ".join(random.choice(words, length)) for _ in range(synthetic.count)]


def common_words() -> list[str]:
    """Some hundred English words, most of them one token long."""
    return files(__package__).joinpath("words.txt").read_text(encoding="utf-8").split()


def _prompt(line: str, where: str) -> Prompt:
    if not line.startswith("{"):
        return line
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f'{where}: starts with {{ but is not JSON ({error}); mend it, or write {{"prompt": ...}}'
        ) from None
    prompt, messages = value.get("prompt"), value.get("messages")
    if isinstance(prompt, str) and prompt and messages is None:
        return prompt
    if prompt is None and isinstance(messages, list) and messages and all(map(_is_message, messages)):
        return messages
    raise UsageError(
        f'{where}: expected {{"prompt": "text"}} or {{"messages": [{{"role": "user", "content": "text"}}]}}'
    )


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str)
