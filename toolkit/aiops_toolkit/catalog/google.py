"""Prices of Google Cloud from its Cloud Billing catalog, through Google's own client: the one home of that library."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiops_planner.catalog import nearest
from aiops_planner.errors import CatalogError, PriceError
from aiops_reports import formatting
from aiops_toolkit.catalog.google_prices import PURCHASE_OF_USAGE, Sku, UnitPrices, region_prices
from aiops_toolkit.catalog.sources import Known, RegionPrices
from aiops_toolkit.progress import Progress

if TYPE_CHECKING:
    from google.cloud.billing_v1 import CloudCatalogClient

COMPUTE_ENGINE = "services/6F81-5844-456A"
ENDPOINT_VARIABLE = "AIOPS_GOOGLE_BILLING_ENDPOINT"
KEY_VARIABLE = "GOOGLE_API_KEY"
PAGE = 5000
WAIT_S = 60.0
_SKUS_EXPECTED = 30_000  # of Compute Engine, for the bar

_SETUP = (
    "run `gcloud auth application-default login`, or set GOOGLE_API_KEY to a key that may use the Cloud Billing API"
)
_FAILURES: Mapping[str, str] = {
    "DefaultCredentialsError": f"no credentials were found; {_SETUP}",
    "RefreshError": f"the credentials have expired or were withdrawn; {_SETUP}",
    "Unauthorized": f"the credentials were not accepted; {_SETUP}",
    "Forbidden": "access was denied; enable the Cloud Billing API in the project of the credentials (`gcloud services "
    "enable cloudbilling.googleapis.com`), and let the API key use it",
    "BadRequest": "the request was refused, as with an API key that is not valid; check GOOGLE_API_KEY",
    "TooManyRequests": "it kept answering that there were too many requests; try again in some minutes",
    "ParseError": "an answer is not of the form this version knows; check the proxy, or update aiops-action",
    "RetryError": "it did not answer within a minute of trying; try again later",
}


class Google:
    """Google Cloud's price list. `environment` may name an API key, and another endpoint, which gets no credentials.

    `wait_s` is how long a request is made again that was told to wait, `answer_s` how long one answer may take.
    """

    cloud = "gcp"
    name = "Google Cloud Billing catalog"

    def __init__(
        self, environment: Mapping[str, str] = os.environ, wait_s: float = WAIT_S, answer_s: float = WAIT_S
    ) -> None:
        self._environment = environment
        self._wait_s = wait_s
        self._answer_s = answer_s

    def fetch(self, regions: Sequence[str], known: Known, today: str, progress: Progress) -> tuple[RegionPrices, ...]:
        """The machine types of the regions; see `sources.Source`."""
        progress.start("gcp", _SKUS_EXPECTED)
        prices = UnitPrices(_counted(self._skus(), progress))
        if not prices.regions:
            raise PriceError(
                "Google Cloud Billing: the price list came back without a machine of Compute Engine; try again later"
            )
        for region in regions:
            if region not in prices.regions:
                raise CatalogError(
                    f"Google Cloud has no prices for region {region!r}; {nearest(region, prices.regions)}"
                )
        found = tuple(region_prices(region, prices, known, today) for region in regions)
        progress.finish(formatting.count(sum(len(region.types) for region in found), "machine type"))
        return found

    def _skus(self) -> Iterator[Sku]:
        """Every resource of the price list. Raises PriceError."""
        try:
            from google.api_core import exceptions, retry  # noqa: PLC0415 - an extra
            from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
            from google.protobuf.json_format import ParseError  # noqa: PLC0415
        except ImportError:
            raise PriceError(
                "prices of Google Cloud need its client; install it with `pip install 'aiops-action[gcp]'`"
            ) from None
        again = retry.Retry(
            predicate=retry.if_exception_type(exceptions.TooManyRequests, exceptions.ServiceUnavailable),
            timeout=self._wait_s,
        )
        request = {"parent": COMPUTE_ENGINE, "currency_code": "USD", "page_size": PAGE}
        try:
            for sku in self._client().list_skus(request=request, retry=again, timeout=self._answer_s):
                if sku.category.usage_type in PURCHASE_OF_USAGE:
                    yield from _read(sku)
        except (exceptions.GoogleAPIError, GoogleAuthError, ParseError, OSError) as error:
            raise PriceError(f"Google Cloud Billing: {_reason(error)}") from None

    def _client(self) -> "CloudCatalogClient":
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
        from google.cloud import billing_v1  # noqa: PLC0415

        endpoint, key = self._environment.get(ENDPOINT_VARIABLE), self._environment.get(KEY_VARIABLE)
        if endpoint:
            transport: Callable[..., Any] = billing_v1.CloudCatalogClient.get_transport_class("rest")
            scheme = "http" if endpoint.startswith("http://") else "https"
            return billing_v1.CloudCatalogClient(
                transport=transport(host=endpoint, url_scheme=scheme, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
            )
        return billing_v1.CloudCatalogClient(transport="rest", client_options={"api_key": key} if key else None)


def _counted(skus: Iterator[Sku], progress: Progress) -> Iterator[Sku]:
    for number, sku in enumerate(skus):
        if number % PAGE == 0:
            progress.advance(min(number, _SKUS_EXPECTED))
        yield sku


def _read(sku: Any) -> Iterator[Sku]:
    """The resource as a value, if it has one price; one with steps is none of a machine. Raises PriceError."""
    if not sku.pricing_info:
        return
    expression = sku.pricing_info[-1].pricing_expression
    if len(expression.tiered_rates) != 1:
        return
    price = expression.tiered_rates[0].unit_price
    if price.currency_code != "USD":
        found = price.currency_code or "no currency"
        raise PriceError(
            f"Google Cloud Billing: {sku.description!r} is priced in {found}, and the catalog is in USD; use an "
            "account that is billed in USD"
        )
    yield Sku(
        description=sku.description,
        usage=sku.category.usage_type,
        unit=expression.usage_unit,
        regions=tuple(sku.service_regions),
        usd=price.units + price.nanos / 1e9,
    )


def _reason(error: Exception) -> str:
    """What to tell of an error of the client: never its own text, which may hold names of projects and keys."""
    for kind in type(error).__mro__:
        if kind.__name__ in _FAILURES:
            return _FAILURES[kind.__name__]
    if "Timeout" in type(error).__name__:
        return "no answer came in time; check the network and its proxy, and try again"
    if isinstance(error, OSError):
        return "it could not be reached; check the network and its proxy"
    return f"it failed ({type(error).__name__}); try again later"
