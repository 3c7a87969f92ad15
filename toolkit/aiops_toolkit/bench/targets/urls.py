"""Addresses below the base URL of a service."""

from urllib.parse import urlsplit, urlunsplit

from aiops_planner.errors import UsageError


def below(url: str, path: str) -> str:
    """The URL with `path` added to its path; a query stays behind both. Raises UsageError for an unreadable one."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"the benchmark's url cannot be read ({error}): write http://host:port/path") from None
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))
