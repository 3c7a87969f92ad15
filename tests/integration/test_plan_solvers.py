"""Solvers that are chosen, missing, broken or stopped: what `aiops plan` says, and with which exit code."""

import signal
import textwrap

import pytest

from support.plan_folder import ONE_OFFER, PlanFolder

NO_CBC = "import pulp; pulp.apis.coin_api.pulp_cbc_path = None"
WORKING = """
    class _Any:
        def __getattr__(self, name): return _Any()
        def __call__(self, *args): return _Any()
        def __int__(self): return 0
    HighsStatus = MatrixFormat = ObjSense = HighsModelStatus = SolutionStatus = _Any()
"""
RAISING = "def Highs(): raise RuntimeError('libhighs.so:\\nundefined symbol')"
RAISING_WHEN_RUN = """
    class Highs(_Any):
        def run(self): raise RuntimeError('out of memory')
"""
ABORTING = "import os\ndef Highs(): os.abort()"


@pytest.fixture
def folder(tmp_path):
    made = PlanFolder(path=tmp_path)
    made.write(f"demand: 250/s\n{ONE_OFFER}")
    return made


@pytest.fixture
def stub(tmp_path):
    """Put a package of this text in the place of highspy; what is returned makes a program import it first."""

    def write(text: str) -> dict[str, str]:
        shadow = tmp_path / "shadow"
        shadow.mkdir()
        (shadow / "highspy.py").write_text(textwrap.dedent(text))
        return {"PYTHONPATH": str(shadow), "PATH": str(shadow)}

    return write


def test_without_any_solver_the_person_learns_what_to_install(folder, stub):
    ended = folder.plan(before=NO_CBC, **stub("raise ImportError('no wheel for this platform')"))
    assert ended.returncode == 1
    assert ended.stderr == (
        "error: no solver is installed (HiGHS or CBC), so nothing can be sized; try: pip install highspy\n"
    )


def test_cbc_takes_the_place_of_a_highs_that_cannot_be_loaded(folder, stub):
    ended = folder.plan("--json", "plan.json", **stub("raise OSError('libhighs.so: bad magic')"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert folder.json()["solver"] == "CBC"


@pytest.mark.parametrize(
    ("chosen", "before", "said"),
    [
        ("highs", "", "the solver HiGHS was chosen and is not installed, or cannot be loaded; install it (pip install"),
        ("cbc", NO_CBC, "the solver CBC was chosen and is not installed, or cannot be loaded; install it (your system"),
    ],
)
def test_a_chosen_solver_that_is_missing_is_named(folder, stub, chosen, before, said):
    folder.write(f"demand: 250/s\n{ONE_OFFER}\nsolver: {chosen}")
    ended = folder.plan(before=before, **stub("raise ImportError('no wheel')"))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {said}")
    assert ended.stderr.endswith("or leave out capacity.solver\n")


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (RAISING, "RuntimeError: libhighs.so: undefined symbol"),
        (WORKING + RAISING_WHEN_RUN, "RuntimeError: out of memory"),
    ],
    ids=["at its start", "in its run"],
)
def test_a_solver_that_raises_is_said_in_one_line(folder, stub, text, how):
    ended = folder.plan(**stub(textwrap.dedent(text)))
    assert ended.returncode == 1
    assert ended.stderr == (
        f"error: the solver HiGHS crashed: {how}; its installation is probably broken: "
        "install highspy again, or choose CBC\n"
    )


def test_a_solver_that_aborts_the_process_leaves_a_word_of_where(folder, stub):
    ended = folder.plan(**stub(ABORTING))
    assert ended.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in ended.stderr
    assert "highspy.py" in ended.stderr


def test_a_cbc_that_crashes_is_said_in_one_line(folder):
    folder.write(f"demand: 250/s\n{ONE_OFFER}\nsolver: cbc")
    broken = folder.path / "cbc"
    broken.write_text("#!/bin/sh\nkill -ABRT $$\n")
    broken.chmod(0o755)
    ended = folder.plan(PATH=f"{folder.path}:/usr/bin:/bin")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the solver CBC crashed: ")
    assert ended.stderr.endswith("its installation is probably broken: install it again, or choose HiGHS\n")
