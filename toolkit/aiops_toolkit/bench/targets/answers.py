"""Streamed answers of an OpenAI-compatible service: raw bytes during a load, times and tokens when it is over.

A chunk's time is the time of the read that completed its event. Only chunks that carry a token count.
"""

import json
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops_toolkit.bench.samples import Outcome, Samples
from aiops_toolkit.bench.target import StreamTable
from aiops_toolkit.bench.targets.sse import Event, EventReader

MAX_KEPT_BYTES = 256 * 2**20
MAX_EVENT_BYTES = 4 * 2**20
PIECE_BYTES = 80  # what a piece and its time take in memory beside its content
UNKNOWN = -1

_DONE = b"[DONE]"
_decode = json.JSONDecoder().decode  # json.loads would look for the encoding of each chunk first
_OTHER_TOKEN_FIELDS = ("reasoning_content", "reasoning", "tool_calls", "function_call", "refusal")
_MOST_TOKENS = 2**31 - 1


class StreamedAnswer:
    """One answer: the pieces of its body that were not read yet, and what those read before said."""

    __slots__ = (
        "_begun",
        "_failure",
        "_finished",
        "_pieces",
        "_reader",
        "_times",
        "input_tokens",
        "output_tokens",
        "token_times",
    )

    def __init__(self) -> None:
        self.token_times = array("d")
        self.output_tokens = UNKNOWN
        self.input_tokens = UNKNOWN
        self._begun = False
        self._pieces: list[bytes] = []
        self._times = array("d")
        self._reader = EventReader()
        self._finished = False
        self._failure: Outcome | None = None

    def add(self, piece: bytes, now: float) -> None:
        """Keep a piece of the body that was read at `now`."""
        self._pieces.append(piece)
        self._times.append(now)

    def read(self) -> None:
        """Read the pieces that were kept, and drop them."""
        for piece, time in zip(self._pieces, self._times, strict=True):
            if self._failure is not None:
                break
            for event in self._reader.feed(piece):
                self._take(event, time)
            if self._reader.held_bytes > MAX_EVENT_BYTES:
                self._failure = Outcome.STREAM_MALFORMED
        self._pieces.clear()
        del self._times[:]

    def end(self, outcome: int, now: float) -> int:
        """How the request ended, given how its HTTP exchange did at `now`. Nothing may be added afterwards."""
        self.read()
        if outcome in (Outcome.CLOSED_EARLY, Outcome.RESET):
            return self._outcome_of_whole() if self._begun else outcome
        if outcome != Outcome.OK:
            return outcome
        self._take_last(now)
        return self._outcome_of_whole()

    def _take_last(self, now: float) -> None:
        """An event may end with the body; half a one only says that an answer had begun."""
        last = self._reader.end()
        if last is None or self._failure is not None:
            return
        if last.data == _DONE or _parsed(last.data) is not None:
            self._take(last, now)
        self._begun = True

    def _outcome_of_whole(self) -> int:
        if self._failure is not None:
            return self._failure
        if not self._begun and self._reader.stray:
            return _outcome_of_other_format(self._reader.stray)
        if self._begun and not self._finished:
            return Outcome.STREAM_CUT
        return Outcome.OK if self.token_times else Outcome.STREAM_EMPTY

    def _take(self, event: Event, time: float) -> None:
        self._begun = True
        if event.data == _DONE:
            self._finished = True
            return
        chunk = _parsed(event.data)
        if event.kind == b"error" or _is_error(chunk):
            self._failure = Outcome.STREAM_ERROR
            return
        try:
            if chunk is None:
                raise TypeError
            self._take_chunk(chunk, time)
        except (AttributeError, TypeError):
            self._failure = self._failure or Outcome.STREAM_MALFORMED

    def _take_chunk(self, chunk: dict[str, Any], time: float) -> None:
        """Raises AttributeError or TypeError for a chunk of another shape."""
        usage = chunk.get("usage")
        if usage:
            self.output_tokens = _tokens(usage.get("completion_tokens"))
            self.input_tokens = _tokens(usage.get("prompt_tokens"))
        carries_token = False
        for choice in chunk.get("choices") or ():
            carries_token = carries_token or _has_token(choice)
            if choice.get("finish_reason"):
                self._finished = True
        if carries_token:
            self.token_times.append(time)


class KeptAnswers:
    """The answers of one load by their row. Beyond `limit_bytes` of raw bytes, answers are read as they arrive."""

    __slots__ = ("_answers", "_bytes", "_limit_bytes")

    def __init__(self, limit_bytes: int = MAX_KEPT_BYTES) -> None:
        self._answers: dict[int, StreamedAnswer] = {}
        self._bytes = 0
        self._limit_bytes = limit_bytes

    def begin(self, row: int) -> StreamedAnswer:
        """The answer to the request of `row`, empty so far."""
        answer = self._answers[row] = StreamedAnswer()
        return answer

    def add(self, answer: StreamedAnswer, piece: bytes, now: float) -> None:
        """Keep a piece of an answer that was read at `now`."""
        answer.add(piece, now)
        if self._bytes < self._limit_bytes:
            self._bytes += len(piece) + PIECE_BYTES
        else:
            answer.read()

    def finish(self, samples: Samples) -> StreamTable:
        """Read all answers, and correct the outcomes in `samples` that only reading can tell."""
        rows = samples.count
        first_token = np.full(rows, np.nan)
        chunks = np.zeros(rows, dtype=np.int32)
        tokens = np.full((2, rows), UNKNOWN, dtype=np.int32)
        gaps: list[NDArray[np.float32]] = []
        gap_rows: list[NDArray[np.int32]] = []
        for row, answer in self._answers.items():
            samples.outcome[row] = answer.end(samples.outcome[row], samples.end[row])
            times = np.array(answer.token_times)
            if len(times):
                first_token[row] = times[0]
            chunks[row] = len(times)
            tokens[:, row] = answer.output_tokens, answer.input_tokens
            gaps.append(np.diff(times).astype(np.float32))
            gap_rows.append(np.full(max(len(times) - 1, 0), row, dtype=np.int32))
        self._answers.clear()
        return StreamTable(
            first_token=first_token,
            chunks=chunks,
            output_tokens=tokens[0],
            input_tokens=tokens[1],
            gaps_s=np.concatenate(gaps) if gaps else np.empty(0, dtype=np.float32),
            gap_rows=np.concatenate(gap_rows) if gap_rows else np.empty(0, dtype=np.int32),
        )


def _parsed(data: bytes) -> dict[str, Any] | None:
    """The JSON object in `data`, None when there is none."""
    try:
        value = _decode(data.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_error(value: dict[str, Any] | None) -> bool:
    return value is not None and (bool(value.get("error")) or value.get("object") == "error")


def _has_token(choice: dict[str, Any]) -> bool:
    delta = choice.get("delta")
    if delta is None:
        return bool(choice.get("text"))
    return bool(delta.get("content")) or any(delta.get(field) for field in _OTHER_TOKEN_FIELDS)


def _tokens(count: object) -> int:
    return count if type(count) is int and 0 <= count <= _MOST_TOKENS else UNKNOWN


def _outcome_of_other_format(text: bytes) -> Outcome:
    """What a body is that holds no event: one JSON answer, an error in JSON, or garbage."""
    answer = _parsed(text)
    if _is_error(answer):
        return Outcome.STREAM_ERROR
    return Outcome.NOT_A_STREAM if text.lstrip()[:1] in (b"{", b"[") else Outcome.STREAM_MALFORMED
