from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.tables import ReadLimits, ReadOptions, Table
from calibrify_core.exchange.writing import xlsx_bytes
from calibrify_core.kernel.errors import Invalid

SHEET = "xl/worksheets/sheet1.xml"


def book(fill: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer)
    fill(workbook)
    workbook.close()
    return buffer.getvalue()


def simple(*rows: list[object]) -> bytes:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet("Register")
        for index, row in enumerate([["Tag", "Name"], *rows]):
            sheet.write_row(index, 0, row)

    return book(fill)


def rebuilt(
    data: bytes, *, replace: dict[str, bytes] | None = None, add: dict[str, bytes] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, (replace or {}).get(name, source.read(name)))
        for name, content in (add or {}).items():
            target.writestr(name, content)
    return buffer.getvalue()


def sheet_xml(body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats'
        f'.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'
    ).encode()


def with_sheet(body: str) -> bytes:
    return rebuilt(simple(["A", "x"]), replace={SHEET: sheet_xml(body)})


def opened(data: bytes, **options: Any) -> Table:
    return open_table(io.BytesIO(data), "register.xlsx", ReadOptions(**options))


def cells(table: Table) -> list[list[str]]:
    return [list(row.cells.values()) for row in table.rows()]


def refused(data: bytes, **options: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        opened(data, **options)
    (problem,) = caught.value.errors
    return problem.pointer, problem.detail


WHOLE = simple(["A", "x"], ["B", 7])
DAMAGE = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5
)


def damaged(content: bytes, damage: list[tuple[float, int]]) -> bytes:
    changed = bytearray(content)
    for place, byte in damage:
        changed[int(place * len(changed))] = byte
    return bytes(changed)


def read_or_refused(data: bytes) -> None:
    with suppress(Invalid), opened(data) as table:
        list(table.rows())


class TestCells:
    def test_every_kind_becomes_the_text_that_was_seen(self) -> None:
        def fill(workbook: Any) -> None:
            sheet = workbook.add_worksheet()
            day = workbook.add_format({"num_format": "d/m/yyyy"})
            moment = workbook.add_format({"num_format": "d/m/yyyy hh:mm"})
            clock = workbook.add_format({"num_format": "hh:mm"})
            sheet.write_row(0, 0, ["Whole", "Part", "Text", "Date", "Moment", "Time", "Flag"])
            sheet.write_number(1, 0, 7)
            sheet.write_number(1, 1, 0.1 + 0.2)
            sheet.write_string(1, 2, "00417")
            sheet.write_datetime(1, 3, date(2016, 2, 29), day)
            sheet.write_datetime(1, 4, datetime.fromisoformat("2016-02-29T09:30"), moment)
            sheet.write_datetime(1, 5, time(9, 30), clock)
            sheet.write_boolean(1, 6, True)

        with opened(book(fill)) as table:
            assert cells(table) == [
                ["7", "0.3", "00417", "2016-02-29", "2016-02-29T09:30:00", "09:30:00", "true"]
            ]

    def test_error_values_are_row_errors_and_not_blanks(self) -> None:
        def fill(workbook: Any) -> None:
            sheet = workbook.add_worksheet()
            sheet.write_row(2, 1, ["Tag", "Name"])
            sheet.write_row(3, 1, ["A", "x"])
            sheet.write_string(4, 1, "B")
            sheet.write_formula(4, 2, "=1/0", value="#DIV/0!")

        with opened(book(fill)) as table:
            good, bad = table.rows()
            assert table.header_row == 3
            assert not good.problems
            (problem,) = bad.problems
            assert (problem.row, problem.column) == (2, "Name")
            assert "error of the spreadsheet" in problem.detail
            assert any("formulas" in note for note in table.notes)

    def test_blank_rows_are_skipped_and_counted(self) -> None:
        with opened(simple(["A", "x"], ["", ""], ["B", "y"])) as table:
            assert [row.number for row in table.rows()] == [1, 3]
            assert [row.number for row in table.rows(after=1)] == [3]

    def test_apostrophes_are_text_here(self) -> None:
        with opened(simple(["'=A", "'x"])) as table:
            assert cells(table) == [["'=A", "'x"]]


