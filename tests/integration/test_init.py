"""`aiops init` looks at a repository, writes an aiops.yml that loads, and leaves what is there alone."""

import subprocess
from pathlib import Path

import pytest

from aiops_planner.errors import StorageError
from aiops_toolkit.config.init import plan_files, write_plan
from aiops_toolkit.config.reading import load_settings
from aiops_toolkit.config.settings import Settings
from aiops_toolkit.config.targets import HttpTarget

REPOSITORY = Path(__file__).parents[2]
FASTAPI = """\
from fastapi import FastAPI
app = FastAPI()
@app.get("/healthz")
def healthz(): ...
@app.get("/items/{item}")
def item(item): ...
@app.post("/v1/classify")
async def classify(image): ...
"""
FLASK = """\
import flask
server = flask.Flask(__name__)
@server.route("/score", methods=["GET", "POST"])
def score(): ...
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "my-service"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def settings_for(root: Path, files: dict[str, str]) -> Settings:
    lay(root, files)
    list(write_plan(plan_files(root)))
    return load_settings(root / "aiops.yml")


def target_of(settings: Settings) -> HttpTarget:
    (benchmark,) = settings.benchmarks
    assert isinstance(benchmark.target, HttpTarget)
    return benchmark.target


def test_an_empty_folder_gets_a_configuration_that_explains_its_placeholders(here):
    lines = list(write_plan(plan_files(here)))
    settings = load_settings(here / "aiops.yml")
    assert settings.service.name == "my-service"
    assert settings.tests is None
    assert target_of(settings).payloads == "payloads/*.json"
    assert list(here.glob("payloads/*.json")) == [here / "payloads/example.json"]
    text = (here / "aiops.yml").read_text()
    assert text.startswith("# yaml-language-server: $schema=https://")
    assert "# CHECK: the command that starts your service" in text
    assert lines == [
        "wrote aiops.yml: the configuration",
        "wrote payloads/example.json: one request body, to be replaced",
        "next: no FastAPI or Flask application and no Dockerfile with EXPOSE was found:"
        " service.command is a placeholder",
        "next: no CI system was recognised: let yours call `aiops run`, or make .github and run this again",
        "next: check what is marked CHECK in aiops.yml, then run `aiops run --quick`",
    ]


@pytest.mark.parametrize(
    ("files", "command", "ready"),
    [
        ({"app.py": FASTAPI}, "uvicorn app:app --port $PORT", "http://127.0.0.1:$PORT/healthz"),
        (
            {"src/shop/__init__.py": "", "src/shop/main.py": FASTAPI},
            "uvicorn --app-dir src shop.main:app --port $PORT",
            "http://127.0.0.1:$PORT/healthz",
        ),
        (
            {"app.py": "import fastapi\ndef create():\n    api = fastapi.FastAPI()\n    return api\n"},
            "uvicorn --factory app:create --port $PORT",
            "http://127.0.0.1:$PORT/openapi.json",
        ),
        ({"uv.lock": "", "app.py": FASTAPI}, "uv run uvicorn app:app --port $PORT", "http://127.0.0.1:$PORT/healthz"),
        ({"web/run.py": FLASK}, "flask --app web/run.py:server run --port $PORT", "tcp://127.0.0.1:$PORT"),
        (
            {"run.py": FLASK, "requirements.txt": "Flask\nGunicorn>=22\n"},
            "gunicorn --bind 127.0.0.1:$PORT run:server",
            "tcp://127.0.0.1:$PORT",
        ),
        (
            {"Dockerfile": "FROM scratch\nEXPOSE 8080/tcp\n"},
            "docker run --rm --publish 127.0.0.1:$PORT:8080 my-service",
            "http://127.0.0.1:$PORT/healthz",
        ),
    ],
    ids=["fastapi", "package below src", "factory", "uv", "flask", "gunicorn", "docker"],
)
def test_the_service_starts_the_way_the_repository_suggests(here, files, command, ready):
    service = settings_for(here, files).service
    assert (service.command, service.ready) == (command, ready)


@pytest.mark.parametrize(
    ("files", "setup"),
    [
        ({"uv.lock": "", "requirements.txt": ""}, "uv sync"),
        ({"poetry.lock": ""}, "poetry install"),
        ({"requirements.txt": ""}, "python -m pip install --quiet -r requirements.txt"),
        ({"pyproject.toml": ""}, "python -m pip install --quiet ."),
        ({"Dockerfile": "EXPOSE 80"}, "docker build --tag my-service ."),
        ({}, None),
    ],
)
def test_the_service_is_set_up_with_the_tool_whose_files_are_there(here, files, setup):
    assert settings_for(here, files).service.setup == setup


@pytest.mark.parametrize(
    ("app", "method", "path"),
    [
        (FASTAPI, "POST", "/v1/classify"),
        (FLASK, "POST", "/score"),
        ("app = FastAPI()\n@app.get('/health')\ndef h(): ...\n@app.get('/list')\ndef l(): ...\n", "GET", "/list"),
        ("app: A = FastAPI()\nr = APIRouter(prefix='/v2')\n@r.post('/go')\ndef go(): ...\n", "POST", "/v2/go"),
        ("app = FastAPI()\n@app.post('/{name}')\ndef h(name): ...\n", "GET", "/"),
    ],
)
def test_the_benchmark_loads_a_route_that_the_application_has(here, app, method, path):
    target = target_of(settings_for(here, {"app.py": app}))
    assert (target.method, target.url) == (method, f"http://127.0.0.1:$PORT{path}")
    assert (target.payloads is not None) == (method == "POST")


def test_payloads_that_are_there_are_used(here):
    files = {"app.py": FASTAPI, "payloads/a.png": "", "payloads/b.png": "", "payloads/readme.md": ""}
    assert target_of(settings_for(here, files)).payloads == "payloads/*.png"
    assert not (here / "payloads/example.json").exists()


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"tests/unit/test_a.py": ""}, "python -m pytest -q tests --junitxml=$AIOPS_JUNIT"),
        ({"uv.lock": "", "test/a_test.py": ""}, "uv run python -m pytest -q test --junitxml=$AIOPS_JUNIT"),
        ({"test_a.py": ""}, "python -m pytest -q --junitxml=$AIOPS_JUNIT"),
    ],
)
def test_tests_that_are_there_are_run(here, files, command):
    settings = settings_for(here, files)
    assert settings.tests is not None
    assert settings.tests.command == command


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "def broken(:\n"},
        {"app.py": "\0"},
        {"app.py": "import re\nre.compile('\\d')\n" + "(" * 300},
        {"node_modules/x/app.py": FASTAPI, ".venv/app.py": FASTAPI},
        {"app.py": 'app = FastAPI()\n@app.post("/a b\\n: {}")\ndef f(): ...\n'},
        {"it's: a # [name]/app.py": FASTAPI},
        {"Dockerfile": "EXPOSE 99999\n"},
        {"payloads/a.b c": ""},
    ],
)
def test_odd_repositories_still_get_a_configuration_that_loads(here, files):
    assert settings_for(here, files).service.command


@pytest.mark.parametrize("name", ["no", "12", "sömething: odd", "-", "x" * 200])
def test_a_folder_of_any_name_gets_a_configuration_that_loads(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    assert settings_for(folder, {}).service.name


def test_the_example_service_gets_what_its_own_configuration_says(here):
    example = REPOSITORY / "examples/image-classifier"
    names = ["app.py", "requirements.txt", "tests/test_api.py"]
    files = {name: (example / name).read_text() for name in names if (example / name).exists()}
    settings = settings_for(here, {**files, "payloads/a.json": "{}"})
    own = load_settings(example / "aiops.yml")
    assert target_of(settings).url == target_of(own).url
    assert target_of(settings).payloads == target_of(own).payloads
    assert settings.service.ready == own.service.ready


@pytest.mark.parametrize(
    "files",
    [
        {".github/dependabot.yml": ""},
        {".git/config": '[remote "origin"]\n\turl = git@github.com:someone/service.git\n', "uv.lock": ""},
    ],
)
def test_a_repository_on_github_gets_a_valid_workflow(here, files):
    lay(here, {".git/HEAD": "", **files})
    list(write_plan(plan_files(here)))
    path = here / ".github/workflows/aiops.yml"
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    text = path.read_text()
    assert "\npermissions: {}\n" in text
    assert "persist-credentials: false" in text
    assert "uses: org/aiops-action@v1" in text
    assert ("pip install --quiet uv" in text) == ("uv.lock" in files)


def test_the_workflow_pins_the_versions_this_project_uses_itself(here):
    lay(here, {".github/dependabot.yml": "", "requirements.txt": ""})
    list(write_plan(plan_files(here)))
    own = (REPOSITORY / ".github/workflows/aiops.yml").read_text()
    pinned = [
        line.strip()
        for line in (here / ".github/workflows/aiops.yml").read_text().splitlines()
        if "uses: actions/" in line
    ]
    assert len(pinned) == 2
    assert all(line in own for line in pinned)


def test_a_service_in_a_subfolder_is_named_to_the_ci_of_the_repository(here):
    lay(here, {".git/HEAD": "", ".github/x": "", "Jenkinsfile": "", "services/it's/app.py": FASTAPI})
    lines = list(write_plan(plan_files(here / "services/it's")))
    assert load_settings(here / "services/it's/aiops.yml").service.command == "uvicorn app:app --port $PORT"
    assert """config: "services/it's/aiops.yml\"""" in (here / ".github/workflows/aiops.yml").read_text()
    assert r"aiopsRun(config: 'services/it\'s/aiops.yml')" in (here / "Jenkinsfile.aiops").read_text()
    assert "wrote Jenkinsfile.aiops: a pipeline beside your Jenkinsfile" in lines


