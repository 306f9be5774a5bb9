"""The clock: real for machines, and fixed for the trade where somebody fixed it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from calibrify_core.kernel.clock import Clock

FIXED = Clock(datetime(2016, 2, 29, 23, 30, tzinfo=timezone(timedelta(hours=-1))))


def test_real_time_is_real_whatever_is_fixed() -> None:
    for clock in (Clock(), FIXED):
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
        assert clock.now().utcoffset() == timedelta(0)


def test_the_trade_dates_by_the_fixed_moment() -> None:
    assert FIXED.trade_now() == datetime(2016, 3, 1, 0, 30, tzinfo=UTC)
    assert FIXED.trade_now().utcoffset() == timedelta(0)
    assert abs(Clock().trade_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_today_is_of_the_zone() -> None:
    assert FIXED.today(ZoneInfo("UTC")) == date(2016, 3, 1)
    assert FIXED.today(ZoneInfo("America/New_York")) == date(2016, 2, 29)
