"""The web application in a repository's Python files: which object to serve, and the routes it answers.

Files are parsed, never imported: nothing of a stranger's repository runs before its owner asks for it.
"""

import ast
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Framework = Literal["fastapi", "flask"]

_FRAMEWORKS: dict[str, Framework] = {"FastAPI": "fastapi", "Starlette": "fastapi", "Flask": "flask"}
_ROUTERS = ("APIRouter", "Blueprint")
_USUAL_NAMES = ("app", "main", "server", "api", "wsgi", "asgi")
_SKIPPED_FOLDERS = frozenset(
    {"node_modules", "site-packages", "venv", "env", "build", "dist", "tests", "test", "docs", "__pycache__"}
)
_PATH = re.compile(r"/[!-~]*")
_MOST_FILES = 400
_MOST_BYTES = 500_000
_MOST_LEVELS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path the application answers, and the methods it answers to."""

    path: str
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A web application: `name` is the object in `file` (relative to the repository) that a server serves.

    `factory` is True when `name` is a function that makes the application.
    """

    framework: Framework
    file: Path
    name: str
    factory: bool
    routes: tuple[Route, ...] = ()

    def first_route(self, method: str, *names: str) -> str | None:
        """The first path for a method, of the names when some are given; paths with parameters do not count."""
        for route in self.routes:
            plain = not any(mark in route.path for mark in "{}<>")
            if method in route.methods and plain and (not names or route.path.strip("/") in names):
                return route.path
        return None


def find_application(root: Path) -> Application | None:
    """The application nearest to the repository's top, None when there is none."""
    modules = {file: tree for file in _python_files(root) if (tree := _parsed(root / file)) is not None}
    candidates = [found for file, tree in modules.items() if (found := _application_in(file, tree)) is not None]
    if not candidates:
        return None
    nearest = min(candidates, key=lambda found: _rank(found.file))
    # Routers often live in modules of their own; those of the application itself come first.
    ordered = [modules[nearest.file], *(tree for file, tree in modules.items() if file != nearest.file)]
    return replace(nearest, routes=tuple(route for tree in ordered for route in _routes_in(tree)))


def _python_files(root: Path) -> list[Path]:
    files: list[Path] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if _may_hold_code(name))
        if len(here.parts) >= _MOST_LEVELS:
            folders.clear()
        files.extend(here / name for name in sorted(names) if name.endswith(".py") and name.isprintable())
        if len(files) >= _MOST_FILES:
            break
    return files[:_MOST_FILES]


def _may_hold_code(folder_name: str) -> bool:
    return folder_name not in _SKIPPED_FOLDERS and not folder_name.startswith(".") and folder_name.isprintable()


def _parsed(file: Path) -> ast.Module | None:
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a stranger's code, not ours
            return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _application_in(file: Path, tree: ast.Module) -> Application | None:
    """The application that a module makes, without its routes."""
    for node in tree.body:
        if (made := _made_by(node)) and made[1] in _FRAMEWORKS:
            return Application(framework=_FRAMEWORKS[made[1]], file=file, name=made[0], factory=False)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not _needs_arguments(node):
            for inner in ast.walk(node):
                if (made := _made_by(inner)) and made[1] in _FRAMEWORKS:
                    return Application(framework=_FRAMEWORKS[made[1]], file=file, name=node.name, factory=True)
    return None


def _made_by(node: ast.AST) -> tuple[str, str] | None:
    """(name, class) of an assignment such as `app = FastAPI()`."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return (target.id, _last_name(node.value.func)) if isinstance(target, ast.Name) else None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _needs_arguments(function: ast.FunctionDef) -> bool:
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional > len(arguments.defaults) or any(default is None for default in arguments.kw_defaults)


def _routes_in(tree: ast.Module) -> Iterator[Route]:
    prefixes = dict(_prefixes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if (route := _route(decorator, prefixes)) is not None:
                    yield route


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The path prefix of every router made in the module, by the router's name."""
    for node in ast.walk(tree):
        made = _made_by(node)
        if made and made[1] in _ROUTERS and isinstance(node, ast.Assign | ast.AnnAssign):
            assert isinstance(node.value, ast.Call)  # follows from made
            prefix = _keyword(node.value, "prefix") or _keyword(node.value, "url_prefix")
            yield made[0], _text(prefix) or ""


def _route(decorator: ast.expr, prefixes: dict[str, str]) -> Route | None:
    """The route of a decorator such as `@app.post("/predict")` or `@app.route("/", methods=["POST"])`."""
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute) or not decorator.args:
        return None
    path = _text(decorator.args[0])
    if path is None or not _PATH.fullmatch(path):
        return None
    verb = decorator.func.attr
    if verb in ("route", "api_route"):
        listed = _keyword(decorator, "methods")
        names = [_text(item) for item in listed.elts] if isinstance(listed, ast.List | ast.Tuple) else ["GET"]
        methods = tuple(name.upper() for name in names if name)
    elif verb in ("get", "post", "put", "patch", "delete"):
        methods = (verb.upper(),)
    else:
        return None
    return Route(path=prefixes.get(_last_name(decorator.func.value), "") + path, methods=methods)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _rank(file: Path) -> tuple[int, int, str]:
    usual = _USUAL_NAMES.index(file.stem) if file.stem in _USUAL_NAMES else len(_USUAL_NAMES)
    return len(file.parts), usual, str(file)
