"""The files the catalog is kept in: the snapshot inside the package, and the prices a user has refreshed over it.

Both are compressed CSV in the columns of `machine_types`. The refreshed file begins with one more line, `# ` and a JSON
object, that says which regions it replaces and since when; all others are those of the snapshot.
"""

import csv
import io
import json
import lzma
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from aiops_planner.machine_types import CLOUD, COLUMNS, REGION, have_numbers

SCHEMA = "aiops/catalog/1"
PATH_VARIABLE = "AIOPS_CATALOG"

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """When the prices of a region were fetched (date and time in UTC, ISO 8601), and from which interfaces."""

    at: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CatalogRows:
    """Every row in effect, sorted, and where they come from. The same files give the same object.

    `path` is where refreshed prices are kept, None when they are switched off; `refreshed` names the regions they
    replace as "cloud/region". `warning` says why a refreshed file was not used.
    """

    rows: Rows
    path: Path | None = None
    refreshed: Mapping[str, Refreshed] = field(default_factory=dict)
    warning: str | None = None


def refreshed_path(environment: Mapping[str, str]) -> Path | None:
    """Where refreshed prices are kept; None when AIOPS_CATALOG is set to nothing, which leaves the snapshot alone."""
    chosen = environment.get(PATH_VARIABLE)
    if chosen is not None:
        return Path(chosen) if chosen else None
    cache_home = environment.get("XDG_CACHE_HOME")
    base = Path(cache_home) if cache_home and Path(cache_home).is_absolute() else Path.home() / ".cache"
    return base / "aiops-action" / "catalog.csv.xz"


def open_catalog(environment: Mapping[str, str] = os.environ) -> CatalogRows:
    """The rows in effect: refreshed ones where there are any, else the snapshot's.

    A refreshed file that is damaged or of another format is not used, and `warning` says so.
    """
    path = refreshed_path(environment)
    try:
        stamp = path.stat() if path is not None else None
    except OSError:
        stamp = None
    if path is None or stamp is None:
        return _shipped(path)
    return _merged(path, stamp.st_mtime_ns, stamp.st_size)


@cache
def _snapshot() -> Rows:
    """The rows shipped with the package; read once."""
    return _parsed(files("aiops_planner").joinpath("data/catalog.csv.xz").read_bytes())[1]


@lru_cache(maxsize=1)
def _shipped(path: Path | None) -> CatalogRows:
    return CatalogRows(rows=_snapshot(), path=path)


@lru_cache(maxsize=1)
def _merged(path: Path, _modified_ns: int, _size: int) -> CatalogRows:
    """The snapshot with the regions of the file at `path` in the place of its own; read again when the file changes."""
    try:
        refreshed, rows = read_refreshed(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return CatalogRows(
            rows=_snapshot(),
            path=path,
            warning=f"the refreshed prices in {path} are not used ({reason}), but those of the snapshot; "
            "write them anew with `aiops catalog refresh`",
        )
    kept = (row for row in _snapshot() if f"{row[CLOUD]}/{row[REGION]}" not in refreshed)
    return CatalogRows(rows=tuple(sorted((*kept, *rows))), path=path, refreshed=refreshed)


def read_refreshed(packed: bytes) -> tuple[Mapping[str, Refreshed], Rows]:
    """What a refreshed file says of its regions, and its rows. Raises ValueError for one that cannot be used."""
    header, rows = _parsed(packed)
    if not header.startswith("# "):
        raise ValueError("it does not say which regions it holds")
    try:
        record = json.loads(header[2:])
        if record["schema"] != SCHEMA:
            raise ValueError(f"its format is {record['schema']}, and this version reads {SCHEMA}")
        refreshed = {
            str(place): Refreshed(at=str(entry["at"]), source=str(entry["source"]))
            for place, entry in record["refreshed"].items()
        }
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError("its first line is damaged") from None
    if {f"{row[CLOUD]}/{row[REGION]}" for row in rows} != set(refreshed):
        raise ValueError("its rows are not of the regions it names")
    if not have_numbers(rows):
        raise ValueError("a row of it has something else where a number belongs")
    return refreshed, rows


def pack_refreshed(refreshed: Mapping[str, Refreshed], rows: Iterable[tuple[str, ...]]) -> bytes:
    """The bytes of a refreshed file."""
    record = {
        "schema": SCHEMA,
        "refreshed": {place: {"at": entry.at, "source": entry.source} for place, entry in sorted(refreshed.items())},
    }
    text = io.StringIO()
    text.write(f"# {json.dumps(record, separators=(',', ':'))}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(rows))
    return lzma.compress(text.getvalue().encode())


def _parsed(packed: bytes) -> tuple[str, Rows]:
    """The line before the columns, empty when there is none, and the rows. Raises ValueError for anything else."""
    try:
        text = lzma.decompress(packed).decode()
    except (lzma.LZMAError, EOFError, UnicodeDecodeError):
        raise ValueError("it is cut short or no compressed text") from None
    header, _, rest = text.partition("\n") if text.startswith("#") else ("", "", text)
    reader = csv.reader(io.StringIO(rest))
    if tuple(next(reader, ())) != COLUMNS:
        raise ValueError("its columns are not those this version knows")
    rows = tuple(map(tuple, reader))
    if any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError("a row of it is cut short")
    return header, rows
