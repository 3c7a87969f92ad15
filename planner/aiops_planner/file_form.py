"""What the rows of a file of traffic say, and what demand is made of them; `demand_file` reads it."""

from dataclasses import dataclass
from typing import Literal

Rows = Literal["rates", "counts", "arrivals"]
Gaps = Literal["refuse", "zero", "hold", "interpolate"]
Period = Literal["day", "week"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """What the rows of a file say, and what demand is made of them.

    `rows` are requests/s, requests counted in each step, or arrivals, one row a request. `column` names the one that
    counts among several; else each is a request class. `gaps` is what missing rows are taken as: no traffic, the row
    before, or what lies between the rows around. `timezone` is that of dates without an offset. `step_s` averages over
    longer steps; arrivals are counted by the minute unless it says otherwise. With `quantile` (0 to 1), the demand is
    that quantile of each hour of the `period` over its repeats. Repeated days are kept once, weighted by how often they
    come, unless `every_day` is wanted to stand beside the days of other files.
    """

    rows: Rows = "rates"
    column: str | None = None
    gaps: Gaps = "refuse"
    timezone: str | None = None
    step_s: float | None = None
    quantile: float | None = None
    period: Period | None = None
    every_day: bool = False
