"""From one measured machine to the capacity of every machine type."""

import math
from dataclasses import replace
from statistics import median

import pytest

from aiops_planner.catalog import Selection, load_catalog
from aiops_planner.errors import UsageError
from aiops_planner.estimate import (
    DOUBTFUL_CPU_ERROR,
    KNOWN_CPU_ERROR,
    UNKNOWN_CPU_ERROR,
    Reference,
    estimate_capacity_rps,
    size_catalog_offers,
)
from aiops_planner.microarchitecture import doubts, identify, reference_scores
from aiops_planner.performance import Objective

DEMO = Selection(
    clouds={"aws": ("us-east-1",), "gcp": ("us-central1",)}, families=("c7i", "c6a", "c3", "n2d"), max_vcpus=32
)


def reference(**changes):
    measured = {
        "objective": Objective(p99=0.1),
        "mean_service_s": 0.004,
        "p99_service_s": 0.009,
        "cpu_s_per_request": 0.0038,
        "usable_cores": 4,
        "capacity_rps": 800.0,
        "missed_rps": 850.0,
        "cpu_model": "AMD EPYC 7763 64-Core Processor",
        "cpu_family": "AuthenticAMD 25 1",
    }
    return Reference(**{**measured, **changes})


def offers_by_name(measured, **options):
    offers, _, _ = size_catalog_offers(DEMO, measured, ("on_demand", "spot"), **options)
    return {offer.name: offer for offer in offers}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("AuthenticAMD 25 17", "Zen 4"),
        ("AuthenticAMD 25 1", "Zen 3"),
        ("AuthenticAMD 26 2 1", "Zen 5"),
        ("GenuineIntel 6 207 2", "Emerald Rapids"),
        ("GenuineIntel 6 63", "Haswell"),
        ("GenuineIntel 6 143", "Sapphire Rapids"),
        ("GenuineIntel 6 85 7", "Skylake"),
        ("GenuineIntel 6 999", None),
        ("AuthenticAMD 6 143", None),
        ("AuthenticAMD", None),
        ("AuthenticAMD x y", None),
        ("", None),
        (None, None),
    ],
)
def test_identifies_a_cpu_by_vendor_family_and_model(written, name):
    assert identify(written) == name


def test_the_two_scales_disagree_by_no_more_than_the_stated_share():
    scores = [
        reference_scores(name, load_catalog(), whole_cores=False)
        for name in ("Skylake", "Ice Lake", "Sapphire Rapids", "Emerald Rapids", "Zen 3", "Zen 4")
    ]
    ratios = [(a["aws"] / b["aws"]) / (a["gcp"] / b["gcp"]) for a in scores for b in scores]
    assert max(ratios) == pytest.approx(1.21, abs=0.01)


def test_a_whole_core_gains_what_the_catalog_shows_for_two_families_of_one_cpu():
    scores = {kind: reference_scores("Zen 3", load_catalog(), whole_cores=kind)["gcp"] for kind in (True, False)}
    catalog = {candidate.key: candidate.cpu_score_per_vcpu for candidate in load_catalog()}
    sizes = (2, 4, 8, 16, 32, 48)
    found = [
        catalog[f"gcp/us-central1/t2d-standard-{size}"] / catalog[f"gcp/us-central1/n2d-standard-{size}"]
        for size in sizes
    ]
    assert scores[True] / scores[False] == pytest.approx(median(found), abs=0.01)


def test_a_cpu_rented_in_several_families_stands_in_the_middle_however_many_types_each_has():
    slow, fast = ("n1", 10.0), ("c2", 40.0)
    catalog = [
        replace(load_catalog()[-1], cloud="gcp", family=family, vcpus=2.0, cpu_score=2 * score)
        for family, score in (slow, slow, slow, fast)
    ]
    assert reference_scores("Skylake", catalog, whole_cores=False) == pytest.approx({"gcp": 20.0})


@pytest.mark.parametrize(
    ("microarchitecture", "cpu_model", "whole_cores", "said"),
    [
        ("Zen 4", "AMD EPYC 9B14", False, []),
        ("Zen 4", "AMD EPYC", True, ["may hide that they are hyperthreads"]),
        ("Zen 4", None, True, ["may hide that they are hyperthreads"]),
        ("Zen 4", "AMD EPYC 9R14", True, []),
        ("Zen 5", "AMD EPYC 9R45", True, []),
        ("Skylake", "Intel Xeon Platinum 8259CL", False, ["2.7 to 3.8 GHz"]),
        ("Skylake", "Intel Xeon Platinum 8259CL", True, ["2.7 to 3.8 GHz", "may hide"]),
        ("Broadwell", "Intel Xeon E5-2686 v4", False, ["Haswell or Broadwell"]),
    ],
)
def test_says_what_is_in_doubt_about_the_measured_machine(microarchitecture, cpu_model, whole_cores, said):
    found = doubts(microarchitecture, cpu_model, whole_cores)
    assert len(found) == len(said)
    assert all(words in clause for words, clause in zip(said, found, strict=True))


def test_a_machine_like_the_measured_one_gets_the_measured_capacity():
    measured = reference()
    offer = offers_by_name(measured)["c6a.xlarge"]
    assert offer.capacity_rps["requests"] == pytest.approx(measured.capacity_rps, rel=0.01)


def test_a_whole_core_is_worth_more_than_a_thread():
    threads = offers_by_name(reference(threads_per_core=2))["c3-standard-8"].capacity_rps["requests"]
    cores = offers_by_name(reference(threads_per_core=1))["c3-standard-8"].capacity_rps["requests"]
    assert cores < threads


