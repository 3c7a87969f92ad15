"""The one comment a pull request carries for a service: how it is recognised, and what to do about it.

Its first line is a hidden marker with the service's name, its second the number of the run that wrote it. A comment is
ours only when it begins with the marker and we wrote it: a person who quotes it must not have it overwritten.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from aiops_planner.errors import PublishError

MAXIMUM_CHARACTERS = 65_536
RUN = re.compile(r"<!-- aiops-action run (\d{1,18}) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyComment:
    """What is to stand on a pull request. `key` tells the services of one repository apart."""

    repository: str
    pull_request: int
    key: str
    run_number: int | None
    text: str

    @property
    def marker(self) -> str:
        """The first line; quoting keeps any name from ending the hidden part early."""
        return f"<!-- aiops-action report {quote(self.key, safe='')} -->"

    @property
    def body(self) -> str:
        """The whole comment as it is posted."""
        return f"{self.marker}\n<!-- aiops-action run {self.run_number or 0} -->\n{self.text.strip()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedComment:
    """A comment that stands on the pull request already."""

    id: int
    author: str
    by_bot: bool
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """There is none of ours: post one."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace the text of ours."""

    id: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Touch nothing: ours says the same already, or a newer run wrote it."""

    id: int
    because: Literal["unchanged", "newer"]


def decide(comment: StickyComment, posted: Iterable[PostedComment], author: str | None) -> Create | Edit | Leave:
    """What to do so that `comment` stands once. `author` is our login; None means that we only know to be a bot.

    Raises PublishError when the comment is longer than GitHub takes.
    """
    if len(comment.body) > MAXIMUM_CHARACTERS:
        raise PublishError(
            f"the comment for {comment.key} has {len(comment.body):,} characters and GitHub takes "
            f"{MAXIMUM_CHARACTERS:,}; it is kept as a file beside the report"
        )
    ours = own(comment, posted, author)
    if not ours:
        return Create(body=comment.body)
    first = ours[0]
    written_by = RUN.search(first.body)
    if written_by and comment.run_number is not None and int(written_by[1]) > comment.run_number:
        return Leave(id=first.id, because="newer")
    if _same(first.body, comment.body):
        return Leave(id=first.id, because="unchanged")
    return Edit(id=first.id, body=comment.body)


def own(comment: StickyComment, posted: Iterable[PostedComment], author: str | None) -> list[PostedComment]:
    """The comments we wrote for the same key, oldest first."""
    return sorted(
        (
            other
            for other in posted
            if other.body.startswith(comment.marker) and (other.by_bot if author is None else other.author == author)
        ),
        key=lambda other: other.id,
    )


def _same(left: str, right: str) -> bool:
    # GitHub may hand line ends back as CR LF and drops blanks at the end.
    return left.replace("\r\n", "\n").strip() == right.strip()
