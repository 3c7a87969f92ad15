"""`aiops catalog refresh` against a loopback server: what is written, and that a failure changes nothing."""

import json
import sys

import boto3
import pytest

from aiops_planner.catalog import load_catalog
from aiops_planner.catalog_file import open_catalog
from aiops_planner.errors import PriceError
from aiops_toolkit.catalog.amazon import Amazon
from aiops_toolkit.catalog.google import Google
from aiops_toolkit.catalog.sources import Known
from aiops_toolkit.cli.main import run
from aiops_toolkit.progress import Silent
from support.catalog_clouds import Clouds, ec2_error, n2_skus, product, serving, sku

SPOT = [
    ("c7i.xlarge", "eu-west-1a", "2026-11-22T10:00:00Z", 0.05),
    ("c7i.xlarge", "eu-west-1b", "2026-11-22T09:00:00Z", 0.07),
]
PRODUCTS = [product("c7i.xlarge", 0.2, lease_1yr=876), product("c7a.large", 0.1), product("t2.micro", None)]


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIOPS_CATALOG", str(tmp_path / "catalog.csv.xz"))
    return tmp_path / "catalog.csv.xz"


@pytest.fixture
def clouds(monkeypatch):
    served = Clouds(products=list(PRODUCTS), spot=list(SPOT), skus=n2_skus("us-central1", "us-west1"))
    with serving(served) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield served


def refresh(*arguments):
    return run(["catalog", "refresh", *arguments])


def test_prices_of_both_clouds_come_into_effect(clouds, path, capsys):
    assert refresh("--region", "eu-west-1", "--region", "us-central1", "--json", "-") == 0
    done = json.loads(capsys.readouterr().out)
    assert [region["place"] for region in done["regions"]] == ["aws/eu-west-1", "gcp/us-central1"]
    ireland = {machine.name: machine for machine in load_catalog({"aws": ("eu-west-1",)})}
    assert ireland["c7i.xlarge"].prices_usd_per_hour == pytest.approx(
        {"on_demand": 0.2, "reserved_1y": 0.1, "spot": 0.06}
    )
    assert ireland["c7i.xlarge"].cpu_score is not None
    assert set(ireland) == {"c7i.xlarge", "c7a.large"}
    iowa = {machine.name: machine for machine in load_catalog({"gcp": ("us-central1",)}, families=("n2", "m3"))}
    assert iowa["n2-standard-4"].prices_usd_per_hour["on_demand"] == pytest.approx(4 * 0.04 + 16 * 0.005)
    assert iowa["n2-standard-4"].price_date == done["at"][:10]
    assert iowa["m3-ultramem-32"].price_date == "2026-07-30"
    assert clouds.requests.count("GetProducts") == clouds.requests.count("ListSkus") == 2  # both pages


def test_what_was_fetched_and_what_stayed_is_told_by_region(clouds, path, capsys):
    assert refresh("--region", "eu-west-1", "--region", "us-west1") == 0
    shown = capsys.readouterr().out
    assert "aws/eu-west-1: prices of 2 machine types\n" in shown
    assert "gcp/us-west1: prices of 29 machine types; 477 machine types left as before" in shown
    assert "58 single prices left as before" in shown  # the snapshot's commitments of N2
    assert "Written to" in shown


def test_a_second_refresh_keeps_the_regions_of_the_first(clouds, path):
    assert refresh("--region", "eu-west-1") == 0
    assert refresh("--region", "us-west1") == 0
    assert set(open_catalog().refreshed) == {"aws/eu-west-1", "gcp/us-west1"}


def test_without_options_the_regions_of_aiops_yml_are_meant(clouds, path, tmp_path):
    (tmp_path / "aiops.yml").write_text(
        "version: 1\nbenchmarks: {b: {http: {url: 'http://x/'}, slo: {p99: 1s}}}\n"
        "capacity: {demand: 1/s, catalog: {clouds: {gcp: [us-west1]}}}\n"
    )
    assert refresh() == 0
    assert set(open_catalog().refreshed) == {"gcp/us-west1"}


