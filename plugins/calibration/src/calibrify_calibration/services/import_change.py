"""What one row of an import changes of the calibration of one instrument."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.intervals import IntervalUnit
from calibrify_calibration.domain.schedules import RecordKind, ScheduleKind
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.services.derivation import Known, derive, fact_of, schedule_of
from calibrify_calibration.services.entries import EARLIEST, LATEST
from calibrify_calibration.services.states import empty_row, state_row
from calibrify_core.audit.trail import plain
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import FacetOutcome, ImportedRow

EPOCH = date(1970, 1, 1)
"""What a spreadsheet or a database writes for a date that nobody ever entered."""

_DERIVED = ("due_on", "ordinary_due_on", "due_source", "last_accepted_on", "failed")
_ENTERED = ("interval_value", "interval_unit", "opening_due_on")


class _Row:
    """Columns under the names that a row of the database has."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


@dataclass(slots=True)
class Batch:
    """What a batch comes to, before it is written in a few statements."""

    plans: list[dict[str, Any]] = field(default_factory=list)
    changed_plans: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    changed_records: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    entries: list[tuple[str, str, uuid.UUID | None, str, dict[str, Any]]] = field(
        default_factory=list
    )


class Change:
    """What one row changes of the calibration of one instrument."""

    def __init__(
        self, unit: UnitOfWork, row: ImportedRow, known: Known | None, days: int | None
    ) -> None:
        self.unit = unit
        self.row = row
        self.values = row.values
        self.errors: list[tuple[str, str]] = []
        self.warnings: list[tuple[str, str]] = []
        self.changes: dict[str, list[Any]] = {}
        self.new = known is None
        if known is None:
            empty = empty_row(unit.organisation.id, row.equipment_id)
            known = Known(_Row({**empty, "due_soon_days": days}))
        self.known = known
        self.before = known.state
        names = CalibrationState.__table__.c.keys()
        self.state = {name: getattr(known.state, name) for name in names}
        self.days = days

    def apply(self, batch: Batch) -> FacetOutcome:
        """Works the row out and adds what is to be written to the batch."""
        self._requirement()
        interval = self._interval()
        due_on = self._day("due_on")
        plan = self._schedule(interval, due_on)
        record, restated = self._last(due_on)
        if self.errors:
            return FacetOutcome(False, tuple(self.errors), tuple(self.warnings))
        self.known.state = _Row({**self.state, "due_soon_days": self.days})
        due = derive(self.unit, self.known)
        if plan is not None:
            state = due.schedules[plan["id"]]
            source = None if state.source is None else state.source.value
            plan |= {
                "due_on": state.due_on,
                "ordinary_due_on": state.ordinary_due_on,
                "due_source": source,
                "last_accepted_on": state.last_accepted_on,
                "failed": state.failed,
            }
            if "organisation_id" in plan:
                batch.plans.append(plan)
            else:
                batch.changed_plans.append({"key": plan.pop("id"), **plan})
        if record is not None:
            batch.records.append(record)
        if restated is not None:
            batch.changed_records.append(restated)
        row = state_row(self.known, due)
        if self.new or any(getattr(self.before, name) != value for name, value in row.items()):
            batch.states.append(row)
        if self.changes:
            label = f"{self.row.context.get('asset_tag') or ''}"
            batch.entries.append(
                ("import", "equipment", self.row.equipment_id, label, self.changes)
            )
        return FacetOutcome(bool(self.changes), (), tuple(self.warnings))

    def _note(self, name: str, old: Any, new: Any) -> None:
        """Notes that something is different now."""
        if old != new:
            self.changes[name] = [plain(old), plain(new)]

    def _day(self, name: str) -> date | None:
        """Returns a date of the row; one that no calendar of ours holds is an error."""
        value: date | None = self.values.get(name)
        if value is not None and not EARLIEST <= value <= LATEST:
            self.errors.append((name, "This is too far from today to be meant."))
            return None
        return value

    def _requirement(self) -> None:
        """Takes over whether a calibration is needed, and why not."""
        wanted = self.values.get("calibration_required")
        reason = self.values.get("calibration_not_required_reason")
        required = self.state["required"] if wanted is None else bool(wanted)
        text = "" if required else str(reason or self.state["not_required_reason"])
        self._note("calibration_required", self.state["required"], required)
        self._note("calibration_not_required_reason", self.state["not_required_reason"], text)
        self.state |= {"required": required, "not_required_reason": text}

    def _interval(self) -> tuple[int, str] | None:
        """Returns the interval that the row gives, None for none; both kinds are an error."""
        days, months = self.values.get("interval_days"), self.values.get("interval_months")
        if days and months:
            self.errors.append(("interval_months", "Give days or months, not both."))
            return None
        if days:
            return int(days), IntervalUnit.DAYS.value
        return (int(months), IntervalUnit.MONTHS.value) if months else None

    def _schedule(
        self, interval: tuple[int, str] | None, due_on: date | None
    ) -> dict[str, Any] | None:
        """Returns the schedule to insert or to change, None if it stays as it is."""
        present = next(
            (
                self.known.rows[key]
                for key in sorted(self.known.schedules)
                if self.known.schedules[key].kind is ScheduleKind.CALIBRATION
            ),
            None,
        )
        if present is None:
            return self._new_schedule(interval, due_on)
        wanted = {name: getattr(present, name) for name in _ENTERED}
        if interval is not None:
            wanted |= {"interval_value": interval[0], "interval_unit": interval[1]}
        elif 0 in (self.values.get("interval_days"), self.values.get("interval_months")):
            wanted |= {"interval_value": None, "interval_unit": None}
        if due_on is not None and due_on not in (present.due_on, self.before.due_on):
            if present.last_accepted_on is not None or present.failed:
                self.warnings.append(
                    ("due_on", "The due date follows from the calibrations on record; not used.")
                )
            else:
                wanted["opening_due_on"] = due_on
        if all(getattr(present, name) == value for name, value in wanted.items()):
            return None
        for name, value in wanted.items():
            self._note(name, getattr(present, name), value)
        columns = {**present._mapping, **wanted}
        self.known.schedules[present.id] = schedule_of(_Row(columns))
        return {"id": present.id, **wanted}

    def _new_schedule(
        self, interval: tuple[int, str] | None, due_on: date | None
    ) -> dict[str, Any] | None:
        """Returns the schedule of an instrument that has none yet."""
        if interval is None and due_on is None:
            return None
        plan: dict[str, Any] = {
            "id": new_id(),
            "organisation_id": self.unit.organisation.id,
            "equipment_id": self.row.equipment_id,
            "kind": ScheduleKind.CALIBRATION.value,
            "interval_value": None if interval is None else interval[0],
            "interval_unit": None if interval is None else interval[1],
            "anchor": "exact",
            "weekend_rule": "none",
            "active": True,
            "opening_due_on": due_on,
        }
        self.known.schedules[plan["id"]] = schedule_of(_Row(plan))
        self.known.rows[plan["id"]] = _Row({**plan, **dict.fromkeys(_DERIVED)})
        for name in _ENTERED:
            self._note(name, None, plan[name])
        return plan

    def _last(self, due_on: date | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Returns the historical record to insert, and the one to restate."""
        day: date | None = self.values.get("last_calibrated_on")
        number = str(self.values.get("last_certificate_number") or "")
        result = self.values.get("reported_result")
        if day is not None:
            why = self._unusable(day, due_on, number)
            if why:
                self.warnings.append(("last_calibrated_on", f"{why} It is not used."))
                day = None
        same = [fact for fact in self.known.facts if fact.performed_on == day]
        if day is None or self.state["last_calibrated_on"] == day or same:
            return None, self._restated(number, result)
        self._note("last_calibrated_on", self.state["last_calibrated_on"], day)
        self._note("last_certificate_number", self.state["last_certificate_number"], number)
        self._note("last_result", self.state["last_result"], result or self.state["last_result"])
        record = self._historical(day, number, result)
        fact = fact_of(_Row({**record, "approved_at": None}))
        self.known.facts.append(fact)
        self.known.records[fact.order] = _Row(record)
        return record, None

    def _unusable(self, day: date, due_on: date | None, number: str) -> str:
        """Returns why the date of a last calibration cannot be believed, "" if it can.

        A date beside which due date, interval and certificate were all left blank stands alone:
        registers fill such cells with the day on which they were made.
        """
        if day == EPOCH:
            return "1970-01-01 is what a program writes for no date."
        if day > self.unit.today():
            return "This date lies in the future."
        if due_on is not None and day > due_on:
            return "This date lies after the due date."
        if day < EARLIEST:
            return "This date is too far from today to be meant."
        spoken = {"due_on"} <= self.values.keys() and bool(
            {"interval_days", "interval_months"} & self.values.keys()
        )
        planned = self.values.get("interval_days") or self.values.get("interval_months")
        if spoken and due_on is None and not planned and not number and self.new_or_unknown:
            return "Neither due date nor interval nor certificate supports this date."
        return ""

    @property
    def new_or_unknown(self) -> bool:
        """Whether nothing is known of an earlier calibration."""
        return not self.known.facts

    def _restated(self, number: str, result: str | None) -> dict[str, Any] | None:
        """Takes over number and result where no record of ours says them."""
        wanted = {
            "last_certificate_number": number or self.state["last_certificate_number"],
            "last_result": result or self.state["last_result"],
        }
        changed = {name: value for name, value in wanted.items() if self.state[name] != value}
        if not changed:
            return None
        if any(not fact.is_historical for fact in self.known.facts):
            self.warnings += [
                (
                    "last_certificate_number"
                    if name == "last_certificate_number"
                    else "reported_result",
                    "It follows from the calibrations on record; not used.",
                )
                for name in changed
            ]
            return None
        for name, value in changed.items():
            self._note(name, self.state[name], value)
        self.state |= changed
        last = max(self.known.facts, key=lambda fact: fact.performed_at, default=None)
        if last is None:
            return None
        columns = {
            "certificate_number": wanted["last_certificate_number"],
            "reported_result": wanted["last_result"],
        }
        row = self.known.records[last.order]
        self.known.records[last.order] = _Row({**_mapping(row), **columns})
        return {"key": row.id, **columns}

    def _historical(self, day: date, number: str, result: str | None) -> dict[str, Any]:
        """Returns the record of a calibration of which nothing but the day is known."""
        zone = self.unit.organisation.zone
        return {
            "id": new_id(),
            "organisation_id": self.unit.organisation.id,
            "number": None,
            "state": RecordState.APPROVED.value,
            "equipment_id": self.row.equipment_id,
            "schedule_id": None,
            "kind": RecordKind.PERIODIC.value,
            "is_historical": True,
            "performed_at": datetime.combine(day, time(12), zone).astimezone(UTC),
            "performed_on": day,
            "provider_type": "unknown",
            "supplier_id": None,
            "certificate_number": number,
            "issued_number": "",
            "reported_result": result,
            "outcome": Result.NOT_TESTED.value,
            "is_limited": False,
            "notes": "Imported, no readings.",
        }


def _mapping(row: Any) -> dict[str, Any]:
    """Returns the columns of a row, of the database or of ours."""
    return dict(row.__dict__) if isinstance(row, _Row) else dict(row._mapping)
