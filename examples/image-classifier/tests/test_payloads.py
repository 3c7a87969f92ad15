"""The request bodies of the benchmark: real digits that the model was not trained on, two of each."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits import Digits

PAYLOADS = Path(__file__).parent.parent / "payloads"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))


def test_show_each_digit_equally_often() -> None:
    assert Counter(name.split("-")[1] for name in NAMES) == dict.fromkeys("0123456789", 2)


@pytest.mark.parametrize("name", NAMES)
def test_are_held_out_images(name: str, held_out: Digits) -> None:
    pixels = np.array(json.loads((PAYLOADS / f"{name}.json").read_text())["pixels"], dtype=np.float32)
    (found,) = np.flatnonzero((held_out.images == pixels).all(axis=(1, 2)))
    assert held_out.labels[found] == int(name.split("-")[1])
    with Image.open(PAYLOADS / f"{name}.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.rint(pixels * 255 / 16))
