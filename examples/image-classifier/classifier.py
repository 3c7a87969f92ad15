"""The model as the service sees it: arrays in, probabilities out."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

SIDE = 8
PIXEL_MAX = 16


class Classifier:
    """A loaded model that has answered once, so that the first request is as fast as the next."""

    def __init__(self, folder: Path) -> None:
        """Load model.onnx and its card model.json; raise RuntimeError when they do not belong together."""
        model = (folder / "model.onnx").read_bytes()
        self.card: Mapping[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        digest = hashlib.sha256(model).hexdigest()
        if digest != self.card["sha256"]:
            raise RuntimeError(
                f"{folder / 'model.onnx'} is not the model that model.json describes (sha256 {digest[:12]} against "
                f"{self.card['sha256'][:12]}): run train.py, or take both files from one commit"
            )
        self._session = onnxruntime.InferenceSession(model, _session_options(), providers=["CPUExecutionProvider"])
        self.probabilities(np.zeros((1, SIDE, SIDE), dtype=np.float32))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each digit, (n, 10), for intensities (n, 8, 8) from 0 to 16 as float32."""
        (result,) = self._session.run(["probabilities"], {"pixels": images})
        return result


def _session_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # The default is one thread a core. They cost more than an 8x8 image has work for, and they would compete with
    # the other copies of the service on the machine: throughput comes from processes.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options