def test_other_ci_systems_get_advice_and_their_files_stay(here):
    lay(here, {".circleci/config.yml": "version: 2.1\n", ".travis.yml": "language: python\n"})
    lines = list(write_plan(plan_files(here)))
    assert any("`aiops run` to a job in .circleci/config.yml" in line for line in lines)
    assert any("`aiops run` to `script` in .travis.yml" in line for line in lines)
    assert (here / ".travis.yml").read_text() == "language: python\n"


def test_files_that_are_there_stay_unless_forced(here):
    lay(here, {"aiops.yml": "mine\n"})
    assert next(write_plan(plan_files(here))) == "kept aiops.yml, which is there already; --force replaces it"
    assert (here / "aiops.yml").read_text() == "mine\n"
    assert next(write_plan(plan_files(here), force=True)) == "replaced aiops.yml: the configuration"
    assert load_settings(here / "aiops.yml").service.name == "my-service"


def test_a_link_that_leads_nowhere_is_not_written_through(here):
    (here / "aiops.yml").symlink_to(here.parent / "elsewhere.yml")
    assert next(write_plan(plan_files(here))).startswith("kept aiops.yml")
    assert not (here.parent / "elsewhere.yml").exists()


@pytest.mark.parametrize(
    ("blocker", "force", "expected"),
    [
        ("aiops.yml/", True, "cannot write aiops.yml: a folder of that name is there"),
        ("payloads", False, "cannot write payloads/example.json: File exists"),
    ],
)
def test_a_file_that_cannot_be_written_says_why_and_leaves_nothing_half_done(here, blocker, force, expected):
    if blocker.endswith("/"):
        (here / blocker).mkdir()
    else:
        (here / blocker).write_text("")
    with pytest.raises(StorageError) as caught:
        list(write_plan(plan_files(here), force=force))
    assert caught.value.message.startswith(expected)
    assert not list(here.glob(".*"))


def test_a_repository_without_a_ci_system_is_told_what_to_call(tmp_path):
    (note,) = [note for note in plan_files(tmp_path).notes if "CI system" in note]
    assert "`aiops run`" in note
    (tmp_path / ".github").mkdir()
    assert not any("CI system" in note for note in plan_files(tmp_path).notes)
