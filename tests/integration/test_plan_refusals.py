"""What `aiops plan` says to bad input: the reason in one line, and an exit code that tells whose turn it is."""

import json
from dataclasses import replace

import pytest

from aiops_planner.plans import Plan
from aiops_reports.document import read_document
from aiops_reports.html import render_page
from aiops_reports.markdown import render_comment
from aiops_reports.store import Store
from aiops_toolkit.cli.main import run
from support.plan_folder import ONE_OFFER, PlanFolder
from support.reports_samples import sample_report

WRONG, NO_FLEET = 2, 4


@pytest.fixture
def aiops(tmp_path, monkeypatch, capsys):
    """Run `aiops plan` on a capacity section: the exit code, what it printed, and what it complained about."""
    folder = PlanFolder(path=tmp_path)
    monkeypatch.chdir(tmp_path)

    def plan(capacity, files=None, more=""):
        folder.write(capacity, files, more=more)
        code = run(["plan", "--json", "plan.json"])
        printed = capsys.readouterr()
        return code, " ".join(printed.out.split()), printed.err

    return plan


@pytest.mark.parametrize(
    ("capacity", "said"),
    [
        (f"demand: 0/s\n{ONE_OFFER}", "3: capacity.demand: found 0/s, expected a rate such as 2000/s, or a path that "),
        (f"demand: -5/s\n{ONE_OFFER}", "csv; it must not be negative"),
        (f"demand: {{a: 0/s}}\n{ONE_OFFER}", "3: capacity.demand.a: found 0/s, expected a rate above 0"),
        (f"demand: 2e9/s\n{ONE_OFFER}", "2,000,000,000 requests/s; more than 1,000,000,000 cannot be meant"),
        (
            f"demand: 9e8/s\n{ONE_OFFER}",
            "would need more than 1,000,000 machines even of the largest offer, a with 100/s",
        ),
        (f"demand: none.csv\n{ONE_OFFER}", "error: none.csv: the demand cannot be read: No such file"),
        (
            "demand: 1/s\noffers: [{name: a, price: 1 USD/h, capacity: 0/s}]",
            "4: capacity.offers[0].capacity: found 0/s",
        ),
        (
            "demand: 1/s\noffers: [{name: a, price: 1 USD/h, capacity: {x: 0/s}}]",
            "capacity.x: found 0/s, expected a rate",
        ),
        (
            "demand: {x: 1/s}\noffers: [{name: a, price: 1 USD/h, capacity: 5/s}]",
            "is for the class 'requests', but the",
        ),
        ("demand: 1/s\noffers: [{name: a, price: 1.01 EUR/h, capacity: 5/s}]", "so convert what is in EUR"),
        ("demand: 1/s\noffers: [{name: a, price: 1.01 €/h, capacity: 5/s}]", "so convert what is in €"),
        ("demand: 1/s\noffers: [{name: a, price: €1.01/h, capacity: 5/s}]", "so convert what is in €"),
        ("demand: 1/s\noffers: [{name: a, price: {spot: 1 GBP/h}, capacity: 5/s}]", "so convert what is in GBP"),
        (
            "demand: 1/s\noffers: [{name: a, price: 1 USD/h, capacity: 5/s, currency: EUR}]",
            "currency: unknown key; known",
        ),
        (
            "demand: 1/s\noffers: [{name: a, price: 0 USD/h, capacity: 5/s}]",
            "nothing is cheapest among what costs nothing",
        ),
        (
            f"demand: 1/s\n{ONE_OFFER}\nlimits: {{budget: 5000 CHF/month}}",
            "5: capacity.limits.budget: found 5000 CHF/mon",
        ),
        (f"demand: 1/s\n{ONE_OFFER}\nlimits: {{quotas: {{'*': -1}}}}", "found -1, expected a number from 0"),
        (
            f"demand: 1/s\n{ONE_OFFER}\nlimits: {{spot_share: 150%}}",
            "expected a share such as 50%; it is more than the",
        ),
        (
            f"demand: 1/s\n{ONE_OFFER}\ngoal: most_traffic",
            "most_traffic needs to know how much may be spent; add capacity.l",
        ),
        (f"demand: 1/s\n{ONE_OFFER}\nsolver: gurobi", "5: capacity.solver: found gurobi, expected one of highs, cbc"),
        (
            f"demand: 1/s\n{ONE_OFFER}\ntime_limit: 20",
            "5: capacity.time_limit: found 20, expected a duration such as 20s",
        ),
        (
            f"demand: 1/s\n{ONE_OFFER}\ngap: 150%",
            "5: capacity.gap: found 150%, expected a share such as 0.5%; it is more",
        ),
        (
            "demand: 1/s\ncatalog: {clouds: {azure: [west]}}",
            "capacity.catalog.clouds.azure: unknown cloud, expected one",
        ),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_told_with_its_place(aiops, capacity, said):
    code, out, error = aiops(capacity)
    assert (code, out) == (WRONG, "")
    assert said in error
    assert error.count("\n") == 1


FILES = {
    "a gap": (
        "hour,requests\n0,1\n1,1\n3,1\n",
        "d.csv:4: hour 2 is missing before this row; write a row for every time",
    ),
    "an hour twice": ("hour,requests\n0,1\n1,1\n1,2\n", "d.csv:4: hour 1 is there twice, first in line 3; write each"),
    "clocks put forward": (
        "time,requests\n2024-03-31 00:00,1\n2024-03-31 01:00,1\n2024-03-31 03:00,1\n2024-03-31 04:00,1\n",
        "d.csv:4: 2024-03-31 02:00:00 is missing before this row; if the clocks were put forward, write offsets such",
    ),
    "half an hour put forward": (
        "time,requests\n2024-10-06 01:00,1\n2024-10-06 01:30,1\n2024-10-06 02:30,1\n2024-10-06 03:00,1\n",
        "d.csv:4: 2024-10-06 02:00:00 is missing before this row; if the clocks were put forward, write offsets such",
    ),
    "clocks put back": (
        "time,requests\n2024-10-27 01:00,1\n2024-10-27 02:00,1\n2024-10-27 02:00,1\n2024-10-27 03:00,1\n",
        "d.csv:4: 2024-10-27 02:00:00 is there twice, first in line 3; if the clocks were put back, write offsets",
    ),
    "text": ("hour,requests\n0,lots\n", "d.csv:2: column requests: 'lots' is not a number of at least 0"),
    "units": ("hour,requests\n0,5/s\n", "d.csv:2: column requests: '5/s' is not a number of at least 0; write digits"),
    "a negative rate": ("hour,requests\n0,-3\n", "d.csv:2: column requests: '-3' is not a number of at least 0"),
    "zeros": ("hour,requests\n0,0\n1,0\n", "d.csv: every rate is zero, so no machine is needed"),
    "nothing": ("", "d.csv: is empty; write hour,requests and below it one row an hour, like 0,1500"),
    "semicolons": (
        "hour;requests\n0;1,5\n",
        "d.csv:1: its columns are parted by semicolons; write commas between them",
    ),
    "decimal commas": (
        "hour,requests\n0,1,5\n",
        "d.csv:2: has 3 columns, the header has 2; write as many, and a point",
    ),
    "German dates": (
        "time,requests\n31.03.2024 00:00,1\n",
        "'31.03.2024 00:00' is neither a number nor a date; write 2024",
    ),
    "milliseconds": ("timestamp,requests\n1700000000000,1\n", "is too late; write seconds, not milliseconds"),
    "a spreadsheet": (
        b"PK\x03\x04\x14\x00\x06\x00",
        "d.csv:1: is no text but perhaps a spreadsheet or an archive; save",
    ),
    "UTF-16": ("hour,requests\n0,1\n".encode("utf-16"), "d.csv: the demand is not UTF-8 text; save it as CSV in UTF-8"),
    "a web page": ("<!DOCTYPE html>\n<html></html>\n", "d.csv:1: begins with '<!DOCTYPE html>', which is no CSV"),
    "a row for each request": ("t_s,tokens\n0,5\n0.1,7\n0.1,9\n", "say rows: arrivals if each row is one request"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_demand_file_that_cannot_be_used_is_told_with_its_line(aiops, name):
    content, said = FILES[name]
    code, out, error = aiops(f"demand: d.csv\n{ONE_OFFER}", {"d.csv": content})
    assert (code, out) == (WRONG, "")
    assert said in error
    assert error.count("\n") == 1
    assert error.startswith("error: d.csv")


def test_a_million_rows_of_text_are_refused_at_the_first(aiops):
    code, _, error = aiops(f"demand: d.csv\n{ONE_OFFER}", {"d.csv": "hour,requests\n" + "noon,many\n" * 1_000_000})
    assert (code, error.count("\n")) == (WRONG, 1)
    assert error.startswith("error: d.csv:2: column hour: 'noon' is neither a number nor a date")


TWO = "offers: [{name: a, price: 1 USD/h, capacity: 100/s, max: 3}, {name: b, price: 2 USD/h, capacity: 100/s, max: 2}]"
SPOT = "offers: [{name: a, price: {spot: 1 USD/h}, capacity: 100/s}]\npurchase: [spot]"
SLOW = "offers: [{name: a, price: 1 USD/h, capacity: 100/s, servers: 4, service_mean: 20ms, service_p99: 40ms}]"


@pytest.mark.parametrize(
    ("capacity", "said", "remedies"),
    [
        (
            f"demand: 1000/s\n{ONE_OFFER}\nlimits: {{budget: 1 USD/month}}",
            "the budget of 1 USD/month is too tight: without it the cheapest fleet costs 7,300 USD/month",
            {"the budget of 1 USD/month": 7300},
        ),
        (
            f"demand: 1000/s\n{ONE_OFFER}\nlimits: {{quotas: {{'*': 0}}}}",
            "the quota of 0 machines for * is too tight: without it the cheapest fleet costs 7,300 USD/month",
            {"the quota of 0 machines for *": 10},
        ),
        (
            f"demand: 1000/s\n{ONE_OFFER}\nlimits: {{budget: 10 USD/month, quotas: {{'*': 3}}}}",
            "these limits are each too tight, and only lifting them together helps: the quota of 3 machines for *, and "
            "the budget of 10 USD/month",
            {"the quota of 3 machines for *": None, "the budget of 10 USD/month": None},
        ),
        (
            f"demand: 1000/s\n{TWO}",
            "the most machines of a (3), b (2) is too tight: without it the cheapest fleet costs 7,300 USD/month",
            {"the most machines of a (3), b (2)": None},
        ),
        (
            f"demand: 1000/s\n{SPOT}\nlimits: {{spot_share: 50%}}",
            "the spot share of at most 50 % is too tight",
            {"the spot share of at most 50 %": None},
        ),
        (f"demand: 1000/s\n{ONE_OFFER}\npurchase: [spot]", "the one offer lacks a price for spot", {}),
        (
            "demand: {x: 9/s, y: 1/s}\noffers: [{name: a, price: 1 USD/h, capacity: {x: 5/s}}]",
            "no offer on sale (on_demand) can serve requests of class 'y' within the objective",
            {},
        ),
        (
            f"demand: 100/s\nslo: {{p99: 5ms}}\n{SLOW}",
            "a request that is alone there already misses p99 ≤ 5 ms, of which it takes 40 ms or more",
            {},
        ),
        (
            f"demand: 100/s\n{ONE_OFFER}\ngoal: most_traffic\nlimits: {{budget: 1 USD/month}}",
            "the budget of 1 USD/month is too tight",
            {"the budget of 1 USD/month": 730},
        ),
    ],
)
def test_a_target_that_no_fleet_meets_is_told_with_what_would_do(aiops, tmp_path, capacity, said, remedies):
    code, out, error = aiops(capacity)
    assert (code, error) == (NO_FLEET, "")
    assert said in out
    answer = json.loads((tmp_path / "plan.json").read_text())
    assert answer["status"] == "infeasible"
    assert {
        remedy["limit"]: remedy["would_do"] and round(remedy["would_do"]) for remedy in answer["remedies"]
    } == remedies


CATALOG = """\
service: {name: image-classifier, command: serve $PORT}
benchmarks:
  classify: {http: {url: "http://127.0.0.1:$PORT/"}, slo: {p99: 50ms}}
"""


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("clouds: {aws: [mars-north-1]}", "'mars-north-1'"),
        ("clouds: {aws: [us-east1]}", "did you mean us-east-1?"),
        ("clouds: {aws: [us-east-1]}, families: [c7x]", "capacity.catalog.families: "),
    ],
)
def test_what_the_catalog_does_not_have_is_told_with_what_it_has(aiops, tmp_path, selection, said):
    Store(tmp_path / ".aiops").write_record(sample_report())
    code, out, error = aiops(f"demand: 9/s\ncatalog: {{{selection}}}\n", more=CATALOG)
    assert (code, out) == (WRONG, "")
    assert said in error
    assert error.count("\n") == 1


def test_a_week_that_comes_again_is_planned_once_and_said(aiops, tmp_path):
    week = [100 + hour % 24 * 10 + hour // 24 for hour in range(168)]
    rows = "".join(f"{hour},{week[hour % 168]}\n" for hour in range(52 * 168))
    code, out, _ = aiops(f"demand: d.csv\n{ONE_OFFER}\ntime_limit: 5s", {"d.csv": "hour,requests\n" + rows})
    assert code == 0
    assert "364 days, of which 7 differ and come again every week" in out
    assert len(json.loads((tmp_path / "plan.json").read_text())["demand"]["rps"]) == 168


NOT_PROVEN = f"demand: 250/s\n{ONE_OFFER}\ntime_limit: 1us"


def test_a_plan_that_is_not_proven_says_so_where_it_is_read(aiops, tmp_path):
    code, out, _ = aiops(NOT_PROVEN)
    assert code == 0
    assert "not proven optimal: there was no time for a lower bound" in out
    assert "a cheaper fleet may exist" in out
    plan = read_document(tmp_path / "plan.json", Plan)
    assert plan.status == "feasible"
    report = replace(sample_report(), plan=plan)
    for page in (render_comment(report), render_page(report)):
        assert "not proven optimal" in page
        assert "a cheaper fleet may exist" in page
