"""A loopback server that answers as the price lists of AWS and Google Cloud do, in the shapes their pages document."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

AMAZON_KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "s3cret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


def product(name: str, usd: float | None, currency: str = "USD", **upfront_usd: float) -> str:
    """An entry of GetProducts; `upfront_usd` by lease, as in lease_3yr=1000."""
    hourly = {"unit": "Hrs", "pricePerUnit": {currency: f"{usd or 0:.10f}"}}
    reserved = {
        f"{lease}.{offering}.{option}": {
            "termAttributes": {
                "LeaseContractLength": lease.removeprefix("lease_"),
                "OfferingClass": offering,
                "PurchaseOption": option,
            },
            "priceDimensions": {
                "1": {"unit": "Quantity", "description": "Upfront Fee", "pricePerUnit": {currency: str(paid)}},
                "2": {"unit": "Hrs", "pricePerUnit": {currency: "0.0000000000"}},
            },
        }
        for lease, usd_upfront in upfront_usd.items()
        for offering, option, paid in (
            ("standard", "All Upfront", usd_upfront),
            ("standard", "Partial Upfront", 0.6 * usd_upfront),
            ("convertible", "All Upfront", 1.2 * usd_upfront),
        )
    }
    terms = {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": hourly}}}} if usd is not None else {}
    attributes = {"instanceType": name, "operatingSystem": "Linux", "regionCode": "eu-west-1"}
    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": attributes, "sku": name},
            "serviceCode": "AmazonEC2",
            "terms": {**terms, "Reserved": reserved},
        }
    )


def sku(
    description: str, usage: str, usd: float, *regions: str, unit: str = "h", currency: str = "USD"
) -> dict[str, Any]:
    """An entry of the Cloud Billing catalog."""
    price = {"currencyCode": currency, "units": str(int(usd)), "nanos": round((usd - int(usd)) * 1e9)}
    expression = {"usageUnit": unit, "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}]}
    return {
        "name": f"services/6F81-5844-456A/skus/{abs(hash(description))}",
        "description": description,
        "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": "Compute", "usageType": usage},
        "serviceRegions": list(regions),
        "pricingInfo": [{"pricingExpression": expression, "effectiveTime": "2026-11-22T00:00:00Z"}],
        "serviceProviderName": "Google",
    }


def n2_skus(*regions: str) -> list[dict[str, Any]]:
    """The vCPUs and memory of N2, on demand and spot, at round prices."""
    return [
        sku("N2 Instance Core running in Americas", "OnDemand", 0.04, *regions),
        sku("N2 Instance Ram running in Americas", "OnDemand", 0.005, *regions, unit="GiBy.h"),
        sku("Spot Preemptible N2 Instance Core running in Americas", "Preemptible", 0.01, *regions),
        sku("Spot Preemptible N2 Instance Ram running in Americas", "Preemptible", 0.001, *regions, unit="GiBy.h"),
    ]


@dataclass
class Clouds:
    """What the server answers, two entries a page. `faults` maps an operation to a status and a body, `once` likewise
    for its next request only; with status 0 there is no answer.
    """

    products: list[str] = field(default_factory=list)
    spot: list[tuple[str, str, str, float]] = field(default_factory=list)
    skus: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)
    once: dict[str, tuple[int, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def page(self, entries: list[Any], token: str | None) -> tuple[list[Any], str]:
        first = int(token or 0)
        return entries[first : first + 2], str(first + 2) if first + 2 < len(entries) else ""

    def get_products(self, request: Mapping[str, Any]) -> str:
        entries, following = self.page(self.products, request.get("NextToken"))
        answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": entries}
        return json.dumps({**answer, **({"NextToken": following} if following else {})})

    def list_skus(self, token: str | None) -> str:
        entries, following = self.page(self.skus, token)
        return json.dumps({"skus": entries, "nextPageToken": following})

    def ec2(self, action: str) -> str:
        rows = "".join(
            f"<item><instanceType>{name}</instanceType><productDescription>Linux/UNIX</productDescription>"
            f"<spotPrice>{usd}</spotPrice><timestamp>{at}</timestamp><availabilityZone>{zone}</availabilityZone></item>"
            for name, zone, at, usd in self.spot
        )
        sets = {"DescribeSpotPriceHistory": f"<spotPriceHistorySet>{rows}</spotPriceHistorySet>"}
        inside = sets.get(action, "<instanceTypeSet/>")
        return f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inside}</{action}Response>'


def ec2_error(code: str) -> str:
    return (
        f"<Response><Errors><Error><Code>{code}</Code><Message>arn:aws:iam::123456789012:user/ann</Message></Error>"
        "</Errors><RequestID>1</RequestID></Response>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    clouds: Clouds

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self._answer("ListSkus", "application/json", self.clouds.list_skus(query.get("pageToken", [None])[0]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target:
            content = self.clouds.get_products(json.loads(body))
            self._answer(target.rpartition(".")[2], "application/x-amz-json-1.1", content)
        else:
            action = parse_qs(body.decode())["Action"][0]
            self._answer(action, "text/xml", self.clouds.ec2(action))

    def _answer(self, operation: str, kind: str, content: str) -> None:
        self.clouds.requests.append(operation)
        usual = self.clouds.faults.get(operation, (200, content))
        status, content = self.clouds.once.pop(operation, usual)
        if not status:
            self.clouds.ended.wait(30)
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def serving(clouds: Clouds) -> Iterator[dict[str, str]]:
    """Serve the clouds; gives the environment in which their clients come here."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"clouds": clouds}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {**AMAZON_KEYS, "AWS_ENDPOINT_URL": address, "AIOPS_GOOGLE_BILLING_ENDPOINT": address}
    finally:
        clouds.ended.set()
        server.shutdown()
        server.server_close()
