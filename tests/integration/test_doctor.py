"""The diagnosis of a machine: measured here and now, judged in plain words, and honest about what is missing."""

import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aiops_planner.errors import MeasurementError
from aiops_reports.document import from_json, to_json
from aiops_toolkit.doctor.diagnosis import diagnose
from aiops_toolkit.doctor.engine import reference_server
from aiops_toolkit.doctor.findings import Diagnosis, EngineCheck, Finding
from support.reports_samples import sample_report

ENVIRONMENT = sample_report().environment


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    return diagnose(ENVIRONMENT, tmp_path_factory.mktemp("doctor") / ".aiops")


def finding(found: Diagnosis, name: str) -> Finding:
    return next(each for each in found.findings if each.name == name)


def test_a_diagnosis_survives_its_own_document(here: Diagnosis) -> None:
    assert from_json(to_json(here), Diagnosis, "doctor.json") == here


def test_the_engine_is_measured_at_two_rates_and_sent_every_request(here: Diagnosis) -> None:
    assert [check.offered_rps for check in here.engine] == [200.0, 1000.0]
    for check in here.engine:
        assert check.throughput_rps == pytest.approx(check.offered_rps, rel=0.2)
        assert check.response_p50_s is not None


def test_whatever_is_not_fine_comes_with_advice(here: Diagnosis) -> None:
    assert all(each.advice for each in here.findings if each.status != "ok")
    assert finding(here, "solver").status == "ok"


def test_one_core_is_a_limit_that_is_named(tmp_path: Path) -> None:
    found = diagnose(replace(ENVIRONMENT, usable_cores=1), tmp_path, lambda: ())
    assert finding(found, "cores").status == "limited"
    assert found.exit_code == 0


def test_an_engine_that_cannot_run_is_missing(tmp_path: Path) -> None:
    def refuse() -> tuple[EngineCheck, ...]:
        raise MeasurementError("no connection could be opened")

    found = diagnose(ENVIRONMENT, tmp_path, refuse)
    assert finding(found, "load engine").found == "no connection could be opened"
    assert found.exit_code == 1


def test_the_reference_server_ends_with_its_block() -> None:
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
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    found = diagnose(ENVIRONMENT, tmp_path)
    assert finding(found, "load engine").status == "missing"
    assert message in finding(found, "load engine").found
    assert found.exit_code == 1
