"""Where numbers become text: units people read, three significant digits, and one word for what was not resolved."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime

NOT_RESOLVED = "not resolved"
MISSING = "–"


def significant(value: float, digits: int = 3) -> str:
    """A number in so many significant digits, with thousands separators and without an exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, min(decimals, 12))}f}"


def duration(seconds: float | None, missing: str = NOT_RESOLVED) -> str:
    """Seconds in the unit that suits them: 12.3 ms, 1.20 s, 2 min 5 s."""
    if seconds is None:
        return missing
    if abs(seconds) >= 99.95:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if abs(seconds) * factor >= 0.9995:
            return f"{significant(seconds * factor)} {unit}"
    return "< 1 µs" if seconds > 0 else "0 s"


def rate(requests_per_second: float | None, missing: str = MISSING) -> str:
    """Requests a second: 690/s, 0.25/s, 1,234/s."""
    if requests_per_second is None:
        return missing
    if abs(requests_per_second) >= 100:
        return f"{requests_per_second:,.0f}/s"
    return f"{significant(requests_per_second)}/s"


def power(per_square_second: float | None, missing: str = MISSING) -> str:
    """Power P = S/T in 1/s², with SI prefixes for large values: 238 k."""
    if per_square_second is None:
        return missing
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(per_square_second) >= 0.9995 * factor:
            return f"{significant(per_square_second / factor)} {prefix}/s²"
    return f"{significant(per_square_second)} /s²"


def percent(share: float | None, missing: str = MISSING, digits: int = 3) -> str:
    """A share from 0 to 1 as a percentage of so many significant digits: 0.1 %, 37 %."""
    if share is None:
        return missing
    value = share * 100
    if 0 < value < 0.01:
        return "< 0.01 %"
    return f"{value:,.0f} %" if abs(value) >= 10**digits - 0.5 else f"{_trimmed(value, digits)} %"


def money(usd: float | None, per: str = "", missing: str = MISSING) -> str:
    """US dollars, with cents below ten and four digits below one: $1,234/month."""
    if usd is None:
        return missing
    amount = abs(usd)
    decimals = 0 if amount >= 100 or amount == 0 else 2 if amount >= 1 else 4
    sign = "-" if usd < 0 else ""
    return f"{sign}${amount:,.{decimals}f}" + (f"/{per}" if per else "")


def size(count: float | None, missing: str = MISSING) -> str:
    """Bytes in binary units: 177 MiB."""
    if count is None:
        return missing
    for factor, unit in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if abs(count) >= factor:
            return f"{significant(count / factor)} {unit}"
    return f"{count:,.0f} B"


def interval(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """A range in words, open ends too: 780/s to 860/s, at least 780/s, at most 860/s."""
    if low is None and high is None:
        return "not bounded"
    if high is None:
        return f"at least {show(low or 0.0)}"
    return f"at most {show(high)}" if low is None else f"{show(low)} to {show(high)}"


def in_flight(concurrency: float) -> str:
    """A mean number of requests under way, in at most three digits: 1 request in flight, 2.37 requests in flight."""
    text = short(concurrency)
    return f"{text} {'request' if text == '1' else 'requests'} in flight"


def number(value: float | None, missing: str = MISSING) -> str:
    """A plain number: 18,346 or 0.9861, at most four significant decimals."""
    if value is None:
        return missing
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1000 else _trimmed(value, 4)


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """An amount and its noun: 1 test, 14 tests."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def moment(iso_time: str) -> str:
    """An ISO 8601 time to the minute; text that is none stays as it is."""
    try:
        parsed = datetime.fromisoformat(iso_time)
    except ValueError:
        return iso_time
    return parsed.strftime("%Y-%m-%d %H:%M ") + (parsed.tzname() or "local time")


def sentence(text: str) -> str:
    """Text with a capital letter in front, unless a name such as c7a.xlarge stands there, and a full stop behind."""
    text = text.strip()
    first = text.partition(" ")[0].rstrip(",:;").replace("-", "").replace("'", "")
    capital = text[:1].upper() if first.isalpha() else text[:1]
    return capital + text[1:] + ("" if text.endswith((".", "!", "?")) or not text else ".")


def joined(parts: Sequence[str]) -> str:
    """A list in words: a, b and c."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else ""


def limit(seconds: float) -> str:
    """A limit as people write it, without the digits a measurement would have: 50 ms, 1.5 s."""
    factor, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{_trimmed(seconds * factor, 6)} {unit}"


def short(value: float | None, missing: str = MISSING) -> str:
    """A plain number in at most three significant digits: 2, 0.031, 12.4."""
    return missing if value is None else _trimmed(value, 3)


def tick(value: float) -> str:
    """A number on an axis, with SI prefixes from ten thousand and no digits that the scale does not need: 250 k."""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= max(factor, 10_000):
            return f"{_trimmed(value / factor, 3)} {prefix}"
    return f"{value:,.0f}" if abs(value) >= 1000 else _trimmed(value, 3)


def _trimmed(value: float, digits: int) -> str:
    """A number in at most so many significant digits, without zeros at its end and without an exponent."""
    text = significant(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text
