"""Numbers and nouns as sentences for the reader have them: 1,810 and not 1.81e+03, one machine and two machines."""


def number(value: float) -> str:
    """A number with its thousands marked, rounded to three digits where it is small; 1e+16 and more as a power."""
    if value >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value == round(value) or value >= 999.5 else f"{value:.3g}"


def counted(count: float, noun: str) -> str:
    """A count and its noun, which takes an s in the plural."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def milliseconds(seconds: float) -> str:
    """A time in milliseconds, to three digits: 0.0401 is 40.1 ms."""
    return f"{number(float(f'{1e3 * seconds:.3g}'))} ms"


def percent(share: float, decimals: int = 0) -> str:
    """A share as a percentage: 0.5 is 50 %."""
    return f"{100 * share:.{decimals}f} %"
