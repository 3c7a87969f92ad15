"""The section `capacity` of aiops.yml: the traffic to carry, what may be rented for it, and the limits."""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from aiops_planner.demand import SINGLE_CLASS
from aiops_planner.offers import PURCHASES, Offer
from aiops_planner.plans import CloudShare, Goal, Limits, Survive
from aiops_toolkit.config import nodes
from aiops_toolkit.config.benchmarks import OBJECTIVE
from aiops_toolkit.config.clients import CLIENTS, check_clients
from aiops_toolkit.config.demand import DEMAND, RATES
from aiops_toolkit.config.kinds import Choice, Number, Text, Whole, duration, money_rate, rate, share, size
from aiops_toolkit.config.mistakes import Mistake, Place
from aiops_toolkit.config.models import MEMORY, MODELS, check_models
from aiops_toolkit.config.published import PROFILES, PUBLISHED, check_sources
from aiops_toolkit.config.settings import CapacitySettings, CatalogSettings
from aiops_toolkit.config.simulation import SIMULATION
from aiops_toolkit.config.structure import Either, Key, ListOf, MapOf, Section

NAMES = Text(what="a name such as c7i or us-east-1", pattern=r"[A-Za-z0-9][A-Za-z0-9.*_-]*")
TIMES = Either(
    short=duration(),
    long=MapOf(of=duration(), what="a mapping of request classes to durations", key="class"),
    spread=lambda seconds: {SINGLE_CLASS: seconds},
)


