"""Requests are built before any load, and what cannot be sent is refused in one line that shows no secret."""

import os
from pathlib import Path

import pytest

from aiops_planner.errors import UsageError
from aiops_toolkit.bench.targets.payloads import Requests, build_requests, split_url
from aiops_toolkit.config.targets import HttpTarget

URL = "http://127.0.0.1:8000/v1/classify"


def build(root: Path, *, url: str = URL, environment: dict[str, str] | None = None, **target: object) -> Requests:
    return build_requests(HttpTarget(url=url, **target), root=root, url=url, environment=environment or {})


def head_of(message: bytes) -> list[str]:
    return message.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def test_without_payloads_there_is_one_request(tmp_path):
    (message,) = build(tmp_path).messages
    assert head_of(message) == [
        "GET /v1/classify HTTP/1.1",
        "Host: 127.0.0.1:8000",
        "User-Agent: aiops-action",
        "Accept: */*",
    ]
    assert message.endswith(b"\r\n\r\n")


def test_a_post_without_payloads_says_that_its_body_is_empty(tmp_path):
    assert "Content-Length: 0" in head_of(build(tmp_path, method="POST").messages[0])


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.json", "application/json"),
        ("a.PNG", "image/png"),
        ("a.bin", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_suffix_of_a_payload_decides_its_content_type(tmp_path, name, content_type):
    (tmp_path / name).write_bytes(b"\x00\xff\r\n")
    (message,) = build(tmp_path, method="post", payloads="a*").messages
    head, _, body = message.partition(b"\r\n\r\n")
    assert f"Content-Type: {content_type}" in head.decode().split("\r\n")
    assert b"Content-Length: 4" in head.split(b"\r\n")
    assert head.startswith(b"POST ")
    assert body == b"\x00\xff\r\n"


def test_payloads_come_in_the_order_of_their_names(tmp_path):
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.txt").write_text(name)
    assert [message[-1:] for message in build(tmp_path, payloads="*.txt").messages] == [b"a", b"b", b"c"]


def test_payloads_in_random_order_are_drawn_by_the_seed(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name)
    target = HttpTarget(url=URL, method="POST", payloads="*", order="random")
    one, again, other = (
        build_requests(target, root=tmp_path, url=URL, environment={}, seed=seed).messages for seed in (1, 1, 2)
    )
    assert one == again != other
    shares = [sum(message.endswith(name) for message in one) / len(one) for name in (b"a", b"b", b"c")]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.02)
    assert len({id(message) for message in one}) == 3  # the same bytes, however often they are drawn


def test_without_keep_alive_the_request_says_so(tmp_path):
    requests = build(tmp_path, method="POST", keep_alive=False)
    assert "Connection: close" in head_of(requests.messages[0])
    assert not requests.keep_alive


def test_headers_replace_the_usual_ones_and_take_values_from_the_environment(tmp_path):
    headers = {"user-agent": "me", "Authorization": "Bearer $TOKEN ${TOKEN}2 $$TOKEN"}
    head = head_of(build(tmp_path, headers=headers, environment={"TOKEN": "s3cret"}).messages[0])
    assert "user-agent: me" in head
    assert "Authorization: Bearer s3cret s3cret2 $TOKEN" in head
    assert not any(line.startswith("User-Agent") for line in head)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "path"),
    [
        ("http://localhost", "localhost", 80, False, "/"),
        ("https://example.test/a b?q=1&r=ü#part", "example.test", 443, True, "/a%20b?q=1&r=%C3%BC"),
        ("http://[::1]:8000/x%20y", "::1", 8000, False, "/x%20y"),
        ("http://bücher.test:81/", "xn--bcher-kva.test", 81, False, "/"),
    ],
)
def test_urls_are_taken_apart(url, host, port, tls, path):
    endpoint, found = split_url(url)
    assert (endpoint.host, endpoint.port, endpoint.tls, found) == (host, port, tls, path)


def test_an_address_of_ipv6_keeps_its_brackets_in_the_host_header(tmp_path):
    assert "Host: [::1]:8000" in head_of(build(tmp_path, url="http://[::1]:8000/").messages[0])


def test_the_url_that_is_shown_has_no_query(tmp_path):
    assert build(tmp_path, url="http://h:1/a?key=s3cret").url == "http://h:1/a"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8000/x", "no http:// or https://"),
        ("ftp://host/x", "no http:// or https://"),
        ("http:///x", "no http:// or https://"),
        ("http://host:eighty/", "cannot be read"),
        ("http://host:99999/", "cannot be read"),
        ("http://user:s3cret@host/", "Authorization: Basic"),
    ],
)
def test_a_url_that_cannot_be_loaded_is_refused(tmp_path, url, words):
    with pytest.raises(UsageError, match=words) as caught:
        build(tmp_path, url=url)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"headers": {"X-Key": "$MISSING"}}, "header X-Key: the environment has no variable MISSING"),
        ({"headers": {"X-Key": "$BROKEN"}}, "header X-Key: its value holds a line break"),
        ({"headers": {"X Key": "1"}}, "'X Key' is no header name"),
        ({"headers": {"content-length": "1"}}, "content-length: the load engine sets it itself"),
        ({"method": "GET /"}, "is no method"),
        ({"payloads": "*.json"}, r"'\*.json' matches no file in /"),
        ({"payloads": "folder"}, r"only a folder \(folder\); write folder/\*"),
        ({"payloads": "/etc/*"}, "no pattern relative to"),
        ({"payloads": "empty.txt"}, "empty.txt is empty"),
        ({"payloads": "pipe"}, "pipe is not a regular file"),
        ({"payloads": "gone.*"}, "gone.txt is not a regular file"),
        ({"payloads": "*.big"}, "exceed 64 MB"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(tmp_path, target, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.txt").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    for name in ("1.big", "2.big"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(33 * 2**20)
    with pytest.raises(UsageError, match=words) as caught:
        build(tmp_path, environment={"BROKEN": "s3cret\r\nX: y"}, **target)
    assert "s3cret" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_payload_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "a.txt").chmod(0)
    with pytest.raises(UsageError, match=r"a.txt cannot be read \(Permission denied\)"):
        build(tmp_path, payloads="a.txt")
