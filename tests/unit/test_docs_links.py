"""Every link of the documentation leads somewhere, on GitHub and on the built site alike."""

from pathlib import Path

import pytest
import yaml

from support.docs_pages import DOCS, ROOT, anchors, links, name_of, pages

LINKS = [(page, target) for page in pages() for target in links(page) if "://" not in target and ":" not in target]


@pytest.mark.parametrize(("page", "target"), LINKS, ids=[f"{name_of(page)}-{target}" for page, target in LINKS])
def test_a_relative_link_and_its_anchor_resolve(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    destination = (page.parent / path).resolve() if path else page
    assert destination.exists(), f"{target} does not exist"
    if anchor:
        assert anchor in anchors(destination), f"{name_of(destination)} has no heading for #{anchor}"


def test_pages_link_only_to_pages_of_the_site() -> None:
    outside = [
        (name_of(page), target)
        for page in pages()
        if page.is_relative_to(DOCS)
        for target in links(page)
        if "://" not in target and not (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)
    ]
    assert outside == []


def test_every_page_is_in_the_navigation() -> None:
    def leaves(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        return [leaf for value in values for leaf in leaves(value)]

    navigation = leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert sorted(navigation) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_no_page_names_this_machine() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert str(ROOT) not in text and str(Path.home()) not in text, name_of(page)
