"""A streamed answer becomes times, tokens and an outcome, whatever the service wrote and however it was cut."""

import json
from itertools import pairwise
from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_toolkit.bench.samples import Outcome, Samples
from aiops_toolkit.bench.targets.answers import MAX_EVENT_BYTES, KeptAnswers, StreamedAnswer

DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chat(finish: str | None = None, **delta: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None})


def text(token: str, finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "text": token, "finish_reason": finish}]})


def usage(output: object, prompt: object = 11) -> bytes:
    return event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}})


def answer_of(*pieces: bytes, outcome: int = Outcome.OK) -> tuple[int, StreamedAnswer]:
    """How an answer ends whose pieces are read at 1 s, 2 s, ..."""
    answer = StreamedAnswer()
    for second, piece in enumerate(pieces, 1):
        answer.add(piece, float(second))
    return answer.end(outcome, len(pieces) + 1.0), answer


def test_tokens_count_from_the_first_chunk_that_carries_one():
    outcome, answer = answer_of(
        chat(role="assistant", content=""), chat(content="Hi"), chat(content=" you"), chat("stop"), usage(2), DONE
    )
    assert outcome == Outcome.OK
    assert answer.token_times.tolist() == [2.0, 3.0]
    assert (answer.output_tokens, answer.input_tokens) == (2, 11)


@pytest.mark.parametrize(
    "chunk",
    [
        chat(content="Hi"),
        chat(reasoning_content="Hmm"),
        chat(reasoning="Hmm"),
        chat(tool_calls=[{"index": 0, "function": {"arguments": "{"}}]),
        chat(refusal="No"),
        text("Hi"),
    ],
)
def test_a_token_is_a_token_wherever_it_stands(chunk):
    outcome, answer = answer_of(chunk, DONE)
    assert (outcome, answer.token_times.tolist()) == (Outcome.OK, [1.0])


def test_a_chunk_has_the_time_of_the_read_that_completed_it():
    one, two = chat(content="one"), chat(content="two")
    _, answer = answer_of(one[:20], one[20:] + two + one[:5], one[5:-1], one[-1:], DONE)
    assert answer.token_times.tolist() == [2.0, 2.0, 4.0]


def test_usage_that_grows_with_every_chunk_counts_as_it_stood_last():
    _, answer = answer_of(chat(content="a"), usage(1), usage(7), DONE)
    assert answer.output_tokens == 7


@pytest.mark.parametrize("strange", [None, -1, 2.0, "3", True, 2**40])
def test_a_count_that_is_none_is_unknown(strange):
    outcome, answer = answer_of(chat(content="a"), usage(strange, strange), DONE)
    assert (outcome, answer.output_tokens, answer.input_tokens) == (Outcome.OK, -1, -1)


ENDINGS = {
    "done": ([chat(content="a"), DONE], Outcome.OK),
    "finish_reason alone": ([chat(content="a"), chat("length")], Outcome.OK),
    "done without an empty line": ([chat(content="a"), b"data: [DONE]"], Outcome.OK),
    "a whole chunk without an empty line": ([chat("stop", content="a").rstrip()], Outcome.OK),
    "stopped in the middle": ([chat(content="a")], Outcome.STREAM_CUT),
    "half an event at the end": ([chat(content="a"), chat(content="b")[:30]], Outcome.STREAM_CUT),
    "half an event and nothing else": ([chat(content="a")[:30]], Outcome.STREAM_CUT),
    "an error": ([chat(content="a"), event({"error": {"message": "out of memory"}}), DONE], Outcome.STREAM_ERROR),
    "an error event": ([b"event: error\ndata: out of memory\n\n"], Outcome.STREAM_ERROR),
    "an error as llama.cpp writes it": ([chat(content="a"), b'error: {"code": 500}\n\n'], Outcome.STREAM_ERROR),
    "an error as an object": ([event({"object": "error", "message": "too long"}), DONE], Outcome.STREAM_ERROR),
    "garbage": ([chat(content="a"), b"data: {nonsense\n\n", DONE], Outcome.STREAM_MALFORMED),
    "not UTF-8": ([b'data: {"choices": "\xff\xfe"}\n\n', DONE], Outcome.STREAM_MALFORMED),
    "no object": ([event([1, 2]), DONE], Outcome.STREAM_MALFORMED),
    "choices of another kind": ([event({"choices": "many"}), DONE], Outcome.STREAM_MALFORMED),
    "a delta of another kind": ([event({"choices": [{"delta": 3}]}), DONE], Outcome.STREAM_MALFORMED),
    "usage of another kind": ([event({"usage": "much"}), DONE], Outcome.STREAM_MALFORMED),
    "endless nesting": ([b"data: " + b"[" * 100_000 + b"\n\n", DONE], Outcome.STREAM_MALFORMED),
    "an endless event": ([b"data: " + b"x" * MAX_EVENT_BYTES + b"\n"], Outcome.STREAM_MALFORMED),
    "no token": ([chat(role="assistant", content=""), chat("stop"), DONE], Outcome.STREAM_EMPTY),
    "nothing at all": ([], Outcome.STREAM_EMPTY),
    "comments only": ([b": ping\n\n: ping\n\n"], Outcome.STREAM_EMPTY),
    "one JSON answer": ([b'{"choices": [{"message":\n {"content": "Hi"}}]}'], Outcome.NOT_A_STREAM),
    "one JSON error": ([b'{"error": "unknown"}'], Outcome.STREAM_ERROR),
    "a web page": ([b"<html>\n<body>Hello</body></html>"], Outcome.STREAM_MALFORMED),
}


