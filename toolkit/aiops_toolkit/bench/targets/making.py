"""From what aiops.yml says to a target that can be loaded."""

from collections.abc import Callable, Mapping
from pathlib import Path

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.target import Target
from aiops_toolkit.bench.targets.command import command_load
from aiops_toolkit.bench.targets.http import HttpLoad
from aiops_toolkit.bench.targets.kserve import build_kserve_load
from aiops_toolkit.bench.targets.link import Link
from aiops_toolkit.bench.targets.openai import build_openai_load
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.bench.targets.python import python_load
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import CommandTarget, HttpTarget, KserveTarget, OpenaiTarget, PythonTarget


def make_target(
    settings: BenchmarkSettings,
    *,
    root: Path,
    substitute: Callable[[str], str],
    environment: Mapping[str, str],
    seed: int = 1,
) -> Target:
    """The target of a benchmark, with everything read that it will send.

    Files are looked up below `root`; `substitute` fills $PORT in, and $NAME in headers comes from `environment`; `seed`
    decides which payloads are drawn. Nothing is started or sent. Raises UsageError when no request can be built.
    """
    target = settings.target
    if isinstance(target, HttpTarget):
        url = substitute(target.url)
        requests = build_requests(target, root=root, url=url, environment=environment, seed=seed)
        return HttpLoad(requests, link=Link(root=root, tls=target.tls, socket=target.socket), expect=target.expect)
    if isinstance(target, OpenaiTarget):
        return build_openai_load(target, root=root, url=substitute(target.url), environment=environment, seed=seed)
    if isinstance(target, KserveTarget):
        return build_kserve_load(target, root=root, url=substitute(target.url), environment=environment, seed=seed)
    if isinstance(target, PythonTarget):
        return python_load(target, root=root, environment=environment, port=_port(substitute), seed=seed)
    if isinstance(target, CommandTarget):
        return command_load(target, root=root, environment=environment, port=_port(substitute), seed=seed)
    raise UsageError(f"benchmark {settings.name}: results of another tool are imported and cannot be loaded")


def _port(substitute: Callable[[str], str]) -> str | None:
    """The service's port, None where it has none."""
    port = substitute("$PORT")
    return None if port == "$PORT" else port