class TestSheets:
    @staticmethod
    def three() -> bytes:
        def fill(workbook: Any) -> None:
            hidden = workbook.add_worksheet("Old")
            hidden.write_row(0, 0, ["Tag", "Year"])
            for name in ("Bay 1", "Bay 2"):
                sheet = workbook.add_worksheet(name)
                sheet.write_row(0, 0, ["Tag", "Name"])
                sheet.write_row(1, 0, [name, "x"])
            workbook.get_worksheet_by_name("Bay 1").activate()
            hidden.hide()

        return book(fill)

    def test_the_first_visible_one_is_read_and_told(self) -> None:
        with opened(self.three()) as table:
            assert cells(table) == [["Bay 1", "x"]]
            assert table.facts["sheet"] == "Bay 1"
            assert any("“Bay 2”" in note for note in table.notes)

    @pytest.mark.parametrize("sheet", ["Bay 2", 3])
    def test_another_one_can_be_named(self, sheet: str | int) -> None:
        with opened(self.three(), sheet=sheet) as table:
            assert cells(table) == [["Bay 2", "x"]]

    @pytest.mark.parametrize("sheet", ["Bay 9", 4])
    def test_one_that_is_missing_is_an_error(self, sheet: str | int) -> None:
        pointer, detail = refused(self.three(), sheet=sheet)
        assert pointer == "/options/sheet"
        assert "“Bay 2”" in detail


