"""The documentation as values: its pages, their code blocks, links and headings."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SECTIONS = {"version", "service", "tests", "benchmarks", "capacity", "report"}

_FENCE = re.compile(r"^ *```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$|!\[[^\]]*\]\(([^)\s]+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code. `file` is the file it shows, where its first line names one in a comment."""

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        named = re.match(r"(?:#|//) (\S*\.?\w+)\n", self.text)
        return named[1] if named else None

    @property
    def is_aiops_yml(self) -> bool:
        """Whether it is an aiops.yml, whole or in part."""
        if self.language not in {"yaml", "yml"}:
            return False
        content = yaml.safe_load(self.text)
        return isinstance(content, dict) and bool(content) and set(content) <= SECTIONS

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page of the documentation, and the README."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """The page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(page=name_of(page), line=line, language=match["language"], text=match["text"])


def all_blocks() -> list[Block]:
    """The fenced blocks of every page."""
    return [block for page in pages() for block in blocks(page)]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    """What stands between backticks in the prose of a page."""
    return _INLINE.findall(prose(page))


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures."""
    text = _INLINE.sub("", prose(page))
    return [next(filter(None, found)) for found in _LINK.findall(text)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings that GitHub and the built site agree on."""
    headings = [re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading) for heading in _HEADING.findall(prose(page))]
    return {_github_anchor(text) for text in headings if _github_anchor(text) == _site_anchor(text)}


def _github_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _site_anchor(heading: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())
