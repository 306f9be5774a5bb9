"""Values of the audit trail, as its pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from calibrify_core.persistence.types import ExactDecimal, UTCDateTime
from calibrify_core.web.formats import Formats
from calibrify_core.web.pages.audit_entry import read, shown

FMT = Formats(ZoneInfo("Europe/Berlin"), date(2026, 11, 28))
SOMEBODY = UUID("01a22494-2069-7e75-ae96-133572200c62")


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (None, None, "–"),
        (None, [], "–"),
        (sa.Boolean(), True, "Yes"),
        (sa.Integer(), 0, "0"),
        (sa.String(), "2026-11-28", "2026-11-28"),
        (sa.Date(), "2026-11-28", "28 Nov 2026"),
        (sa.Date(), "never", "never"),
        (UTCDateTime(), "2026-11-28T22:51:47.042209Z", "28 Nov 2026, 23:51"),
        (ExactDecimal(), "-0.50", "−0.50"),
        (ExactDecimal(), "some", "some"),
        (sa.Uuid(), str(SOMEBODY), "Anna Berg"),
        (None, "2026-11-28", "28 Nov 2026"),
        (None, "2026-13-41", "2026-13-41"),
        (sa.JSON(), {"value": 12, "whole": False}, "Value: 12 · Whole: No"),
        (sa.JSON(), ["2026-11-28", "a"], "28 Nov 2026, a"),
    ],
)
def test_a_value_is_shown_as_on_other_pages(kind: Any, value: Any, words: str) -> None:
    column = sa.Column("one", kind) if kind is not None else None
    assert shown(read(column, value), FMT, {SOMEBODY: "Anna Berg"}) == words


def test_what_an_object_held_is_read_back() -> None:
    assert read(sa.Column("one", ExactDecimal()), "1.20") == Decimal("1.20")
    moment = datetime(2026, 11, 28, 22, 51, 47, tzinfo=UTC)
    assert read(None, "2026-11-28T22:51:47Z") == moment
