"""The page on language models says what the code does."""

import re
from dataclasses import fields

import pytest

from aiops_planner.performance import StreamFigures
from aiops_toolkit.bench.percentiles import requests_needed
from aiops_toolkit.bench.targets import answers, openai, prompts, tensors
from aiops_toolkit.config.targets import KserveTarget, OpenaiTarget
from support.docs_pages import DOCS

PAGE = (DOCS / "llm.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.name for field in fields(StreamFigures)])
def test_every_figure_of_a_stream_is_defined(name):
    assert re.search(rf"^\| [^|]*`{name}`[^|]*\|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "statement",
    [
        f"Up to {answers.MAX_KEPT_BYTES >> 20} MB are kept",
        f"{prompts.WORDS_PER_TOKEN} words for a token",
        f"up to {tensors.MOST_BODIES} requests are filled",
        f"below {tensors.WHOLE_NUMBERS} where they are whole",
        f"{OpenaiTarget.__dataclass_fields__['timeout_s'].default:g} s unless you say otherwise",
        f"p90 takes {requests_needed('p90')} of them, p99 takes {requests_needed('p99')}",
        *(f"`/{path}`" for path in openai.PATHS.values()),
    ],
)
def test_a_number_is_the_one_the_code_works_with(statement):
    assert statement in " ".join(PAGE.split())


@pytest.mark.parametrize("target", [OpenaiTarget, KserveTarget])
def test_keys_that_only_these_targets_have_are_explained(target):
    common = {"kind", "headers", "order", "tls", "timeout_s"}
    for field in fields(target):
        assert field.name in common or re.search(rf"\b{field.name}\b", PAGE), field.name
