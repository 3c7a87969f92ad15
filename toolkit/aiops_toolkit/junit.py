"""JUnit XML as test runners write it, read case by case; the totals that a file claims for itself are not believed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from junitparser import Error, Failure, Skipped, TestCase

from aiops_planner.errors import CheckError
from aiops_reports.record import FailedTest
from aiops_toolkit import logs

LARGEST_FILE_BYTES = 64 * 2**20
KEPT_FAILURES = 100
NAME_CHARACTERS = 200

Outcome = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitResult:
    """How many cases came to which end, and the first failures."""

    passed: int
    failed: int
    errors: int
    skipped: int
    failures: tuple[FailedTest, ...]


class _Builder(ET.TreeBuilder):
    """Refuses a document type, the only way to declare entities: no test runner writes one, every XML bomb does."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise CheckError(f"it declares a document type ({name}), which is not accepted")


def read_junit(path: Path, *, secrets: Iterable[str] = ()) -> JUnitResult:
    """Read a JUnit file with any nesting of suites.

    Raises CheckError, with the reason alone as its message, for a file that is not there, too large or no JUnit XML.
    """
    root = _parse(path)
    if root.tag not in {"testsuites", "testsuite"}:
        raise CheckError(f"its root is <{root.tag}>, expected <testsuites> or <testsuite>")
    secrets = tuple(secrets)
    counts: Counter[Outcome] = Counter()
    failures: list[FailedTest] = []
    for element in root.iter("testcase"):
        case = TestCase.fromelem(element)  # type: ignore[no-untyped-call]
        outcome, message = _judge(case)
        counts[outcome] += 1
        if outcome in {"failed", "error"} and len(failures) < KEPT_FAILURES:
            kind: Literal["failed", "error"] = "failed" if outcome == "failed" else "error"
            failures.append(
                FailedTest(name=_name(case, secrets), kind=kind, message=logs.one_line(message, secrets=secrets))
            )
    return JUnitResult(
        passed=counts["passed"],
        failed=counts["failed"],
        errors=counts["error"],
        skipped=counts["skipped"],
        failures=tuple(failures),
    )


def _parse(path: Path) -> ET.Element:
    if not path.is_file():  # a pipe would be waited for
        raise CheckError("it is no regular file")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise CheckError(f"it has {size / 2**20:.0f} MiB, at most {LARGEST_FILE_BYTES // 2**20} are read")
        parser = ET.XMLParser(target=_Builder())  # noqa: S314 - the builder refuses entities
        parser.feed(path.read_bytes())
        root: ET.Element = parser.close()
    except OSError as error:
        raise CheckError(f"it cannot be read: {error.strerror}") from error
    except (ET.ParseError, LookupError, ValueError) as error:  # the latter two: encodings nobody knows
        raise CheckError(f"it is broken XML: {error}") from error
    return root


def _judge(case: TestCase) -> tuple[Outcome, str]:
    """The worst of what a case reports (a test may fail and its teardown error), and the first line about it."""
    ends: tuple[tuple[type, Outcome], ...] = ((Error, "error"), (Failure, "failed"), (Skipped, "skipped"))
    for kind, outcome in ends:
        for result in case.result:
            if isinstance(result, kind):
                return outcome, _first_line(result.message, result.text)
    return "passed", ""


def _first_line(*texts: str | None) -> str:
    lines = (line for text in texts if text for line in text.splitlines())
    return next((line for line in lines if line.strip()), "no message")


def _name(case: TestCase, secrets: tuple[str, ...]) -> str:
    name = ".".join(part for part in (case.classname, case.name) if part)
    return logs.one_line(name, secrets=secrets, limit=NAME_CHARACTERS) or "unnamed"
