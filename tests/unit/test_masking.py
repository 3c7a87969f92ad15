"""Secrets are known in every form in which they may be told, and masked without garbling the rest."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner.performance import Objective
from aiops_toolkit.config.settings import BenchmarkSettings, ServiceSettings, Settings
from aiops_toolkit.config.targets import HttpTarget, KserveTarget, OpenaiTarget, Target
from aiops_toolkit.masking import masked, secrets_in, secrets_of


def test_secrets_are_values_with_secret_names_and_those_given_longest_first():
    environment = {"GITHUB_TOKEN": "gh-1234", "DB_PASSWORD": "hunter2hunter2", "HOME": "/home/me", "API_KEY": "abc"}
    assert secrets_in(environment, "multi-line\nsecret-value") == (
        "multi-line%0Asecret-value",
        "multi-line\\nsecret-value",
        "multi-line\nsecret-value",
        "hunter2hunter2",
        "secret-value",
        "multi-line",
        "gh-1234",
    )


def job(environment, headers):
    return job_with(HttpTarget(url="http://127.0.0.1:$PORT/", headers=headers), environment)


def job_with(target: Target, environment):
    return Settings(
        path=Path("aiops.yml"),
        service=ServiceSettings(name="service", environment=environment),
        benchmarks=(BenchmarkSettings(name="all", target=target, slo=Objective()),),
    )


@pytest.mark.parametrize(
    ("environment", "headers", "secrets"),
    [
        ({"LICENCE": "open sesame"}, {}, {"open sesame", "open%20sesame"}),
        ({}, {"X-Key": "literal5"}, {"literal5"}),
        ({}, {"X-Key": "$VAULT"}, {"from-vault"}),
        ({}, {"X-Key": "a${VAULT}$$"}, {"from-vault", "afrom-vault$", "afrom-vault%24"}),
        ({}, {"Authorization": "Bearer $VAULT"}, {"from-vault", "Bearer from-vault", "Bearer%20from-vault"}),
        ({}, {"Authorization": "Basic bGl0ZXJhbA=="}, {"bGl0ZXJhbA==", "Basic bGl0ZXJhbA=="}),
        ({}, {"X-Key": "of $NOBODY"}, {"of $"}),
        ({"URL": "postgres://me:pass-1@db/x"}, {}, {"postgres://me:pass-1@db/x", "pass-1"}),
        ({"PEER": "key-1:$PORT/key-2"}, {}, {"key-1:", "/key-2"}),
        ({"QUOTED": "a\\b'c"}, {}, {"a\\b'c", "a\\\\b'c"}),
        ({"URL": "http://[broken"}, {}, {"http://[broken"}),
        ({"HOST": "127.0.0.1", "VERBOSE": "true"}, {}, set()),
        ({}, {"Content-Type": "application/json", "accept": "text/plain"}, set()),
        ({"DEBUG": "1", "EMPTY": ""}, {"X-Empty": "", "X-Unset": "$NOBODY"}, set()),
    ],
)
def test_the_secrets_of_a_job_are_what_it_gives_the_service_and_sends_in_headers(environment, headers, secrets):
    found = set(secrets_of(job(environment, headers), {"VAULT": "from-vault"}))
    assert found >= secrets
    assert bool(found) == bool(secrets)


@pytest.mark.parametrize(
    "target",
    [
        HttpTarget(url="http://h/", headers={"X-Key": "open sesame"}),
        OpenaiTarget(url="http://h/", model="m", prompts="p", headers={"X-Key": "open sesame"}),
        KserveTarget(url="http://h/", model="m", headers={"X-Key": "open sesame"}),
    ],
    ids=lambda target: target.kind,
)
def test_headers_are_secret_whatever_kind_of_target_sends_them(target):
    assert "open sesame" in secrets_of(job_with(target, {}), {})


def test_the_address_of_the_service_itself_is_not_masked():
    secrets = secrets_of(job({"PUBLIC_URL": "http://127.0.0.1:$PORT/app"}, {}), {})
    assert masked("no answer from http://127.0.0.1:8000/app", secrets) == "no answer from http://127.0.0.1:8000/app"


def test_variables_that_are_named_like_secrets_are_secrets_of_every_job():
    assert secrets_of(job({}, {}), {"HUB_TOKEN": "hub-sesame", "HOME": "/home/me"}) == ("hub-sesame",)


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("key hunter22hunter2", ["hunter22", "hunter2"], "key ******"),
        ("test_leak[test] of tests: test", ["test"], "test_leak[***] of tests: ***"),
        ("80808 at 127.0.0.1:8080", ["8080"], "80808 at 127.0.0.1:***"),
        ("xs3samex", ["s3same"], "x***x"),
        ("xsesamestreetx", ["sesamestreet"], "x***x"),
        ("nothing", [], "nothing"),
    ],
)
def test_secrets_are_masked_and_short_plain_words_only_where_they_stand_alone(text, secrets, shown):
    assert masked(text, secrets) == shown


@given(st.text(min_size=8, max_size=30).filter(lambda secret: "*" not in secret), st.text(), st.text())
def test_a_long_secret_is_found_wherever_it_stands(secret, before, after):
    assert secret not in masked(before + secret + after, secrets_in({}, secret))
