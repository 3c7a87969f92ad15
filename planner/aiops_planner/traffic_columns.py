"""The first row of a file of traffic: a time column and one column a request class, and what is found in its place."""

from aiops_planner.demand import SINGLE_CLASS
from aiops_planner.errors import UsageError
from aiops_planner.timestamps import is_time

_GENERIC_NAMES = ("requests", "request_count", "value", "count", "counts", "rate", "rps", "mean_rps")
_COMMAS = "write commas between them, and a point for decimals, like 0,1500.5"


def header(cells: list[str], source: str) -> list[str]:
    """The names in a header "hour,class,...", each there once. Raises UsageError that says what is there instead."""
    names = [cell.strip() for cell in cells]
    if len(names) < 2 or "" in names or is_time(names[0]) or names[0].startswith(("<", "{", "[", "sep=")):
        found = ",".join(names)
        if not found:
            raise UsageError(f"{source}: is empty; write hour,requests and below it one row an hour, like 0,1500")
        raise UsageError(f"{source}:1: {_instead(found)}")
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise UsageError(f"{source}:1: column {twice!r} is there twice; name each class once")
    return names


def _instead(found: str) -> str:
    """What stands in place of a header, and what to do about it."""
    separator = next((name for sign, name in ((";", "semicolons"), ("\t", "tabs")) if sign in found), None)
    if not found.replace("\t", "").isprintable():
        return "is no text but perhaps a spreadsheet or an archive; save it as CSV in UTF-8"
    if found.startswith(("<", "{", "[")):
        return f"begins with {found[:20]!r}, which is no CSV; write hour,requests and rows of numbers"
    if separator is not None:
        return f"its columns are parted by {separator}; {_COMMAS}"
    return (
        f"the header is {found[:60]!r}; write hour,requests or a time and one column a class; "
        "for a file with one row a request say rows: arrivals"
    )


def classes(names: list[str], column: str | None, source: str) -> tuple[tuple[str, ...], list[int]]:
    """The request classes, and the places of their columns. A column that says "requests" names no class."""
    if column is not None:
        if column not in names[1:]:
            raise UsageError(f"{source}:1: there is no column {column[:40]!r}; there are {', '.join(names[1:])[:200]}")
        return (SINGLE_CLASS,), [names.index(column)]
    if len(names) == 2 and names[1].lower() in _GENERIC_NAMES:
        return (SINGLE_CLASS,), [1]
    return tuple(names[1:]), list(range(1, len(names)))
