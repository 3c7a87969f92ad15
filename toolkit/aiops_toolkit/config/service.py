"""The sections `service` and `tests` of aiops.yml."""

from aiops_toolkit.config.forms import Condition
from aiops_toolkit.config.kinds import Text, Url, Whole, duration
from aiops_toolkit.config.settings import Comparison, GateSettings, ServiceSettings, TestSettings
from aiops_toolkit.config.structure import Key, MapOf, Section

SERVICE: Section[ServiceSettings] = Section(
    becomes=ServiceSettings,
    keys=(
        Key(name="name", kind=Text(), about="What reports call the service.", required=True),
        Key(name="setup", kind=Text(), about="A command that prepares a fresh checkout, such as uv sync."),
        Key(
            name="command",
            kind=Text(),
            about="The command that starts the service on $PORT. Leave it out for a service that runs already.",
        ),
        Key(
            name="ready",
            kind=Url(schemes=("http", "https", "tcp")),
            about="A URL that answers without an error once the service is ready, or tcp://host:port to connect to.",
        ),
        Key(
            name="ready_timeout",
            into="ready_timeout_s",
            kind=duration(),
            about="How long the service may take to become ready.",
        ),
        Key(
            name="stop_timeout",
            into="stop_timeout_s",
            kind=duration(),
            about="How long the service may take to end after SIGTERM before it is killed.",
        ),
        Key(
            name="environment",
            kind=MapOf(
                of=Text(numbers=True, empty=True),
                what="a mapping of variable names to text",
                key="variable",
                pattern=r"[A-Za-z_][A-Za-z0-9_]*",
                empty=True,
            ),
            about="Environment variables of the service. Their values never appear in messages or reports.",
            secret=True,
        ),
        Key(
            name="port",
            kind=Whole(least=1, most=65535),
            about="The port the service always uses; without it $PORT is a free one.",
        ),
    ),
)


def _build_tests(
    command: str, gates: dict[str, tuple[Comparison, float]] | None = None, **timeout: float
) -> TestSettings:
    conditions = (gates or {}).items()
    return TestSettings(
        command=command,
        gates=tuple(
            GateSettings(metric=metric, comparison=comparison, threshold=threshold)
            for metric, (comparison, threshold) in conditions
        ),
        **timeout,
    )


TESTS = Section(
    becomes=TestSettings,
    build=_build_tests,
    keys=(
        Key(
            name="command",
            kind=Text(),
            about="The test command. It writes JUnit XML to $AIOPS_JUNIT and may write metrics to $AIOPS_METRICS.",
            required=True,
        ),
        Key(
            name="gates",
            kind=MapOf(of=Condition(), what="a mapping of metrics to conditions", key="metric", empty=True),
            about='Conditions that metrics have to meet, such as {accuracy: ">= 0.97"}.',
        ),
        Key(name="timeout", into="timeout_s", kind=duration(), about="How long the test command may take."),
    ),
)
