"""The committed model: how well it reads digits it has never seen, and whether it is the one its card describes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier import Classifier
from digits import Digits, split_digits

FOLDER = Path(__file__).parent.parent


def test_reads_the_held_out_digits(
    classifier: Classifier, held_out: Digits, record_metric: Callable[[str, float], None]
) -> None:
    correct = classifier.probabilities(held_out.images).argmax(axis=1) == held_out.labels
    by_digit = [float(correct[held_out.labels == digit].mean()) for digit in range(10)]
    record_metric("accuracy", float(correct.mean()))
    record_metric("accuracy_worst_class", min(by_digit))
    assert correct.mean() == pytest.approx(classifier.card["held_out"]["accuracy"], abs=5e-5)
    assert min(by_digit) >= 0.9


def test_is_small_enough_to_be_committed(record_metric: Callable[[str, float], None]) -> None:
    model_bytes = (FOLDER / "model.onnx").stat().st_size
    record_metric("model_bytes", model_bytes)
    assert model_bytes < 100_000


def test_has_never_seen_the_held_out_digits() -> None:
    train, held_out = split_digits()
    assert len(train.labels) + len(held_out.labels) == 1797
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in held_out.images}


def test_answers_a_batch_as_it_answers_each_image(classifier: Classifier, held_out: Digits) -> None:
    images = held_out.images[:20]
    each = np.concatenate([classifier.probabilities(image[np.newaxis]) for image in images])
    np.testing.assert_allclose(classifier.probabilities(images), each, atol=1e-5)
    np.testing.assert_allclose(each.sum(axis=1), 1, atol=1e-5)


def test_refuses_a_model_that_its_card_does_not_describe(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "model.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes((FOLDER / "model.onnx").read_bytes() + b"\0")
    with pytest.raises(RuntimeError, match=r"model\.onnx is not the model that model\.json describes.*run train\.py"):
        Classifier(tmp_path)
