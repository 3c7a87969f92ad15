"""The parser of answers: no answer, whole or cut, valid or mangled, gets past it or stops it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.bench_answers import assert_pieces_do_not_matter, connected, cut, judged, verdict

CORPUS = sorted((Path(__file__).parents[1] / "data/corpus/response").glob("*.http"))

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

bodies = st.one_of(st.binary(max_size=40), st.just(b'{"label": "cat"}'))
lines = st.sampled_from(
    [
        b"Connection: close",
        b"connection: Keep-Alive",
        b"Connection: upgrade\r\nUpgrade: x",
        b"Content-Type: application/json",
        b"Location: /elsewhere",
        b"X-Folded: a\r\n  b",
        b"X-Empty:",
        b"Content-Length: 2",
        b"Content-Length: +2",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip",
        b"No colon",
        b": no name",
        b"\x00: nothing",
    ]
)


@st.composite
def framed(draw: st.DrawFn) -> bytes:
    """A body with the header that frames it: by length, by chunks, or not at all."""
    body = draw(bodies)
    way = draw(st.sampled_from(["length", "chunks", "close"]))
    if way == "length":
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    if way == "close":
        return b"\r\n" + body
    places = sorted(draw(st.lists(st.integers(1, max(len(body) - 1, 1)), max_size=3, unique=True)))
    chunks = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    written = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    return b"Transfer-Encoding: chunked\r\n\r\n" + written + b"0\r\nX-Trailer: t\r\n\r\n"


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer as a server may write it, perhaps after interim ones, perhaps with something behind it."""
    interim = draw(
        st.sampled_from([b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"])
    )
    version = draw(st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTPS/1.1"]))
    status = draw(st.sampled_from([b"200 OK", b"200", b"204 No Content", b"304 Same", b"404 Not Found", b"503 Busy"]))
    headers = b"".join(line + b"\r\n" for line in draw(st.lists(lines, max_size=3)))
    behind = draw(st.sampled_from([b"", b"", b"", b"more", OK]))
    return interim * draw(st.integers(0, 2)) + version + b" " + status + b"\r\n" + headers + draw(framed()) + behind


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """An answer with a part of it lost, doubled or replaced."""
    answer = draw(answers())
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(answer)))
        end = draw(st.integers(start, min(start + 8, len(answer))))
        answer = (
            answer[:start]
            + draw(st.one_of(st.just(b""), st.binary(max_size=4), st.just(answer[start:end] * 2)))
            + answer[end:]
        )
    return answer


@st.composite
def in_pieces(draw: st.DrawFn, of: st.SearchStrategy[bytes]) -> tuple[bytes, list[bytes]]:
    """An answer and the pieces that the network brings it in."""
    answer = draw(of)
    places = sorted(draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    pieces = [answer[start:end] for start, end in zip([0, *places], [*places, len(answer)], strict=True)]
    return answer, [piece for piece in pieces if piece]


@given(in_pieces(mangled() | st.binary(max_size=60)), st.booleans(), st.booleans())
def test_the_pieces_of_an_answer_do_not_change_how_it_is_judged(cut_answer, has_body, checked):
    assert_pieces_do_not_matter(*cut_answer, has_body=has_body, checked=checked)


@given(mangled())
def test_byte_by_byte_is_no_different(answer):
    assert_pieces_do_not_matter(answer, [answer[place : place + 1] for place in range(len(answer))])


@given(in_pieces(answers()), in_pieces(mangled()), st.booleans())
def test_what_came_before_on_a_connection_does_not_change_how_the_next_answer_is_judged(first, second, checked):
    connection, recorder = connected(checked=checked)
    verdict(connection, recorder, first[1])
    if connection.usable:
        assert verdict(connection, recorder, second[1]) == judged(second[1], checked=checked)


@given(bodies, st.lists(st.integers(0, 80), max_size=5))
def test_a_valid_answer_is_a_success_however_it_is_cut(body, places):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    ends = sorted({min(place, len(answer)) for place in places} | {len(answer)})
    pieces = [answer[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True) if start < end]
    assert judged(pieces).kind == "ok"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_an_answer_of_the_corpus_ends_as_its_file_is_named(path):
    answer = path.read_bytes()
    assert judged([answer]).kind == path.stem.partition("--")[0]
    for checked in (False, True):
        assert_pieces_do_not_matter(answer, cut(answer), checked=checked)
        assert_pieces_do_not_matter(
            answer, [answer[place : place + 1] for place in range(len(answer))], checked=checked
        )


def test_the_corpus_holds_successes_and_failures():
    kinds = {path.stem.partition("--")[0] for path in CORPUS}
    assert {"ok", "malformed", "closed-early", "status-404"} <= kinds
