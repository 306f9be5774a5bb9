"""The clock that everybody is handed: real time, and the moment that the trade dates by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time twice: for machines, and for the trade.

    Sessions, tokens, time-outs and the audit trail use `now`, which is always real. Due
    dates, statuses and forecasts use `trade_now`, which a demonstration or a test may fix.

    Attributes:
        fixed: the fixed trade moment (aware), or None for real time.
    """

    fixed: datetime | None = None

    def now(self) -> datetime:
        """Returns the real moment, aware, in UTC."""
        return datetime.now(UTC)

    def trade_now(self) -> datetime:
        """Returns the moment that the trade dates by, aware, in UTC."""
        return self.fixed.astimezone(UTC) if self.fixed is not None else self.now()

    def today(self, zone: ZoneInfo) -> date:
        """Returns the trade's date in an organisation's time zone.

        >>> Clock(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)).today(ZoneInfo("Asia/Tokyo"))
        datetime.date(2026, 1, 2)
        """
        return self.trade_now().astimezone(zone).date()
