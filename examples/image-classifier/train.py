"""Trains the digit classifier and writes model.onnx and its card model.json; one machine gives one result.

pip install -r requirements-train.txt
python train.py
"""

import hashlib
import json
import platform
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional

from digits import HELD_OUT_SHARE, SPLIT_SEED, Digits, split_digits

FOLDER = Path(__file__).parent
SEED = 0
EPOCHS = 60
BATCH_SIZE = 64
PEAK_LEARNING_RATE = 5e-3
ONNX_OPSET = 18
PIXEL_MAX = 16.0


class DigitNetwork(nn.Module):
    """Three convolutions and one linear layer: images (n, 8, 8) from 0 to 16 to logits (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(32 * 2 * 2, 10))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(pixels.unsqueeze(1) / PIXEL_MAX))


class ServedNetwork(nn.Module):
    """The network as it is served: raw intensities in, probabilities out, nothing left to do around it."""

    def __init__(self, network: DigitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.network(pixels), dim=1)


def shifted(images: torch.Tensor) -> torch.Tensor:
    """Move each image (n, 8, 8) by up to one pixel in each direction; blank pixels come in from the edge."""
    count, side, _ = images.shape
    padded = functional.pad(images, (1, 1, 1, 1))
    offsets = torch.randint(0, 3, (2, count, 1))
    rows, columns = offsets + torch.arange(side)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def train(digits: Digits) -> DigitNetwork:
    """Train for a fixed number of epochs: the held-out images choose nothing, not even when to stop."""
    images, labels = torch.from_numpy(digits.images), torch.from_numpy(digits.labels)
    network = DigitNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    steps = EPOCHS * -(-len(labels) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=PEAK_LEARNING_RATE, total_steps=steps)
    network.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH_SIZE):
            loss = functional.cross_entropy(network(shifted(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def accuracy(network: DigitNetwork, digits: Digits) -> float:
    """Return the share of `digits` that the network names correctly."""
    with torch.no_grad():
        predicted = network(torch.from_numpy(digits.images)).argmax(dim=1)
    return float((predicted == torch.from_numpy(digits.labels)).float().mean())


def export(network: DigitNetwork) -> bytes:
    """Return the served network as ONNX: input `pixels` (batch, 8, 8), output `probabilities` (batch, 10)."""
    program = torch.onnx.export(
        ServedNetwork(network).eval(),
        (torch.zeros(2, 8, 8),),
        input_names=["pixels"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=ONNX_OPSET,
        dynamo=True,
        verbose=False,
    )
    return without_traces(program.model_proto).SerializeToString(deterministic=True)


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the exporter notes about its own run: stack traces with the paths of the training machine."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del part.metadata_props[:]
    for node in model.graph.node:
        node.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return model


def model_card(model: bytes, network: DigitNetwork, held_out: Digits) -> dict[str, object]:
    """Return the facts that let anyone check or repeat the model."""
    return {
        "name": "digits-convnet",
        "data": "scikit-learn load_digits: 1,797 handwritten digits, 8x8 intensities from 0 to 16",
        "split": {"method": "stratified", "seed": SPLIT_SEED, "held_out_share": HELD_OUT_SHARE},
        "held_out": {"images": len(held_out.labels), "accuracy": round(accuracy(network, held_out), 4)},
        "training": {
            "seed": SEED,
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
            "peak_learning_rate": PEAK_LEARNING_RATE,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "onnx": onnx.__version__,
        },
        "input": {"name": "pixels", "shape": ["batch", 8, 8], "type": "float32", "range": [0, 16]},
        "output": {"name": "probabilities", "shape": ["batch", 10], "type": "float32"},
        "bytes": len(model),
        "sha256": hashlib.sha256(model).hexdigest(),
    }


def main() -> None:
    """Train, export and describe the model."""
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # sums in another order end in other weights
    split = split_digits()
    network = train(split.train)
    model = export(network)
    card = model_card(model, network, split.held_out)
    (FOLDER / "model.onnx").write_bytes(model)
    (FOLDER / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"model.onnx: {len(model)} bytes, held-out accuracy {card['held_out']}")


if __name__ == "__main__":
    main()
