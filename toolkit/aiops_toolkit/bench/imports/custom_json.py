"""The format for every other tool: a JSON object with a list of points, in the words and units of our own JSON."""

from collections.abc import Mapping
from dataclasses import replace

from aiops_planner.performance import PERCENTILES, Distribution, LoadPoint
from aiops_toolkit.bench.imports.figures import Results, Tally, at_rate, by_clients, measured_point, times
from aiops_toolkit.bench.imports.reading import Fields, ResultFile, wrong

FIELDS = ("source", "notes", "points")
POINT_FIELDS = (
    "concurrency",
    "offered_rps",
    "window_s",
    "requests",
    "errors_by_kind",
    "response_s",
    "service_s",
    "mean_concurrency",
    "service_cpu_s",
    "service_memory_bytes",
)
TIME_FIELDS = ("mean", *PERCENTILES)


def read_custom_json(file: ResultFile) -> Results:
    """The points of the list, each with either `concurrency` (closed loop) or `offered_rps` (open loop)."""
    file.refuse_select("every point of the list is taken")
    document = file.document()
    _check_names(document, FIELDS)
    points = tuple(_point(fields) for fields in document.sections("points"))
    if not points:
        raise file.refuse("its list of points is empty", "write one object for each load that was held")
    return Results(points=points, source=document.text("source") or "another tool", notes=_notes(document))


def _notes(document: Fields) -> tuple[str, ...]:
    notes = document.values.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise wrong(document.file, "notes", notes, "a list of sentences")
    return tuple(notes)


def _point(fields: Fields) -> LoadPoint:
    _check_names(fields, POINT_FIELDS)
    if ("concurrency" in fields) == ("offered_rps" in fields):
        raise fields.file.refuse(
            f"{fields.place}: expected either concurrency or offered_rps",
            "give the number of clients of a closed loop, or the rate of an open one",
        )
    errors = {kind: count for kind, count in _errors(fields).items() if count}
    tally = Tally(window_s=fields.number("window_s"), requests=fields.whole("requests"), errors_by_kind=errors)
    samples = tally.requests - sum(errors.values())
    point = measured_point(fields.file, tally, _times(fields, "response_s", samples))
    point = replace(
        point,
        service_s=_times(fields, "service_s", samples),
        mean_concurrency=fields.optional("mean_concurrency") or point.mean_concurrency,
        service_cpu_s=fields.optional("service_cpu_s"),
        service_memory_bytes=fields.whole("service_memory_bytes") if "service_memory_bytes" in fields else None,
    )
    if "offered_rps" in fields:
        return at_rate(point, _positive(fields, "offered_rps"), None, from_schedule=True)
    return by_clients(point, int(_positive(fields, "concurrency")))


def _errors(fields: Fields) -> Mapping[str, int]:
    if "errors_by_kind" not in fields:
        return {}
    kinds = fields.section("errors_by_kind")
    return {kind: kinds.whole(kind) for kind in kinds.values}


def _times(fields: Fields, name: str, samples: int) -> Distribution | None:
    if name not in fields:
        return None
    found = fields.section(name)
    _check_names(found, TIME_FIELDS)
    return times(found.number("mean"), samples, {key: found.optional(key) for key in PERCENTILES})


def _positive(fields: Fields, name: str) -> float:
    value = fields.whole(name) if name == "concurrency" else fields.number(name)
    if value <= 0:
        raise wrong(fields.file, fields.path(name), fields.values[name], "a number above 0")
    return value


def _check_names(fields: Fields, known: tuple[str, ...]) -> None:
    for name in fields.values:
        if name not in known:
            raise fields.file.refuse(
                f"{fields.path(name)} is no field of this format", f"choose from {', '.join(known)}"
            )
