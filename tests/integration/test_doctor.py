"""The diagnosis of a machine: measured here and now, judged in plain words, and honest about what is missing."""

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from aiops_reports.diagnosis import Diagnosis, Finding
from aiops_reports.document import from_json, json_schema, to_json, to_plain
from aiops_toolkit.doctor.diagnosis import diagnose
from aiops_toolkit.doctor.engine import reference_server
from aiops_toolkit.doctor.noise import bound_to, check_cores, usable_cores
from aiops_toolkit.progress import Silent
from support.reports_samples import sample_report

ENVIRONMENT = sample_report().environment
SHARE = 0.2  # of the time a diagnosis takes: enough for every figure to be there, whatever it says


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    return diagnose(ENVIRONMENT, tmp_path_factory.mktemp("doctor") / ".aiops", Silent(), share=SHARE)


def finding(found: Diagnosis, name: str) -> Finding:
    return next(each for each in found.findings if each.name == name)


def test_a_diagnosis_survives_its_own_document(here):
    assert from_json(to_json(here), Diagnosis, "doctor.json") == here


def test_a_diagnosis_is_what_its_schema_describes(here):
    jsonschema.Draft202012Validator(json_schema(Diagnosis)).validate(to_plain(here))


def test_the_engine_is_measured_at_three_rates(here):
    assert [check.offered_rps for check in here.engine] == [200.0, 1000.0, 5000.0]
    for check in here.engine:
        assert 0 < check.throughput_rps < 2 * check.offered_rps
        assert check.response_p50_s is not None


def test_the_smallest_change_follows_from_the_measured_spread(here):
    assert here.sensitivity is not None
    assert here.sensitivity.smallest_response_change > here.sensitivity.response_variation / here.sensitivity.blocks
    assert "cannot be told from noise" in finding(here, "smallest change").found


def test_every_kind_of_timer_is_tried(here):
    assert [timer.name for timer in here.timers][-1] == "event loop"
    for timer in here.timers:
        assert timer.late_p50_s <= timer.late_p99_s


def test_shares_are_shares_and_the_clock_moves(here):
    for noise in (here.cores.free, here.cores.pinned or here.cores.free):
        assert 0 <= noise.stolen_share < 1
        assert noise.work_variation > 0
    assert 0 < here.clock_step_s < 0.01


def test_whatever_is_not_fine_comes_with_advice(here):
    assert all(each.advice for each in here.findings if each.status != "ok")
    assert finding(here, "solver").status == "ok"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no thread to a core")
def test_a_thread_is_bound_to_a_core_only_inside_the_block():
    before = usable_cores()
    with bound_to(before[-1]) as is_bound:
        assert is_bound
        assert usable_cores() == before[-1:]
    assert usable_cores() == before


def test_a_core_that_is_not_there_cannot_be_bound_to():
    with bound_to(100_000) as is_bound:
        assert not is_bound


def test_isolated_cores_are_those_the_kernel_names(tmp_path):
    folder = tmp_path / "sys" / "devices" / "system" / "cpu"
    folder.mkdir(parents=True)
    (folder / "isolated").write_text("2-3,6\n")
    assert check_cores(0.01, root=tmp_path).isolated == (2, 3, 6)


def test_the_reference_server_ends_with_its_block():
    with reference_server() as port:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(
    ("program", "message"),
    [("/bin/true", "ended before it named its port"), ("/nowhere/python", "cannot be started: No such file")],
)
def test_a_reference_server_that_does_not_come_up_is_a_finding(
    program: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", program)
    found = diagnose(replace(ENVIRONMENT, usable_cores=1), tmp_path, Silent(), share=0.01)
    assert finding(found, "load engine").status == "missing"
    assert message in finding(found, "load engine").found
    assert finding(found, "cores").status == "limited"
    assert found.sensitivity is None
    assert found.exit_code == 1
