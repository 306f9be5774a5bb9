from __future__ import annotations

import io
from contextlib import suppress
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrify_core.exchange.csv_reading import ENCODINGS
from calibrify_core.exchange.fields import ImportField, known_names
from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.tables import ReadLimits, ReadOptions, Table
from calibrify_core.kernel.errors import Invalid, TooLarge

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4


def opened(content: str | bytes, name: str = "register.csv", **options: Any) -> Table:
    data = content.encode("utf-8") if isinstance(content, str) else content
    return open_table(io.BytesIO(data), name, ReadOptions(**options))


def refused(content: str | bytes, **options: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        list(opened(content, **options).rows())
    (problem,) = caught.value.errors
    return problem.pointer, problem.detail


def cells(table: Table) -> list[list[str]]:
    return [list(row.cells.values()) for row in table.rows()]


class TestTheRegister:
    def test_its_shape_is_found_out_and_told(self, register: BinaryIO) -> None:
        table = open_table(register, "register.csv")
        assert table.columns[:3] == ("Tag No.", "Description", "Maker")
        assert table.facts == {"encoding": "cp1252", "delimiter": ","}
        assert any("Windows-1252" in note and "±" in note for note in table.notes)

    def test_rows_keep_their_text(self, register: BinaryIO) -> None:
        rows = list(open_table(register, "register.csv").rows())
        assert rows[0].cells["Serial No."] == "00417"
        assert rows[1].cells["Limit"] == '+0,-0.002"'
        assert rows[1].cells["Remark"] == "ok; file 2"
        assert rows[4].cells["Description"] == 'PIN GAUGE SET 1"-2"'
        assert not any(row.problems for row in rows)

    def test_blank_rows_are_skipped_and_counted(self, register: BinaryIO) -> None:
        table = open_table(register, "register.csv")
        assert [row.number for row in table.rows()] == [1, 2, 3, 5, 6]
        assert [row.number for row in table.rows(after=3)] == [5, 6]

    def test_it_can_be_read_again_and_in_part(self, register: BinaryIO) -> None:
        table = open_table(register, "register.csv")
        assert [row.number for row in table.sample(2)] == [1, 2]
        assert len(list(table.rows())) == 5
        table.close()
        assert not register.closed


class TestCorrections:
    def test_a_cell_is_read_as_it_was_put_right(self) -> None:
        table = opened("Tag,Name\nA,One\nB,Two\n").corrected({2: {"Name": "Three"}})
        assert cells(table) == [["A", "One"], ["B", "Three"]]
        assert cells(table.corrected({})) == [["A", "One"], ["B", "Two"]]

    def test_what_was_wrong_with_a_cell_is_so_no_longer(self) -> None:
        content = "Tag,Name\nA,On\x01e\nB,Two\nC\n" + "D,Four\n" * 20
        given = {1: {"Name": "One"}, 2: {"Name": "T\x02o"}, 3: {"Tag": "E"}}
        first, second, third, *_ = opened(content).corrected(given).rows()
        assert first.problems == ()
        assert [problem.column for problem in second.problems] == ["Name"]
        assert [problem.column for problem in third.problems] == [None]


class TestEncoding:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_it_is_detected(self, encoding: str) -> None:
        table = opened("Tag,Tolerance\nA,±5°C\n".encode(encoding))
        assert table.columns == ("Tag", "Tolerance")
        assert cells(table) == [["A", "±5°C"]]

    def test_plain_utf8_needs_no_note(self) -> None:
        assert opened("Tag,Name\nA,Größe\n").notes == ()

    def test_a_late_wrong_byte_changes_the_whole_file(self) -> None:
        data = b"Tag,Tolerance\n" + b"A,plain\n" * 50_000 + b"B,\xb15%\n"
        table = opened(data)
        *_, last = table.rows()
        assert last.cells["Tolerance"] == "±5%"
        assert table.facts["encoding"] == "cp1252"

    def test_a_named_one_is_used(self) -> None:
        assert cells(opened("Tag,Name\nA,Шкала\n".encode("cp1251"), encoding="cp1251")) == [
            ["A", "Шкала"]
        ]

    def test_a_named_one_that_does_not_fit_is_an_error(self) -> None:
        pointer, detail = refused("Tag,Name\nA,±\n".encode("cp1252"), encoding="utf-8")
        assert pointer == "/options/encoding"
        assert "byte 11" in detail

    def test_an_unknown_one_is_an_error(self) -> None:
        assert refused("Tag,Name\nA,B\n", encoding="rot13")[0] == "/options/encoding"

    def test_text_that_was_converted_twice_is_pointed_out(self) -> None:
        twice = "Tag,Range\nA,±5°C\n".encode().decode("cp1252").encode()
        assert any("converted twice" in note for note in opened(twice).notes)

    def test_bytes_of_no_encoding_are_refused(self) -> None:
        assert "neither UTF-8 nor Windows-1252" in refused(b"Tag,Name\nA,\x81\x8d\n")[1]


class TestDelimiter:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_it_is_detected(self, delimiter: str) -> None:
        lines = [["Tag", "Name", "Range"], ["A", "Scale", "1.5"], ["B", "Gauge", "2.5"]]
        table = opened("\n".join(delimiter.join(line) for line in lines))
        assert table.facts["delimiter"] == delimiter
        assert cells(table) == lines[1:]

    def test_decimal_commas_do_not_mislead(self) -> None:
        assert cells(opened("Tag;Range\nA;0,5\nB;1,5\n")) == [["A", "0,5"], ["B", "1,5"]]

    def test_the_hint_of_a_spreadsheet_program_is_followed(self) -> None:
        table = opened("sep=;\r\nTag;Name\r\nA;x,y,z\r\n")
        assert table.columns == ("Tag", "Name")
        assert cells(table) == [["A", "x,y,z"]]

    def test_a_named_one_is_used(self) -> None:
        assert opened("a;b,c;d\n1;2,3;4\n", delimiter=",", header_row=1).columns == ("a;b", "c;d")

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_all_line_ends_are_read(self, end: str) -> None:
        assert cells(opened(f"Tag,Name{end}A,x{end}B,y{end}")) == [["A", "x"], ["B", "y"]]


class TestHeader:
    def test_titles_above_are_left_out_with_a_note(self) -> None:
        table = opened("Register of bay 1,,\nprinted 2016-02-29,,\n\nTag,Name,Range\nA,Scale,5\n")
        assert table.columns == ("Tag", "Name", "Range")
        assert table.header_row == 4
        assert any("row 1, 2" in note for note in table.notes)
        assert [row.number for row in table.rows()] == [1]

    def test_known_names_find_it_below_wider_rows(self) -> None:
        names = known_names([ImportField("asset_tag", "Tag"), ImportField("name", "Name")])
        table = opened("x,y,z,w\np,q,r,s\nTag,Name\nA,Scale\n", expected=names)
        assert table.columns == ("Tag", "Name")

    def test_unknown_names_are_pointed_out(self) -> None:
        assert any("known" in n for n in opened("x,y\n1,2\n", expected=frozenset({"Tag"})).notes)

    def test_a_file_without_one_is_refused(self) -> None:
        assert "row 1 holds numbers or dates" in refused("1,2,3\n4,5,6\n")[1]
        data = "BX-1,SCALE,00417,2016-02-14,8/29/2016,182\nBX-2,GAUGE,,,,\n"
        assert "No header row" in refused(data)[1]

    @pytest.mark.parametrize("how", [{"header_row": 1}, {"expected": {"tag"}}, {"mapped": {"Tag"}}])
    def test_a_single_column_is_taken_by_a_name_that_is_known(self, how: dict[str, Any]) -> None:
        assert cells(opened("Tag\nA\nB\n", **how)) == [["A"], ["B"]]

    def test_text_that_is_no_table_is_refused(self) -> None:
        for text in ("Tag\nA\nB\n", "Dear all\n\nName\nis missing\n"):
            assert "two or more cells" in refused(text, expected={"Name"}, mapped={"Name"})[1]

    def test_equal_names_are_refused_with_their_places(self) -> None:
        detail = refused("Tag,Serial,Name,Serial\nA,1,x,2\n")[1]
        assert "“Serial” appears 2 times (columns 2, 4)" in detail

    def test_columns_without_a_name_get_one(self) -> None:
        table = opened("Tag,,Name,,\nA,x,Scale,,\n")
        assert table.columns == ("Tag", "column 2", "Name")
        assert any("column 2" in note for note in table.notes)

    def test_the_named_row_must_exist(self) -> None:
        assert refused("Tag,Name\nA,x\n", header_row=9)[0] == "/options/header_row"

    def test_names_with_control_characters_are_refused(self) -> None:
        assert "U+0007" in refused("Tag,Na\x07me\n" + "A,x\n" * 50)[1]


class TestRows:
    def test_ragged_rows_are_row_errors(self) -> None:
        short, good, wide, padded = opened("Tag,Name\nA\nB,x\nC,y,z\nD,w,,\n").rows()
        assert short.problems[0].detail == "The row has 1 cells, the header has 2."
        assert short.cells == {"Tag": "A", "Name": ""}
        assert not good.problems
        assert "“z”" in wide.problems[0].detail
        assert not padded.problems

    @pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x9f", "\ufffe"])
    def test_characters_that_are_none_are_row_errors(self, bad: str) -> None:
        content = f"Tag,Name\nA,x{bad}y\n" + "B,fine\n" * 20
        first, *rest = opened(content).rows()
        assert first.problems[0].column == "Name"
        assert f"U+{ord(bad):04X}" in first.problems[0].detail
        assert first.problems[0].value == "x�y"
        assert not any(row.problems for row in rest)

    def test_a_lone_surrogate_is_no_text(self) -> None:
        data = "Tag,Name\nA,".encode("utf-16") + b"\x00\xd8" + "\nB,x\n".encode("utf-16-le")
        assert "broken" in refused(data)[1]

    def test_line_breaks_inside_cells_stay(self) -> None:
        assert cells(opened('Tag,Name\nA,"two\nlines"\n')) == [["A", "two\nlines"]]

    def test_a_cell_that_is_too_long_is_a_row_error(self) -> None:
        (row,) = opened(f"Tag,Name\nA,{'x' * 32_768}\n").rows()
        assert "32,768 characters; 32,767 are allowed" in row.problems[0].detail
        assert len(row.problems[0].as_json()["value"]) == 200

    def test_a_quote_that_is_never_closed_ends_the_reading(self) -> None:
        detail = refused('Tag,Name\nA,x\nB,"y\nC,z\n')[1]
        assert "line 3 is never closed" in detail

    def test_text_after_a_closing_quote_is_a_row_error(self) -> None:
        first, second = opened('Tag,Name\nA,"x"y\nB,z\n').rows()
        assert "Line 2 cannot be read" in first.problems[0].detail
        assert second.cells == {"Tag": "B", "Name": "z"}

    def test_too_many_rows_are_refused(self) -> None:
        limits = ReadLimits(rows=3)
        assert len(list(opened("Tag,Name\n" + "A,x\n" * 3 + "\n" * 9, limits=limits).rows())) == 3
        assert "more than 3 rows" in refused("Tag,Name\n" + "A,x\n" * 4, limits=limits)[1]

    def test_too_many_columns_are_refused(self) -> None:
        header = ",".join(f"c{i}" for i in range(300))
        assert "300 columns; 256 are allowed" in refused(header + "\n")[1]

    def test_endless_lines_are_refused(self) -> None:
        assert "longer than" in refused("Tag,Name\n" + "x," * 600_000)[1]

    def test_neutralised_cells_are_restored(self) -> None:
        assert cells(opened("Tag,Name\n'=A,''-5\n'x,-5\n")) == [["=A", "'-5"], ["'x", "-5"]]


class TestWhatIsNoTable:
    @pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\xef\xbb\xbf", b" , ,\n,,\n"])
    def test_empty_files(self, content: bytes) -> None:
        assert "empty" in refused(content)[1]

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (PNG, "a picture"),
            (b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"\x1f\x8b\x08" + bytes(50), "a packed file"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "old Excel file"),
            (bytes(range(1, 255)) * 4, "not text"),
            (b"Tag,Name\n" + bytes(500), "not text"),
            (b"<!DOCTYPE html><table><tr><td>Tag</td></tr></table>", "web page"),
            (b"PK\x03\x04 broken", "damaged"),
        ],
    )
    def test_other_files_are_named(self, content: bytes, what: str) -> None:
        pointer, detail = refused(content)
        assert what in detail or "neither UTF-8" in detail
        assert pointer in {"/file", "/options/encoding"}

    def test_the_name_decides_nothing_and_is_cut(self) -> None:
        assert cells(opened("Tag,Name\nA,x\n", name="register.xlsx")) == [["A", "x"]]
        with pytest.raises(Invalid) as caught:
            opened(PNG, name="../../" + "x" * 500 + ".csv")
        assert ".." not in caught.value.detail
        assert len(caught.value.detail) < 200

    def test_too_many_bytes(self) -> None:
        with pytest.raises(TooLarge):
            opened("Tag,Name\n" + "A,x\n" * 100, limits=ReadLimits(file_bytes=100))


