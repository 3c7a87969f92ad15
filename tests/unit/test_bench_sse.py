"""Server-sent events are the same however the network cuts their bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_toolkit.bench.targets.sse import Event, EventReader


def events_of(*pieces: bytes) -> list[Event]:
    reader = EventReader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    last = reader.end()
    return [*found, last] if last else found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: one\n\n", [b"one"]),
        (b"data:one\n\n", [b"one"]),
        (b"data:  one \n\n", [b" one "]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
        (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
        (b"data: one\ndata: more\n\n", [b"one\nmore"]),
        (b"data\n\n", [b""]),
        (b": a comment\n\n: another\ndata: one\n: a third\n\n", [b"one"]),
        (b"id: 7\nretry: 100\ndata: one\n\n", [b"one"]),
        (b"\n\n\n\ndata: one\n\n\n", [b"one"]),
        (b"\xef\xbb\xbfdata: one\n\n", [b"one"]),
        (b"data: one\n\ndata: the end", [b"one", b"the end"]),
        (b"", []),
        (b": nothing\n\n", []),
    ],
)
def test_events_are_read_as_the_standard_says(body, expected):
    assert [event.data for event in events_of(body)] == expected


def test_the_kind_of_an_event_lasts_until_it_ends():
    found = events_of(b"event: error\ndata: one\n\ndata: two\n\nevent: x\n\ndata: three\n\n")
    assert [(event.kind, event.data) for event in found] == [(b"error", b"one"), (b"", b"two"), (b"", b"three")]
    assert events_of(b"error: {}\n\n") == [Event(b"error", b"{}")]


def test_an_event_belongs_to_the_piece_that_ends_it():
    reader = EventReader()
    counts = [
        len(reader.feed(piece)) for piece in (b"data: o", b"ne\n", b"\ndata: two\n\ndata: three\n", b"\nda", b"ta")
    ]
    assert counts == [0, 0, 2, 1, 0]


def test_what_has_begun_and_not_ended_is_measured():
    reader = EventReader()
    reader.feed(b"data: one\n\n")
    assert reader.held_bytes == 0
    for _ in range(3):
        reader.feed(b"data: 4567\n")
    assert reader.held_bytes == 33
    reader.feed(b"\ndat")
    assert reader.held_bytes == 3


def test_another_format_is_kept_for_a_look_up_to_a_limit():
    reader = EventReader()
    reader.feed(b'{"a": 1}\nsome: field\n' + b"x" * 100_000 + b"\n" + b"y\n" * 100_000)
    assert reader.stray.startswith(b'{"a": 1}\nsome: field\nxxx')
    assert len(reader.stray) < 200_000


LINES = st.sampled_from(
    [
        b"data: one",
        b"data:",
        b"data: \xc3\xa4",
        b"data",
        b"event: error",
        b": ping",
        b"id: 1",
        b"",
        b"",
        b"",
        b'{"a":1}',
    ]
)
BODIES = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=12)


@given(BODIES, st.lists(st.integers(0, 200), max_size=8))
def test_any_split_gives_the_same_events(lines, cuts):
    body = b"".join(line + end for line, end in lines)
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]
    assert events_of(*pieces) == events_of(body)


@given(BODIES)
def test_one_byte_at_a_time_gives_the_same_events(lines):
    body = b"".join(line + end for line, end in lines)
    assert events_of(*(body[n : n + 1] for n in range(len(body)))) == events_of(body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body):
    assert events_of(*(body[n : n + 1] for n in range(len(body)))) == events_of(body)
