"""Prices of AWS from its Price List, its spot price history and its machine descriptions: the one home of boto3."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiops_planner.catalog import nearest
from aiops_planner.errors import CatalogError, PriceError
from aiops_planner.machine_types import InstanceType
from aiops_reports import formatting
from aiops_toolkit.catalog.amazon_prices import Answers, Listed, read_product, read_shape, region_prices, spot_prices
from aiops_toolkit.catalog.sources import Known, RegionPrices
from aiops_toolkit.progress import Progress

PRICE_LIST_REGION = "us-east-1"  # one of the few that answer for all others
_FILTERS = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "preInstalledSw": "NA",
    "licenseModel": "No License required",
}
_ACTIONS = {
    "GetProducts": "pricing:GetProducts",
    "DescribeSpotPriceHistory": "ec2:DescribeSpotPriceHistory",
    "DescribeInstanceTypes": "ec2:DescribeInstanceTypes",
}
_SETUP = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_REFUSED = frozenset(
    {
        *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        *("RequestExpired", "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignature"),
    }
)


class Amazon:
    """AWS, as boto3 finds its credentials, endpoints and number of attempts in the environment and its files.

    `session` is a session of boto3, a new one when it is left out; `answer_s` is how long one answer may take.
    """

    cloud = "aws"
    name = "AWS Price List, EC2 spot price history"

    def __init__(self, session: Any = None, answer_s: float = 60.0) -> None:
        self._session = session
        self._answer_s = answer_s

    def fetch(self, regions: Sequence[str], known: Known, today: str, progress: Progress) -> tuple[RegionPrices, ...]:
        """The machine types of the regions; see `sources.Source`."""
        session = self._session or _new_session()
        _check_regions(regions, session.get_available_regions("ec2"))
        found = []
        for region in regions:
            progress.start(f"aws {region}", 3)
            answers = _answers(session, region, self._answer_s, progress)
            found.append(region_prices(region, answers, known, today))
            progress.finish(formatting.count(len(found[-1].types), "machine type"))
        return tuple(found)


def _new_session() -> Any:
    """A session of boto3. Raises PriceError when it is not installed, or does not know the profile it should take."""
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        raise PriceError("prices of AWS need boto3; install it with `pip install 'aiops-action[aws]'`") from None
    try:
        session = boto3.session.Session()
        session.get_available_regions("ec2")
    except BotoCoreError as error:
        raise PriceError(f"AWS: {_failure(error)}") from None
    return session


def _check_regions(regions: Sequence[str], available: Sequence[str]) -> None:
    for region in regions:
        if region not in available:
            raise CatalogError(
                f"AWS has no region {region!r} that boto3 knows; {nearest(region, available)} "
                "(a region that is newer than boto3 needs a newer boto3)"
            )


def _answers(session: Any, region: str, answer_s: float, progress: Progress) -> Answers:
    """All that AWS says of a region. Raises PriceError."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    patient = Config(connect_timeout=10, read_timeout=answer_s, retries={"mode": "standard"})
    try:
        listed = tuple(_listed(session.client("pricing", region_name=PRICE_LIST_REGION, config=patient), region))
        progress.advance(1, "spot prices")
        machines = session.client("ec2", region_name=region, config=patient)
        spot = spot_prices(_spot_history(machines))
        progress.advance(2, "machine types")
        return Answers(listed=listed, spot=spot, shapes=_shapes(machines, region))
    except ClientError as error:
        raise PriceError(f"AWS {region}: {_refusal(error)}") from None
    except BotoCoreError as error:
        raise PriceError(f"AWS {region}: {_failure(error)}") from None
    except ResponseParserError:
        raise PriceError(f"AWS {region}: {_not_understood('it is none of its interfaces')}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PriceError(f"AWS {region}: {_not_understood(f'{type(error).__name__}: {error}')}") from None


def _listed(pricing: Any, region: str) -> Iterator[Listed]:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in _FILTERS.items()]
    filters.append({"Type": "TERM_MATCH", "Field": "regionCode", "Value": region})
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonEC2", Filters=filters, FormatVersion="aws_v1"
    )
    for page in pages:
        for document in page["PriceList"]:
            listed = read_product(document)
            if listed is not None:
                yield listed


def _spot_history(machines: Any) -> Iterator[Mapping[str, Any]]:
    """The prices in effect now: a history that begins now has the last change before it."""
    pages = machines.get_paginator("describe_spot_price_history").paginate(
        StartTime=datetime.now(UTC), ProductDescriptions=["Linux/UNIX"]
    )
    for page in pages:
        yield from page["SpotPriceHistory"]


def _shapes(machines: Any, region: str) -> dict[str, InstanceType]:
    pages = machines.get_paginator("describe_instance_types").paginate()
    shapes = (read_shape(description, region) for page in pages for description in page["InstanceTypes"])
    return {shape.name: shape for shape in shapes if shape is not None}


def _not_understood(why: str) -> str:
    return f"an answer is not of the form this version knows ({why}); check the proxy, or update aiops-action"


def _refusal(error: Any) -> str:
    """What to tell of an answer that is an error: never AWS' own text, which may hold account numbers."""
    code, operation = error.response.get("Error", {}).get("Code", "no code"), error.operation_name
    if code in _DENIED:
        return f"{operation} was denied; allow the action {_ACTIONS.get(operation, operation)} to these credentials"
    if code in _REFUSED:
        return f"the credentials were not accepted by {operation} ({code}); {_SETUP}"
    if code in _THROTTLED:
        return f"{operation} was throttled in every attempt; try again in some minutes, or with fewer regions"
    if code == "OptInRequired":
        return f"{operation} says that the region is not enabled for this account; enable it, or leave it out"
    return f"{operation} failed with {code}; try again later"


def _failure(error: Exception) -> str:
    """What to tell of a request that had no answer."""
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "Profile" in name:
        return f"no usable credentials were found ({name}); {_SETUP}"
    if "Timeout" in name:
        return "no answer came in time; check the network and its proxy, and try again"
    if "Connection" in name or "Endpoint" in name or "SSL" in name:
        return f"it could not be reached ({name}); check the network, its proxy and AWS_ENDPOINT_URL"
    return f"it failed ({name}); check the configuration of the AWS command line"
