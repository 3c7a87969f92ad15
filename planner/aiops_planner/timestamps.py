"""The first column of a file of traffic: hours, minutes or seconds as numbers, or dates, as seconds on one time line.

Dates with an offset are moments. Dates without one are local time: as they stand, or in a time zone when one is named.
"""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aiops_planner.errors import UsageError
from aiops_planner.wording import number

HOUR_S = 3600.0
MINUTE_S = 60.0
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_LATEST_S = 7.3e9  # the year 2201, counted from 1970; today's time in milliseconds is far beyond
_SECOND_NAMES = ("t", "t_s", "time", "time_s", "timestamp", "epoch", "unix")
_LOCAL_ZERO = datetime(1970, 1, 1)
_ZERO = _LOCAL_ZERO.replace(tzinfo=UTC)
_FILL = "write a row for every time, or say what to take for those that are missing: gaps: zero, hold or interpolate"
_PUT_BACK = "if the clocks were put back, write offsets such as +02:00, or name the timezone"
_PUT_FORWARD_BY = (HOUR_S, HOUR_S / 2)  # half an hour on Lord Howe Island
_PUT_FORWARD = "if the clocks were put forward, write offsets such as +02:00, or name the timezone"


class TimeColumn:
    """Reads the cells of a time column, which are all of one form: that of the first one read.

    `name` is the column's header and `timezone` that of dates without an offset, like Europe/Berlin. Where its clocks
    are put back an hour comes twice: a row that would lie before the one above it is taken to be of the second. Of two
    rows at the same time the second is so, too, unless `crowded` says that many rows may share a time.
    """

    def __init__(self, name: str, timezone: str | None = None, *, crowded: bool = False) -> None:
        self.name = name
        self.unit_s: float | None = None  # of numbers; None for dates
        self.offsets: set[timedelta | None] = set()
        self._zone = None if timezone is None else _zone(timezone)
        self._crowded = crowded
        self._read = self._first
        self._last_s = -math.inf

    @property
    def counts_hours(self) -> bool:
        """Whether the cells number the hours: 0, 1, 2."""
        return self.unit_s == HOUR_S

    @property
    def local(self) -> bool:
        """Whether the cells are dates whose offset is not known, so that clocks may have been changed among them."""
        return self.offsets == {None}

    def seconds(self, cell: str, where: object) -> float:
        """The time of a cell, in seconds. Raises UsageError, whose message begins with `where` as text."""
        return self._read(cell.strip(), where)

    def label(self, seconds: float) -> str:
        """A time as the file would have it: hour 3, or 2024-03-31 02:00:00."""
        if self.unit_s is not None:
            unit = {HOUR_S: "hour", MINUTE_S: "minute"}.get(self.unit_s, "second")
            return f"{unit} {number(seconds / self.unit_s)}"
        moment = _ZERO + timedelta(seconds=seconds)
        return f"{moment:%Y-%m-%d %H:%M:%S}" + ("" if self.local else " UTC")

    def twice_hint(self) -> str:
        """What to do about a time that is there twice."""
        if self.local:
            return _PUT_BACK
        once = "write each time once"
        return once if self.counts_hours else f"{once}, or say rows: arrivals if each row is one request"

    def gap_hint(self, missing_s: float) -> str:
        """What to do about a time that is missing."""
        return _PUT_FORWARD if self.local and missing_s in _PUT_FORWARD_BY else _FILL

    def _first(self, text: str, where: object) -> float:
        """Settle the form of the column by its first cell."""
        if _number(text) is None:
            self._read = self._date
        else:
            self._read = self._numbered
            self.unit_s = self._unit_s(where)
        return self._read(text, where)

    def _unit_s(self, where: object) -> float:
        name = self.name.lower()
        if name.startswith("hour"):
            return HOUR_S
        if name.startswith("min"):
            return MINUTE_S
        if name.startswith("sec") or name in _SECOND_NAMES:
            return 1.0
        raise UsageError(
            f"{where}: column {self.name[:40]} holds numbers of no known unit; "
            "call it hour, minute or second, or write dates"
        )

    def _numbered(self, text: str, where: object) -> float:
        value = _number(text)
        if value is None or value < 0:
            raise UsageError(
                f"{where}: column {self.name[:40]}: {text[:40]!r} is no number of at least 0; write a time"
            )
        if self.counts_hours and value != int(value):
            raise UsageError(f"{where}: column {self.name[:40]}: {text[:40]!r} is no hour; hours count 0, 1, 2")
        assert self.unit_s is not None  # settled by the first cell
        if value > _LATEST_S / self.unit_s:
            raise UsageError(
                f"{where}: column {self.name[:40]}: {text[:40]!r} is too late; write seconds, not milliseconds"
            )
        return value * self.unit_s

    def _date(self, text: str, where: object) -> float:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(
                f"{where}: column {self.name[:40]}: {text[:40]!r} is neither a number nor a date; write "
                "2024-03-31 13:00, with an offset such as +02:00 where clocks change, or count the hours 0, 1, 2"
            ) from None
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise UsageError(f"{where}: {text[:40]!r} is not within the years {_FIRST_YEAR} to {_LAST_YEAR}")
        if moment.tzinfo is None and self._zone is not None:
            moment = self._in_zone(moment.replace(tzinfo=self._zone), where)
        offset = moment.utcoffset()
        if offset not in self.offsets:
            self.offsets.add(offset)
            if None in self.offsets and len(self.offsets) > 1:
                raise UsageError(f"{where}: {text[:40]!r} and the rows above it do not all state an offset; write all")
        self._last_s = (moment - (_ZERO if offset is not None else _LOCAL_ZERO)).total_seconds()
        return self._last_s

    def _in_zone(self, moment: datetime, where: object) -> datetime:
        """The moment of a local time: the second of two when the first would lie before the row above."""
        later = moment.replace(fold=1)
        if later.utcoffset() == moment.utcoffset():  # no clock is changed here
            return moment
        if moment.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise UsageError(
                f"{where}: {moment:%Y-%m-%d %H:%M:%S} did not exist in {self._zone}: the clocks skipped it; "
                "is this the right timezone?"
            )
        seconds = (moment - _ZERO).total_seconds()
        return later if seconds < self._last_s or (seconds == self._last_s and not self._crowded) else moment


def is_time(cell: str) -> bool:
    """Whether a cell is a number or a date, and so no name of a column."""
    text = cell.strip()
    if _number(text) is not None:
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float | None:
    """A finite number in ASCII digits; None for any other text."""
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"capacity.demand.timezone: {name[:40]!r} is not known here; write a name such as Europe/Berlin or UTC, "
            "and install the package tzdata where the system has no time zones"
        ) from None
