"""Documents: the same bytes everywhere, text that stays text, files that come along."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from calibrify_core.exchange.documents import Attachment, TypstRenderer, render_pdf
from calibrify_core.kernel.errors import CalibrifyError, Invalid, TooLarge

CREATED = datetime(2026, 11, 23, 8, 12, 55, tzinfo=UTC)
SOURCE = """
#let data = json("/data.json")
#set text(font: ("Inter", "Noto Sans Arabic", "Noto Sans Hebrew", "DejaVu Sans"))
#set text(features: ("calt": 0))
#data.text
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "letter.typ"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_prints_the_data_as_pdf_a_2b(template: Path) -> None:
    pdf = render_pdf(template, {"text": "Prüfmittel 10.0012 Ω"}, created=CREATED)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    metadata = reader.xmp_metadata
    assert "Prüfmittel 10.0012 Ω" in text_of(pdf)
    assert metadata is not None
    assert (metadata.pdfaid_part, metadata.pdfaid_conformance) == ("2", "B")
    assert reader.metadata is not None
    assert reader.metadata.creation_date == CREATED


def test_same_data_same_bytes_in_another_process(template: Path) -> None:
    here = render_pdf(template, {"text": "same"}, created=CREATED)
    program = (
        "import hashlib, sys; from datetime import datetime, UTC; from pathlib import Path;"
        "from calibrify_core.exchange.documents import render_pdf;"
        "pdf = render_pdf(Path(sys.argv[1]), {'text': 'same'},"
        " created=datetime(2026, 11, 23, 8, 12, 55, tzinfo=UTC));"
        "sys.stdout.buffer.write(pdf)"
    )
    there = subprocess.run(
        [sys.executable, "-c", program, str(template)], capture_output=True, check=True
    ).stdout
    assert render_pdf(template, {"text": "same"}, created=CREATED) == here == there
    assert render_pdf(template, {"text": "other"}, created=CREATED) != here


@pytest.mark.parametrize(
    "text",
    [
        '#panic() #import "x": * #read("/etc/passwd") ${7*7} {{7*7}}',
        "$a^2$ \\ *bold* _it_ <label> @ref `raw` // no comment /* none */ -- ~ = head",
        "\"] ) } #sys.inputs \\u{41} %00 ' --> <b>&amp;</b>",
        "µΩ°±≤≥⌀×−½ áéíóú ŁódźĐ Ελληνικά Русский ẞ",
    ],
)
def test_text_prints_literally(template: Path, text: str) -> None:
    assert text in text_of(render_pdf(template, {"text": text}, created=CREATED))


def test_a_character_without_a_font_prints_its_code_point(template: Path) -> None:
    pdf = render_pdf(template, {"text": "名 a\x00b \ud800 \u202egpj.exe"}, created=CREATED)
    assert text_of(pdf) == "[U+540D] a[U+0000]b [U+D800] [U+202E]gpj.exe"


def test_line_ends_of_every_kind_and_tabs(template: Path) -> None:
    pdf = render_pdf(template, {"text": "a\r\nb\rc\u2028d\te"}, created=CREATED)
    assert [line.split() for line in text_of(pdf).splitlines()] == [["a"], ["b"], ["c"], ["d", "e"]]


def test_a_mark_that_no_font_can_combine_does_not_stop_the_print(template: Path) -> None:
    pdf = render_pdf(template, {"text": "\u05b9\u2671\u1dcb end"}, created=CREATED)
    assert text_of(pdf) == "[U+05B9]♱[U+1DCB] end"


def test_right_to_left_text_is_there(template: Path) -> None:
    text = text_of(render_pdf(template, {"text": "שלום مرحبا"}, created=CREATED))
    assert "שלום" in text
    assert "U+" not in text


def test_ten_thousand_characters(template: Path) -> None:
    pdf = render_pdf(template, {"text": "wort " * 2000}, created=CREATED)
    assert text_of(pdf).count("wort") == 2000


def test_attachments_are_embedded_byte_for_byte(template: Path) -> None:
    xml = b"<dcc/>\x00\xff"
    pdf = render_pdf(
        template,
        {"text": "with a file"},
        created=CREATED,
        attachments=[Attachment("dcc.xml", "application/xml", xml, "Digital certificate")],
    )
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.attachments["dcc.xml"] == [xml]
    assert reader.xmp_metadata is not None
    assert reader.xmp_metadata.pdfaid_part == "3"


def test_a_float_is_refused_with_its_place(template: Path) -> None:
    data = {"text": "x", "rows": [{"value": 0.1}]}
    with pytest.raises(Invalid) as caught:
        render_pdf(template, data, created=CREATED)
    assert caught.value.errors[0].pointer == "/rows/0/value"


def test_too_long(template: Path) -> None:
    with pytest.raises(TooLarge):
        render_pdf(template, {"text": "x" * 8_000_001}, created=CREATED)


def test_a_broken_template_names_itself_and_shows_no_data(template: Path) -> None:
    template.write_text('#let data = json("/data.json")\n#data.missing', encoding="utf-8")
    with pytest.raises(CalibrifyError, match=r"letter\.typ") as caught:
        render_pdf(template, {"text": "secret"}, created=CREATED)
    assert "secret" not in str(caught.value)


def test_a_template_reaches_no_file_outside_its_folder(template: Path) -> None:
    template.write_text(f'#read("/../../../../../../{template.name}")', encoding="utf-8")
    with pytest.raises(CalibrifyError):
        render_pdf(template, {}, created=CREATED)


def test_what_was_typed_does_not_stay_on_disk(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    renderer = TypstRenderer()
    renderer.render_pdf(template, {"text": "confidential"}, created=CREATED)
    folder = renderer._workspace().folder
    assert [path.suffix for path in folder.iterdir()] == [".typ"]


def test_threads_do_not_mix_their_documents(template: Path) -> None:
    renderer = TypstRenderer()

    def number(index: int) -> str:
        return text_of(renderer.render_pdf(template, {"text": f"no {index}"}, created=CREATED))

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert list(pool.map(number, range(60))) == [f"no {index}" for index in range(60)]


def test_a_folder_of_further_fonts_may_hold_other_files(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fonts"
    folder.mkdir()
    (folder / "README.txt").write_text("not a font", encoding="utf-8")
    pdf = TypstRenderer([folder]).render_pdf(template, {"text": "still fine"}, created=CREATED)
    assert text_of(pdf) == "still fine"
