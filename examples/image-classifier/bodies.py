"""From the bytes of a request to images, or to an answer that says what is wrong with them."""

import io
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

import numpy as np
from fastapi import HTTPException, Request
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import ClientDisconnect

from classifier import PIXEL_MAX, SIDE

BODY_LIMIT_BYTES = 128 * 1024
BATCH_LIMIT = 64
Image.MAX_IMAGE_PIXELS = None  # the size is judged by the header, before a pixel is unpacked: no room for a bomb

Pixel = Annotated[float, Field(ge=0, le=PIXEL_MAX, allow_inf_nan=False)]
PixelRow = Annotated[list[Pixel], Field(min_length=SIDE, max_length=SIDE)]
Pixels = Annotated[list[PixelRow], Field(min_length=SIDE, max_length=SIDE)]
Batch = Annotated[list[Pixels], Field(min_length=1, max_length=BATCH_LIMIT)]


class ClassifyRequest(BaseModel):
    """Either one image, `pixels`, or a batch, `images`: 8 rows of 8 intensities from 0 (paper) to 16 (ink)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pixels: Pixels | None = None
    images: Batch | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ClassifyRequest":
        if (self.pixels is None) == (self.images is None):
            raise ValueError('expected either "pixels" (one image) or "images" (a batch)')
        return self


class Images(NamedTuple):
    """What a body held: intensities (n, 8, 8) as float32, and whether the sender asked for a batch."""

    pixels: np.ndarray
    is_batch: bool


async def read_images(request: Request) -> Images:
    """Read one request to images; raise HTTPException 400, 413, 415 or 422 with the reason."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    decode = DECODERS.get(content_type)
    if decode is None:
        found = f"found {content_type}" if content_type else "found none"
        raise HTTPException(415, f"Content-Type must be {' or '.join(DECODERS)}, {found}")
    return decode(await _read_body(request))


async def _read_body(request: Request) -> bytes:
    """Collect the body, and stop at the limit: a chunked body does not announce its length."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT_BYTES:
                raise HTTPException(413, f"the body is larger than {BODY_LIMIT_BYTES} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the client closed the connection before the body was complete") from None
    return bytes(body)


def _decode_json(body: bytes) -> Images:
    try:
        request = ClassifyRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        status = 400 if first["type"] == "json_invalid" else 422
        raise HTTPException(status, f"{place}: {message}" if place else message) from None
    images = [request.pixels] if request.images is None else request.images
    return Images(pixels=np.array(images, dtype=np.float32), is_batch=request.images is not None)


def _decode_png(body: bytes) -> Images:
    try:
        with Image.open(io.BytesIO(body), formats=["PNG"]) as image:
            _require_digit_format(image)
            intensities = np.asarray(image, dtype=np.float32)
    except (OSError, SyntaxError, ValueError):  # Pillow's three ways to call a PNG broken
        raise HTTPException(400, "the body is not a readable PNG image, or it is damaged") from None
    return Images(pixels=intensities[np.newaxis] * (PIXEL_MAX / 255), is_batch=False)


def _require_digit_format(image: Image.Image) -> None:
    """Judge an image by its header alone; raise HTTPException 422 with what was found."""
    if image.size != (SIDE, SIDE):
        width, height = image.size
        raise HTTPException(422, f"the image must be {SIDE}x{SIDE} pixels, found {width}x{height}")
    if image.mode != "L":
        raise HTTPException(422, f"the image must be 8-bit grayscale (Pillow mode L), found mode {image.mode}")


DECODERS: Mapping[str, Callable[[bytes], Images]] = {"application/json": _decode_json, "image/png": _decode_png}
