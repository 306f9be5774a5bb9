from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import pytest

from calibrify_core.exchange.fields import ImportField
from calibrify_core.exchange.mapping import ConvertedRow, MappingPlan, build_plan, prepare
from calibrify_core.exchange.options import ImportOptions, parse_options
from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.tables import Row
from calibrify_core.kernel.errors import Invalid

Fields = Sequence[ImportField]


def converted(
    register: BinaryIO, fields: Fields, options: ImportOptions
) -> tuple[MappingPlan, dict[int, ConvertedRow]]:
    table = open_table(register, "register.csv")
    plan = prepare(table, fields, None, options)
    return plan, {row.number: plan.convert(row) for row in table.rows()}


def one(fields: Fields, cells: dict[str, str], **options: Any) -> ConvertedRow:
    plan = build_plan(list(cells), fields, None, parse_options(options))
    return plan.convert(Row(1, cells))


def errors_of(columns: list[str], fields: Fields, mapping: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        build_plan(columns, fields, mapping, parse_options(options))
    return {item.pointer: item.detail for item in caught.value.errors}


class TestTheRegister:
    def test_every_row_becomes_values(
        self, register: BinaryIO, fields: Fields, mapped_options: ImportOptions
    ) -> None:
        plan, rows = converted(register, fields, mapped_options)
        assert plan.rows == 5
        assert rows[1].values == {
            "asset_tag": "BX-001",
            "name": "TORQUE WRENCH",
            "manufacturer": "NORDHOLM",
            "serial_number": "00417",
            "last_calibrated_on": date(2016, 2, 14),
            "due_on": date(2016, 8, 29),
            "interval_days": 182,
            "accuracy_text": "±4%",
            "location": ("BAY 1",),
            "status": "in_service",
            "notes": "within tolerance",
        }
        assert rows[2].values["name"] == "CALIPER"
        assert rows[2].values["accuracy_text"] == '+0,-0.002"'
        assert rows[6].values["serial_number"] is None

    def test_the_column_decides_what_a_date_means(
        self, register: BinaryIO, fields: Fields, mapped_options: ImportOptions
    ) -> None:
        plan, rows = converted(register, fields, mapped_options)
        assert rows[2].values["due_on"] == date(2016, 1, 2)
        assert plan.date_orders["Next Cal."] == "month_first"
        assert any("month first (such as 8/29/2016)" in note for note in plan.notes)

    def test_one_text_can_say_several_things(
        self, register: BinaryIO, fields: Fields, mapped_options: ImportOptions
    ) -> None:
        _, rows = converted(register, fields, mapped_options)
        assert rows[3].values["status"] == "in_service"
        assert rows[3].values["calibration_required"] is False
        assert rows[3].values["reason"] == "spare"
        assert "calibration_required" not in rows[1].values

    def test_null_values_are_blanks(
        self, register: BinaryIO, fields: Fields, mapped_options: ImportOptions
    ) -> None:
        _, rows = converted(register, fields, mapped_options)
        assert rows[3].values["manufacturer"] is None

    def test_an_unmapped_status_is_an_error_with_row_column_value_and_reason(
        self, register: BinaryIO, fields: Fields, mapped_options: ImportOptions
    ) -> None:
        _, rows = converted(register, fields, mapped_options)
        assert [number for number, row in rows.items() if row.errors] == [5]
        assert [problem.as_json() for problem in rows[5].errors] == [
            {
                "row": 5,
                "column": "State",
                "value": "WO#3319",
                "detail": "“WO#3319” is no status. Map it to one of: In service, "
                "Out of service, Retired.",
            }
        ]

    def test_columns_without_a_field_are_told(self, fields: Fields) -> None:
        plan = build_plan(["Name", "Colour"], fields, None, ImportOptions())
        assert any("“Colour”" in note for note in plan.notes)


class TestValues:
    @pytest.mark.parametrize(
        ("column", "text", "value"),
        [
            ("interval_days", "365", 365),
            ("interval_days", "365.0", 365),
            ("price", "1.10", Decimal("1.10")),
            ("price", "0,5", Decimal("0.5")),
            ("price", "-1E-3", Decimal("-1E-3")),
            ("calibration_required", "No", False),
            ("calibration_required", "1", True),
            ("status", "Out of Service", "out_of_service"),
            ("location", "A / B", ("A / B",)),
            ("notes", "two\r\nlines", "two\nlines"),
            ("serial_number", " 007 ", "007"),
            ("name", "=SUM(A1)", "=SUM(A1)"),
        ],
    )
    def test_text_becomes_a_value(
        self, fields: Fields, column: str, text: str, value: object
    ) -> None:
        row = one(fields, {"name": "x", column: text})
        assert not row.errors
        assert row.values[column] == value
        assert str(row.values[column]) == str(value)

    @pytest.mark.parametrize(
        ("column", "text", "why"),
        [
            ("interval_days", "12 months", "no whole number"),
            ("interval_days", "365.5", "no whole number"),
            ("interval_days", "-1", "less than 0"),
            ("interval_days", "10000", "more than 9,999"),
            ("interval_days", "9" * 400, "no whole number"),
            ("interval_days", "٣", "no whole number"),
            ("price", "1,000", "two ways"),
            ("price", "NaN", "no number"),
            ("price", "Infinity", "no number"),
            ("price", "1e999", "no number"),
            ("price", "1" * 41, "more than 40 digits"),
            ("calibration_required", "perhaps", "neither yes nor no"),
            ("due_on", "1/2/2016", "day first or month first"),
            ("due_on", "TBD", "is no date"),
            ("name", "x" * 256, "256 characters are too many"),
            ("manufacturer", "x" * 256, "too many"),
            ("status", "PR#", "is no status"),
        ],
    )
    def test_what_is_no_value_is_an_error(
        self, fields: Fields, column: str, text: str, why: str
    ) -> None:
        row = one(fields, {"name": "x", column: text})
        (problem,) = row.errors
        assert why in problem.detail
        assert (problem.row, problem.column, problem.value) == (1, column, text)

    def test_all_errors_of_a_row_are_collected(self, fields: Fields) -> None:
        row = one(fields, {"name": "", "interval_days": "x", "due_on": "y"})
        assert [problem.column for problem in row.errors] == ["interval_days", "due_on", "name"]

    def test_a_row_that_cannot_be_read_keeps_its_problem(self, fields: Fields) -> None:
        table = open_table(io.BytesIO(b"Name,Status\nx\n"), "r.csv")
        plan = prepare(table, fields, None, ImportOptions())
        (row,) = (plan.convert(row) for row in table.rows())
        assert "The row has 1 cells" in row.errors[0].detail
        assert row.values == {}

    def test_levels_of_a_location_need_a_separator(self, fields: Fields) -> None:
        cells = {"name": "x", "location": "Plant > Hall 2 > Bay"}
        assert one(fields, cells).values["location"] == ("Plant > Hall 2 > Bay",)
        split = one(fields, cells, location_separator=">")
        assert split.values["location"] == ("Plant", "Hall 2", "Bay")
        blank = one(fields, {"name": "x", "location": "Plant >> Bay"}, location_separator=">")
        assert "blank level" in blank.errors[0].detail

    def test_a_given_date_format_is_used(self, fields: Fields) -> None:
        row = one(fields, {"name": "x", "due_on": "1/2/16"}, date_format={"due_on": "%d/%m/%y"})
        assert row.values["due_on"] == date(2016, 2, 1)


class TestMaps:
    def test_defaults_fill_blanks_only_and_are_told_apart(self, fields: Fields) -> None:
        options = {"defaults": {"status": "in_service", "price": 5}, "null_values": ["?"]}
        row = one(fields, {"name": "x", "status": "?"}, **options)
        assert row.values == {"name": "x", "status": "in_service", "price": Decimal(5)}
        assert row.defaulted == ("status", "price")
        row = one(fields, {"name": "x", "status": "retired"}, **options)
        assert row.values["status"] == "retired"
        assert row.defaulted == ("price",)

    def test_a_default_never_hides_an_error(self, fields: Fields) -> None:
        row = one(fields, {"name": "x", "status": "PR#"}, defaults={"status": "in_service"})
        assert "status" not in row.values
        assert len(row.errors) == 1

    def test_a_mapped_text_is_found_in_any_case_and_blanks_can_be_mapped(
        self, fields: Fields
    ) -> None:
        maps = {"value_map": {"status": {"On": "in_service", "": "retired", "Gone": None}}}
        assert one(fields, {"name": "x", "status": " ON "}, **maps).values["status"] == "in_service"
        assert one(fields, {"name": "x", "status": ""}, **maps).values["status"] == "retired"
        assert one(fields, {"name": "x", "status": "gone"}, **maps).values["status"] is None

    def test_what_a_text_implies_must_agree_with_the_columns(
        self, fields: Fields, options_with: Callable[..., ImportOptions]
    ) -> None:
        columns = ["Tag No.", "Description", "State", "calibration_required"]
        plan = build_plan(columns, fields, None, options_with())

        def row(required: str) -> ConvertedRow:
            return plan.convert(
                Row(1, dict(zip(columns, ["A", "x", "SPARE", required], strict=True)))
            )

        assert not row("no").errors
        assert row("").values["calibration_required"] is False
        (problem,) = row("yes").errors
        assert "calibration_required = False" in problem.detail
        assert problem.column == "State"

    def test_a_map_for_a_field_without_a_column_is_told(self, fields: Fields) -> None:
        options = parse_options({"value_map": {"status": {"ON": "in_service"}}})
        assert any("status" in n for n in build_plan(["Name"], fields, None, options).notes)


class TestPlans:
    def test_a_given_mapping_is_followed_exactly(self, fields: Fields) -> None:
        plan = build_plan(
            ["Name", "Status", "What"], fields, {"What": "name", "Name": None}, ImportOptions()
        )
        assert plan.mapping == {"Name": None, "Status": None, "What": "name"}
        assert plan.convert(Row(1, {"Name": "a", "Status": "b", "What": "c"})).values == {
            "name": "c"
        }

    def test_everything_wrong_with_a_mapping_is_said(self, fields: Fields) -> None:
        mapping = {"a": "name", "b": "name", "c/d": "colour", "z": "status"}
        assert set(errors_of(["a", "b", "c/d"], fields, mapping)) == {
            "/mapping/b",
            "/mapping/c~1d",
            "/mapping/z",
        }
        assert set(errors_of(["a", "b"], fields, None)) == {"/mapping"}

    def test_everything_wrong_with_options_is_said(self, fields: Fields) -> None:
        found = errors_of(
            ["Name", "Status", "due_on"],
            fields,
            None,
            match_on="asset_tag",
            date_format={"Status": "%d/%m/%Y", "due_on": "%H", "gone": "%Y-%m-%d"},
            value_map={"colour": {"x": "y"}},
            defaults={"colour": "red"},
            create_missing=["manufacturer", "status"],
        )
        assert set(found) == {
            "/options/match_on",
            "/options/date_format/Status",
            "/options/date_format/due_on",
            "/options/date_format/gone",
            "/options/value_map/colour",
            "/options/defaults/colour",
            "/options/create_missing/1",
        }

    def test_every_mapped_value_and_default_is_checked(self, fields: Fields) -> None:
        found = errors_of(
            ["Name", "Status"],
            fields,
            None,
            value_map={
                "status": {
                    "A/B": "broken",
                    "B": {"status": "retired", "colour": 1, "interval_days": "x"},
                    "C": ["in_service"],
                    "D": True,
                }
            },
            defaults={"interval_days": -1, "price": "dear", "due_on": "1/2/2016", "location": []},
        )
        assert set(found) == {
            "/options/value_map/status/A~1B",
            "/options/value_map/status/B/colour",
            "/options/value_map/status/B/interval_days",
            "/options/value_map/status/C",
            "/options/value_map/status/D",
            "/options/defaults/interval_days",
            "/options/defaults/price",
            "/options/defaults/due_on",
            "/options/defaults/location",
        }

    def test_dates_that_stay_open_are_told_before_the_run(self, fields: Fields) -> None:
        def notes(*values: str) -> str:
            content = "Name,Due on\n" + "".join(f"x,{value}\n" for value in values)
            table = open_table(io.BytesIO(content.encode()), "r.csv")
            return " ".join(prepare(table, fields, None, ImportOptions()).notes)

        assert "give their format" in notes("1/2/2016", "3/4/2016")
        assert "are mixed" in notes("13/2/2016", "3/14/2016")
        assert "day first" in notes("13/2/2016", "3/4/2016")
        assert notes("2016-02-13") == ""

    def test_a_problem_of_a_field_names_its_column(self, fields: Fields) -> None:
        row = one(fields, {"Name": "x", "Serial No.": "7"})
        assert row.problem("serial_number", "Taken.").as_json() == {
            "row": 1,
            "column": "Serial No.",
            "value": "7",
            "detail": "Taken.",
        }
        assert row.problem("status", "Wrong.").detail == "status: Wrong."
        assert row.problem(None, "Odd.").column is None


def test_what_is_read_later_stays_text_and_is_mapped_all_the_same() -> None:
    fields = [ImportField("on", "On", "date", deferred=True),
              ImportField("ok", "Okay", "boolean", deferred=True)]  # fmt: skip
    row = one(fields, {"on": " 3/4/11 ", "ok": "fine"}, value_map={"ok": {"fine": True}},
              date_format={"on": "%d/%m/%y"})  # fmt: skip
    assert (row.values, row.errors) == ({"on": "3/4/11", "ok": True}, [])


def test_a_long_list_of_choices_is_cut_in_the_message() -> None:
    field = ImportField("c", "C", "choice", choices={str(n): str(n) for n in range(10_000)})
    (error,) = one([field], {"c": "x"}).errors
    assert len(error.detail) < 400
