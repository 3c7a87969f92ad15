"""What can be loaded, as the section `benchmarks` of aiops.yml writes it: a section a kind of target."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from aiops_toolkit.config import nodes
from aiops_toolkit.config.forms import JsonValue
from aiops_toolkit.config.kinds import Boolean, Choice, Text, Url, Whole, duration, size
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.structure import Either, Key, ListOf, MapOf, Section
from aiops_toolkit.config.targets import (
    CommandTarget,
    ExpectSettings,
    HttpTarget,
    ImportFormat,
    ImportTarget,
    KserveTarget,
    OpenaiTarget,
    Order,
    PythonTarget,
    SyntheticPrompts,
    TlsSettings,
)

BODILESS = ("GET", "HEAD")
MOST_TOKENS = 10_000_000
JSON_PATH = r"(?:[^\s.\[\]]+|\[[0-9]{1,9}\])(?:\.[^\s.\[\]]+|\[[0-9]{1,9}\])*"


def _check_tls(tls: TlsSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    written = node.get("ca")
    if written is not None and not tls.verify:
        message = "found a file, but verify is false, expected one of the two"
        yield from place.key("ca").mistake(written.line, message).found


def _check_tls_is_used(url: str, node: nodes.Mapping, place: Place) -> Iterator[Mistake]:
    written = node.get("tls")
    if written is not None and not url.startswith("https:"):
        yield from place.key("tls").mistake(written.line, "found tls for a url without it, expected https://").found


def _check_expect(expect: ExpectSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    least, most = expect.min_bytes, expect.max_bytes
    written = node.get("max_size")
    if written is not None and least is not None and most is not None and most < least:
        message = f"found {most} B, expected at least min_size, which is {least} B"
        yield from place.key("max_size").mistake(written.line, message).found


def _check_http(target: HttpTarget, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    yield from _check_body(target, node, place)
    yield from _check_tls_is_used(target.url, node, place)
    expect = node.get("expect")
    bodily = {"json", "min_size", "max_size"}
    if target.method == "HEAD" and isinstance(expect, nodes.Mapping):
        for entry in expect:
            if entry.name in bodily:
                message = "found a check of the body, but answers to HEAD have none, expected a method such as GET"
                yield from place.key("expect").key(entry.name).mistake(entry.line, message).found


def _check_body(target: HttpTarget, node: nodes.Mapping, place: Place) -> Iterator[Mistake]:
    payloads, multipart, fields = node.get("payloads"), node.get("multipart"), node.get("fields")
    if payloads is not None and target.method in BODILESS:
        message = f"found payloads for {target.method}, which sends none, expected a method such as POST"
        yield from place.key("method").mistake(payloads.line, message).found
    if multipart is not None and payloads is None:
        message = "missing, expected a glob over the files that multipart sends"
        yield from place.key("payloads").mistake(multipart.line, message).found
    if fields is not None and multipart is None:
        message = "missing, expected the name of the field that carries the payload, beside those of fields"
        yield from place.key("multipart").mistake(fields.line, message).found


def _check_url(target: OpenaiTarget | KserveTarget, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    yield from _check_tls_is_used(target.url, node, place)


TLS = Section(
    becomes=TlsSettings,
    check=_check_tls,
    keys=(
        Key(name="verify", kind=Boolean(), about="Whether the server's certificate has to be right."),
        Key(name="ca", kind=Text(), about="A PEM file with the authorities to trust instead of the system's."),
    ),
)

EXPECT = Section(
    becomes=ExpectSettings,
    check=_check_expect,
    keys=(
        Key(
            name="status",
            kind=ListOf(of=Whole(least=200, most=599), what="a list of statuses such as [200, 404]"),
            about="The statuses that are a success; every 2xx when left out.",
        ),
        Key(
            name="json",
            kind=MapOf(
                of=JsonValue(),
                what="a mapping of paths in the answer's JSON to values",
                key="path",
                pattern=JSON_PATH,
                names="names and [numbers] such as predictions[0].label",
            ),
            about="Values that have to stand in the answer's JSON, by path such as predictions[0].label.",
        ),
        Key(name="min_size", into="min_bytes", kind=size(), about="The least size of the answer's body."),
        Key(name="max_size", into="max_bytes", kind=size(), about="The largest size of the answer's body."),
    ),
)

URL = Key(name="url", kind=Url(), about="Where requests go; $PORT stands for the service's port.", required=True)
BASE_URL = Key(
    name="url",
    kind=Url(),
    about="The base URL of the endpoint; $PORT stands for the service's port.",
    required=True,
)
MODEL = Key(name="model", kind=Text(), about="The model to ask for.", required=True)
PAYLOADS = Key(name="payloads", kind=Text(), about="A glob over files, each of them one request body: payloads/*.json.")
ORDER = Key(
    name="order",
    kind=Choice(words=get_args(Order)),
    about="Whether requests are taken in turn, or drawn at random by the benchmark's seed.",
)
HEADERS = Key(
    name="headers",
    kind=MapOf(
        of=Text(what="text on one line", numbers=True, empty=True, pattern=r"[^\r\n]*"),
        what="a mapping of header names to text",
        key="header",
        pattern=r"[A-Za-z0-9!#$%&'*+.^_`|~-]+",
        empty=True,
    ),
    about="Headers of every request; $NAME is taken from the environment. Values never appear in messages.",
    secret=True,
)
TIMEOUT = Key(
    name="timeout",
    into="timeout_s",
    kind=duration(),
    about="A request without an answer for this long has failed.",
)
TLS_KEY = Key(name="tls", kind=TLS, about="How the certificate of an https server is judged.")

HTTP = Section(
    becomes=HttpTarget,
    check=_check_http,
    keys=(
        URL,
        Key(
            name="method",
            kind=Choice(words=("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")),
            about="The method of the requests.",
        ),
        PAYLOADS,
        ORDER,
        Key(
            name="multipart",
            kind=Text(what="the name of a form field", pattern=r'[^"\r\n]+'),
            about="Send each payload as the file of this field of a multipart/form-data body.",
        ),
        Key(
            name="fields",
            kind=MapOf(
                of=Text(numbers=True, empty=True),
                what="a mapping of field names to text",
                key="field",
                pattern=r'[^"\r\n]+',
                names="text on one line without quotes",
            ),
            about="Text fields that go along in the multipart/form-data body.",
        ),
        HEADERS,
        TIMEOUT,
        Key(
            name="keep_alive",
            kind=Boolean(),
            about="Whether a connection carries many requests; false opens one for each, as new users do.",
        ),
        Key(name="socket", kind=Text(), about="The path of a Unix socket to connect to instead of the url's host."),
        TLS_KEY,
        Key(name="expect", kind=EXPECT, about="What an answer has to be to count as a success."),
    ),
)

PROMPTS = Either(
    short=Text(what="the name of a file with one prompt a line"),
    long=Section(
        becomes=SyntheticPrompts,
        keys=(
            Key(
                name="input_tokens",
                kind=Whole(least=1, most=MOST_TOKENS),
                about="About how many tokens each made-up prompt has.",
                required=True,
            ),
            Key(name="count", kind=Whole(least=1, most=100_000), about="How many different prompts are made up."),
        ),
    ),
    spread=lambda path: path,
)

OPENAI = Section(
    becomes=OpenaiTarget,
    check=_check_url,
    keys=(
        BASE_URL,
        MODEL,
        Key(
            name="prompts",
            kind=PROMPTS,
            about="A file with one prompt a line, or how long made-up prompts are.",
            required=True,
        ),
        Key(
            name="endpoint",
            kind=Choice(words=("chat", "completions")),
            about="Whether /chat/completions or /completions is asked.",
        ),
        Key(name="max_tokens", kind=Whole(least=1, most=MOST_TOKENS), about="The most tokens of an answer."),
        ORDER,
        HEADERS,
        TIMEOUT,
        TLS_KEY,
    ),
)

KSERVE = Section(
    becomes=KserveTarget,
    check=_check_url,
    keys=(
        BASE_URL,
        MODEL,
        Key(name="version", kind=Text(numbers=True), about="The model's version; the server's choice when left out."),
        Key(
            name="payloads",
            kind=Text(),
            about="A glob over JSON files, each an inference request; made up from the model's metadata when left out.",
        ),
        ORDER,
        HEADERS,
        TIMEOUT,
        TLS_KEY,
    ),
)

FUNCTION = Text(
    what="a function such as package.module:function",
    pattern=r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*",
)
PYTHON: Either[str, PythonTarget] = Either(
    short=FUNCTION,
    long=Section(
        becomes=PythonTarget,
        keys=(
            Key(name="function", kind=FUNCTION, about="The function, written package.module:function.", required=True),
            Key(name="interpreter", kind=Text(), about="The Python that has the function's packages."),
            Key(name="payloads", kind=Text(), about="A glob over files; the function is called with the bytes of one."),
            ORDER,
            Key(name="timeout", into="timeout_s", kind=duration(), about="A call that takes this long has failed."),
        ),
    ),
    spread=lambda function: PythonTarget(function=function),
)

COMMAND: Either[str, CommandTarget] = Either(
    short=Text(what="a command"),
    long=Section(
        becomes=CommandTarget,
        keys=(
            Key(
                name="command",
                kind=Text(),
                about="The command, started once a request; {payload} stands for the path of a payload file.",
                required=True,
            ),
            Key(name="payloads", kind=Text(), about="A glob over the payload files."),
            ORDER,
            Key(name="timeout", into="timeout_s", kind=duration(), about="A command that takes this long has failed."),
        ),
    ),
    spread=lambda command: CommandTarget(command=command),
)

IMPORT: Section[ImportTarget] = Section(
    becomes=ImportTarget,
    keys=(
        Key(
            name="format",
            kind=Choice(words=get_args(ImportFormat)),
            about="The tool that wrote the results.",
            required=True,
        ),
        Key(
            name="path",
            kind=Text(),
            about="The file with the results, or a glob over files: results/*.json.",
            required=True,
        ),
        Key(name="select", kind=Text(), about="Which of several results in the file to take, by its name."),
    ),
)

TARGET_KEYS: tuple[Key, ...] = (
    Key(name="http", kind=HTTP, about="Load an HTTP endpoint."),
    Key(name="openai", kind=OPENAI, about="Load an OpenAI-compatible streaming endpoint."),
    Key(name="kserve", kind=KSERVE, about="Load a model served by the Open Inference Protocol v2 (KServe, Triton)."),
    Key(
        name="python",
        kind=PYTHON,
        about="Load a Python function, written package.module:function or as a section.",
    ),
    Key(
        name="command",
        kind=COMMAND,
        about="Load a command, written as text or as a section; {payload} stands for a payload file.",
    ),
    Key(name="import", kind=IMPORT, about="Take over results that another tool measured."),
)
TARGETS: tuple[str, ...] = tuple(key.name for key in TARGET_KEYS)


def target_of(values: dict[str, Any]) -> Any:
    """Takes the one target out of what a benchmark's section holds."""
    (name,) = (name for name in TARGETS if name in values)
    return values.pop(name)
