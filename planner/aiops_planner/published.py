"""Published curves of language models on GPUs: how fast a server answers with so many requests in flight.

The data is a dated snapshot inside the package; data/PROVENANCE.md says where it comes from and what it lacks.
"""

import csv
import io
import lzma
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import groupby
from statistics import fmean
from typing import NamedTuple

from aiops_planner.errors import CatalogError

UNSTATED = "unstated"
SOURCE = "ai-dynamo/aiconfigurator"
TELLING = ("p50", "ttft_p50", "tpot_p50")  # the limits that a mean can be held against
# Of repeated measurements of one setup at one load, 95 % are within 13.4 % of their mean in requests/s.
PUBLISHED_ERROR = 0.15


class Length(NamedTuple):
    """Tokens of a request and of its answer."""

    input_tokens: int
    output_tokens: int

    def __str__(self) -> str:
        return f"{self.input_tokens} + {self.output_tokens}"

    def covers(self, other: "Length") -> bool:
        """Whether a request of this length takes at least as much work as one of the other."""
        return self.input_tokens >= other.input_tokens and self.output_tokens >= other.output_tokens


class Setup(NamedTuple):
    """How one replica of a model is served: the software, and how it is spread over `gpus`.

    `version` and `expert_parallel` are None where nothing is said of them.
    """

    backend: str
    version: str | None
    gpus: int
    tensor_parallel: int
    attention_data_parallel: int
    expert_parallel: int | None

    def __str__(self) -> str:
        spread = (("TP", self.tensor_parallel), ("DP", self.attention_data_parallel), ("EP", self.expert_parallel or 1))
        degrees = [f"{name}{degree}" for name, degree in spread if degree > 1 or name == "TP"]
        return " ".join([self.backend, *([self.version] if self.version else []), *degrees])


class Reading(NamedTuple):
    """The mean times in seconds, to the first token and for each further one, at a number of requests in flight."""

    concurrency: float
    ttft_s: float
    tpot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How one replica answers requests of one length, a reading for each number of requests in flight.

    Readings are the means of repeated measurements, and neither time falls with the load: where the measurements do,
    neighbours are averaged (isotonic regression). `measured` is the date of the latest of them, None when unknown.
    """

    model: str
    system: str
    precision: str
    setup: Setup
    length: Length
    readings: tuple[Reading, ...]
    measured: str | None

    def response_s(self, reading: Reading) -> float:
        """The mean time of a whole answer."""
        return reading.ttft_s + reading.tpot_s * (self.length.output_tokens - 1)

    def rps(self, reading: Reading) -> float:
        """Requests/s by Little's law: those in flight divided by the mean time of an answer."""
        return reading.concurrency / self.response_s(reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of the published curves are meant; None where any will do.

    `model` is the full name, or what follows its slash.
    """

    model: str
    precision: str | None = None
    backend: str | None = None
    version: str | None = None


@cache
def load_curves() -> tuple[Curve, ...]:
    """Every curve that is shipped with the package; read once."""
    packed = files("aiops_planner").joinpath("data/llm_curves.csv.xz").read_bytes()
    rows = csv.DictReader(io.StringIO(lzma.decompress(packed).decode()))
    return tuple(_curve(list(group)) for _, group in groupby(rows, key=_identity))


def find_curves(choice: Choice) -> tuple[Curve, ...]:
    """The curves of a choice.

    Raises CatalogError, with what is published, for a name that nothing is published of, and for no precision where
    there are several, which are not the same model to its users.
    """
    full_name = "/" in choice.model
    curves = _named("model", choice.model, load_curves(), lambda curve: curve.model.split("/", 1 - full_name)[-1])
    precisions = sorted({curve.precision for curve in curves})
    if choice.precision is None and len(precisions) > 1:
        raise CatalogError(
            f"capacity.published.precision: found nothing, but {curves[0].model} is published in "
            f"{', '.join(precisions)}; choose the one that you serve"
        )
    curves = _named("precision", choice.precision, curves, lambda curve: curve.precision)
    curves = _named("backend", choice.backend, curves, lambda curve: curve.setup.backend)
    return _named("version", choice.version, curves, lambda curve: curve.setup.version or UNSTATED)


def check_length(curves: Iterable[Curve], request_class: str, length: Length) -> None:
    """Raise CatalogError, with the lengths that are published, unless one of the curves is of requests as long."""
    known = sorted({curve.length for curve in curves})
    if not any(published.covers(length) for published in known):
        raise CatalogError(
            f"capacity.published: no curve is of requests as long as those of {request_class!r}, {length} tokens; "
            f"published are {', '.join(map(str, known))}, and nothing is extrapolated: measure it, and give what a "
            "machine carries under capacity.profiles"
        )


def _named(key: str, name: str | None, curves: tuple[Curve, ...], called: Callable[[Curve], str]) -> tuple[Curve, ...]:
    """The curves that are called by a name, in any case; all without a name."""
    if name is None:
        return curves
    found = tuple(curve for curve in curves if called(curve).lower() == name.lower())
    if found:
        return found
    known = {called(curve).lower(): called(curve) for curve in curves}
    near = [known[match] for match in get_close_matches(name.lower(), known, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"published are {', '.join(sorted(known.values()))}"
    of = "" if key == "model" else f" of {curves[0].model}"
    raise CatalogError(f"capacity.published.{key}: there is no curve{of} for {name!r}; {hint}")


def _identity(row: Mapping[str, str]) -> tuple[str, ...]:
    """All that tells one curve from another."""
    return tuple(row[column] for column in row if column not in ("concurrency", "ttft_ms", "tpot_ms", "measured"))


def _curve(rows: Sequence[Mapping[str, str]]) -> Curve:
    """The curve of rows that differ in concurrency, or are repeated measurements."""
    first = rows[0]
    return Curve(
        model=first["model"],
        system=first["system"],
        precision=first["precision"] or UNSTATED,
        setup=Setup(
            backend=first["backend"],
            version=first["version"] or None,
            gpus=int(first["gpus"]),
            tensor_parallel=int(first["tensor_parallel"]),
            attention_data_parallel=int(first["attention_data_parallel"]),
            expert_parallel=int(first["expert_parallel"]) if first["expert_parallel"] else None,
        ),
        length=Length(int(first["input_tokens"]), int(first["output_tokens"])),
        readings=tuple(_readings(rows)),
        measured=max(row["measured"] for row in rows) or None,
    )


def _readings(rows: Sequence[Mapping[str, str]]) -> Iterator[Reading]:
    loads = sorted({int(row["concurrency"]) for row in rows})

    def rising_s(column: str) -> list[float]:
        means = [fmean(float(row[column]) for row in rows if int(row["concurrency"]) == load) for load in loads]
        return [milliseconds / 1e3 for milliseconds in isotonic(means)]

    for load, ttft_s, tpot_s in zip(loads, rising_s("ttft_ms"), rising_s("tpot_ms"), strict=True):
        yield Reading(load, ttft_s, tpot_s)


def isotonic(values: Sequence[float]) -> list[float]:
    """The nearest values, by least squares, that never fall: value i is max over j <= i of min over k >= i of the mean.

    The min-max formula of isotonic regression (Barlow et al., 1972); for a handful of values.
    """
    count = len(values)
    return [
        max(min(fmean(values[low : high + 1]) for high in range(place, count)) for low in range(place + 1))
        for place in range(count)
    ]
