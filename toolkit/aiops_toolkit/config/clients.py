"""The section `capacity.clients` of aiops.yml: where requests come from, and what answers cost to send."""

from collections.abc import Iterable

from aiops_toolkit.config import nodes
from aiops_toolkit.config.kinds import Text, share, size, traffic_price
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.settings import CapacitySettings, ClientsSettings
from aiops_toolkit.config.structure import Key, MapOf, Section


def _check(clients: ClientsSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    egress = node.get("egress")
    if clients.egress_usd_per_gb and egress is not None and not clients.answer_bytes:
        message = "says what a GB costs, but not how large an answer is; add answer, like answer: 20 kB"
        yield from place.key("egress").mistake(egress.line, message).found


def check_clients(capacity: CapacitySettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    """What does not go together with client regions yet: capacities that hold for one response time, and models."""
    clients = node.get("clients")
    if capacity.clients is None or clients is None:
        return
    for key, reason in (
        ("profiles", "which hold for one response time, so nobody knows how far clients may be; use offers with p99"),
        ("models", "whose demands come from one place each"),
    ):
        if getattr(capacity, key):
            yield from place.key("clients").mistake(clients.line, f"does not go with {key}, {reason}").found


CLIENTS: Section[ClientsSettings] = Section(
    becomes=ClientsSettings,
    check=_check,
    keys=(
        Key(
            name="from",
            into="shares",
            kind=MapOf(of=share("60%"), what="a mapping of client regions to shares", key="region"),
            about="The share of all requests that comes from each client region, such as aws/eu-west-1: 40%. Left out "
            "when the classes of the demand are client regions.",
        ),
        Key(
            name="round_trips",
            kind=Text(what="the path of a CSV file"),
            about="Your own round trips, with the columns from, to and round_trip_ms; they go before the shipped ones.",
        ),
        Key(name="answer", into="answer_bytes", kind=size(), about="How large an answer is."),
        Key(
            name="egress",
            into="egress_usd_per_gb",
            kind=MapOf(of=traffic_price(), what="a mapping of clouds or cloud/region to prices", key="cloud"),
            about="What sending answers costs, by cloud or by cloud/region; nothing when left out.",
        ),
    ),
)
