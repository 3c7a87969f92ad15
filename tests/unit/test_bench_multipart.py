"""Multipart bodies are what any reader of forms expects."""

import os
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.targets.multipart import boundary_for, multipart_body
from aiops_toolkit.bench.targets.payloads import build_requests
from aiops_toolkit.config.targets import HttpTarget


def parts_of(message: bytes) -> list[Message]:
    """The parts of a request, as the mail reader of Python's library sees them."""
    head, _, body = message.partition(b"\r\n\r\n")
    (content_type,) = (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:"))
    (length,) = (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert int(length.split(b":")[1]) == len(body)
    form = message_from_bytes(content_type + b"\r\n\r\n" + body)
    assert form.get_content_type() == "multipart/form-data"
    parts = form.get_payload()
    assert isinstance(parts, list)
    return parts


def build(root: Path, **target: object) -> tuple[bytes, ...]:
    http = HttpTarget(url="http://h/", method="POST", **target)
    return build_requests(http, root=root, url="http://h/", environment={}).messages


def test_each_payload_is_the_file_of_its_field_beside_the_text_fields(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "dog.txt").write_bytes(b"dog")
    first, second = build(tmp_path, payloads="*", multipart="image", fields={"model": "tiny", "note": "größer"})
    model, note, image = parts_of(first)
    assert (model.get_param("name", header="content-disposition"), model.get_payload()) == ("model", "tiny")
    assert note.get_payload(decode=True) == "größer".encode()
    assert (image.get_param("name", header="content-disposition"), image.get_filename()) == ("image", "cat.png")
    assert (image.get_content_type(), image.get_payload(decode=True)) == ("image/png", b"\x89PNG\r\n")
    assert parts_of(second)[-1].get_content_type() == "text/plain"


def test_a_name_cannot_end_its_own_quotes():
    body = multipart_body("b", field="a", filename='x".png', content_type="image/png", content=b"", fields={})
    assert b'filename="x%22.png"' in body


def test_the_name_of_a_file_may_be_any_bytes(tmp_path):
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))).write_bytes(b"x")
    (message,) = build(tmp_path, payloads="*", multipart="image")
    assert b'filename="\xff.png"' in message


def test_a_content_type_of_the_user_would_hide_the_boundary_and_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(UsageError, match="header Content-Type: multipart sets it itself; remove it"):
        build(tmp_path, payloads="*", multipart="image", headers={"content-type": "image/png"})


def test_without_payloads_nothing_is_wrapped(tmp_path):
    (message,) = build(tmp_path, multipart="image")  # as before `setup` has made the payloads
    assert message.endswith(b"Content-Length: 0\r\n\r\n")


@given(st.lists(st.binary(max_size=50), max_size=3))
def test_a_boundary_occurs_in_no_content_even_when_content_was_made_to_hold_it(contents):
    guessed = boundary_for(contents).encode()
    for hostile in ([*contents, guessed], [guessed * 2]):
        boundary = boundary_for(hostile).encode()
        assert not any(boundary in content for content in hostile)
    assert boundary_for(contents).encode() == guessed