def _check_catalog(catalog: CatalogSettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    bounds = (
        ("vcpus", catalog.min_vcpus, catalog.max_vcpus),
        ("memory_gib", catalog.min_memory_gib, catalog.max_memory_gib),
    )
    for what, least, most in bounds:
        bound = node.get(f"max_{what}")
        if least is not None and most is not None and bound is not None and most < least:
            message = f"found {most:g}, expected at least min_{what}, which is {least:g}"
            yield from place.key(f"max_{what}").mistake(bound.line, message).found


CATALOG = Section(
    becomes=CatalogSettings,
    check=_check_catalog,
    keys=(
        Key(
            name="clouds",
            kind=MapOf(
                of=ListOf(of=NAMES, what="a list of regions such as [us-east-1]"),
                what="a mapping of clouds to regions such as {aws: [us-east-1]}",
                key="cloud",
                words=("aws", "gcp"),
            ),
            about="The regions to rent in, by cloud.",
            required=True,
        ),
        Key(
            name="families",
            kind=ListOf(of=NAMES, what="a list of families such as [c7i, n2]"),
            about="The instance families that may take part; all when left out.",
        ),
        Key(
            name="architectures",
            kind=ListOf(of=Choice(words=("amd64", "arm64")), what="a list of amd64 and arm64"),
            about="The processor architectures the service runs on.",
        ),
        Key(name="min_vcpus", kind=Number(), about="Smallest number of vCPUs of one instance."),
        Key(name="max_vcpus", kind=Number(), about="Largest number of vCPUs of one instance."),
        Key(name="min_memory_gib", kind=Number(), about="Least memory of one instance, in GiB."),
        Key(name="max_memory_gib", kind=Number(), about="Most memory of one instance, in GiB."),
        Key(
            name="accelerators",
            kind=ListOf(of=NAMES, what="a list of accelerators such as [l4, h100]"),
            about="The accelerators that may take part, as the cloud names them (nvidia-l4) or in short (l4).",
        ),
        Key(name="min_accelerator_memory_gib", kind=Number(), about="Least memory of one accelerator, in GiB."),
        Key(
            name="model_memory",
            into="model_memory_bytes",
            kind=replace(size(), example="14 GiB", zero=False),
            about="What the model needs: it has to fit into an instance's accelerators together, or into its memory.",
        ),
    ),
)

OFFER: Section[Offer] = Section(
    becomes=Offer,
    keys=(
        Key(name="name", kind=Text(), about="What the plan calls the offer.", required=True),
        Key(
            name="price",
            into="prices_usd_per_hour",
            kind=Either(
                short=money_rate("1.01 USD/h"),
                long=MapOf(
                    of=money_rate("1.01 USD/h"),
                    what="a mapping of purchases to prices",
                    key="purchase",
                    words=PURCHASES,
                ),
                spread=lambda price: {"on_demand": price},
            ),
            about="What one costs: on demand, or a mapping of purchases to prices.",
            required=True,
        ),
        Key(
            name="capacity",
            into="capacity_rps",
            kind=Either(short=rate(), long=RATES, spread=lambda requests: {SINGLE_CLASS: requests}),
            about="What one carries within the objective: a rate, or a mapping of request classes to rates.",
            required=True,
        ),
        Key(name="max", into="max_count", kind=Whole(least=1, most=1_000_000), about="The most that can be had."),
        Key(name="cloud", kind=NAMES, about="The cloud it belongs to; quotas name it first."),
        Key(name="region", kind=NAMES, about="The region it stands in; quotas name it second."),
        Key(name="vcpus", kind=Number(), about="The vCPUs that quotas count it as; one when left out."),
        Key(
            name="memory",
            into="memory_gib",
            kind=MEMORY,
            about="The memory that models share on it; of a machine with accelerators, that of all of them.",
        ),
        Key(
            name="servers",
            kind=Whole(least=1, most=100_000),
            about="How many requests one serves at once; simulating a plan takes this and service_mean.",
        ),
        Key(
            name="service_mean",
            into="service_mean_s",
            kind=TIMES,
            about="The mean service time of a request that is alone: a duration, or one for each request class.",
        ),
        Key(
            name="service_p99",
            into="service_p99_s",
            kind=TIMES,
            about="The 99th percentile of it; service times are taken as exponential when left out.",
        ),
        Key(
            name="p99",
            into="response_p99_s",
            kind=duration(),
            about="The 99th percentile of the response time at the capacity; capacity.clients takes it.",
        ),
    ),
)

CLOUD_SHARE: Section[CloudShare] = Section(
    becomes=CloudShare,
    keys=(
        Key(name="least", kind=share("20%"), about="The least of the requests it carries at every hour."),
        Key(name="most", kind=share("80%"), about="The most of them."),
    ),
)

LIMITS: Section[Limits] = Section(
    becomes=Limits,
    keys=(
        Key(
            name="budget",
            into="budget_usd_per_hour",
            kind=money_rate("5000 USD/month"),
            about="The most the fleet may cost.",
        ),
        Key(name="spot_share", kind=share("50%"), about="The share of the demand that spot instances may carry."),
        Key(
            name="spot_pool_share",
            kind=share("20%"),
            about="The share of the demand that the spot instances of one type in one zone may carry.",
        ),
        Key(
            name="spot_pools_lost",
            kind=Whole(least=0, most=100),
            about="How many spot pools, one type in one zone each, may be taken back at once without losing traffic.",
        ),
        Key(
            name="clouds",
            into="cloud_shares",
            kind=MapOf(of=CLOUD_SHARE, what="a mapping of clouds to least and most shares", key="cloud"),
            about="The least and the most of the requests that a cloud carries: {gcp: {least: 20%, most: 60%}}.",
        ),
        Key(
            name="quotas",
            kind=MapOf(of=Number(zero=True), what="a mapping of patterns to vCPUs", key="pattern", empty=True),
            about='The most vCPUs in use at once, by pattern over cloud/region/name: {"aws/us-east-1/c7i.*": 64}.',
        ),
    ),
)


def _check(capacity: CapacitySettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    yield from _check_offers(capacity, node, place)
    yield from check_sources(capacity, node, place)
    yield from check_models(capacity, node, place)
    yield from check_clients(capacity, node, place)


def _check_offers(capacity: CapacitySettings, node: nodes.Mapping, place: Place) -> Iterable[Mistake]:
    listed = node.get("offers")
    if not isinstance(listed, nodes.Sequence):
        return
    seen: set[str] = set()
    for index, (offer, item) in enumerate(zip(capacity.offers, listed.items, strict=True)):
        if offer.key in seen:
            where = place.key("offers").item(index).key("name")
            yield from where.mistake(item.line, f"found {offer.name} again, expected each offer once").found
        seen.add(offer.key)


CAPACITY = Section(
    becomes=CapacitySettings,
    check=_check,
    one_of=("catalog", "offers"),
    and_one_of=("demand", "models"),
    keys=(
        Key(
            name="demand",
            kind=DEMAND,
            about="The traffic to carry: a rate, rates by request class, a CSV file, or a section.",
        ),
        Key(name="models", kind=MODELS, about="In place of one demand: the models that share the fleet."),
        Key(name="slo", kind=OBJECTIVE, about="The objective that the fleet has to meet."),
        Key(name="catalog", kind=CATALOG, about="Rent from the catalog of AWS and Google Cloud."),
        Key(
            name="offers",
            kind=ListOf(of=OFFER, what="a list of offers"),
            about="Rent from these offers, with your own prices and capacities.",
        ),
        Key(
            name="published",
            kind=PUBLISHED,
            about="Size the catalog's accelerators from published curves of a language model.",
        ),
        Key(
            name="profiles",
            kind=PROFILES,
            about="What one machine of a catalog type was measured to carry: a rate, or the report of `aiops bench`.",
        ),
        Key(
            name="benchmark",
            kind=Text(),
            about="The benchmark whose capacity sizes catalog offers; needed when there are several.",
        ),
        Key(
            name="purchase",
            into="purchases",
            kind=ListOf(of=Choice(words=PURCHASES), what=f"a list of {', '.join(PURCHASES)}"),
            about="How instances may be bought.",
        ),
        Key(name="survive", kind=Choice(words=get_args(Survive)), about="What may fail without losing traffic."),
        Key(name="limits", kind=LIMITS, about="What the plan may not exceed."),
        Key(
            name="goal",
            kind=Choice(words=get_args(Goal)),
            about="The cheapest fleet for the demand, or the most of the demand that limits.budget pays for.",
        ),
        Key(name="clients", kind=CLIENTS, about="Where requests come from, when that is more than one place."),
        Key(name="simulation", kind=SIMULATION, about="How the plan is put to the proof."),
        Key(
            name="solver",
            kind=Choice(words=("highs", "cbc")),
            about="Which solver to use; HiGHS when left out, and CBC where that is not installed.",
        ),
        Key(
            name="time_limit",
            into="time_limit_s",
            kind=duration("20s"),
            about="How long to look for a cheaper fleet; what explains the plan takes a quarter of it.",
        ),
        Key(
            name="gap",
            kind=share("0.5%"),
            about="When to stop: at most this share of the bill could still be saved by another fleet.",
        ),
    ),
)
