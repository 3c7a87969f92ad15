"""What a reader of a plan has to know about the prices it rests on: how old they are, and whether a file was no use."""

from collections.abc import Iterable
from datetime import date

from aiops_planner.catalog_file import open_catalog
from aiops_planner.offers import Offer
from aiops_reports import wording

OLD_DAYS = 90
_REFRESH = "`aiops catalog refresh` fetches those of today"


def price_notes(offers: Iterable[Offer], today: date) -> tuple[str, ...]:
    """Sentences on prices of the catalog that are older than 90 days, by cloud, and on refreshed ones left unused."""
    warning = open_catalog().warning
    return (*((warning,) if warning else ()), *_old(offers, today))


def _old(offers: Iterable[Offer], today: date) -> Iterable[str]:
    oldest: dict[str, date] = {}
    for offer in offers:
        if offer.cloud and offer.price_date:
            dated = date.fromisoformat(offer.price_date)
            oldest[offer.cloud] = min(dated, oldest.get(offer.cloud, dated))
    for cloud, dated in sorted(oldest.items()):
        days = (today - dated).days
        if days > OLD_DAYS:
            yield f"prices of {wording.cloud(cloud)} are up to {days} days old; {_REFRESH}"
