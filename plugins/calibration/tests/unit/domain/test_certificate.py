"""The certificate: what it must say, when it may be called one, and how it prints."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files

import pypdf
import pytest
import segno

from calibrify_calibration.domain.certificate import (
    CertificateSnapshot,
    Condition,
    ExternalReport,
    Findings,
    Item,
    Party,
    Point,
    PrintedReading,
    Signature,
    Standard,
    State,
    checklist,
    stated_uncertainty,
    title,
    traceability_statement,
)
from calibrify_calibration.domain.certificate_data import (
    Data,
    data_digest,
    digest,
    snapshot_to_data,
    superseded,
    voided,
)
from calibrify_calibration.domain.statements import statements_of
from calibrify_core.exchange.documents import render_pdf

TEMPLATE = files("calibrify_calibration") / "templates" / "calibration" / "certificate.typ"
CREATED = datetime(2026, 11, 23, 8, 12, 55, tzinfo=UTC)
URL = "https://calibrify.example/verify/7QK4-M2XV"


def found(value: str, result: str = "pass", *more: str) -> Findings:
    readings = tuple(map(PrintedReading, (value, *more)))
    return Findings(readings, value, error="0.0012", result=result, tur="15.8")


def point(nominal: str, **changes: object) -> Point:
    base = Point(
        parameter="DC voltage",
        unit="V",
        nominal=nominal,
        section="Direct",
        range="20 V",
        lower_limit="9.9905",
        upper_limit="10.0095",
        expanded_uncertainty="0.0006",
        coverage_factor="2.00",
        as_found=found("10.0012"),
    )
    return replace(base, **changes)


def qr_svg() -> str:
    buffer = io.BytesIO()
    segno.make(URL).save(buffer, kind="svg", xmldecl=False, svgns=True)
    return buffer.getvalue().decode()


@pytest.fixture
def snapshot() -> CertificateSnapshot:
    """Complete in the sense of the standard."""
    complete = CertificateSnapshot(
        record_id="019ab2c4-8f1e-7c31-9d55-0b6f6f2f1a77",
        state=State.ISSUED,
        number="CAL-2026-00412",
        laboratory=Party("Norddeutsche Messtechnik", "Werftstraße 14\n24143 Kiel"),
        customer=Party("Halden Pumper AS", "Industriveien 8, Halden"),
        item=Item("Multimeter", "Fluke", "87V", "41230577", "EQ-117", "good, sealed"),
        place="Laboratory 2",
        received_on=date(2026, 11, 18),
        performed_on=date(2026, 11, 20),
        issued_on=date(2026, 11, 23),
        verification_code="7QK4-M2XV",
        verification_url=URL,
        qr_svg=qr_svg(),
        method="CP-DMM-01",
        method_version="3",
        environment=(Condition("Temperature", "23.1 °C"),),
        standards=(
            Standard("STD-3", "Calibrator", "3140021", "PTB-24-51207", "PTB", date(2027, 3, 31)),
        ),
        decision_rule="Simple acceptance (w = 0).",
        points=(point("10"), point("10.50")),
        as_found_result="pass",
        as_left_result="pass",
        coverage_probability="95 %",
        performed_by=Signature("Jonas Petersen", "performed", CREATED),
        approved_by=Signature("Marta Kowalczyk", "approved", CREATED, "head of laboratory"),
    )
    return replace(complete, traceability=traceability_statement(complete))


@pytest.fixture
def external(snapshot: CertificateSnapshot) -> CertificateSnapshot:
    report = ExternalReport("Element AB", "EM-26-118734", date(2026, 11, 12), "pass", "0076")
    return replace(snapshot, external=report, points=(), standards=(), traceability="")


def printed(data: dict[str, Data]) -> bytes:
    return render_pdf(TEMPLATE, {**data, "statements": statements_of(data)}, created=CREATED)


def reader_of(snapshot: CertificateSnapshot) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(printed(snapshot_to_data(snapshot))))


def text_of(snapshot: CertificateSnapshot) -> str:
    return "\n".join(page.extract_text() for page in reader_of(snapshot).pages)


class TestChecklist:
    """ISO/IEC 17025:2017, 7.8.2, 7.8.4 and 7.8.6."""

    def test_a_complete_one_is_a_certificate(self, snapshot: CertificateSnapshot) -> None:
        assert checklist(snapshot) == []
        assert title(snapshot) == "Calibration certificate"

    @pytest.mark.parametrize(
        ("changes", "missing"),
        [
            ({"laboratory": Party("Main")}, "laboratory address"),
            ({"number": ""}, "certificate number"),
            ({"item": Item("Multimeter", condition_received="good")}, "item identification"),
            ({"place": ""}, "place of calibration"),
            ({"customer": Party("", "somewhere")}, "customer name"),
            ({"customer": Party("Halden")}, "customer contact"),
            ({"method": ""}, "method"),
            ({"item": Item("Multimeter", asset_tag="EQ-117")}, "condition of the item"),
            ({"received_on": None}, "date of receipt"),
            ({"issued_on": None}, "date of issue"),
            ({"approved_by": None}, "authoriser"),
            ({"performed_by": None}, "performer"),
            ({"points": ()}, "results"),
            ({"points": (point("1", unit=""),)}, "unit of every result"),
            ({"points": (point("1", expanded_uncertainty=""),)}, "uncertainty of every result"),
            ({"points": (point("1", expanded_uncertainty="0.0"),)}, "uncertainty of every result"),
            ({"points": (point("1", coverage_factor=""),)}, "coverage factor of every result"),
            ({"environment": ()}, "environmental conditions"),
            ({"standards": ()}, "reference standards"),
            ({"traceability": ""}, "statement of traceability"),
            ({"decision_rule": ""}, "decision rule"),
            ({"adjusted": True}, "results before and after adjustment"),
        ],
    )
    def test_each_gap_is_named_and_makes_it_a_record(
        self, snapshot: CertificateSnapshot, changes: dict[str, object], missing: str
    ) -> None:
        lacking = replace(snapshot, **changes)
        assert checklist(lacking) == [missing]
        assert title(lacking) == "Calibration record"

    def test_no_customer_at_all(self, snapshot: CertificateSnapshot) -> None:
        assert checklist(replace(snapshot, customer=None)) == ["customer name", "customer contact"]

    def test_a_draft_is_not_asked_for_what_approval_brings(
        self, snapshot: CertificateSnapshot
    ) -> None:
        draft = replace(snapshot, state=State.DRAFT, number="", issued_on=None, approved_by=None)
        assert checklist(draft) == []

    def test_no_rule_is_needed_where_conformity_is_not_stated(
        self, snapshot: CertificateSnapshot
    ) -> None:
        assert checklist(replace(snapshot, decision_rule="", conformity_requested=False)) == []

    def test_points_out_of_scope_or_without_readings_need_no_uncertainty(
        self, snapshot: CertificateSnapshot
    ) -> None:
        outside = point("1", expanded_uncertainty="", in_scope=False)
        untested = point("2", expanded_uncertainty="", as_found=None, not_tested_reason="broken")
        assert checklist(replace(snapshot, points=(*snapshot.points, outside, untested))) == []

    def test_an_adjusted_one_without_as_found_gives_a_reason(
        self, snapshot: CertificateSnapshot
    ) -> None:
        left = (point("10", as_found=None, as_left=found("10.0001")),)
        first = replace(snapshot, adjusted=True, points=left, as_found_na_reason="new instrument")
        assert checklist(first) == []

    def test_an_external_one_is_never_our_certificate(self, external: CertificateSnapshot) -> None:
        assert checklist(external) == []
        assert title(external) == "Calibration record"

    def test_an_external_one_misses_its_own_particulars(
        self, external: CertificateSnapshot
    ) -> None:
        bare = replace(external, external=ExternalReport("", "", None, ""))
        assert checklist(bare) == [
            "external provider",
            "external certificate number",
            "external certificate date",
            "reported result",
        ]


class TestTraceability:
    @pytest.mark.parametrize(
        "standard",
        [
            Standard("S", "no certificate", provider="PTB", due_on=date(2027, 1, 1)),
            Standard("S", "no provider", certificate_number="1", due_on=date(2027, 1, 1)),
            Standard("S", "overdue", "", "1", "PTB", due_on=date(2026, 11, 19)),
        ],
    )
    def test_is_not_claimed(self, snapshot: CertificateSnapshot, standard: Standard) -> None:
        shaky = replace(snapshot, standards=(*snapshot.standards, standard))
        assert traceability_statement(shaky) == ""

    def test_is_not_claimed_without_standards(self, snapshot: CertificateSnapshot) -> None:
        assert traceability_statement(replace(snapshot, standards=())) == ""


@pytest.mark.parametrize(
    ("entered", "stated"), [("0.00060", "0.00060"), ("", ""), ("0", ""), ("-1", ""), ("n/a", "")]
)
def test_an_uncertainty_is_stated_as_entered_or_not_at_all(entered: str, stated: str) -> None:
    assert stated_uncertainty(point("1", expanded_uncertainty=entered)) == stated


class TestData:
    def test_digest_is_of_the_content(self, snapshot: CertificateSnapshot) -> None:
        assert (
            digest(snapshot) == digest(replace(snapshot)) == data_digest(snapshot_to_data(snapshot))
        )
        assert digest(snapshot) != digest(replace(snapshot, notes="x"))
        assert digest(snapshot) != digest(replace(snapshot, points=(point("10.0"),)))

    def test_a_draft_carries_no_number(self, snapshot: CertificateSnapshot) -> None:
        data = snapshot_to_data(replace(snapshot, state=State.DRAFT))
        assert (data["number"], data["issued_on"], data["approved_by"]) == ("", "", None)
        assert data["verification"] == {"code": "", "url": "", "qr_svg": ""}

    def test_the_due_date_leaves_only_by_agreement(self, snapshot: CertificateSnapshot) -> None:
        due = replace(snapshot, next_due_on=date(2027, 11, 20))
        assert snapshot_to_data(due)["next_due_on"] == ""
        agreed = snapshot_to_data(replace(due, interval_agreed=True))
        assert agreed["next_due_on"] == "2027-11-20"

    @pytest.mark.parametrize(
        ("value", "place"), [("9.9905", 0), ("10", 500), ("10.0095", 1000), ("11", 1250)]
    )
    def test_the_gauge_shows_where_the_value_lies(
        self, snapshot: CertificateSnapshot, value: str, place: int
    ) -> None:
        data = snapshot_to_data(replace(snapshot, points=(point("10", as_found=found(value)),)))
        gauge = data["tables"][0]["rows"][0]["phases"][0]["gauge"]
        assert gauge["at"] == place

    @pytest.mark.parametrize("limits", [("", "10"), ("9", ""), ("11", "9"), ("a", "b")])
    def test_no_gauge_without_two_limits(
        self, snapshot: CertificateSnapshot, limits: tuple[str, str]
    ) -> None:
        one = point("10", lower_limit=limits[0], upper_limit=limits[1])
        data = snapshot_to_data(replace(snapshot, points=(one,)))
        assert data["tables"][0]["rows"][0]["phases"][0]["gauge"] is None


class TestPrint:
    def test_every_particular_is_searchable(self, snapshot: CertificateSnapshot) -> None:
        text = text_of(snapshot)
        for particular in (
            "Calibration certificate", "CAL-2026-00412", "7QK4-M2XV", URL,
            "Norddeutsche Messtechnik", "Werftstraße 14, 24143 Kiel", "Halden Pumper AS",
            "Laboratory 2", "Multimeter", "Fluke", "87V", "41230577", "EQ-117", "good, sealed",
            "2026-11-18", "2026-11-20", "2026-11-23", "CP-DMM-01 version 3", "23.1 °C",
            "Calibrator", "PTB-24-51207", "2027-03-31", "Simple acceptance (w = 0).",
            "DC voltage", "values in V", "10.50", "9.9905", "10.0095", "10.0012", "0.0012",
            "0.0006", "2.00", "15.8", "95 %", "International System of Units", "Pass",
            "relate only to the item", "Jonas Petersen", "Performed the calibration",
            "Marta Kowalczyk", "head of laboratory", "Authorised the issue",
            "2026-11-23 08:12:55 UTC", "End of calibration certificate CAL-2026-00412",
        ):  # fmt: skip
            assert particular in text
        for other in ("DRAFT", "VOID", "SUPERSEDED", "Next calibration", "not stated"):
            assert other not in text

    def test_number_and_page_of_pages_on_each_page(self, snapshot: CertificateSnapshot) -> None:
        many = tuple(point(str(number)) for number in range(120))
        pages = reader_of(replace(snapshot, points=many)).pages
        assert len(pages) > 2
        for index, page in enumerate(pages, start=1):
            text = page.extract_text()
            assert f"Page {index} of {len(pages)}" in text
            assert "CAL-2026-00412" in text
            assert ("End of calibration certificate" in text) == (index == len(pages))

    def test_same_snapshot_same_bytes(self, snapshot: CertificateSnapshot) -> None:
        first, second = (printed(snapshot_to_data(replace(snapshot))) for _ in range(2))
        assert first == second

    def test_a_draft_is_marked_and_has_no_number(self, snapshot: CertificateSnapshot) -> None:
        text = text_of(replace(snapshot, state=State.DRAFT))
        assert "DRAFT" in text
        assert "CAL-2026-00412" not in text
        assert "7QK4-M2XV" not in text
        assert "Draft of record 019ab2c4-8f1e-7c31-9d55-0b6f6f2f1a77" in text

    def test_a_void_one_says_so_across_each_page(self, snapshot: CertificateSnapshot) -> None:
        data = voided(snapshot_to_data(snapshot), "wrong calibrator", date(2026, 12, 1))
        text = pypdf.PdfReader(io.BytesIO(printed(data))).pages[0].extract_text()
        assert "VOID" in text
        assert "Void since 2026-12-01. This document must not be used." in text
        assert "wrong calibrator" in text
        assert "CAL-2026-00412" in text

    def test_a_replaced_one_names_its_successor(self, snapshot: CertificateSnapshot) -> None:
        data = superseded(snapshot_to_data(snapshot), "CAL-2026-00500")
        text = pypdf.PdfReader(io.BytesIO(printed(data))).pages[0].extract_text()
        assert {"SUPERSEDED", "CAL-2026-00500."} <= set(text.split())

    def test_a_reissue_names_what_it_replaces(self, snapshot: CertificateSnapshot) -> None:
        text = text_of(replace(snapshot, revision=2, replaces="CAL-2026-00398"))
        assert "revision 2" in text
        assert "replaces CAL-2026-00398" in text

    def test_what_is_missing_is_said(self, snapshot: CertificateSnapshot) -> None:
        bare = CertificateSnapshot(
            record_id="019ab2c4",
            state=State.ISSUED,
            number="CAL-1",
            laboratory=Party("Main"),
            item=Item("Wrench"),
            performed_on=date(2026, 11, 20),
            points=(point("10", expanded_uncertainty="0", coverage_factor="2"),),
        )
        text = text_of(bare)
        assert "Calibration record" in text
        assert "method: not stated" in text
        assert "The uncertainty of measurement was not evaluated." in text

    def test_its_statements_are_printed_as_told(self, snapshot: CertificateSnapshot) -> None:
        agreed = replace(snapshot, interval_agreed=True, next_due_on=date(2027, 11, 20))
        text = "".join(text_of(agreed).split())
        for label, statement in statements_of(snapshot_to_data(agreed)):
            assert "".join(statement.split()) in text, label

    def test_as_found_and_as_left_stand_together(self, snapshot: CertificateSnapshot) -> None:
        one = point("10", as_found=found("10.0101", "fail"), as_left=found("10.0002"))
        both = replace(snapshot, points=(one,), as_found_result="fail")
        for text in (text_of(replace(both, adjusted=True)), text_of(both)):
            assert {"found", "left", "10.0101", "10.0002", "Fail", "Pass"} <= set(text.split())
            assert "No adjustment was made" not in text

    def test_all_readings_are_kept_with_what_was_set_aside(
        self, snapshot: CertificateSnapshot
    ) -> None:
        readings = (PrintedReading("10.0010"), PrintedReading("10.9", excluded="loose lead"))
        one = point("10", as_found=Findings(readings, "10.0010", result="pass"))
        text = text_of(replace(snapshot, points=(one,)))
        assert "10.9 (excluded: loose lead)" in text

    def test_an_external_one_shows_the_providers_particulars(
        self, external: CertificateSnapshot
    ) -> None:
        text = text_of(external)
        for particular in ("Element AB", "EM-26-118734", "2026-11-12", "Result reported by the"):
            assert particular in text
        assert "Results" not in text.splitlines()

    def test_any_text_prints_literally_in_any_place(self, snapshot: CertificateSnapshot) -> None:
        evil = '#panic() $x$ \\ *b* _i_ <l> @r `c` // "q" [a] {b} = h'
        text = text_of(
            replace(
                snapshot,
                laboratory=Party(evil, evil, evil),
                notes=evil,
                deviations=evil,
                limitation=evil,
                points=(point("10", section=evil, condition=evil),),
            )
        )
        assert text.replace("\n", " ").count(evil) == 8

    def test_long_and_foreign_text_does_not_break_it(self, snapshot: CertificateSnapshot) -> None:
        long = "W" * 3000
        text = text_of(
            replace(
                snapshot,
                item=Item(long, long, "מודל", long, "名前 \x00\u202e", "جيد"),
                notes="ä#$" * 3400,
                points=(point("1" * 60, parameter=long, as_found=found("10." + "0" * 90)),),
            )
        )
        assert "[U+540D U+524D] [U+0000 U+202E]" in " ".join(text.split())
        assert text.count("W") >= 3 * 3000
