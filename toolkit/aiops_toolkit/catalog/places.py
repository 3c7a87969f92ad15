"""Which regions somebody means who names clouds, regions, both or neither."""

import re
from collections.abc import Collection, Mapping, Sequence

from aiops_planner.errors import UsageError

_AWS_REGION = re.compile(r"[a-z]+(-[a-z]+)+-\d+")  # us-east-1, where Google Cloud has us-east1


def chosen_regions(
    clouds: Sequence[str], regions: Sequence[str], default: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """The regions by cloud that are meant: those named, else those of `default` in the clouds named, or in all.

    The form of a region tells its cloud. Raises UsageError for a region outside the clouds named.
    """
    meant: dict[str, tuple[str, ...]] = {}
    for region in dict.fromkeys(regions):
        cloud = "aws" if _AWS_REGION.fullmatch(region) else "gcp"
        if clouds and cloud not in clouds:
            raise UsageError(
                f"--region {region} has the form of a region of {cloud}, and --cloud names {' and '.join(clouds)}; "
                f"add --cloud {cloud}, or correct the region"
            )
        meant[cloud] = (*meant.get(cloud, ()), region)
    if meant:
        return meant
    chosen = {cloud: tuple(sorted(default[cloud])) for cloud in sorted(default) if not clouds or cloud in clouds}
    if not chosen:
        raise UsageError(f"no region of {' or '.join(clouds)} is chosen in aiops.yml; name one with --region")
    return chosen
