"""The command line a person left above a tool's output, for what the tool itself does not print."""

import re
import shlex
from itertools import zip_longest


def last_command(text: str, tool: str) -> str | None:
    """The options of the last line of `text` that calls `tool`, also after a prompt or as `set -x` writes it."""
    lines = re.findall(rf"^[\s$#>+]*(?:\S*/)?{tool}[ \t]+(\S.*)$", text, re.MULTILINE)
    return str(lines[-1]) if lines else None


def option(options: str | None, short: str, long: str) -> str | None:
    """The value of an option in such a line: -R500, -R 500, --rate 500 or --rate=500; None where it is not given."""
    try:
        words = shlex.split(options or "", comments=True)
    except ValueError:  # an open quotation mark: what stands before it is lost too
        return None
    for word, following in zip_longest(words, words[1:]):
        if word in {short, long}:
            return following
        if word.startswith(f"{long}="):
            return word.removeprefix(f"{long}=")
        if word.startswith(short) and not word.startswith("--"):
            return word.removeprefix(short)
    return None
