"""A small server of the Open Inference Protocol v2 with one model, `adder`; requests have to fit its metadata."""

import json
from math import prod
from typing import Any

from support.bench_server import Call

METADATA: dict[str, Any] = {
    "name": "adder",
    "versions": ["1", "2"],
    "platform": "test",
    "inputs": [
        {"name": "numbers", "datatype": "FP32", "shape": [-1, 4]},
        {"name": "label", "datatype": "BYTES", "shape": [1]},
    ],
    "outputs": [{"name": "sum", "datatype": "FP32", "shape": [1]}],
}


class KserveServer:
    """Answers for `bench_server.serving`: give it `reply`, then read `bodies` from the server it yields."""

    def __init__(self, *, metadata: object = METADATA, ready: int = 200) -> None:
        self.metadata = metadata
        self.ready = ready
        self.asked: list[str] = []
        self.server: Any = None

    async def reply(self, call: Call) -> bool:
        method, path, _ = call.head.decode().split("\r\n")[0].split(" ")
        self.asked.append(f"{method} {path}")
        status, value = self._answer(method, path.removeprefix("/v2/models/adder").removeprefix("/versions/2"), call)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        call.writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return True

    def _answer(self, method: str, rest: str, call: Call) -> tuple[int, object]:
        if (method, rest) == ("GET", ""):
            return 200, self.metadata
        if (method, rest) == ("GET", "/ready"):
            return self.ready, {} if self.ready == 200 else {"error": "still loading"}
        if (method, rest) == ("POST", "/infer"):
            return _infer(json.loads(self.server.bodies[call.number - 1]))
        return 404, {"error": f"unknown: {method} {rest}"}


def _infer(request: dict[str, Any]) -> tuple[int, object]:
    for tensor, expected in zip(request["inputs"], METADATA["inputs"], strict=True):
        if (tensor["name"], tensor["datatype"]) != (expected["name"], expected["datatype"]):
            return 400, {"error": f"unexpected input {tensor['name']}"}
        if len(tensor["data"]) != prod(tensor["shape"]):
            return 400, {"error": "shape and data differ"}
    numbers = request["inputs"][0]["data"]
    return 200, {"model_name": "adder", "outputs": [{"name": "sum", "datatype": "FP32", "data": [sum(numbers)]}]}
