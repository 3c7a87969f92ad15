"""Which comment is ours and what to do about it, without GitHub."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import PublishError
from aiops_toolkit.ci.sticky import Create, Edit, Leave, PostedComment, StickyComment, decide, own

COMMENT = StickyComment(repository="octo/classifier", pull_request=42, key="classifier", run_number=7, text="S 690/s")
BOT = "github-actions[bot]"


def posted(number: int, body: str, author: str = BOT) -> PostedComment:
    return PostedComment(id=number, author=author, by_bot=author.endswith("[bot]"), body=body)


def by(run: int | None, text: str = "S 1/s") -> str:
    return replace(COMMENT, run_number=run, text=text).body


@pytest.mark.parametrize(
    ("present", "author", "expected"),
    [
        ([], BOT, Create(body=COMMENT.body)),
        ([posted(5, by(6))], BOT, Edit(id=5, body=COMMENT.body)),
        ([posted(5, by(7))], BOT, Edit(id=5, body=COMMENT.body)),
        ([posted(5, COMMENT.body)], BOT, Leave(id=5, because="unchanged")),
        ([posted(5, COMMENT.body.replace("\n", "\r\n") + " ")], BOT, Leave(id=5, because="unchanged")),
        ([posted(5, by(8))], BOT, Leave(id=5, because="newer")),
        ([posted(5, by(None))], BOT, Edit(id=5, body=COMMENT.body)),
        ([posted(9, by(6)), posted(5, by(6))], BOT, Edit(id=5, body=COMMENT.body)),
        ([posted(5, by(6), author="ada")], BOT, Create(body=COMMENT.body)),
        ([posted(5, by(6), author="ada")], None, Create(body=COMMENT.body)),
        ([posted(5, by(6), author="our-app[bot]")], None, Edit(id=5, body=COMMENT.body)),
        ([posted(5, "> " + by(6))], BOT, Create(body=COMMENT.body)),
        ([posted(5, replace(COMMENT, key="classifier2").body)], BOT, Create(body=COMMENT.body)),
    ],
    ids=[
        "none yet",
        "of an older run",
        "of the same run, tried again",
        "the same",
        "the same, as GitHub hands it back",
        "of a newer run",
        "of a run without a number",
        "two of ours: the older one",
        "a copy by a person",
        "a copy by a person, when we only know to be a bot",
        "of a bot, when we only know to be a bot",
        "a quotation",
        "of another service",
    ],
)
def test_the_comment_stands_once(present: list[PostedComment], author: str | None, expected: object) -> None:
    assert decide(COMMENT, present, author) == expected


def test_a_run_without_a_number_overwrites() -> None:
    assert decide(replace(COMMENT, run_number=None), [posted(5, by(8))], BOT) == Edit(id=5, body=by(None, COMMENT.text))


def test_a_comment_longer_than_github_takes_is_not_sent() -> None:
    with pytest.raises(PublishError, match=r"the comment for classifier has 70,0\d\d characters .* 65,536"):
        decide(replace(COMMENT, text="x" * 70_000), [], BOT)


NAMES = st.text(st.characters(codec="utf-8"), max_size=60)


@given(key=NAMES, other=NAMES)
def test_the_marker_is_one_hidden_line_and_tells_any_two_names_apart(key: str, other: str) -> None:
    comment, stranger = replace(COMMENT, key=key), replace(COMMENT, key=other)
    first, second, *_ = comment.body.splitlines()
    assert first.startswith("<!--")
    assert first.find("-->") == len(first) - 3
    assert second == "<!-- aiops-action run 7 -->"
    assert bool(own(comment, [posted(1, stranger.body)], BOT)) == (key == other)
