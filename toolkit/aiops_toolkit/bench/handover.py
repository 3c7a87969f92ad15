"""The scenario of a benchmark as a Locust file, for more load than one machine can make; see its template."""

import json
import os.path
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from aiops_planner.errors import UsageError
from aiops_toolkit import __version__
from aiops_toolkit.bench.targets.expectations import steps_of
from aiops_toolkit.bench.targets.payloads import CONTENT_TYPES, find_payloads
from aiops_toolkit.bench.targets.urls import below
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import HttpTarget, KserveTarget, OpenaiTarget, Target

WRITTEN_BY = "written by `aiops export`"
OTHER_TYPE = "application/octet-stream"

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


def locust_file(settings: BenchmarkSettings, *, service: str, root: Path, output: Path) -> str:
    """The Python text of a Locust file that will lie at `output`; payloads stay where they are, below `root`.

    Variables in headers stay variables, read where Locust runs. Raises UsageError for a target or an option that Locust
    cannot carry, and for payloads that cannot be sent.
    """
    target = _as_http(settings.name, settings.target)
    _refuse_options(settings.name, target)
    files = find_payloads(root, target.payloads) if target.payloads else ()
    host, path = _address(settings.name, target.url)
    typed = any(header.lower() == "content-type" for header in target.headers)
    suffixes = () if typed else sorted({path.suffix.lower() for path, _ in files})
    context: dict[str, Any] = {
        "name": settings.name,
        "service": _in_docstring(service),
        "written_by": WRITTEN_BY,
        "version": __version__,
        "file": _in_docstring(output.name),
        "host": host,
        "path": path,
        "method": target.method,
        "headers": _headers(target),
        "root": os.path.relpath(root.absolute(), output.absolute().parent) if files or target.tls.ca else None,
        "pattern": target.payloads,
        "types": [(suffix, CONTENT_TYPES.get(suffix, OTHER_TYPE)) for suffix in suffixes],
        "order": target.order,
        "timeout_s": target.timeout_s,
        "insecure": not target.tls.verify,
        "ca": target.tls.ca,
        "expect": target.expect,
        "expected_json": [(steps_of(path), value) for path, value in target.expect.json.items()],
    }
    return str(_template().render(context, modules=_modules(context)))


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("aiops_toolkit.bench"),
        autoescape=False,  # noqa: S701 - it writes Python, and every value goes through `literal`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["python"] = literal
    return environment.get_template("locustfile.py.jinja")


def _modules(context: dict[str, Any]) -> list[str]:
    """The modules of the standard library that the file needs."""
    needed = {
        "itertools": context["pattern"] and context["order"] == "cycle",
        "json": context["expected_json"],
        "os": any("os.environ[" in expression for _, expression in context["headers"]),
        "random": True,
        "ssl": context["ca"],
        "time": True,
    }
    return [module for module, is_needed in needed.items() if is_needed]


def _as_http(name: str, target: Target) -> HttpTarget:
    if isinstance(target, HttpTarget):
        return target
    if isinstance(target, KserveTarget) and target.payloads:
        version = f"/versions/{quote(target.version, safe='')}" if target.version else ""
        return HttpTarget(
            url=below(target.url, f"v2/models/{quote(target.model, safe='')}{version}/infer"),
            method="POST",
            payloads=target.payloads,
            order=target.order,
            headers=target.headers,
            timeout_s=target.timeout_s,
            tls=target.tls,
        )
    if isinstance(target, KserveTarget):
        advice = "name payloads, since Locust cannot make up inputs from the model's metadata"
    elif isinstance(target, OpenaiTarget):
        advice = "Locust times no tokens; load it with AIPerf and take over its results with import: {format: aiperf}"
    else:
        advice = "Locust loads http targets, and kserve targets with payloads"
    raise UsageError(f"benchmark {name}: the target {target.kind} cannot be handed over to Locust; {advice}")


def _refuse_options(name: str, target: HttpTarget) -> None:
    for option in ("socket", "multipart"):
        if getattr(target, option) is not None:
            raise UsageError(
                f"benchmark {name}: {option} cannot be handed over, Locust's fast client has none; "
                f"remove it from the benchmark, or write the Locust file by hand"
            )


def _address(name: str, url: str) -> tuple[str | None, str]:
    """Scheme and host, None where they hold the service's port, and path with query."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"benchmark {name}: its url cannot be read ({error}): write http://host:port/path") from None
    path = parts.path or "/"
    host = None if "$" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
    return host, f"{path}?{parts.query}" if parts.query else path


def _headers(target: HttpTarget) -> list[tuple[str, str]]:
    """The names of headers, each with a Python expression for its value."""
    named = [(header, header_expression(text)) for header, text in target.headers.items()]
    return named if target.keep_alive else [*named, ("Connection", literal("close"))]


def header_expression(text: str) -> str:
    """A header's text as a Python expression in which $NAME is looked up in the environment; $$ is a dollar sign."""
    pieces: list[str] = []
    plain = ""
    end = 0
    for match in _VARIABLE.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        variable = match[1] or match[2]
        if variable is None:
            plain += "$"
            continue
        pieces += [literal(plain)] if plain else []
        pieces.append(f"os.environ[{literal(variable)}]")
        plain = ""
    plain += text[end:]
    pieces += [literal(plain)] if plain or not pieces else []
    return " + ".join(pieces)


def literal(value: Any) -> str:
    """A value as Python code, text in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _in_docstring(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")