class TestBombs:
    """Each of these would take gigabytes, or minutes, if it were opened."""

    def test_a_part_that_unpacks_to_far_more(self) -> None:
        data = rebuilt(simple(), replace={SHEET: b" " * 50_000_000})
        assert len(data) < 100_000
        assert "far larger when unpacked" in refused(data)[1]

    def test_parts_that_are_too_much_together(self) -> None:
        data = rebuilt(simple(), add={f"xl/media/{i}.bin": b"x" * 900_000 for i in range(12)})
        limits = ReadLimits(unpacked_bytes=10_000_000)
        assert "far larger when unpacked" in refused(data, limits=limits)[1]

    def test_a_directory_that_lies_about_the_size(self) -> None:
        data = bytearray(rebuilt(simple(["A", "x"]), replace={SHEET: b" " * 5_000_000}))
        real, small = struct.pack("<I", 5_000_000), struct.pack("<I", 1_000)
        assert data.count(real) == 2
        assert "damaged" in refused(bytes(data.replace(real, small)))[1]

    def test_two_cells_far_apart(self) -> None:
        data = with_sheet('<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>')
        assert "row 1,048,576" in refused(data)[1]

    def test_a_cell_far_to_the_right_in_an_honest_row(self) -> None:
        assert "column 16,384" in refused(with_sheet('<row r="1"><c r="XFD1"/></row>'))[1]

    def test_a_cell_that_names_another_row_than_its_own(self) -> None:
        assert "row 999,999" in refused(with_sheet('<row r="1"><c r="A999999"/></row>'))[1]

    def test_an_area_that_is_too_large(self) -> None:
        data = with_sheet('<row r="1"><c r="IV1"/></row><row r="90000"><c r="A90000"/></row>')
        tracemalloc.start()
        try:
            assert "90,000 rows × 256 columns" in refused(data)[1]
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()

    def test_one_long_text_in_every_cell(self) -> None:
        shared = f"<sst><si><t>{'x' * 30_000}</t></si></sst>".encode()
        row = "".join('<c t="s"><v>0</v></c>' for _ in range(100))
        body = "".join(f"<row>{row}</row>" for _ in range(100))
        data = rebuilt(simple(), replace={"xl/sharedStrings.xml": shared, SHEET: sheet_xml(body)})
        assert len(data) < 100_000
        assert "far larger" in refused(data, limits=ReadLimits(ratio=10_000))[1]

    def test_one_long_text_in_one_cell_is_none(self) -> None:
        rows: list[list[object]] = [[f"T{i}", "short"] for i in range(200)]
        limits = ReadLimits(text_bytes=100_000)
        with opened(simple(["A", "x" * 30_000], *rows), limits=limits) as table:
            assert len(cells(table)) == 201

    def test_entities(self) -> None:
        body = b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
        assert "XML" in refused(rebuilt(simple(), replace={SHEET: body}))[1]

    @pytest.mark.parametrize("encoding", ["UTF-16", "utf-7", "zlib", "UTF-."])
    def test_encodings_that_two_readers_could_read_differently(self, encoding: str) -> None:
        body = f'<?xml version="1.0" encoding="{encoding}"?><worksheet/>'.encode()
        assert "XML" in refused(rebuilt(simple(), replace={SHEET: body}))[1]

    def test_too_many_parts(self) -> None:
        data = rebuilt(simple(), add={f"xl/media/{i}": b"" for i in range(1_100)})
        assert "parts; 1,000 are allowed" in refused(data)[1]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("name", "word"),
        [
            ("xl/embeddings/inner.xlsx", "embedded"),
            ("xl/externalLinks/externalLink1.xml", "links"),
            ("xl/vbaProject.bin", "macros"),
            ("../outside.xml", "damaged"),
            ("/etc/passwd", "damaged"),
        ],
    )
    def test_parts_that_have_no_place_in_a_register(self, name: str, word: str) -> None:
        assert word in refused(rebuilt(simple(), add={name: b"x"}))[1]

    def test_an_archive_that_is_no_workbook(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("readme.txt", "hello")
        assert "not an XLSX workbook" in refused(buffer.getvalue())[1]

    @pytest.mark.parametrize("cut", [10, 200, 1_500, 3_000])
    def test_a_cut_file(self, cut: int) -> None:
        assert "damaged" in refused(simple(["A", "x"])[:cut])[1]

    @pytest.mark.parametrize(
        "part", ["xl/workbook.xml", SHEET, "xl/sharedStrings.xml", "xl/styles.xml"]
    )
    def test_broken_parts(self, part: str) -> None:
        data = rebuilt(simple(["A", "x"]), replace={part: b"<broken"})
        assert "damaged" in refused(data)[1]

    @pytest.mark.parametrize(
        "body",
        [
            '<row r="-1"><c r="A1"/></row>',
            '<row r="1"><c r="1"/></row>',
            '<row r="1"><c r="A1" t="s"><v>999</v></c></row>',
            '<row r="99999999999999999999"><c r="A1"/></row>',
            '<row r="1"><c r="É1"/></row>',
        ],
    )
    def test_cells_that_cannot_be(self, body: str) -> None:
        pointer, detail = refused(with_sheet(body))
        assert pointer == "/file"
        assert re.search("damaged|cannot be read|empty", detail)

    def test_a_sheet_without_a_header(self) -> None:
        assert "empty" in refused(with_sheet(""))[1]

    @settings(max_examples=100, deadline=None)
    @given(DAMAGE)
    def test_damage_anywhere_is_an_error_or_a_table(self, damage: list[tuple[float, int]]) -> None:
        read_or_refused(damaged(WHOLE, damage))

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml"]), DAMAGE)
    def test_damage_inside_a_part_too(self, part: str, damage: list[tuple[float, int]]) -> None:
        with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
            content = archive.read(part)
        read_or_refused(rebuilt(WHOLE, replace={part: damaged(content, damage)}))


class TestWriting:
    def test_what_was_written_is_read_back(self) -> None:
        rows = [
            ["=1+1", "00417", Decimal("10.0010"), date(2016, 2, 29), 7, True, None],
            ["http://example.org", "-77.5DB+3", "1e5", date(1890, 1, 2), 10**16, False, "'x"],
            ["_x0041_", " two\nlines", "{=A1}", None, -3, None, "5"],
        ]
        header = ["a", "b", "c", "d", "e", "f", "g"]
        data = b"".join(xlsx_bytes(header, rows))
        with opened(data) as table:
            assert table.columns == tuple(header)
            assert cells(table) == [
                ["=1+1", "00417", "10.0010", "2016-02-29", "7", "true", ""],
                [
                    "http://example.org",
                    "-77.5DB+3",
                    "1e5",
                    "1890-01-02",
                    "10000000000000000",
                    "false",
                    "'x",
                ],
                ["_x0041_", " two\nlines", "{=A1}", "", "-3", "", "5"],
            ]

    def test_no_cell_is_a_formula_or_a_link(self) -> None:
        data = b"".join(xlsx_bytes(["=a", "b"], [["=1+1", "http://example.org"]]))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sheet = archive.read(SHEET).decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.lists(
                st.text(
                    st.characters(
                        exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
                    ),
                    max_size=20,
                ),
                min_size=2,
                max_size=2,
            ),
            max_size=6,
        )
    )
    def test_text_reads_back_exactly(self, rows: list[list[str]]) -> None:
        data = b"".join(xlsx_bytes(["Tag", "Name"], rows))
        with opened(data, header_row=1) as table:
            assert cells(table) == [row for row in rows if "".join(row).strip()]

    def test_a_text_that_does_not_fit_is_said_before_anything_is_sent(self) -> None:
        with pytest.raises(Invalid, match="32,768 characters"):
            xlsx_bytes(["a", "b"], [["x" * 32_768, "y"]])

    def test_memory_stays_flat(self) -> None:
        def rows(count: int) -> Iterator[list[object]]:
            for number in range(count):
                yield [f"T{number}", "SCALE", date(2016, 2, 29), number, "x" * 50]

        def peak(count: int) -> int:
            tracemalloc.start()
            try:
                for piece in xlsx_bytes(["a", "b", "c", "d", "e"], rows(count)):
                    assert piece
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        peak(100)
        assert peak(6_000) < peak(1_500) + 3_000_000
