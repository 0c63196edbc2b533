"""Times as people read them, on paper and on the screen: to the minute, on the clocks of the zone that was asked for.

Files for programs keep them in UTC, to the millisecond.
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from node.reporting.model import Column, Report, Values
from node.units import day_of

ZONE = "time zone"  # what a report calls it where it says what it covers
UTC = "UTC"


class Moments:
    """The times of one report."""

    def __init__(self, report: Report) -> None:
        self.zone = report.about.get(ZONE) or UTC
        self._times = [at for at, column in enumerate(report.columns) if column.kind == "time"]
        self._clock = _clock(self.zone)

    def headed(self, column: Column) -> Column:
        """A column whose heading says on which clocks its times are."""
        return column._replace(title=f"{column.title} ({self.zone})") if column.kind == "time" else column

    def told(self, row: Values, texts: Sequence[str]) -> list[str]:
        """The cells of a row as texts, with its times as people read them; what lies beyond the calendar as it was."""
        found = list(texts)
        for at in self._times:
            if row[at] is not None:
                found[at] = self._said(row[at]) or found[at]
        return found

    def day(self, ms: int) -> str:
        """The day (YYYY-MM-DD) on which a time falls there."""
        return self._said(ms)[:10] or day_of(ms)

    def _said(self, ms: int) -> str:
        try:
            return dt.datetime.fromtimestamp(ms // 1000, self._clock).isoformat(" ", "minutes")[:16]
        except (ValueError, OverflowError, OSError):
            return ""


def _clock(zone: str) -> dt.tzinfo:
    try:
        return dt.UTC if zone == UTC else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC
