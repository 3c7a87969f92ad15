"""Quantities as people write them: 50ms, 2000/s, 0.1%, 10 kB, 5000 USD/month.

This is the one place where units are parsed, into seconds, requests/s, shares, bytes and USD an hour. Every function
takes what YAML may give (text, int, float) and raises UnitError, which says what was found and what would be right.
"""

import math
import re
from collections.abc import Mapping

from aiops_planner.errors import UnitError
from aiops_planner.plans import HOURS_PER_MONTH

_SECONDS: Mapping[str, float] = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PER_SECOND: Mapping[str, float] = {
    "/s": 1.0,
    "rps": 1.0,
    "req/s": 1.0,
    "requests/s": 1.0,
    "/min": 1 / 60,
    "req/min": 1 / 60,
    "requests/min": 1 / 60,
    "/h": 1 / 3600,
    "req/h": 1 / 3600,
    "requests/h": 1 / 3600,
}
_BYTES: Mapping[str, float] = {
    "B": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
}
_HOURS: Mapping[str, float] = {
    "h": 1.0,
    "hour": 1.0,
    "d": 24.0,
    "day": 24.0,
    "month": HOURS_PER_MONTH,
    "year": 8760.0,
}
_MOST_FACTOR = 1000
_DOLLARS = ("", "usd", "$", "us$")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_CURRENCY_BEFORE = re.compile(r"([^\d\s.,+-]{1,3})\s*(?=[+-]?\.?\d)")
_CURRENCY = re.compile(r"[^\W\d_]{3}|[^\w\s/]")
_MONEY_UNIT = re.compile(r"([^\s/\d]*)\s*(?:/|per\s)\s*([a-z]+)", re.ASCII | re.IGNORECASE)

_DURATION_HINT = "write a number and a unit, like 50ms, 1.5s, 2min or 1h"
_RATE_HINT = "write a number and a unit, like 2000/s, 500/min or 100 rps"
_SHARE_HINT = "write a percentage like 0.1% or a number from 0 to 1 like 0.001"
_FACTOR_HINT = "write a percentage like 20% for a fifth more, or a factor from 1 on like 1.2"
_QUANTILE_HINT = "write a percentile like p95, or a share like 0.95"
_SIZE_HINT = "write a number and a unit, like 512 B, 10 kB or 1.5 MiB"
_TRAFFIC_BYTES = {"GB": 1e9, "GiB": 2.0**30, "TB": 1e12}
_TRAFFIC_HINT = "write an amount in USD for each GB, like 0.09 USD/GB"
_MONEY_HINT = "write an amount in USD and a period, like 5000 USD/month or 1.01 USD/h"


def parse_duration(value: object) -> float:
    """Seconds in a duration such as "50ms" or "1.5 s" (us, ms, s, min, h, d). Raises UnitError."""
    number, unit = _split(value, "duration", _DURATION_HINT)
    return _scaled(value, "duration", number * _factor(value, "duration", unit, _SECONDS, _DURATION_HINT))


def parse_rate(value: object) -> float:
    """Requests a second in a rate such as "2000/s" or "100 rps" (/s, /min, /h, rps, req/s). Raises UnitError."""
    number, unit = _split(value, "rate", _RATE_HINT)
    return _scaled(value, "rate", number * _factor(value, "rate", unit.replace(" ", ""), _PER_SECOND, _RATE_HINT))


def parse_share(value: object) -> float:
    """A share from 0 to 1, written "0.1%" or as the bare number 0.001. Raises UnitError."""
    number, unit = _split(value, "share", _SHARE_HINT)
    if unit not in ("", "%"):
        raise UnitError(f"share {_shown(value)}: unit {_shown(unit)} is not known; {_SHARE_HINT}")
    share = number / 100 if unit else number
    if share > 1:
        meant = "" if unit else f"; did you mean {number:g}%?"
        raise UnitError(
            f"share {_shown(value)}: more than the whole, 100%; {_SHARE_HINT}{meant}", "it is more than the whole"
        )
    return share


def parse_factor(value: object) -> float:
    """How many times as much: 1.2, written "20%" (more) or as the bare number 1.2, up to 1000. Raises UnitError."""
    number, unit = _split(value, "factor", _FACTOR_HINT)
    if unit not in ("", "%"):
        raise UnitError(f"factor {_shown(value)}: unit {_shown(unit)} is not known; {_FACTOR_HINT}")
    factor = 1 + number / 100 if unit else number
    if not 1 <= factor <= _MOST_FACTOR:
        raise UnitError(f"factor {_shown(value)}: not from 1 to {_MOST_FACTOR}; {_FACTOR_HINT}")
    return factor


