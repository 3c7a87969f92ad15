"""The Locust file of a benchmark: complete, runnable Python that carries names of secrets and never their values."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aiops_planner.errors import UsageError
from aiops_planner.performance import Objective
from aiops_toolkit.bench.handover import header_expression, locust_file
from aiops_toolkit.config.settings import BenchmarkSettings
from aiops_toolkit.config.targets import (
    CommandTarget,
    ExpectSettings,
    HttpTarget,
    ImportTarget,
    KserveTarget,
    OpenaiTarget,
    Target,
    TlsSettings,
)

URL = "http://127.0.0.1:$PORT/v1/classify?top=1"


def exported(root: Path, target: Target, output: str = "locustfile.py") -> str:
    """The text for a target, checked to be Python."""
    settings = BenchmarkSettings(name="classify", target=target, slo=Objective(p99=0.1))
    text = locust_file(settings, service='say "hi"\\', root=root, output=root / output)
    ast.parse(text)
    return text


def values(text: str) -> dict[str, Any]:
    """The constants at the top of the file that are plain values."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def test_the_request_is_that_of_the_benchmark(tmp_path: Path) -> None:
    text = exported(tmp_path, HttpTarget(url=URL, method="POST"))
    assert values(text) == {"NAME": "classify", "METHOD": "POST", "PATH": "/v1/classify?top=1", "HEADERS": {}}
    assert "--host http://HOST:PORT" in text
    assert "format: locust, path: classify_stats.csv" in text


def test_a_fixed_address_needs_no_host_option(tmp_path: Path) -> None:
    text = exported(tmp_path, HttpTarget(url="https://models.example/v1", timeout_s=2.5))
    assert '    host = "https://models.example"\n' in text
    assert "--host http" not in text
    assert "    connection_timeout = network_timeout = 2.5\n    insecure = False\n" in text


def test_secrets_are_looked_up_where_locust_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    text = exported(tmp_path, HttpTarget(url=URL, headers={"Authorization": "Bearer $TOKEN"}))
    assert '    "Authorization": "Bearer " + os.environ["TOKEN"],\n' in text
    assert "import os\n" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ("$A", 'os.environ["A"]'),
        ("${A}x$B", 'os.environ["A"] + "x" + os.environ["B"]'),
        ("5 $$ and $A", '"5 $ and " + os.environ["A"]'),
        ('os.environ["A"] "', '"os.environ[\\"A\\"] \\""'),
    ],
)
def test_a_header_becomes_an_expression(text: str, expression: str) -> None:
    assert header_expression(text) == expression


@given(text=some.text(alphabet=some.characters(codec="utf-8")).filter(lambda text: "$" not in text))
def test_a_header_without_variables_keeps_its_value(text: str) -> None:
    assert ast.literal_eval(header_expression(text)) == text


@pytest.mark.parametrize(
    ("headers", "sent"),
    [({}, '{"Content-Type": TYPES[path.suffix.lower()]} | HEADERS'), ({"content-type": "text/x"}, "HEADERS) for")],
)
def test_payloads_are_read_where_they_lie_with_their_content_type(
    tmp_path: Path, headers: dict[str, str], sent: str
) -> None:
    (tmp_path / "payloads").mkdir()
    for name in ("a.json", "b.png", "c.x"):
        (tmp_path / "payloads" / name).write_text("{}")
    (tmp_path / "load").mkdir()
    target = HttpTarget(url=URL, method="POST", payloads="payloads/*", headers=headers)
    text = exported(tmp_path, target, output="load/locustfile.py")
    types = {".json": "application/json", ".png": "image/png", ".x": "application/octet-stream"}
    assert values(text).get("TYPES", types) == types
    assert 'ROOT = Path(__file__).parent / ".."\n' in text
    assert sent in text
    assert "TURNS = itertools.cycle(BODIES)" in text


def test_a_random_order_draws_payloads(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    text = exported(tmp_path, HttpTarget(url=URL, method="POST", payloads="*.json", order="random"))
    assert "random.choice(BODIES)" in text
    assert "itertools" not in text


def test_checks_of_answers_come_along(tmp_path: Path) -> None:
    expect = ExpectSettings(status=(200, 202), json={"labels[0].name": "cat", "ok": True}, min_bytes=2, max_bytes=99)
    text = exported(tmp_path, HttpTarget(url=URL, expect=expect))
    functions: dict[str, Any] = {"json": __import__("json")}
    parts = [
        node
        for node in ast.parse(text).body
        if (isinstance(node, ast.FunctionDef) and node.name == "fault_of")
        or (isinstance(node, ast.Assign) and node.targets[0].id == "EXPECTED")
    ]
    exec(compile(ast.Module(parts, []), "locustfile", "exec"), functions)

    def fault(status: int, content: bytes) -> str | None:
        answer = type("Answer", (), {"status_code": status, "content": content})
        return functions["fault_of"](answer)

    good = b'{"labels": [{"name": "cat"}], "ok": true}'
    assert fault(200, good) is fault(202, good) is None
    assert (fault(201, good), fault(503, good), fault(0, b"")) == ("status 201", "status 503", None)
    assert (fault(200, b"{"), fault(200, good + b" " * 99)) == ("unexpected size", "unexpected size")
    assert (
        fault(200, good.replace(b"cat", b"dog")) == fault(200, b"not json") == fault(200, b"[1]") == "unexpected JSON"
    )


def test_trust_in_an_authority_comes_along(tmp_path: Path) -> None:
    tls = TlsSettings(ca="ca.pem")
    text = exported(tmp_path, HttpTarget(url="https://models.example/", tls=tls, keep_alive=False))
    assert 'cafile=ROOT / "ca.pem"' in text
    assert '"Connection": "close"' in text
    assert "    insecure = True\n" in exported(tmp_path, HttpTarget(url=URL, tls=TlsSettings(verify=False)))


def test_an_inference_request_is_plain_http(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"inputs": []}')
    text = exported(
        tmp_path, KserveTarget(url="http://127.0.0.1:$PORT/", model="my model", version="2", payloads="*.json")
    )
    assert values(text)["PATH"] == "/v2/models/my%20model/versions/2/infer"
    assert values(text)["METHOD"] == "POST"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            OpenaiTarget(url=URL, model="m", prompts="p.txt"),
            "target openai cannot be handed over to Locust; Locust times",
        ),
        (KserveTarget(url=URL, model="m"), "target kserve cannot be handed over to Locust; name payloads"),
        (CommandTarget(command="true"), "target command cannot be handed over to Locust; Locust loads http targets"),
        (ImportTarget(format="k6", path="x"), "target import cannot be handed over"),
        (HttpTarget(url=URL, socket="/run/a.sock"), "socket cannot be handed over"),
        (HttpTarget(url=URL, multipart="file"), "multipart cannot be handed over"),
        (HttpTarget(url="http://[::1/"), "its url cannot be read"),
        (HttpTarget(url=URL, method="POST", payloads="none/*"), "'none/*' matches no file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_locust_cannot_carry_is_refused(tmp_path: Path, target: Target, said: str) -> None:
    with pytest.raises(UsageError, match=r".") as caught:
        exported(tmp_path, target)
    assert said in caught.value.message