class Pipe(io.RawIOBase):
    """A stream that cannot be sought, as uploads from a network are."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._rest.readinto(buffer)


def pipe(content: bytes) -> BinaryIO:
    return cast("BinaryIO", Pipe(content))


class TestAnything:
    @settings(max_examples=300, deadline=None)
    @given(
        st.binary(max_size=300) | st.text(st.sampled_from("Tag,;\"'\r\n1\x00\ufeff±"), max_size=60),
        st.none() | st.sampled_from(ENCODINGS),
        st.none() | st.integers(1, 4),
    )
    def test_any_bytes_are_a_table_or_refused(
        self, content: bytes | str, encoding: str | None, header_row: int | None
    ) -> None:
        with suppress(Invalid):
            for row in opened(content, encoding=encoding, header_row=header_row).rows():
                assert row.problems or all("\x00" not in text for text in row.cells.values())

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_every_encoding_that_may_be_named_exists(self, encoding: str) -> None:
        data = "Tag,Name\nA,x\n".encode(encoding)
        assert cells(opened(data, encoding=encoding)) == [["A", "x"]]


class TestStreams:
    def test_one_that_cannot_be_sought_is_copied(self) -> None:
        with open_table(pipe(b"Tag,Name\nA,x\n"), "pipe") as table:
            assert cells(table) == [["A", "x"]]
            assert cells(table) == [["A", "x"]]

    def test_its_copy_is_bounded(self) -> None:
        limits = ReadOptions(limits=ReadLimits(file_bytes=10))
        with pytest.raises(TooLarge):
            open_table(pipe(b"x" * 11), "pipe", limits)
