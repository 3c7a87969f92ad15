"""A folder with a Python module and payload files, and short cuts to load what is in it."""

import sys
from pathlib import Path
from typing import Any

from aiops_toolkit.bench.engine import Engine
from aiops_toolkit.bench.loops import Run
from aiops_toolkit.bench.targets.command import CommandLoad, command_load
from aiops_toolkit.bench.targets.helpers import HelperLoad
from aiops_toolkit.bench.targets.python import PythonLoad, python_load
from aiops_toolkit.config.targets import CommandTarget, PythonTarget
from support.bench_loads import Probe

MODEL = '''
"""Functions that behave and misbehave."""
import asyncio, functools, os, sys, threading, time

import http  # the library's, not a file beside the worker

seen = []
number = 3

def accept(payload):
    with open("seen.txt", "a") as file:
        file.write(payload.decode() + "\\n")

def nothing():
    pass

def work():
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass

def noisy():
    print("x" * 100_000)
    os.write(1, b"straight to the descriptor\\n")
    sys.stderr.write("and to the other\\n")

def wrong():
    raise ValueError("no digit in it\\nsecond line")

def leaves():
    sys.exit(7)

def unspeakable():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError
    raise Mute

def dies():
    print("the weights are gone", flush=True)
    os._exit(9)

def tells_secret():
    raise ValueError("wrong key " + os.environ["MODEL_TOKEN"])

def rests():
    time.sleep(0.5)

def slow():
    time.sleep(30)

def port():
    assert os.environ["PORT"] == "8123"

async def naps():
    await asyncio.sleep(0.2)

async def leaves_async():
    sys.exit(7)

class Model:
    async def __call__(self):
        await asyncio.sleep(0.2)

model = Model()

def coroutine():
    return naps()

def generator():
    yield 1

def starts_a_child():
    import subprocess
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open("child.txt", "w") as file:
        file.write(str(child.pid))
'''


def project(folder: Path) -> Path:
    (folder / "model.py").write_text(MODEL)
    (folder / "payloads").mkdir()
    for name in ("a", "b", "c"):
        (folder / "payloads" / f"{name}.txt").write_text(name)
    return folder


def python_of(root: Path, name: str, *, port: str | None = None, **target: Any) -> PythonLoad:
    settings = PythonTarget(**({"function": f"model:{name}", "interpreter": sys.executable} | target))
    return python_load(settings, root=root, environment={"MODEL_TOKEN": "s3cr3t-model-key"}, port=port, seed=1)


def command_of(root: Path, command: str, *, port: str | None = None, **target: Any) -> CommandLoad:
    settings = CommandTarget(command=command, **target)
    return command_load(settings, root=root, environment={"MODEL_TOKEN": "s3cr3t-model-key"}, port=port, seed=1)


def load(target: HelperLoad, *, clients: int = 1, seconds: float = 0.0, drain_s: float = 20.0) -> Run:
    """One load; with 0 seconds each client sends one request."""
    with Engine(target, Probe()) as engine:
        return engine.closed(clients, seconds, drain_s=drain_s)
