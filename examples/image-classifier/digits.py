"""The handwritten digits and their one fixed split, shared by training, tests and payloads."""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SPLIT_SEED = 0
HELD_OUT_SHARE = 0.25


class Digits(NamedTuple):
    """Images (n, 8, 8) as float32 intensities from 0 to 16, and the digit (n,) each one shows."""

    images: np.ndarray
    labels: np.ndarray


class Split(NamedTuple):
    """What the model learns from, and what it has never seen."""

    train: Digits
    held_out: Digits


def split_digits() -> Split:
    """Split scikit-learn's 1,797 digits into 1,347 to train on and 450 held out, each digit in equal share."""
    digits = load_digits()
    train_images, held_out_images, train_labels, held_out_labels = train_test_split(
        digits.images.astype(np.float32),
        digits.target,
        test_size=HELD_OUT_SHARE,
        random_state=SPLIT_SEED,
        stratify=digits.target,
    )
    return Split(train=Digits(train_images, train_labels), held_out=Digits(held_out_images, held_out_labels))
