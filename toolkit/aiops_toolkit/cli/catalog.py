"""`aiops catalog`: the machine types and prices that plans are made of, and how they are brought up to date."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiops_planner.errors import CatalogError, ConfigError
from aiops_toolkit.cli.options import config_option, json_option, settings_from, write_json

if TYPE_CHECKING:
    from aiops_planner.catalog import Selection
    from aiops_toolkit.config.settings import CatalogSettings

CLOUDS = ("aws", "gcp")
SHOWN = 40
cloud_option = click.option(
    "--cloud", "clouds", type=click.Choice(CLOUDS), multiple=True, help="A cloud; may be given several times."
)
region_option = click.option(
    "--region", "regions", metavar="REGION", multiple=True, help="A region; may be given several times."
)


@click.group(name="catalog", epilog="Example:  aiops catalog show --family c7i --sort vcpu-price")
def command() -> None:
    """Show the machine types and prices that plans are made of, and bring the prices up to date."""


@command.command(name="show", epilog="Example:  aiops catalog show --cloud gcp --accelerator l4 --sort spot --limit 10")
@config_option
@json_option
@cloud_option
@region_option
@click.option("--family", "families", metavar="NAME", multiple=True, help="An instance family, such as c7i.")
@click.option("--arch", "architectures", type=click.Choice(["amd64", "arm64"]), multiple=True, help="An architecture.")
@click.option("--accelerator", "accelerators", metavar="NAME", multiple=True, help="An accelerator, such as l4.")
@click.option("--min-vcpus", metavar="N", type=click.FloatRange(min=0), help="Smallest number of vCPUs.")
@click.option("--max-vcpus", metavar="N", type=click.FloatRange(min=0), help="Largest number of vCPUs.")
@click.option("--min-memory", "min_memory_gib", metavar="GIB", type=click.FloatRange(min=0), help="Least memory.")
@click.option("--max-memory", "max_memory_gib", metavar="GIB", type=click.FloatRange(min=0), help="Most memory.")
@click.option(
    "--min-accelerator-memory",
    "min_accelerator_memory_gib",
    metavar="GIB",
    type=click.FloatRange(min=0),
    help="Least memory of one accelerator.",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(["price", "vcpu-price", "spot", "vcpus", "memory", "score", "name"]),
    default="price",
    show_default=True,
    help="What to sort by.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"The most machine types to show, 0 for all. [default: {SHOWN}, and all in JSON]",
)
def show(config: Path | None, json_path: str | None, order: Any, limit: int | None, **filters: Any) -> None:
    """Show machine types with their shapes, accelerators, prices and CPU scores.

    Without a filter, those that capacity.catalog of aiops.yml selects are shown, or else all there are.
    """
    from aiops_toolkit.catalog.listing import list_types
    from aiops_toolkit.cli.catalog_table import show_listing
    from aiops_toolkit.cli.terminal import console
    from aiops_toolkit.sizing import selection_from

    given = {name: value for name, value in filters.items() if value not in (None, ())}
    settings = None if given else _catalog_settings(config)
    most = (None if json_path else SHOWN) if limit is None else limit or None
    try:
        listing = list_types(_asked_for(given) if settings is None else selection_from(settings), order, most)
    except CatalogError as error:
        raise CatalogError(_by_option(error.message) if given else error.message) from None
    show_listing(console(for_json=json_path == "-"), listing, SHOWN)
    write_json(listing, json_path)


@command.command(name="refresh", epilog="Example:  aiops catalog refresh --region eu-west-1 --region europe-west3")
@config_option
@json_option
@cloud_option
@region_option
def refresh(config: Path | None, json_path: str | None, clouds: tuple[str, ...], regions: tuple[str, ...]) -> None:
    """Fetch prices of today from AWS and Google Cloud, and plan with them from now on.

    Without a cloud or region, those of capacity.catalog in aiops.yml are refreshed, or else all there are. Prices go
    into the user's cache folder, or the file that AIOPS_CATALOG names, region by region over those of the snapshot.
    When any of them cannot be had, nothing is changed.
    """
    from aiops_planner.catalog import regions_by_cloud
    from aiops_toolkit.catalog.places import chosen_regions
    from aiops_toolkit.catalog.refreshing import refresh as fetch_and_write
    from aiops_toolkit.cli.catalog_table import show_refresh
    from aiops_toolkit.cli.terminal import console, shown_progress

    settings = None if regions else _catalog_settings(config)
    default = (
        regions_by_cloud() if settings is None else {str(cloud): settings.clouds[cloud] for cloud in settings.clouds}
    )
    chosen = chosen_regions(clouds, regions, default)
    with shown_progress() as progress:
        done = fetch_and_write(chosen, progress)
    show_refresh(console(for_json=json_path == "-"), done)
    write_json(done, json_path)


def _asked_for(given: dict[str, Any]) -> "Selection":
    """What the options ask for; everything without any."""
    from aiops_planner.catalog import Selection, regions_by_cloud
    from aiops_toolkit.catalog.places import chosen_regions

    bounds = {name: value for name, value in given.items() if name not in {"clouds", "regions"}}
    clouds = chosen_regions(given.get("clouds", ()), given.get("regions", ()), regions_by_cloud())
    return Selection(clouds=clouds, **{"architectures": ("amd64", "arm64"), **bounds})


def _by_option(message: str) -> str:
    """The message with the option in the place of the key of aiops.yml that it stands for."""
    options = {"clouds": "region", "families": "family", "accelerators": "accelerator"}
    return re.sub(r"^capacity\.catalog\.(\w+)[.\w]*", lambda key: f"--{options.get(key[1], key[1])}", message)


def _catalog_settings(config: Path | None) -> "CatalogSettings | None":
    """capacity.catalog of aiops.yml; None when there is no such file or section, and none was named."""
    from aiops_toolkit.config.reading import find_config

    if config is None:
        try:
            config = find_config(Path.cwd())
        except ConfigError:
            return None
    settings = settings_from(config)
    return settings.capacity.catalog if settings.capacity else None
