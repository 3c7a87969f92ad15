"""Prompts come from a file or are made up, requests carry them as the endpoint wants, and mistakes name their line."""

import json
from pathlib import Path
from typing import Any

import pytest

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.targets.openai import OpenaiLoad, build_openai_load
from aiops_toolkit.bench.targets.prompts import make_prompts, read_prompts
from aiops_toolkit.config.targets import OpenaiTarget, SyntheticPrompts

URL = "http://127.0.0.1:8000/v1"
TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def build(root: Path = Path(), url: str = URL, seed: int = 1, **changes: Any) -> OpenaiLoad:
    target = OpenaiTarget(**{"url": url, "model": "m", "prompts": "prompts.txt"} | changes)
    return build_openai_load(target, root=root, url=url, environment={}, seed=seed)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "prompts.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def requests_of(load: OpenaiLoad) -> list[tuple[str, dict[str, Any]]]:
    """Request line and body of each message."""
    parts = [message.partition(b"\r\n\r\n") for message in load._requests.messages]
    return [(head.split(b"\r\n")[0].decode(), json.loads(body)) for head, _, body in parts]


def test_a_file_holds_a_prompt_a_line_plain_or_json(tmp_path):
    lines = ["  Hello there  ", "", json.dumps({"prompt": "Hi\nyou", "id": 7}), json.dumps({"messages": TALK}), "Größe"]
    for end in ("\n", "\r\n"):
        prompts = read_prompts("prompts.txt", root=written(tmp_path, "\ufeff" + end.join(lines)))
        assert prompts == ["Hello there", "Hi\nyou", TALK, "Größe"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "prompts.txt holds no prompt"),
        ("\n \n", "prompts.txt holds no prompt"),
        ("one\n{two", r"prompts.txt, line 2: starts with { but is not JSON"),
        ('{"text": "one"}', r'line 1: expected {"prompt": "text"} or {"messages"'),
        ('{"prompt": ""}', "line 1: expected"),
        ('{"prompt": 3}', "line 1: expected"),
        ('{"messages": []}', "line 1: expected"),
        ('{"messages": ["Hi"]}', "line 1: expected"),
        ('{"prompt": "a", "messages": [{"role": "user"}]}', "line 1: expected"),
        ("{" * 100_000, "line 1: starts with"),
        (b"caf\xe9", r"prompts.txt is not UTF-8 text \(byte 3\)"),
    ],
)
def test_a_prompt_that_cannot_be_meant_is_refused_with_its_line(tmp_path, content, said):
    with pytest.raises(UsageError, match=said):
        read_prompts("prompts.txt", root=written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"prompts: prompts.txt cannot be read in .* \(No such file or directory\)"):
        read_prompts("prompts.txt", root=tmp_path)
    (tmp_path / "prompts.txt").mkdir()
    with pytest.raises(UsageError, match=r"\(Is a directory\)"):
        read_prompts("prompts.txt", root=tmp_path)


def test_a_file_too_large_to_hold_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "prompts.txt").open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(UsageError, match=r"prompts.txt is larger than 64 MB"):
        read_prompts("prompts.txt", root=tmp_path)


@pytest.mark.parametrize(("tokens", "words"), [(1, 1), (4, 3), (100, 75), (1000, 750)])
def test_made_up_prompts_have_three_words_for_four_tokens(tokens, words):
    prompts = make_prompts(SyntheticPrompts(input_tokens=tokens, count=3), seed=1)
    assert [len(prompt.split()) for prompt in prompts] == [words] * 3


def test_a_seed_makes_the_same_prompts_again_and_another_makes_others():
    ask = SyntheticPrompts(input_tokens=40, count=5)
    assert make_prompts(ask, seed=3) == make_prompts(ask, seed=3)
    assert len({*make_prompts(ask, seed=3), *make_prompts(ask, seed=4)}) == 10


def test_a_chat_request_streams_and_asks_for_usage(tmp_path):
    load = build(written(tmp_path, "Hello"), max_tokens=16)
    assert requests_of(load) == [
        (
            "POST /v1/chat/completions HTTP/1.1",
            {
                "model": "m",
                "messages": [{"role": "user", "content": "Hello"}],
                "max_tokens": 16,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
    ]
    assert load.label == f"POST {URL}/chat/completions (m)"


def test_a_completion_request_carries_the_bare_prompt(tmp_path):
    ((line, body),) = requests_of(build(written(tmp_path, "Hello"), endpoint="completions"))
    assert line == "POST /v1/completions HTTP/1.1"
    assert body["prompt"] == "Hello"
    assert body.keys() == {"model", "prompt", "stream", "stream_options"}


def test_messages_need_the_chat_endpoint(tmp_path):
    folder = written(tmp_path, json.dumps({"messages": TALK}))
    assert requests_of(build(folder))[0][1]["messages"] == TALK
    with pytest.raises(UsageError, match='prompts: "messages" need the chat endpoint'):
        build(folder, endpoint="completions")


@pytest.mark.parametrize(
    ("url", "endpoint", "limit"),
    [
        (URL, "chat", "max_tokens"),
        ("https://api.openai.com/v1", "chat", "max_completion_tokens"),
        ("https://api.openai.com/v1", "completions", "max_tokens"),
    ],
)
def test_the_limit_of_tokens_has_the_name_its_server_knows(tmp_path, url, endpoint, limit):
    ((_, body),) = requests_of(build(written(tmp_path, "Hello"), url=url, endpoint=endpoint, max_tokens=5))
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {limit: 5}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h/v1", "/v1/chat/completions"),
        ("http://h/v1/", "/v1/chat/completions"),
        ("http://h", "/chat/completions"),
        ("http://h/deployments/a?api-version=1", "/deployments/a/chat/completions?api-version=1"),
    ],
)
def test_the_endpoint_lies_below_the_base_url(tmp_path, url, path):
    assert requests_of(build(written(tmp_path, "Hello"), url=url))[0][0] == f"POST {path} HTTP/1.1"


@pytest.mark.parametrize("url", ["http://[::1", "localhost:8000/v1", "http:///v1"])
def test_a_url_that_cannot_be_meant_is_refused(tmp_path, url):
    with pytest.raises(UsageError, match="the benchmark's url"):
        build(written(tmp_path, "Hello"), url=url)


def test_prompts_are_sent_in_turn_or_drawn_by_the_seed(tmp_path):
    folder = written(tmp_path, "\n".join(f"prompt {number}" for number in range(50)))
    in_turn = [body["messages"][0]["content"] for _, body in requests_of(build(folder))]
    assert in_turn == [f"prompt {number}" for number in range(50)]
    drawn = [build(folder, order="random", seed=seed)._requests.messages[:500] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) > 40
