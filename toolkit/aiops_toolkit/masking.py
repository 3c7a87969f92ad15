"""Secrets, and their absence: what must not be told, and texts of others without it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

from aiops_toolkit.config.settings import Settings
from aiops_toolkit.config.targets import HttpTarget, KserveTarget, OpenaiTarget

MASK = "***"
# shorter values ("1", "yes") are no secrets, and masking them would garble every line
SHORTEST_SECRET = 4
PUBLIC_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-encoding", "content-type", "host", "user-agent"}
)
LONGEST_WORD = 7
NO_SECRETS = frozenset({"127.0.0.1", "0.0.0.0", "localhost", "true", "false", "True", "False"})  # noqa: S104 - no bind
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY", re.IGNORECASE)
_PORT = re.compile(r"\$(?:\{PORT\}|PORT(?!\w))")
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


def secrets_of(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Every secret of a job, longest first.

    These are the values under `service.environment` and `headers` (but for headers such as Content-Type), those of the
    variables that headers name, and those of variables of `environment` whose names speak of secrets.
    """
    headers = [
        text
        for benchmark in settings.benchmarks
        if isinstance(benchmark.target, HttpTarget | OpenaiTarget | KserveTarget)
        for name, text in benchmark.target.headers.items()
        if name.lower() not in PUBLIC_HEADERS
    ]
    told = [part for text in headers for part in _parts_of_header(text, environment)]
    return secrets_in(environment, *settings.service.environment.values(), *told)


def secrets_in(environment: Mapping[str, str], *also: str) -> tuple[str, ...]:
    """The values of variables whose names speak of secrets, and `also`, longest first."""
    values = [value for name, value in environment.items() if _SECRET_NAME.search(name)]
    forms = {form for value in (*values, *also) for part in _parts(value) for form in _forms(part)}
    return tuple(
        sorted(
            (form for form in forms - NO_SECRETS if len(form) >= SHORTEST_SECRET), key=lambda form: (-len(form), form)
        )
    )


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with three stars for every secret in it; give the longest first.

    A secret that is a short plain word or number, as `test` in `MODE: test`, is one only where it stands alone.
    """
    for secret in secrets:
        if secret not in text:
            continue
        if len(secret) <= LONGEST_WORD and (secret.isalpha() or secret.isdecimal()):
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
        else:
            text = text.replace(secret, MASK)
    return text


def _parts_of_header(text: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The value as it is sent, the variables in it, and the credential after a scheme such as Bearer."""
    variables = [match[1] or match[2] for match in _VARIABLE.finditer(text)]
    yield from (environment.get(name, "") for name in variables if name)
    value = _VARIABLE.sub(lambda match: environment.get(match[1] or match[2] or "", "$"), text).strip()
    yield value
    scheme, _, credential = value.partition(" ")
    if scheme.isalpha():
        yield credential.strip()


def _parts(value: str) -> Iterator[str]:
    """The value, its lines, what stands around a port that is put in later, and the password of a URL."""
    yield value
    yield from (line.strip() for line in value.splitlines())
    if _PORT.search(value) and ("://" not in value or "@" in value):  # an address of the service is no secret
        yield from _PORT.split(value)
    try:
        yield urlsplit(value).password or ""
    except ValueError:  # most values are no URL
        return


def _forms(value: str) -> Iterator[str]:
    """The value as it is, and as programs quote it in messages and addresses."""
    yield value
    yield repr(value)[1:-1]
    yield json.dumps(value)[1:-1]
    yield quote(value, safe="")
