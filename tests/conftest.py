"""What every test starts from: an environment that looks the same on a desk and in CI."""

import os

import pytest

from support.project import clean_environment


@pytest.fixture(autouse=True)
def _no_ci_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AIOPS_CATALOG", "")  # prices that were refreshed on this desk are not those of the tests
