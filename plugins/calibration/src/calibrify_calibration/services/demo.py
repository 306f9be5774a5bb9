"""The calibrations of the demonstration laboratory: three years, ending today."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from calibrify_calibration.domain.intervals import WeekendRule, off_weekend, shift_months
from calibrify_calibration.services import approvals, calibrations, schedules, states
from calibrify_calibration.services.demo_profiles import NEVER, PROFILES, STORIES, Profile
from calibrify_core.kernel.clock import Clock
from calibrify_core.work.unit import UnitOfWork

DAYS_BACK = 1_120
STANDARD_DAYS = (1_130, 775, 420, 65)
LONG_STANDARD_DAYS = (1_130, 425)
LIMITATION = "Outside measurement only: the inside jaws are worn."


def load_calibrations(unit: UnitOfWork, memory: dict[str, Any]) -> None:
    """Fills schedules and calibrations; dates are relative to the clock.

    Leaves in ``memory`` the ids of the records under ``calibrations``.

    Args:
        unit: of the system itself.
        memory: what the equipment plugin left there: ``equipment``, ``suppliers``, ``people``.
    """
    instruments = memory.get("equipment", ())
    people = memory.get("people", {})
    person = people.get("technician")
    loader = _Loader(unit, getattr(person, "id", person), memory.get("suppliers", ()))
    memory["calibrations"] = loader.made
    for number, one in enumerate(instruments):
        if one["standard"]:
            loader.standard(number, one)
    for number, one in enumerate(instruments):
        if one["months"] is None:
            states.set_requirement(unit, one["id"], False, "For reference or indication only")
        elif not one["standard"]:
            loader.instrument(number, one)
    loader.now(None)


class _Loader:
    """Writes records as if they had been entered on their day."""

    def __init__(self, unit: UnitOfWork, performer: uuid.UUID | None, suppliers: Any) -> None:
        self.unit = unit
        self.performer = performer
        self.suppliers = list(suppliers)
        self.platform = unit.platform
        self.today = unit.today()
        self.standards: dict[str, uuid.UUID] = {}
        self.made: list[uuid.UUID] = []

    def now(self, day: date | None) -> None:
        """Turns the trade's clock to the afternoon of a day, None for today."""
        clock = self.platform.clock if day is None else Clock(self._moment(day, 16))
        self.unit.platform = replace(self.platform, clock=clock)

    def _moment(self, day: date, hour: int) -> datetime:
        """Returns a moment of a day in the organisation's zone."""
        zone = self.unit.organisation.zone
        return datetime.combine(day, time(hour, 30), zone).astimezone(UTC)

    def _schedule(self, one: dict[str, Any]) -> None:
        """Sets the schedule of an instrument, as its category proposes it."""
        interval = {"value": one["months"], "unit": "months"}
        schedules.create(self.unit, {"equipment_id": one["id"], "interval": interval})

    def standard(self, number: int, one: dict[str, Any]) -> None:
        """Enters the outside certificates of a reference standard."""
        self._schedule(one)
        code = "TM-STD" if one["code"] == "TM-DIG" else one["code"]
        self.standards.setdefault(code, one["id"])
        days = STANDARD_DAYS if one["months"] <= 12 else LONG_STANDARD_DAYS
        for index, back in enumerate(days):
            self._outside(one, self.today - timedelta(days=back + number % 4), number, index)

    def instrument(self, number: int, one: dict[str, Any]) -> None:
        """Enters the calibrations of an instrument of the works."""
        self._schedule(one)
        if number in NEVER:
            return
        story, due_in = STORIES.get(number, ("plain", 30 + number * 13 % (20 * one["months"])))
        due_on = self.today + timedelta(days=due_in)
        last = self.today if story == "failed" else shift_months(due_on, -one["months"])
        last = min(last, self.today - timedelta(days=1))
        days = []
        day = last
        while day > self.today - timedelta(days=DAYS_BACK):
            days.append(off_weekend(day, WeekendRule.PREVIOUS) if day != last else day)
            day = shift_months(day, -one["months"])
        profile = PROFILES.get(one["code"])
        for index, day in enumerate(reversed(days)):
            ends = day == days[0]
            if profile is None:
                self._outside(one, day, number, index)
            else:
                self._inside(one, day, (number, index), profile, story if ends else "plain")
        if story in {"draft", "submitted"} and profile is not None:
            self._open(one, (number, len(days)), profile, story)

    def _outside(self, one: dict[str, Any], day: date, number: int, index: int) -> None:
        """Enters the certificate of an outside laboratory."""
        self.now(day + timedelta(days=6))
        supplier = self.suppliers[0] if self.suppliers else None
        values = {
            "equipment_id": one["id"],
            "kind": "initial" if index == 0 else "periodic",
            "performed_at": self._moment(day, 10),
            "performed_by_id": self.performer,
            "provider": {
                "type": "external",
                "supplier_id": supplier,
                "certificate_number": f"NG-{day.year}-{1000 + number * 7 + index}",
                "certificate_date": day + timedelta(days=2),
            },
            "reported_result": "pass",
        }
        self._approve(values)

    def _inside(
        self,
        one: dict[str, Any],
        day: date,
        place: tuple[int, int],
        profile: Profile,
        story: str,
    ) -> None:
        """Enters a calibration of the own laboratory."""
        self.now(day)
        self._approve(self._values(one, day, place, profile, story))

    def _open(
        self, one: dict[str, Any], place: tuple[int, int], profile: Profile, story: str
    ) -> None:
        """Enters today's calibration, which nobody has approved yet."""
        self.now(None)
        record = calibrations.record(
            self.unit, self._values(one, self.today, place, profile, "plain", self._early())
        )
        self.made.append(record.id)
        if story == "submitted":
            approvals.hand_in(self.unit, record)

    def _early(self) -> datetime:
        """Returns a moment of today that does not lie in the future."""
        return min(self._moment(self.today, 8), self.unit.trade_now())

    def _approve(self, values: dict[str, Any]) -> None:
        """Records, hands in and approves."""
        record = calibrations.record(self.unit, values)
        approvals.hand_in(self.unit, record)
        approvals.approve(self.unit, record.id)
        self.unit.reason = None
        self.made.append(record.id)

    def _values(
        self,
        one: dict[str, Any],
        day: date,
        place: tuple[int, int],
        profile: Profile,
        story: str,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Returns a calibration as it would be sent."""
        standard = self.standards.get(profile.standard or "")
        number, index = place
        return {
            "equipment_id": one["id"],
            "kind": "initial" if index == 0 else "periodic",
            "performed_at": at or self._moment(day, 9),
            "performed_by_id": self.performer,
            "received_on": day - timedelta(days=2),
            "condition_received": "Good",
            "method": profile.method,
            "place": "Calibration laboratory",
            "decision_rule": profile.rule,
            "environment": {
                "temperature_c": f"{Decimal(21) + _share(number, index, 90) / 2:.1f}",
                "relative_humidity_pct": f"{45 + 6 * _share(number, index, 91):.0f}",
            },
            "standards": [] if standard is None else [{"equipment_id": standard}],
            "points": list(_points(place, profile, story)),
            "adjusted": story == "adjusted",
            "limitation": LIMITATION if story == "limited" else None,
        }


def _share(*facts: int) -> Decimal:
    """Returns a number from -1 to 1 that is always the same for the same facts."""
    digest = sha256(repr(facts).encode()).digest()
    return Decimal(int.from_bytes(digest[:4], "big")) / Decimal(2**31) - 1


def _points(place: tuple[int, int], profile: Profile, story: str) -> Iterator[dict[str, Any]]:
    """Yields the test points of one calibration, with readings that drift from year to year."""
    number, index = place
    for row, (section, parameter, unit, nominal, half, uncertainty, places) in enumerate(
        profile.points
    ):
        value, width = Decimal(nominal), Decimal(half)
        start = _share(number, row) / 4
        drift = (_share(number, row, 1) / 10) * index
        noise = _share(number, row, index, 2) / 12
        part = start + drift + noise
        worst = row == len(profile.points) - 1
        if story in {"failed", "adjusted"} and worst:
            part = Decimal("1.28")
        found = _reading(value + part * width, places)
        left = [_reading(value + width * noise, places)] if story == "adjusted" else []
        yield {
            "section": section,
            "parameter": parameter,
            "unit": unit,
            "nominal": nominal,
            "lower_limit": str(value - width),
            "upper_limit": str(value + width),
            "expanded_uncertainty": uncertainty,
            "coverage_factor": "2",
            "reading_of": profile.reading_of,
            "as_found": [found],
            "as_left": left,
        }


def _reading(value: Decimal, places: int) -> str:
    """Writes a reading with the digits of the instrument."""
    return str(value.quantize(Decimal(1).scaleb(-places)))