def test_the_catalog_says_what_is_refreshed_and_plans_get_the_dates(clouds, path, capsys):
    assert refresh("--region", "eu-west-1") == 0
    capsys.readouterr()
    assert run(["catalog", "show", "--cloud", "aws", "--family", "c7i"]) == 0
    shown = capsys.readouterr().out
    today = open_catalog().refreshed["aws/eu-west-1"].at[:10]
    assert "Refreshed prices of aws/eu-west-1" in shown
    assert f"AWS of 2026-07-20 to {today}" in shown
    assert "aws/eu-west-1" in shown and "0.2000" in shown


KNOWN = Known(load_catalog({"aws": ("us-east-1",), "gcp": ("us-central1",)}))
IN_YUAN = product("c7i.xlarge", 1.0, currency="CNY")
FORM = json.dumps({"product": {"attributes": {}}, "terms": {}})
DENIED = ec2_error("UnauthorizedOperation")
FAILURES = [
    ({"GetProducts": (400, '{"__type": "AccessDeniedException"}')}, {}, "allow the action pricing:GetProducts"),
    ({"DescribeSpotPriceHistory": (403, DENIED)}, {}, "allow the action ec2:DescribeSpotPriceHistory"),
    ({"DescribeInstanceTypes": (401, ec2_error("AuthFailure"))}, {}, "credentials were not accepted"),
    ({"DescribeInstanceTypes": (503, ec2_error("RequestLimitExceeded"))}, {}, "was throttled in every attempt"),
    ({"DescribeInstanceTypes": (401, ec2_error("OptInRequired"))}, {}, "the region is not enabled"),
    ({"GetProducts": (200, '{"FormatVersion": "aws_v1"}')}, {}, "KeyError: 'PriceList'"),
    ({"GetProducts": (200, "<html>")}, {}, "not of the form"),
    ({"DescribeInstanceTypes": (200, "{}")}, {}, "not of the form"),
    ({}, {"products": [FORM]}, "KeyError: 'instanceType'"),
    ({}, {"products": [IN_YUAN]}, "priced in CNY"),
    ({}, {"products": []}, "no machine type of eu-west-1 came back with a price"),
]


@pytest.fixture(scope="module")
def amazon():
    """AWS' client with what it answers; reading its description of EC2 anew takes longer than all of the tests."""
    served = Clouds()
    with serving(served) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        session = boto3.session.Session()
        session.client("ec2", region_name="eu-west-1")
        yield served, Amazon(session), environment


