"""The service: what it answers to good images, and what it says about bad ones."""

import io
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bodies import BATCH_LIMIT, BODY_LIMIT_BYTES

PAYLOADS = Path(__file__).parent.parent / "payloads"
JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}
BLANK = [[0] * 8] * 8


def png(width: int = 8, height: int = 8, mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def with_pixel(value: object) -> bytes:
    """One image whose pixel in row 2, column 5 is `value`, as Python writes JSON: NaN and Infinity included."""
    pixels = [list(row) for row in BLANK]
    pixels[2][5] = value
    return json.dumps({"pixels": pixels}).encode()


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_names_the_digit_of_each_payload_as_json_and_as_png(client: httpx.Client, path: Path) -> None:
    as_json = client.post("/v1/classify", content=path.read_bytes(), headers=JSON)
    as_png = client.post("/v1/classify", content=path.with_suffix(".png").read_bytes(), headers=PNG)
    assert (as_json.status_code, as_png.status_code) == (200, 200)
    answer = as_json.json()
    assert answer["digit"] == int(path.stem.split("-")[1]) == as_png.json()["digit"]
    assert answer["probability"] == max(answer["probabilities"]) == answer["probabilities"][answer["digit"]]
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    # A PNG has 255 steps where the data has 16: rounding moves an intensity by at most 0.03.
    assert as_png.json()["probabilities"] == pytest.approx(answer["probabilities"], abs=0.02)


def test_answers_a_batch_in_the_order_of_its_images(client: httpx.Client) -> None:
    bodies = [json.loads((PAYLOADS / f"digit-{digit}-1.json").read_text()) for digit in (3, 1, 4)]
    answer = client.post("/v1/classify", json={"images": [body["pixels"] for body in bodies]})
    assert answer.status_code == 200
    assert [prediction["digit"] for prediction in answer.json()["predictions"]] == [3, 1, 4]


def test_accepts_a_full_batch(client: httpx.Client) -> None:
    answer = client.post("/v1/classify", json={"images": [[[15.123456789] * 8] * 8] * BATCH_LIMIT})
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == BATCH_LIMIT


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param(b"", 400, "JSON", id="nothing"),
        pytest.param(b'{"pixels": [[0, 1', 400, "JSON", id="cut short"),
        pytest.param(b"\xff\xfe{}", 400, "JSON", id="not UTF-8"),
        pytest.param(b"[" * 10_000, 400, "JSON", id="nested without end"),
        pytest.param(b"[]", 422, "Input should be an object", id="not an object"),
        pytest.param(b"{}", 422, 'either "pixels"', id="no image"),
        pytest.param(json.dumps({"pixels": BLANK, "images": [BLANK]}).encode(), 422, 'either "pixels"', id="both"),
        pytest.param(b'{"pixel": []}', 422, "pixel: Extra", id="misspelt"),
        pytest.param(json.dumps({"pixels": BLANK[:7]}).encode(), 422, "pixels: List should have", id="seven rows"),
        pytest.param(json.dumps({"pixels": [[0] * 9] * 8}).encode(), 422, "pixels.0: List should", id="nine columns"),
        pytest.param(json.dumps({"pixels": [0] * 64}).encode(), 422, "pixels: List should have at most 8", id="flat"),
        pytest.param(b'{"images": []}', 422, "images: List should have", id="empty batch"),
        pytest.param(json.dumps({"images": [BLANK] * 65}).encode(), 422, "at most 64", id="batch too long"),
        pytest.param(with_pixel(float("nan")), 422, "pixels.2.5:", id="NaN"),
        pytest.param(with_pixel(float("inf")), 422, "pixels.2.5:", id="infinite"),
        pytest.param(with_pixel(16.5), 422, "pixels.2.5: Input should be less than or equal to 16", id="too dark"),
        pytest.param(with_pixel(-1), 422, "pixels.2.5: Input should be greater", id="negative"),
        pytest.param(with_pixel("7"), 422, "pixels.2.5: Input should be a valid number", id="text"),
        pytest.param(with_pixel(True), 422, "pixels.2.5: Input should be a valid number", id="boolean"),
        pytest.param(with_pixel(None), 422, "pixels.2.5: Input should be a valid number", id="null"),
    ],
)
def test_says_what_is_wrong_with_json(client: httpx.Client, body: bytes, status: int, says: str) -> None:
    answer = client.post("/v1/classify", content=body, headers=JSON)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param(b"", 400, "not a readable PNG", id="nothing"),
        pytest.param(b"GIF89a" + bytes(40), 400, "not a readable PNG", id="a GIF"),
        pytest.param(png()[:44], 400, "not a readable PNG", id="cut short"),
        pytest.param(png().replace(b"IDAT", b"IDAX"), 400, "not a readable PNG", id="without pixels"),
        pytest.param(png(28, 28), 422, "must be 8x8 pixels, found 28x28", id="too large"),
        pytest.param(png(8, 7), 422, "found 8x7", id="a row short"),
        pytest.param(png(20_000, 1), 422, "found 20000x1", id="very wide"),
        pytest.param(png(mode="RGB"), 422, "8-bit grayscale (Pillow mode L), found mode RGB", id="in colour"),
        pytest.param(png(mode="I;16"), 422, "found mode I;16", id="16 bits deep"),
    ],
)
def test_says_what_is_wrong_with_a_png(client: httpx.Client, body: bytes, status: int, says: str) -> None:
    answer = client.post("/v1/classify", content=body, headers=PNG)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data"}])
