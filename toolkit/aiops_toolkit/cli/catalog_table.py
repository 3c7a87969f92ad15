"""The catalog on the terminal: what it is, and its machine types in the columns that there is room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Purchase
from aiops_reports import formatting, wording
from aiops_toolkit.catalog.listing import Listing
from aiops_toolkit.catalog.refreshing import Refresh, RefreshedRegion
from aiops_toolkit.paths import shortest

_GAP = 2
_SCORE = "CPU score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of figures; those of the highest `rank` go first where there is no room."""

    head: str
    show: Callable[[InstanceType], str]
    rank: int = 0
    left: bool = False


def _price(purchase: Purchase) -> Callable[[InstanceType], str]:
    def show(machine: InstanceType) -> str:
        usd = machine.prices_usd_per_hour.get(purchase)
        return formatting.MISSING if usd is None else f"{usd:.4f}"

    return show


def _accelerator(machine: InstanceType) -> str:
    if machine.accelerator is None:
        return ""
    memory = "" if machine.accelerator_memory_gib is None else f" of {machine.accelerator_memory_gib:g} GiB"
    return f"{machine.accelerator_count or 1:g} × {machine.accelerator}{memory}"


COLUMNS = (
    Column(head="machine type", show=lambda machine: machine.name, left=True),
    Column(head="region", show=lambda machine: f"{machine.cloud}/{machine.region}", left=True),
    Column(head="vCPUs", show=lambda machine: f"{machine.vcpus:g}"),
    Column(head="GiB", show=lambda machine: f"{machine.memory_gib:g}"),
    Column(head="accelerators", show=_accelerator, rank=1, left=True),
    Column(head="on demand", show=_price("on_demand")),
    Column(head="1 year", show=_price("reserved_1y"), rank=3),
    Column(head="3 years", show=_price("reserved_3y"), rank=2),
    Column(head="spot", show=_price("spot"), rank=2),
    Column(head=_SCORE, show=lambda machine: formatting.number(machine.cpu_score), rank=4),
    Column(head="architecture", show=lambda machine: machine.architecture, rank=5, left=True),
    Column(head="priced on", show=lambda machine: machine.price_date, rank=4),
)


def show_listing(console: Console, listing: Listing, usual_limit: int) -> None:
    """Which catalog this is and how old its prices are, then the machine types."""
    console.print()
    for line in _head(listing):
        console.print(Text(line, style="dim"), soft_wrap=True)
    if not listing.types:
        console.print()
        console.print(Text("No machine type is within these bounds.", style="bold"))
        return
    rows = {column.head: [column.show(machine) for machine in listing.types] for column in COLUMNS}
    shown = _fitting([column for column in COLUMNS if any(rows[column.head])], rows, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for column in shown:
        table.add_column(column.head, justify="left" if column.left else "right", no_wrap=True)
    for cells in zip(*(rows[column.head] for column in shown), strict=True):
        table.add_row(*map(Text, cells))
    console.print()
    console.print(table)
    console.print()
    console.print(Text(_foot(listing, shown, usual_limit), style="dim"), soft_wrap=True)


def show_refresh(console: Console, refresh: Refresh) -> None:
    """What was fetched, region by region, and where it was written."""
    console.print()
    for region in refresh.regions:
        console.print(Text(f"{region.place}: {_fetched(region)}"), soft_wrap=True)
    console.print(
        Text(f"Written to {shortest(refresh.path)}; plans use these prices from now on.", style="dim"), soft_wrap=True
    )


def _fetched(region: RefreshedRegion) -> str:
    parts = [f"prices of {formatting.count(region.types, 'machine type')}"]
    if region.kept_types:
        kept = formatting.count(region.kept_types, "machine type")
        parts.append(f"{kept} left as before, whose price has parts of its own")
    if region.kept_prices:
        kept = formatting.count(region.kept_prices, "single price")
        parts.append(f"{kept} left as before, not being in the price list")
    return "; ".join(parts)


def _head(listing: Listing) -> tuple[str, ...]:
    dates = ", ".join(
        f"{wording.cloud(cloud)} of {oldest if oldest == newest else f'{oldest} to {newest}'}"
        for cloud, (oldest, newest) in listing.price_dates.items()
    )
    lines = [f"Prices of {dates}." if dates else "No prices."]
    if listing.warning:
        lines.append(formatting.sentence(listing.warning))
    if not listing.refreshed:
        lines.insert(0, "The snapshot that comes with aiops; `aiops catalog refresh` fetches prices of today.")
        return tuple(lines)
    places = sorted(listing.refreshed)
    named = formatting.joined(places) if len(places) <= 4 else f"{len(places)} regions"
    lines.insert(0, f"Refreshed prices of {named} from {listing.path}; all others are of the snapshot.")
    return tuple(lines)


def _foot(listing: Listing, shown: Sequence[Column], usual_limit: int) -> str:
    parts = ["USD an hour, Linux, list prices"]
    if len(listing.price_dates) > 1 and any(column.head == _SCORE for column in shown):
        parts.append("CPU scores compare within a cloud, not between clouds")
    if len(listing.types) < listing.matching:
        parts.append(f"{len(listing.types):,} of {listing.matching:,} machine types, --limit 0 shows all")
    elif listing.matching > usual_limit:
        parts.append(f"{listing.matching:,} machine types")
    hidden = [column.head for column in COLUMNS if column.rank > 1 and column not in shown]
    if hidden:
        parts.append(f"a wider window shows {formatting.joined(hidden)} too")
    return "; ".join(parts) + "."


def _fitting(columns: Sequence[Column], rows: dict[str, list[str]], width: int) -> list[Column]:
    """The columns that fit: the ones of the highest rank go, as many as it takes."""
    kept = list(columns)
    while sum(max(map(len, (column.head, *rows[column.head]))) + _GAP for column in kept) - _GAP > width:
        last = max(kept, key=lambda column: column.rank)
        if last.rank == 0:
            break
        kept.remove(last)
    return kept
