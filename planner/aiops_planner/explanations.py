"""What explains a plan: what more demand or a tighter objective would cost, and which limits stand in the way."""

from dataclasses import dataclass
from typing import Literal

LimitUnit = Literal["vCPU", "machine", "percentage point", "USD/month"]
PointStatus = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """What the fleet costs when the demand, or every limit on response time, is `factor` times what was asked for.

    `usd_per_month` is None where no fleet meets the target ("infeasible") or none was found in time ("unknown");
    `lp_usd_per_month` is the cost if machines could be divided, None where that was not computed.
    """

    factor: float
    usd_per_month: float | None
    lp_usd_per_month: float | None = None
    status: PointStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingLimit:
    """A limit that leaves no room for one machine more, or that the fleet would save by were it looser.

    `saves_usd_per_month_per_unit` is its shadow price: what one unit more would save if machines could be divided.
    """

    limit: str
    unit: LimitUnit
    allowed: float
    used: float | None = None
    saves_usd_per_month_per_unit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How far one limit of a refusal has to give, all others kept: from what was asked for to what would do.

    `would_do` is None where lifting it does not help alone, or no number says how far.
    """

    limit: str
    unit: LimitUnit | None
    asked: float | None
    would_do: float | None