def parse_quantile(value: object) -> float:
    """A share above 0 up to 1, written "p95", "95%" or as the bare number 0.95. Raises UnitError."""
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text[:1] in ("p", "P"):
        text = f"{text[1:]}%"
    number, unit = _split(text, "quantile", _QUANTILE_HINT)
    if unit not in ("", "%"):
        raise UnitError(f"quantile {_shown(value)}: unit {_shown(unit)} is not known; {_QUANTILE_HINT}")
    share = number / 100 if unit else number
    if not 0 < share <= 1:
        raise UnitError(f"quantile {_shown(value)}: not from above 0 to the whole; {_QUANTILE_HINT}")
    return share


def parse_size(value: object) -> int:
    """Whole bytes in a size such as "10 kB" or "1.5 MiB" (B, kB, MB, GB, KiB, MiB, GiB). Raises UnitError."""
    number, unit = _split(value, "size", _SIZE_HINT)
    return round(_scaled(value, "size", number * _factor(value, "size", unit, _BYTES, _SIZE_HINT)))


def parse_money_rate(value: object) -> float:
    """USD an hour in a sum for a period such as "5000 USD/month" or "$1.01/h" (month = 730 h). Raises UnitError."""
    amount, currency = value, ""
    if isinstance(value, str) and (before := _CURRENCY_BEFORE.match(value.strip())):
        amount, currency = value.strip()[before.end() :], before[1]
    number, unit = _split(amount, "sum of money", _MONEY_HINT)
    return _scaled(value, "sum of money", number / _hours(value, currency + unit))


def parse_traffic_price(value: object) -> float:
    """USD for 1,000,000,000 bytes in a price such as "0.09 USD/GB" or "$0.09/GiB". Raises UnitError."""
    text, _, size = str(value).strip().rpartition("/")
    if isinstance(value, str) and size in _TRAFFIC_BYTES:
        usd = parse_money_rate(f"{text}/h")
        return usd / (_TRAFFIC_BYTES[size] / _TRAFFIC_BYTES["GB"])
    raise UnitError(f"price of traffic {_shown(value)}: not a price for each GB; {_TRAFFIC_HINT}")


def _hours(value: object, unit: str) -> float:
    """Hours in the period of a money unit, USD/month and the like; refuses other currencies by name."""
    found = _MONEY_UNIT.fullmatch(unit)
    currency, period = (found[1], found[2].lower()) if found else (unit, "")
    if currency.lower() not in _DOLLARS:
        raise UnitError(
            f"sum of money {_shown(value)}: currency {_shown(currency)} is not USD; {_MONEY_HINT}",
            f"only USD is known, so convert what is in {currency}" if _CURRENCY.fullmatch(currency) else "",
        )
    if not currency:
        raise UnitError(f"sum of money {_shown(value)}: no currency; {_MONEY_HINT}")
    if period not in _HOURS:
        missing = f"period {_shown(period)} is not known" if period else "no period"
        raise UnitError(f"sum of money {_shown(value)}: {missing}; {_MONEY_HINT}")
    return _HOURS[period]


def _split(value: object, quantity: str, hint: str) -> tuple[float, str]:
    """The number, finite and not negative, and the text that follows it."""
    if value is None or value == "":
        raise UnitError(f"{quantity} is empty; {hint}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError(f"{quantity} {_shown(value)}: {type(value).__name__} is no quantity; {hint}")
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if isinstance(value, str) and match is None:
        raise UnitError(f"{quantity} {_shown(value)}: does not begin with a number in digits 0 to 9; {hint}")
    digits, unit = (match[1], match[2]) if match else (value, "")
    if unit.startswith((",", "_")):
        separators = "write digits without separators and a point for decimals"
        raise UnitError(f"{quantity} {_shown(value)}: {separators}; {hint}", separators)
    return _finite(value, digits, quantity, hint), unit


def _finite(value: object, digits: str | int | float, quantity: str, hint: str) -> float:
    try:
        number = float(digits)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnitError(f"{quantity} {_shown(value)}: not a finite number; {hint}")
    if number < 0:
        raise UnitError(f"{quantity} {_shown(value)}: must not be negative; {hint}", "it must not be negative")
    return number


def _factor(value: object, quantity: str, unit: str, factors: Mapping[str, float], hint: str) -> float:
    if not unit:
        raise UnitError(f"{quantity} {_shown(value)}: no unit; {hint}")
    if unit not in factors:
        raise UnitError(f"{quantity} {_shown(value)}: unit {_shown(unit)} is not known; {hint}")
    return factors[unit]


def _scaled(value: object, quantity: str, number: float) -> float:
    """The number in base units, unless scaling pushed it out of range."""
    if not math.isfinite(number):
        raise UnitError(f"{quantity} {_shown(value)}: too large to be meant")
    return number


def _shown(value: object) -> str:
    """The value as the message quotes it, cut when long."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "(a huge number)"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