@pytest.mark.parametrize(
    ("faults", "answers", "said"), FAILURES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_failure_of_aws_is_told_in_one_line(amazon, monkeypatch, faults, answers, said):
    served, source, environment = amazon
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    served.products, served.spot, served.faults = answers.get("products", PRODUCTS), SPOT, faults
    with pytest.raises(PriceError) as refusal:
        source.fetch(["eu-west-1"], KNOWN, "2026-11-22", Silent())
    _one_line(f"error: {refusal.value.message}", said)


def test_a_refresh_that_fails_half_way_changes_nothing(clouds, path, capsys):
    assert refresh("--region", "eu-west-1") == 0
    before = path.read_bytes()
    clouds.products = [product("c7i.xlarge", 99.0)]
    clouds.faults["ListSkus"] = error(403, "PERMISSION_DENIED")
    assert refresh("--region", "eu-west-1", "--region", "us-central1") == 1
    _one_line(capsys.readouterr().err, "access was denied")
    assert path.read_bytes() == before


def error(status, reason):
    return status, json.dumps({"error": {"code": status, "message": "project 123456789012", "status": reason}})


IN_EURO = [sku("N2 Instance Core running in Iowa", "OnDemand", 1.0, "us-central1", currency="EUR")]
GOOGLE_FAILURES = [
    ({"ListSkus": error(403, "PERMISSION_DENIED")}, None, "access was denied"),
    ({"ListSkus": error(401, "UNAUTHENTICATED")}, None, "gcloud auth application-default login"),
    ({"ListSkus": error(400, "INVALID_ARGUMENT")}, None, "check GOOGLE_API_KEY"),
    ({"ListSkus": (200, "<html>")}, None, "not of the form"),
    ({"ListSkus": (200, '{"skus": 3}')}, None, "not of the form"),
    ({"ListSkus": error(500, "INTERNAL")}, None, "it failed (InternalServerError)"),
    ({}, IN_EURO, "is priced in EUR"),
    ({}, [], "without a machine of Compute Engine"),
    ({}, n2_skus("us-central1")[:1], "words no machine type of us-central1"),
]


@pytest.mark.parametrize(
    ("faults", "skus", "said"), GOOGLE_FAILURES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_failure_of_google_is_told_in_one_line(clouds, faults, skus, said):
    clouds.faults = faults
    clouds.skus = clouds.skus if skus is None else skus
    with pytest.raises(PriceError) as refusal:
        Google().fetch(["us-central1"], KNOWN, "2026-11-22", Silent())
    _one_line(f"error: {refusal.value.message}", said)


def test_an_answer_that_does_not_come_is_given_up(clouds):
    clouds.faults = {"DescribeInstanceTypes": (0, ""), "ListSkus": (0, "")}
    for source, region in ((Amazon(answer_s=0.2), "eu-west-1"), (Google(answer_s=0.2), "us-central1")):
        with pytest.raises(PriceError, match="no answer came in time"):
            source.fetch([region], KNOWN, "2026-11-22", Silent())


def test_a_place_that_cannot_be_written_is_told_before_anything_is_fetched(clouds, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AIOPS_CATALOG", str(tmp_path))
    assert refresh("--region", "eu-west-1") == 1
    _one_line(capsys.readouterr().err, "the prices cannot be written")
    assert clouds.requests == []


def test_google_is_asked_again_when_it_is_busy_and_given_up_in_the_end(clouds):
    clouds.once["ListSkus"] = error(429, "RESOURCE_EXHAUSTED")
    assert Google().fetch(["us-central1"], KNOWN, "2026-11-22", Silent())
    assert clouds.requests.count("ListSkus") == 3  # one in vain, and both pages
    clouds.faults["ListSkus"] = error(429, "RESOURCE_EXHAUSTED")
    with pytest.raises(PriceError, match=r"Google Cloud Billing: it (kept answering|did not answer)"):
        Google(wait_s=0.01).fetch(["us-central1"], KNOWN, "2026-11-22", Silent())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--region", "eu-west-11"], "AWS has no region 'eu-west-11' that boto3 knows; did you mean eu-west-1"),
        (["--region", "us-central7"], "Google Cloud has no prices for region 'us-central7'; did you mean us-central1"),
        (["--cloud", "aws", "--region", "us-central1"], "has the form of a region of gcp"),
        (["--cloud", "azure"], "'azure' is not one of 'aws', 'gcp'"),
    ],
)
def test_a_wrong_name_is_told_with_the_right_one(clouds, path, capsys, arguments, said):
    assert refresh(*arguments) == 2
    assert said in capsys.readouterr().err
    assert not path.exists()


def test_prices_that_are_switched_off_cannot_be_refreshed(clouds, monkeypatch, capsys):
    monkeypatch.setenv("AIOPS_CATALOG", "")
    assert refresh("--region", "eu-west-1") == 2
    _one_line(capsys.readouterr().err, "AIOPS_CATALOG is empty")


@pytest.mark.parametrize(
    ("changes", "region", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "eu-west-1", "no usable credentials were found"),
        ({"AWS_PROFILE": "nobody"}, "eu-west-1", "no usable credentials were found"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "eu-west-1", "could not be reached"),
        ({"AIOPS_GOOGLE_BILLING_ENDPOINT": "http://127.0.0.1:9"}, "us-central1", "could not be reached"),
    ],
)
def test_surroundings_that_are_missing_are_named(clouds, path, monkeypatch, capsys, changes, region, said):
    for name, value in changes.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    assert refresh("--region", region) == 1
    _one_line(capsys.readouterr().err, said)


@pytest.mark.parametrize(
    ("region", "module", "extra"), [("eu-west-1", "boto3", "aws"), ("us-west1", "google.api_core", "gcp")]
)
def test_a_client_that_is_not_installed_is_named_with_its_extra(
    clouds, path, monkeypatch, capsys, region, module, extra
):
    monkeypatch.setitem(sys.modules, module, None)
    assert refresh("--region", region) == 1
    _one_line(capsys.readouterr().err, f"pip install 'aiops-action[{extra}]'")


def _one_line(errors, said):
    """The expected failure in one line, without a secret, an account or the provider's own text."""
    line = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert len(line) == 1
    assert said in line[0]
    for secret in ("s3cret", "AKIAEXAMPLE", "123456789012"):
        assert secret not in errors
