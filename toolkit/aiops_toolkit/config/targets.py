"""What a benchmark can load, as aiops.yml says it. Paths are relative to aiops.yml, times are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ImportFormat = Literal[
    "k6", "locust", "aiperf", "wrk", "wrk2", "hey", "pytest-benchmark", "google-benchmark", "custom-json"
]
Order = Literal["cycle", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """How load arrives: open-loop `arrivals` (a word, or the path of a trace to replay) from `processes` processes."""

    arrivals: str = "poisson"
    processes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """How https servers are verified; `ca` is a PEM file of authorities to trust instead of the system's."""

    verify: bool = True
    ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectSettings:
    """What an answer must be to count as a success, beyond a status of 2xx when `status` is empty.

    `json` maps paths such as predictions[0].label to the value found there; sizes are those of the body in bytes.
    """

    status: tuple[int, ...] = ()
    json: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    min_bytes: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTarget:
    """Requests over HTTP/1.1. `payloads` is a glob over files; each file is one request body.

    With `multipart` the file is sent as the field of that name of a multipart/form-data body, beside the text `fields`.
    `socket` is the path of a Unix socket to connect to instead of the URL's host.
    """

    kind: Literal["http"] = "http"
    url: str
    method: str = "GET"
    payloads: str | None = None
    order: Order = "cycle"
    multipart: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 10.0
    keep_alive: bool = True
    socket: str | None = None
    tls: TlsSettings = field(default_factory=TlsSettings)
    expect: ExpectSettings = field(default_factory=ExpectSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPrompts:
    """Prompts made up of common words: so many tokens long, as near as words can tell without the model's tokenizer."""

    input_tokens: int
    count: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenaiTarget:
    """An OpenAI-compatible streaming endpoint below the base `url`; `prompts` is a file with one prompt a line."""

    kind: Literal["openai"] = "openai"
    url: str
    model: str
    prompts: str | SyntheticPrompts
    endpoint: Literal["chat", "completions"] = "chat"
    max_tokens: int | None = None
    order: Order = "cycle"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 120.0
    tls: TlsSettings = field(default_factory=TlsSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class KserveTarget:
    """A model served by the Open Inference Protocol v2 (KServe, Triton) below the base `url`.

    `payloads` is a glob over JSON files, each the body of an inference request; without it, inputs are made up from the
    model's own metadata.
    """

    kind: Literal["kserve"] = "kserve"
    url: str
    model: str
    version: str | None = None
    payloads: str | None = None
    order: Order = "cycle"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 10.0
    tls: TlsSettings = field(default_factory=TlsSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTarget:
    """A callable, written package.module:function, run by `interpreter` in a process of its own.

    It is called with the bytes of one payload file, or with nothing when there are none.
    """

    kind: Literal["python"] = "python"
    function: str
    interpreter: str = "python"
    payloads: str | None = None
    order: Order = "cycle"
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTarget:
    """A command, started once a request; {payload} stands for the path of a payload file."""

    kind: Literal["command"] = "command"
    command: str
    payloads: str | None = None
    order: Order = "cycle"
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTarget:
    """Results another tool measured. `path` is a file or a glob over files; `select` names one of several results."""

    kind: Literal["import"] = "import"
    format: ImportFormat
    path: str
    select: str | None = None


LoadTarget = HttpTarget | OpenaiTarget | KserveTarget | PythonTarget | CommandTarget
Target = LoadTarget | ImportTarget
