"""What came of sending a report somewhere, as a value; and the refusal that does not count as a failure."""

from dataclasses import dataclass
from typing import Literal

from aiops_planner.errors import PublishError

Place = Literal["annotations", "summary", "outputs", "comment", "build description"]


class PermissionRefusedError(PublishError):
    """The CI system knows us and does not let us write, as it does for builds of a fork."""


def first_line(error: Exception) -> str:
    """What a foreign error says, on one line of at most 200 characters; its kind when it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One place a report was sent to, or not.

    "skipped" says in `message` why there was nothing to do; "refused" that this build may not write there, which is
    usual for forks and must not turn it red; "failed" that something is wrong that a person can put right.
    """

    place: Place
    status: Literal["done", "skipped", "refused", "failed"]
    message: str
