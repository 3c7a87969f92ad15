"""Writes payloads/: the first held-out images of each digit, as JSON and as PNG, for the benchmark to send."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from classifier import PIXEL_MAX
from digits import split_digits

FOLDER = Path(__file__).parent / "payloads"
IMAGES_PER_DIGIT = 2


def write_payload(name: str, image: np.ndarray) -> None:
    """Write one image (8, 8), intensities from 0 to 16, as name.json and name.png."""
    body = json.dumps({"pixels": image.astype(int).tolist()})
    (FOLDER / f"{name}.json").write_text(body + "\n", encoding="utf-8")
    shades = np.rint(image * (255 / PIXEL_MAX)).astype(np.uint8)
    Image.fromarray(shades).save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    """Write IMAGES_PER_DIGIT payloads for each of the ten digits."""
    FOLDER.mkdir(exist_ok=True)
    held_out = split_digits().held_out
    for digit in range(10):
        images = held_out.images[held_out.labels == digit][:IMAGES_PER_DIGIT]
        for number, image in enumerate(images, start=1):
            write_payload(f"digit-{digit}-{number}", image)


if __name__ == "__main__":
    main()
