"""A batch of rows becomes instruments: matched, checked, and written in few statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calibrify_core.exchange.batches import Memory
from calibrify_core.exchange.mapping import ConvertedRow, MappingPlan
from calibrify_core.exchange.report import RowOutcome
from calibrify_core.exchange.tables import RowProblem
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.identity import identity_key
from calibrify_equipment.domain.lifecycle import WORDS, Status, may_become
from calibrify_equipment.models.tree import SEPARATOR
from calibrify_equipment.permissions import CHANGE
from calibrify_equipment.public import FacetOutcome, ImportedRow, ListFacet
from calibrify_equipment.services.custom_columns import CustomColumns
from calibrify_equipment.services.equipment import SERIES, find
from calibrify_equipment.services.import_custom import CustomValues
from calibrify_equipment.services.import_facts import Entry, fill, model_pair, one_line
from calibrify_equipment.services.import_lookup import (
    Present,
    read_present,
    stays_at,
    taken_tags,
)
from calibrify_equipment.services.import_names import Answer, Known, Names
from calibrify_equipment.services.import_writing import write
from calibrify_equipment.services.lifecycle import require_fitness
from calibrify_equipment.services.references import check_reach

PARTIES = ("manufacturer", "owner", "supplier")
TREES = ("category", "location")
CONTEXT = ("asset_tag", "name", "status", "category_id", "location_id", "acquired_on")
ELSEWHERE = "The asset tag belongs to another instrument that your rights do not reach."


class EquipmentImporter:
    """Does the rows of one file; see `calibrify_core.exchange.batches.Importer`.

    Each batch is first tried as a whole behind a savepoint. Rows that fail are reported, and if
    they left anything behind the rest is done again without them.

    Args:
        facets: what other plugins add to instruments.
        plan: of the import; ``match_on`` is ``asset_tag``, ``serial_number`` or None.
        custom: what the categories ask for.
    """

    def __init__(
        self, facets: Sequence[ListFacet], plan: MappingPlan, custom: CustomColumns
    ) -> None:
        self._facets = [facet for facet in facets if facet.import_rows is not None]
        self._match_on = plan.options.match_on
        self._names = Names(frozenset(plan.options.create_missing))
        self._custom = CustomValues(custom, plan)
        self._seen: dict[str, int] = {}

    def apply(
        self, unit: UnitOfWork, rows: Sequence[ConvertedRow], memory: Memory
    ) -> Sequence[RowOutcome]:
        """Applies some rows within one unit of work and says what became of each, in order."""
        del memory  # the rows that were seen tell enough of batches that were undone
        unit.access.require(CHANGE)
        failed: dict[int, RowOutcome] = {}
        afresh = len(rows) == 1
        while True:
            left = [row for row in rows if row.number not in failed]
            savepoint = unit.session.begin_nested()
            self._names.begin(afresh=afresh)
            entries = self._entries(unit, left)
            bad = [entry for entry in entries if entry.problems]
            if not (bad and self._names.anything_made):
                good = [entry for entry in entries if not entry.problems]
                outcomes = self._keep(unit, good)
                refused = [entry for entry in good if entry.problems]
                if not refused:
                    savepoint.commit()
                    break
                bad += refused
            savepoint.rollback()
            unit.session.expire_all()
            failed.update((entry.row.number, _failure(entry)) for entry in bad)
        outcomes.update((entry.row.number, _failure(entry)) for entry in bad)
        outcomes.update(failed)
        return [outcomes[row.number] for row in rows]

    def _entries(self, unit: UnitOfWork, rows: Sequence[ConvertedRow]) -> list[Entry]:
        """Works out what each row means; nothing but names is written yet."""
        present = self._present(unit, rows)
        entries = [self._entry(row, present) for row in rows]
        self._resolve(unit, entries)
        moment = utc_now()
        for entry in entries:
            self._custom.take(entry)
            fill(entry, unit.organisation.id, moment)
        self._check_identities(unit, entries, present)
        reached: dict[Any, str | None] = {}
        for entry in entries:
            self._check(unit, entry, reached)
        self._draw_tags(unit, [entry for entry in entries if not entry.fact("asset_tag")])
        return entries

    def _present(self, unit: UnitOfWork, rows: Sequence[ConvertedRow]) -> Present:
        tags = {tag for row in rows if (tag := one_line(row.values.get("asset_tag")))}
        identities = {key for row in rows if (key := _identity(row)) is not None}
        return read_present(unit, sorted(tags), sorted(identities))

    def _entry(self, row: ConvertedRow, present: Present) -> Entry:
        """Finds the instrument of a row: by its key; a row without a tag by its serial number."""
        tag = one_line(row.values.get("asset_tag"))
        found = None
        if self._match_on == "asset_tag":
            found = present.by_tag.get(tag) if tag else None
            by_serial = not tag
        else:
            by_serial = self._match_on == "serial_number"
        if by_serial:
            found = present.by_identity.get(_identity(row) or "")
        entry = Entry(row, found, found.id if found is not None else new_id())
        if found is not None and not found.reached:
            entry.known, entry.id = None, new_id()
            entry.fail("serial_number" if by_serial else "asset_tag", ELSEWHERE)
        elif found is None and tag and tag in present.by_tag:
            entry.fail("asset_tag", "The asset tag belongs to another instrument.")
        elif found is None and not tag and _identity(row) is None:
            detail = "No asset tag and no serial number: a second import would enter it again."
            entry.warnings.append(row.problem(None, detail))
        return entry

    def _resolve(self, unit: UnitOfWork, entries: Sequence[Entry]) -> None:
        """Finds, or makes, what the names in the rows stand for."""
        names = self._names
        for kind in PARTIES:
            _answer(entries, kind, lambda texts, kind=kind: names.parties(unit, kind, texts))
        for kind in TREES:
            _answer(entries, kind, lambda paths, kind=kind: names.nodes(unit, kind, paths))
        _answer(entries, "custodian", lambda texts: names.people(unit, texts))
        pairs = {entry.id: pair for entry in entries if (pair := model_pair(entry)) is not None}
        if not pairs:
            return
        models = names.models(unit, pairs.values())
        for entry in entries:
            if entry.id in pairs:
                entry.answer("model", models[pairs[entry.id]])

    def _check_identities(
        self, unit: UnitOfWork, entries: Sequence[Entry], present: Present
    ) -> None:
        """Refuses a serial number that another instrument of the same model has."""
        keys = {entry.id: _key_of(entry) for entry in entries}
        asked = set(present.by_identity)
        asked.update(key for entry in entries if (key := _identity(entry.row)) is not None)
        more = sorted({key for key in keys.values() if key is not None and key not in asked})
        if more:
            found = read_present(unit, (), more)
            present.by_identity.update(found.by_identity)
        for entry in entries:
            key = keys[entry.id]
            if key is None:
                continue
            first = self._seen.setdefault(key, entry.row.number)
            other = present.by_identity.get(key)
            if first != entry.row.number:
                entry.fail(
                    "serial_number",
                    f"Row {first} has the same manufacturer, model and serial number.",
                )
            elif other is not None and (entry.known is None or other.id != entry.known.id):
                whose = f": {other.asset_tag}" if other.reached else ""
                entry.fail(
                    "serial_number",
                    "This serial number of this manufacturer and model belongs to another "
                    f"instrument{whose}.",
                )

    def _check(self, unit: UnitOfWork, entry: Entry, reached: dict[Any, str | None]) -> None:
        """Checks what a row wants of an instrument: its name, its place and its state."""
        changes = entry.changes
        if not entry.fact("name"):
            entry.fail("name", "A new instrument needs a name.")
        if entry.problems:
            return
        if entry.known is None or {"location_id", "category_id"} & changes.keys():
            place = (entry.fact("location_id"), entry.fact("category_id"))
            if place not in reached:
                errors = check_reach(unit, *place)
                reached[place] = errors[0].pointer.strip("/") if errors else None
            if reached[place] is not None:
                name = str(reached[place]).removesuffix("_id")
                entry.fail(name, "Your rights do not cover instruments there.")
        if entry.known is not None and "status" in changes and not entry.problems:
            _check_transition(unit, entry)

    def _draw_tags(self, unit: UnitOfWork, entries: Sequence[Entry]) -> None:
        """Gives new instruments without a tag the next number of the series."""
        for entry in entries:
            if entry.problems or entry.known is not None:
                continue
            tag = unit.next_number(SERIES)
            while taken_tags(unit, [tag]):
                tag = unit.next_number(SERIES)
            entry.row.values["asset_tag"] = tag
            fill(entry, unit.organisation.id, utc_now())
            entry.row.values["asset_tag"] = None

    def _keep(self, unit: UnitOfWork, entries: Sequence[Entry]) -> dict[int, RowOutcome]:
        """Writes instruments and what the facets know of them; notes what facets refuse."""
        if not entries:
            return {}
        write(unit, entries)
        changed: set[uuid.UUID] = {entry.id for entry in entries if entry.changes}
        for facet in self._facets:
            changed |= self._tell(unit, facet, entries)
        outcomes = {}
        for entry in entries:
            if entry.known is None:
                outcome = RowOutcome(entry.row.number, "created", (), entry.warnings)
            elif entry.id in changed:
                outcome = RowOutcome(entry.row.number, "updated", (), entry.warnings)
            else:
                outcome = RowOutcome(entry.row.number, "unchanged", (), entry.warnings)
            outcomes[entry.row.number] = outcome
        return outcomes

    @staticmethod
    def _tell(unit: UnitOfWork, facet: ListFacet, entries: Sequence[Entry]) -> set[uuid.UUID]:
        """Hands a batch to a facet; returns the instruments of which it changed something."""
        names = [item.name for item in facet.import_fields]
        rows = [
            ImportedRow(
                row=entry.row.number,
                equipment_id=entry.id,
                created=entry.known is None,
                values={name: entry.row.values[name] for name in names if entry.given(name)},
                context={name: entry.fact(name) for name in CONTEXT},
            )
            for entry in entries
        ]
        answer = facet.import_rows
        outcomes: list[FacetOutcome] = answer(unit, rows) if answer is not None else []
        changed = set()
        for entry, outcome in zip(entries, outcomes, strict=True):
            for name, detail in outcome.errors:
                entry.fail(name, detail)
            entry.warnings += [entry.row.problem(name, detail) for name, detail in outcome.warnings]
            if outcome.changed:
                changed.add(entry.id)
        return changed


def _identity(row: ConvertedRow) -> str | None:
    """Returns the identity that a row gives by itself."""
    values = row.values
    return identity_key(
        one_line(values.get("manufacturer")),
        one_line(values.get("model")),
        one_line(values.get("serial_number")),
    )


def _key_of(entry: Entry) -> str | None:
    """Returns the identity that an instrument will have."""
    if "identity_key" in entry.changes or entry.known is None:
        found: str | None = entry.changes["identity_key"]
        return found
    present: str | None = entry.known.identity_key
    return present


def _answer(entries: Sequence[Entry], name: str, resolve: Any) -> None:
    """Asks once for all names of a field, and hands each row its answer."""
    asking = [
        entry for entry in entries if entry.given(name) and entry.row.values[name] is not None
    ]
    kept = []
    for entry in asking:
        value = entry.row.values[name]
        if name in TREES and entry.known is not None:
            path = SEPARATOR.join(value)
            present = stays_at(entry.known, name, path)
            if present is not None:
                entry.answers[name] = Known(present, path)
                continue
        kept.append((entry, value if isinstance(value, tuple) else one_line(value)))
    if not kept:
        return
    answers: Mapping[Any, Answer] = resolve([value for _, value in kept])
    for entry, value in kept:
        entry.answer(name, answers[value])


def _check_transition(unit: UnitOfWork, entry: Entry) -> None:
    """Checks that the lifecycle leads to the state that a row gives a known instrument."""
    before, after = entry.known.status, entry.changes["status"]
    if not may_become(before, after):
        words = WORDS[Status(before)].lower(), WORDS[Status(after)].lower()
        entry.fail("status", "What is {} cannot become {}.".format(*words))
        return
    if after != Status.IN_SERVICE:
        return
    equipment = find(unit, entry.id, CHANGE)
    try:
        require_fitness(unit, equipment, after, "", "put in service")
    except CalibrifyError as error:
        entry.fail("status", error.detail)


def _failure(entry: Entry) -> RowOutcome:
    problems: Iterable[RowProblem] = entry.problems
    return RowOutcome(entry.row.number, "failed", list(problems), entry.warnings)