def test_a_machine_that_may_hide_hyperthreads_gets_the_wider_band_and_a_note():
    measured = reference(cpu_model="AMD EPYC", cpu_family="AuthenticAMD 25 17 1", threads_per_core=1)
    offers, _, notes = size_catalog_offers(DEMO, measured, ("on_demand",))
    assert {offer.capacity_error for offer in offers} == {DOUBTFUL_CPU_ERROR}
    assert "±40 %" in notes[0]
    assert "third too low" in notes[0]
    assert not any("older CPU" in note for note in notes)


def test_families_that_may_land_on_an_older_cpu_get_the_wider_band_and_a_note():
    offers, _, notes = size_catalog_offers(DEMO, reference(), ("on_demand",))
    bands = {offer.family: offer.capacity_error for offer in offers}
    assert bands == {"c7i": KNOWN_CPU_ERROR, "c6a": KNOWN_CPU_ERROR, "c3": KNOWN_CPU_ERROR, "n2d": DOUBTFUL_CPU_ERROR}
    assert any("a machine of n2d may have an older CPU" in note for note in notes)


def test_speed_follows_each_clouds_own_scale():
    offers = offers_by_name(reference(capacity_rps=None))
    catalog = {candidate.key: candidate for candidate in load_catalog()}
    fast = catalog["gcp/us-central1/c3-highcpu-8"].cpu_score_per_vcpu
    own = reference_scores("Zen 3", load_catalog(), whole_cores=False)["gcp"]
    expected = estimate_capacity_rps(reference(), 8, fast / own)
    assert offers["c3-highcpu-8"].capacity_rps["requests"] == pytest.approx(expected)


@pytest.mark.parametrize("cpu_family", [None, "GenuineIntel 6 999", "AuthenticAMD 26 2"])
def test_an_unknown_cpu_makes_all_vcpus_equal_and_the_band_wider(cpu_family):
    measured = reference(cpu_family=cpu_family)
    offers, _, notes = size_catalog_offers(DEMO, measured, ("on_demand",))
    by_vcpus = {}
    for offer in offers:
        by_vcpus.setdefault(offer.vcpus, set()).add(offer.capacity_rps["requests"])
        assert offer.capacity_error == UNKNOWN_CPU_ERROR
        assert offer.capacity_source == "estimated"
    assert all(len(capacities) == 1 for capacities in by_vcpus.values())
    assert "equally fast" in notes[0]


def test_notes_count_the_estimates_and_explain_the_band():
    offers, _, notes = size_catalog_offers(DEMO, reference(), ("on_demand",))
    assert f"all {len(offers)} catalog offers rest on estimates" in notes[0]
    assert "EPYC 7763" in notes[0]
    assert "±25 %" in notes[0]


def test_never_more_than_the_cpu_time_allows():
    measured = reference(mean_service_s=0.002, p99_service_s=0.003, cpu_s_per_request=0.0019, capacity_rps=None)
    for offer in offers_by_name(measured).values():
        assert offer.capacity_rps["requests"] * 0.0019 < offer.vcpus * 2


def test_a_request_that_uses_four_cores_leaves_a_quarter_of_the_servers():
    wide = reference(mean_service_s=0.004, cpu_s_per_request=0.016, capacity_rps=None)
    narrow = reference(mean_service_s=0.004, cpu_s_per_request=0.004, capacity_rps=None)
    assert estimate_capacity_rps(wide, 16, 1.0) == estimate_capacity_rps(narrow, 4, 1.0)
    assert estimate_capacity_rps(wide, 2, 1.0) < 2 / 0.016


def test_a_machine_that_carried_less_than_modelled_scales_every_estimate_down():
    free, held = (offers_by_name(reference(capacity_rps=rate)) for rate in (None, 400.0))
    ratios = {round(held[name].capacity_rps["requests"] / free[name].capacity_rps["requests"], 9) for name in free}
    assert len(ratios) == 1
    assert ratios.pop() < 0.6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"capacity_rps": None}, "no capacity was measured"),
        ({"missed_rps": None}, "every measured rate met the objective"),
        ({"capacity_rps": 100.0}, "of what the model says"),
    ],
)
def test_says_how_the_measured_capacity_was_used(changes, said):
    _, _, notes = size_catalog_offers(DEMO, reference(**changes), ("on_demand",))
    assert any(said in note for note in notes)


def test_an_objective_below_the_service_time_leaves_every_type_out_and_says_so():
    offers, left_out, _ = size_catalog_offers(DEMO, reference(objective=Objective(p99=0.001)), ("on_demand",))
    assert offers == ()
    assert any("idle machine" in reason.reason and reason.count > 10 for reason in left_out)


def test_a_machine_that_runs_all_month_gets_the_sustained_use_price():
    by_hour, all_month = (offers_by_name(reference(), whole_month=flag)["n2d-standard-2"] for flag in (False, True))
    assert by_hour.prices_usd_per_hour["on_demand"] == 0.084492
    assert all_month.prices_usd_per_hour["on_demand"] == 0.06761
    assert by_hour.prices_usd_per_hour["spot"] == all_month.prices_usd_per_hour["spot"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": Objective(errors=0.01)}, "no limit on response time"),
        ({"objective": Objective(p99=0.0)}, "capacity.slo.p99 is 0.0"),
        ({"mean_service_s": 0.0}, "mean service time"),
        ({"mean_service_s": math.nan}, "mean service time"),
        ({"p99_service_s": -1.0}, "p99 service time"),
        ({"cpu_s_per_request": math.inf}, "CPU time of a request"),
        ({"usable_cores": 0}, "number of cores"),
        ({"capacity_rps": 0.0}, "measured capacity"),
    ],
)
def test_refuses_a_reference_that_cannot_be_meant(changes, said):
    with pytest.raises(UsageError, match=said):
        size_catalog_offers(DEMO, reference(**changes), ("on_demand",))
