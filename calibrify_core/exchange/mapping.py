"""The plan of an import: which column becomes which field, and how; compiled once, run per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from calibrify_core.exchange.conversion import BadValue, Reader, from_json, make_reader, shown
from calibrify_core.exchange.dates import DateOrder, DateSurvey, check_format
from calibrify_core.exchange.fields import ImportField, guess_mapping
from calibrify_core.exchange.options import ImportOptions, pointer
from calibrify_core.exchange.tables import Row, RowProblem, Table
from calibrify_core.kernel.errors import FieldError, Invalid


@dataclass(slots=True)
class ConvertedRow:
    """One row, as values of fields.

    Attributes:
        number: counted from 1 at the first data row.
        values: by field name; only fields that a column, a value map or a default speaks of.
            None is a blank.
        cells: the row as it stands in the file, by column name.
        errors: why the row cannot be imported; empty for a good row.
        warnings: what is odd about it.
        defaulted: fields whose value comes from the defaults, since the row has none.
        columns: source column by field name.
    """

    number: int
    values: dict[str, Any]
    cells: dict[str, str]
    errors: list[RowProblem]
    columns: Mapping[str, str]
    warnings: list[RowProblem] = field(default_factory=list)
    defaulted: tuple[str, ...] = ()

    def problem(self, name: str | None, detail: str) -> RowProblem:
        """Returns a problem with a field of this row (None: the whole row), column and value in."""
        column = self.columns.get(name) if name is not None else None
        value = self.cells.get(column, "") if column is not None else ""
        if column is None and name is not None:
            detail = f"{name}: {detail}"
        return RowProblem(self.number, column, value, detail)


class _Step(NamedTuple):
    """What to do with one column."""

    column: str
    name: str
    read: Reader
    mapped: Mapping[str, Mapping[str, Any]]
    folded: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class MappingPlan:
    """A checked mapping, ready to run.

    Attributes:
        mapping: source column → field name, None for a column that is left out.
        fields: the fields that may be imported, by name.
        options: as the person gave them.
        columns: the reverse, field name → source column.
        notes: what is not imported, as sentences.
        rows: how many data rows the file has; None before the survey.
        date_orders: what the survey found for date columns without a given format.
    """

    mapping: Mapping[str, str | None]
    fields: Mapping[str, ImportField]
    options: ImportOptions
    columns: Mapping[str, str]
    notes: tuple[str, ...]
    rows: int | None
    date_orders: Mapping[str, DateOrder | None]
    _steps: tuple[_Step, ...]
    _nulls: frozenset[str]
    _defaults: Mapping[str, Any]
    _required: tuple[str, ...]

    def convert(self, row: Row) -> ConvertedRow:
        """Converts one row; problems are collected, never raised.

        A blank cell gives None, a cell with a null value too; the value map comes first. Fields
        that a mapped value sets besides its own must agree with what their columns say.
        """
        cells = row.cells
        if row.problems:
            return ConvertedRow(row.number, {}, cells, list(row.problems), self.columns)
        values: dict[str, Any] = {}
        errors: list[RowProblem] = []
        implied: list[tuple[str, Mapping[str, Any]]] = []
        nulls = self._nulls
        for column, name, read, mapped, folded in self._steps:
            text = cells[column].strip()
            if mapped:
                hit = mapped.get(text)
                if hit is None:
                    hit = folded.get(text.casefold())
                if hit is not None:
                    if len(hit) == 1 and name in hit:
                        values[name] = hit[name]
                    else:
                        values[name] = None
                        implied.append((column, hit))
                    continue
            if not text or (nulls and text.casefold() in nulls):
                values[name] = None
                continue
            try:
                values[name] = read(text)
            except BadValue as error:
                errors.append(RowProblem(row.number, column, cells[column], str(error)))
        if implied:
            self._merge(row, values, implied, errors)
        converted = ConvertedRow(row.number, values, cells, errors, self.columns)
        if self._defaults or self._required:
            self._finish(converted)
        return converted

    def _merge(
        self,
        row: Row,
        values: dict[str, Any],
        implied: list[tuple[str, Mapping[str, Any]]],
        errors: list[RowProblem],
    ) -> None:
        for column, several in implied:
            for name, value in several.items():
                own = values.get(name)
                if value is None:
                    values.setdefault(name, None)
                elif own is None:
                    values[name] = value
                elif own != value:
                    detail = (
                        f"It stands for {name} = {value}, and another column says {own}. "
                        "Leave that column out, or change the map."
                    )
                    errors.append(RowProblem(row.number, column, row.cells[column], detail))

    def _finish(self, row: ConvertedRow) -> None:
        """Fills blanks with defaults; then what is required must be there."""
        values = row.values
        wrong = {problem.column for problem in row.errors} if row.errors else ()
        filled = []
        for name, value in self._defaults.items():
            if values.get(name) is None and self.columns.get(name, "") not in wrong:
                values[name] = value
                filled.append(name)
        if filled:
            row.defaulted = tuple(filled)
        for name in self._required:
            if values.get(name) is None and self.columns[name] not in wrong:
                row.errors.append(row.problem(name, f"{self.fields[name].label} is needed."))


def prepare(
    table: Table,
    fields: Sequence[ImportField],
    mapping: Mapping[str, str | None] | None,
    options: ImportOptions,
) -> MappingPlan:
    """Checks mapping and options against the table, and reads it once to survey its dates.

    Args:
        table: the open file.
        fields: what may be imported.
        mapping: source column → field; None = guess by name and synonyms. Columns that it does
            not name are left out.
        options: of the import.

    Raises:
        Invalid: with everything that is wrong with mapping and options, by JSON pointer; or the
            file cannot be read to its end.
    """
    plan = build_plan(table.columns, fields, mapping, options)
    surveys = {
        column: DateSurvey()
        for column, name in plan.mapping.items()
        if name is not None
        and plan.fields[name].kind == "date"
        and column not in options.date_format
    }
    looks = [(column, survey.look) for column, survey in surveys.items()]
    count = 0
    for row in table.rows():
        count += 1
        for column, look in looks:
            look(row.cells[column].strip())
    orders = {column: survey.order for column, survey in surveys.items()}
    plan = build_plan(table.columns, fields, mapping, options, date_orders=orders)
    found = [note for column, survey in surveys.items() for note in _told(column, survey)]
    return replace(plan, rows=count, notes=(*plan.notes, *found))


def _told(column: str, survey: DateSurvey) -> Iterable[str]:
    match survey.order:
        case "day_first":
            yield f"The dates in {shown(column)} are read day first (such as {survey.day_first})."
        case "month_first":
            yield (
                f"The dates in {shown(column)} are read month first (such as {survey.month_first})."
            )
        case "mixed":
            yield (
                f"The dates in {shown(column)} are mixed: {survey.day_first} is day first, "
                f"{survey.month_first} month first."
            )
        case None:
            if survey.open:
                yield (
                    f"Nothing tells whether the dates in {shown(column)} are day first or month "
                    "first; give their format."
                )


def build_plan(
    columns: Sequence[str],
    fields: Sequence[ImportField],
    mapping: Mapping[str, str | None] | None,
    options: ImportOptions,
    *,
    date_orders: Mapping[str, DateOrder | None] | None = None,
) -> MappingPlan:
    """Compiles the plan without reading rows; see :func:`prepare`.

    Raises:
        Invalid: everything that is wrong with mapping and options, by JSON pointer.
    """
    by_name = {item.name: item for item in fields}
    given = guess_mapping(columns, fields) if mapping is None else mapping
    complete = {column: given.get(column) for column in columns}
    errors = [*_check_mapping(columns, given, by_name), *_check_options(complete, by_name, options)]
    if errors:
        raise Invalid(errors)
    orders = date_orders or {}
    readers = {
        item.name: make_reader(item, separator=options.location_separator) for item in fields
    }
    steps = []
    for column, name in complete.items():
        if name is not None:
            mapped = _value_map(by_name[name], options, by_name, readers, errors)
            steps.append(_step(column, by_name[name], options, orders.get(column), mapped))
    defaults = _defaults(options, by_name, readers, errors)
    if errors:
        raise Invalid(errors)
    reverse = {name: column for column, name in complete.items() if name is not None}
    return MappingPlan(
        mapping=complete,
        fields=by_name,
        options=options,
        columns=reverse,
        notes=_notes(complete, options),
        rows=None,
        date_orders=orders,
        _steps=tuple(steps),
        _nulls=frozenset(text.strip().casefold() for text in options.null_values),
        _defaults=defaults,
        _required=tuple(name for name in reverse if by_name[name].required),
    )


def _step(
    column: str,
    item: ImportField,
    options: ImportOptions,
    order: DateOrder | None,
    mapped: dict[str, dict[str, Any]],
) -> _Step:
    read = make_reader(
        item,
        date_format=options.date_format.get(column),
        date_order=order,
        separator=options.location_separator,
    )
    folded = {text.casefold(): several for text, several in mapped.items()}
    return _Step(column, item.name, read, mapped, folded)


def _check_mapping(
    columns: Sequence[str], mapping: Mapping[str, str | None], fields: Mapping[str, ImportField]
) -> Iterable[FieldError]:
    present = set(columns)
    taken: dict[str, str] = {}
    for column, name in mapping.items():
        place = pointer("mapping", column)
        if column not in present:
            yield FieldError(place, f"The file has no column {shown(column)}.")
        elif name is not None and name not in fields:
            yield FieldError(place, f"There is no field {shown(name)} that can be imported.")
        elif name is not None and name in taken:
            yield FieldError(
                place, f"{shown(taken[name])} and {shown(column)} are both mapped to {name}."
            )
        elif name is not None:
            taken[name] = column
    if not taken:
        yield FieldError("/mapping", "No column is mapped to a field.")


def _check_options(
    mapping: Mapping[str, str | None], fields: Mapping[str, ImportField], options: ImportOptions
) -> Iterable[FieldError]:
    for column, pattern in options.date_format.items():
        place = pointer("options", "date_format", column)
        name = mapping.get(column)
        if column not in mapping:
            yield FieldError(place, f"The file has no column {shown(column)}.")
        elif name is not None and name in fields and fields[name].kind != "date":
            yield FieldError(place, f"{fields[name].label} is no date.")
        else:
            detail = check_format(pattern)
            if detail is not None:
                yield FieldError(place, detail)
    for member in ("value_map", "defaults"):
        for name in getattr(options, member):
            if name not in fields:
                yield FieldError(pointer("options", member, name), "There is no such field.")
    if options.match_on is not None and options.match_on not in mapping.values():
        yield FieldError("/options/match_on", f"No column is mapped to {shown(options.match_on)}.")
    for index, name in enumerate(options.create_missing):
        if name not in fields or fields[name].kind not in {"reference", "tree"}:
            yield FieldError(
                pointer("options", "create_missing", index),
                f"{shown(name)} is nothing that an import can create.",
            )


def _value_map(
    item: ImportField,
    options: ImportOptions,
    fields: Mapping[str, ImportField],
    readers: Mapping[str, Reader],
    errors: list[FieldError],
) -> dict[str, dict[str, Any]]:
    """Returns text → values by field name, every one of them checked now and not per row."""
    mapped: dict[str, dict[str, Any]] = {}
    for text, value in options.value_map.get(item.name, {}).items():
        place = ("options", "value_map", item.name, text)
        several = value if isinstance(value, dict) else {item.name: value}
        values: dict[str, Any] = {}
        for name, single in several.items():
            inner = (*place, name) if several is value else place
            if name not in fields:
                errors.append(FieldError(pointer(*inner), "There is no such field."))
                continue
            try:
                values[name] = from_json(fields[name], single, readers[name])
            except BadValue as error:
                errors.append(FieldError(pointer(*inner), str(error)))
        mapped[text.strip()] = values
    return mapped


def _defaults(
    options: ImportOptions,
    fields: Mapping[str, ImportField],
    readers: Mapping[str, Reader],
    errors: list[FieldError],
) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for name, value in options.defaults.items():
        try:
            defaults[name] = from_json(fields[name], value, readers[name])
        except BadValue as error:
            errors.append(FieldError(pointer("options", "defaults", name), str(error)))
    return defaults


def _notes(mapping: Mapping[str, str | None], options: ImportOptions) -> tuple[str, ...]:
    notes = []
    left_out = [column for column, name in mapping.items() if name is None]
    if left_out:
        names = ", ".join(shown(column) for column in left_out)
        notes.append(f"Not imported, since no field is named for them: {names}.")
    idle = [name for name in options.value_map if name not in mapping.values()]
    if idle:
        notes.append(f"Values are mapped for {', '.join(idle)}, and no column has that field.")
    return tuple(notes)