def test_takes_json_and_png_only(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/v1/classify", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "must be application/json or image/png" in answer.json()["detail"]


def test_reads_a_content_type_with_parameters(client: httpx.Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/classify", content=with_pixel(3), headers=headers).status_code == 200


def oversized_chunks() -> Iterator[bytes]:
    """A body that never says how long it is: httpx sends an iterator chunked, without Content-Length."""
    for _ in range(5):
        yield b" " * (BODY_LIMIT_BYTES // 4)


@pytest.mark.parametrize("body", [b" " * (BODY_LIMIT_BYTES + 1), oversized_chunks], ids=["announced", "chunked"])
def test_refuses_an_oversized_body_and_serves_on(client: httpx.Client, body: object) -> None:
    answer = client.post("/v1/classify", content=body() if callable(body) else body, headers=JSON)
    assert answer.status_code == 413
    assert f"larger than {BODY_LIMIT_BYTES} bytes" in answer.json()["detail"]
    assert client.post("/v1/classify", content=with_pixel(3), headers=JSON).status_code == 200


def test_accepts_a_body_of_exactly_the_limit(client: httpx.Client) -> None:
    body = with_pixel(3).ljust(BODY_LIMIT_BYTES)
    assert client.post("/v1/classify", content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/classify", 405), ("POST", "/healthz", 405), ("GET", "/nowhere", 404)]
)
def test_answers_wrong_turns_in_json(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_is_healthy_with_the_committed_model(client: httpx.Client) -> None:
    card = json.loads((PAYLOADS.parent / "model.json").read_text())
    assert client.get("/healthz").json() == {"status": "ready", "model": card["sha256"]}


def metric(client: httpx.Client, sample: str) -> float:
    """The value of one sample of /metrics, 0 before it first appears."""
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(sample + " ")), 0.0)


@pytest.mark.parametrize(("body", "status"), [(with_pixel(3), 200), (b"{}", 422)], ids=["served", "refused"])
def test_counts_and_times_requests_by_status(client: httpx.Client, body: bytes, status: int) -> None:
    requests = f'http_requests_total{{method="POST",path="/v1/classify",status="{status}"}}'
    timed = 'http_request_duration_seconds_count{path="/v1/classify"}'
    before = metric(client, requests), metric(client, timed)
    client.post("/v1/classify", content=body, headers=JSON)
    assert metric(client, requests) >= before[0] + 1
    assert metric(client, timed) >= before[1] + 1


def test_counts_a_client_that_leaves_before_its_body_is_complete(client: httpx.Client, service_url: str) -> None:
    requests = 'http_requests_total{method="POST",path="/v1/classify",status="400"}'
    before = metric(client, requests)
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
    deadline_s = time.monotonic() + 5
    while metric(client, requests) == before:
        assert time.monotonic() < deadline_s, "the request was never counted"


def test_publishes_the_model_and_the_requests_in_flight(client: httpx.Client) -> None:
    text = client.get("/metrics").text
    assert 'model_info{held_out_accuracy="0.' in text
    assert metric(client, "http_requests_in_flight") >= 1


def test_keeps_unknown_paths_out_of_the_metrics(client: httpx.Client) -> None:
    client.get("/a-path-that-nobody-serves")
    assert "a-path-that-nobody-serves" not in client.get("/metrics").text
    assert metric(client, 'http_requests_total{method="GET",path="unmatched",status="404"}') >= 1