@pytest.mark.parametrize(("pieces", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_every_ending_has_its_name(pieces, expected):
    assert answer_of(*pieces)[0] == expected


@pytest.mark.parametrize(("pieces", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_the_smallest_pieces_end_the_same(pieces, expected):
    body = b"".join(pieces)
    step = 1 if len(body) < 10_000 else 1000
    assert answer_of(*(body[n : n + step] for n in range(0, len(body), step)))[0] == expected


@pytest.mark.parametrize("lost", [Outcome.CLOSED_EARLY, Outcome.RESET])
@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([chat(content="a")], Outcome.STREAM_CUT),
        ([chat(content="a"), DONE], Outcome.OK),
        ([chat(content="a"), event({"error": "x"})], Outcome.STREAM_ERROR),
        ([], None),
        ([b"<html>"], None),
    ],
)
def test_a_connection_lost_in_the_middle_of_a_stream_cuts_it(lost, pieces, expected):
    assert answer_of(*pieces, outcome=lost)[0] == (lost if expected is None else expected)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.UNFINISHED, Outcome.BODY_TOO_LARGE, 503])
def test_other_failures_keep_their_names_and_what_had_come(outcome):
    ended, answer = answer_of(chat(content="a"), chat(content="b"), outcome=outcome)
    assert (ended, answer.token_times.tolist()) == (outcome, [1.0, 2.0])


SHORT = [name for name, (pieces, _) in ENDINGS.items() if sum(map(len, pieces)) < 10_000]


@given(st.lists(st.integers(0, 2000), max_size=12), st.sampled_from(SHORT))
def test_any_split_of_an_answer_says_the_same(cuts, name):
    pieces, expected = ENDINGS[name]
    body = b"".join(pieces)
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    outcome, answer = answer_of(*(body[start:end] for start, end in pairwise(places)))
    assert outcome == expected
    assert len(answer.token_times) == len(answer_of(*pieces)[1].token_times)


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([chat(content="a"), DONE, usage(3)])), max_size=6))
def test_no_bytes_break_an_answer(pieces):
    outcome, answer = answer_of(*pieces)
    assert outcome in set(Outcome)
    assert sorted(answer.token_times) == answer.token_times.tolist()


def kept(limit_bytes: int) -> tuple[KeptAnswers, Samples]:
    """Answers to the rows 0 to 3: whole, cut, none, whole without usage."""
    answers, samples = KeptAnswers(limit_bytes), Samples()
    scripts = [
        [chat(content="a"), chat(content="b"), chat("stop", content="c") + usage(3) + DONE],
        [chat(content="a")],
        None,
        [chat("stop", content="a")],
    ]
    for script in scripts:
        row = samples.add(0.0)
        samples.outcome[row] = Outcome.OK if script else Outcome.CONNECT_REFUSED
        samples.end[row] = 9.0
        if script:
            answer = answers.begin(row)
            for second, piece in enumerate(script, 1):
                answers.add(answer, piece, float(second))
    return answers, samples


@pytest.mark.parametrize("limit_bytes", [0, 300, 1_000_000])
def test_answers_become_a_table_and_outcomes_whether_read_late_or_at_once(limit_bytes):
    answers, samples = kept(limit_bytes)
    stream = answers.finish(samples)
    refused, cut = int(Outcome.CONNECT_REFUSED), int(Outcome.STREAM_CUT)
    assert samples.outcome[:4].tolist() == [0, cut, refused, 0]
    assert stream.first_token[[0, 1, 3]].tolist() == [1.0, 1.0, 1.0]
    assert isnan(stream.first_token[2])
    assert stream.chunks.tolist() == [3, 1, 0, 1]
    assert stream.output_tokens.tolist() == [3, -1, -1, -1]
    assert stream.input_tokens.tolist() == [11, -1, -1, -1]
    assert (stream.gaps_s.tolist(), stream.gap_rows.tolist()) == ([1.0, 1.0], [0, 0])


def test_a_load_without_an_answer_has_an_empty_table():
    samples = Samples()
    samples.add(0.0)
    stream = KeptAnswers().finish(samples)
    assert np.isnan(stream.first_token).all()
    assert len(stream.gaps_s) == len(stream.gap_rows) == 0
