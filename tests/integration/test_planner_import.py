"""What importing the planner costs those who only want its values."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["errors", "units", "plans", "offers", "performance", "demand", "file_form"])
def test_values_come_without_the_solver_and_without_numpy(module):
    heavy = "{'numpy', 'pulp', 'highspy', 'scipy'} & set(sys.modules)"
    program = f"import sys, aiops_planner.{module}; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_its_main_names_and_no_others():
    import aiops_planner

    assert aiops_planner.plan.__module__ == "aiops_planner.sizing"
    assert set(aiops_planner.__all__) == set(dir(aiops_planner))
    for name in aiops_planner.__all__:
        assert getattr(aiops_planner, name).__name__ == name
    with pytest.raises(AttributeError, match="fleet_of_dreams"):
        _ = aiops_planner.fleet_of_dreams
