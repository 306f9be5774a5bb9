"""What a certificate says, from the data that its paper is printed from, as its page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from calibrify_calibration.domain.display import format_reading
from calibrify_calibration.pages.wording import REPORTED, RESULTS, chip
from calibrify_core.web.formats import Formats

Data = Mapping[str, Any]
Pairs = list[tuple[str, str]]

ABSENT = "not stated"
NO_PHASE: Data = {"phase": "", "value": "", "error": "", "result": "not_tested", "tur": "",
                  "readings": ""}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrintedResults:
    """The tables of results of a paper, with the columns that they need.

    Attributes:
        groups: heading and rows of each table.
        split: whether both phases stand there: after an adjustment, or where they differ.
        judged: whether conformity was asked for.
        reference: whether a point has a reference value; spread: an uncertainty; ratio: a test
            uncertainty ratio.
        factor: the coverage factor, where all uncertainties share one.
    """

    groups: list[tuple[str, list[dict[str, Any]]]]
    split: bool
    judged: bool
    reference: bool
    spread: bool
    ratio: bool
    factor: str


def results_of(data: Data) -> PrintedResults:
    """Returns the results of a paper, only with the columns in which something stands.

    Args:
        data: what the paper is printed from.
    """
    points = [row for table in data["tables"] for row in table["rows"]]
    split = bool(data["adjusted"]) or any(
        len({phase["value"] for phase in row["phases"]}) > 1 for row in points
    )
    factors = {row["k"] for row in points if row["u"]}
    groups = [
        (_heading(table), [row for point in table["rows"] for row in _rows(point, split, data)])
        for table in data["tables"]
    ]
    return PrintedResults(
        groups=groups,
        split=split,
        judged=bool(data["conformity_requested"]),
        reference=any(row["reference"] for row in points),
        spread=bool(factors),
        ratio=any(row["tur"] for _, rows in groups for row in rows),
        factor=factors.pop() if len(factors) == 1 else "",
    )


def _heading(table: Data) -> str:
    """Returns what stands above the results of one table."""
    section, parameter = table["section"], table["parameter"]
    parts = (
        "" if section in parameter else section,
        parameter,
        table["range"] and f"range {table['range']}",
        f"values in {table['unit']}" if table["unit"] else "no unit stated",
    )
    return " · ".join(part for part in parts if part)


def _rows(point: Data, split: bool, data: Data) -> Iterator[dict[str, Any]]:
    """Yields a point of a paper once for each phase that stands there."""
    phases = point["phases"] if split else point["phases"][:1]
    for index, phase in enumerate(phases or [NO_PHASE]):
        several = len(data["standards"]) > 1 and index == 0
        notes = (
            point["condition"] if index == 0 else "",
            phase["readings"] and f"Readings: {phase['readings']}",
            point["not_tested_reason"] and f"Not tested: {point['not_tested_reason']}",
            f"Measured with {', '.join(point['standards'])}"
            if several and point["standards"]
            else "",
        )
        yield {
            "nominal": format_reading(point["nominal"]),
            "notes": " · ".join(note for note in notes if note),
            "phase": phase["phase"],
            "reference": format_reading(point["reference"]),
            "lower": format_reading(point["lower"]),
            "upper": format_reading(point["upper"]),
            "value": format_reading(phase["value"]),
            "error": format_reading(phase["error"]),
            "u": point["u"],
            "k": point["k"],
            "tur": phase["tur"],
            "in_scope": point["in_scope"],
            "verdict": chip(RESULTS, phase["result"]),
        }


def sections_of(data: Data, fmt: Formats) -> list[tuple[str, Pairs]]:
    """Returns the particulars of a paper in its own order, each list with its heading.

    Args:
        data: what the paper is printed from.
        fmt: how days are written.
    """
    outside = data["external"]
    found = [("", _answers(data, fmt)), ("", _item(data)), ("", _circumstances(data, fmt))]
    if outside is not None:
        found.append(("Certificate of the external provider", _outside(outside, fmt)))
    if outside is None or data["method"] or data["environment"]:
        found.append(("Method and conditions", _method(data)))
    return [(heading, [pair for pair in pairs if pair[1]]) for heading, pairs in found]


def _answers(data: Data, fmt: Formats) -> Pairs:
    """Returns what a paper says first: the results, and when they were got."""
    outside = data["external"]
    if outside is not None:
        answers = [("Result of the provider", REPORTED.get(outside["result"], ("", "", ABSENT))[2])]
    else:
        answers = [("Adjusted", "Yes" if data["adjusted"] else "No")]
        if data["conformity_requested"]:
            found = RESULTS[data["as_found_result"]][2]
            came = "Not available" if data["as_found_na_reason"] else found
            left = RESULTS[data["as_left_result"]][2]
            answers = [("Result as found", came), ("Result as left", left), *answers]
    return [*answers, ("Next calibration due", day_shown(data["next_due_on"], fmt))]


def _item(data: Data) -> Pairs:
    """Returns what was calibrated."""
    item = data["item"]
    return [
        ("Item", item["name"]),
        ("Manufacturer", item["manufacturer"] or ABSENT),
        ("Model", item["model"] or ABSENT),
        ("Serial number", item["serial_number"] or ABSENT),
        ("Asset tag", item["asset_tag"] or ABSENT),
        ("Condition received", item["condition_received"] or ABSENT),
        ("Condition returned", item["condition_returned"]),
    ]


def _circumstances(data: Data, fmt: Formats) -> Pairs:
    """Returns for whom, where and when it was calibrated."""
    customer = data["customer"] or {}
    known = (customer.get(name) for name in ("name", "address", "contact"))
    return [
        ("Customer", "\n".join(one for one in known if one) or ABSENT),
        ("Place of calibration", data["place"] or ABSENT),
        ("Received", day_shown(data["received_on"], fmt) or ABSENT),
        ("Calibrated", day_shown(data["performed_on"], fmt)),
        ("Issued", day_shown(data["issued_on"], fmt) or "not issued"),
        ("Kind", data["kind"]),
    ]


def _outside(report: Data, fmt: Formats) -> Pairs:
    """Returns what the certificate of an outside laboratory is known by."""
    return [
        ("Provider", report["supplier"] or ABSENT),
        ("Accreditation", report["accreditation"]),
        ("Certificate number", report["certificate_number"] or ABSENT),
        ("Certificate date", day_shown(report["certificate_date"], fmt) or ABSENT),
        ("File", report["file_name"]),
    ]


def _method(data: Data) -> Pairs:
    """Returns how the work was done."""
    climate = ", ".join(f"{one['name']} {one['value']}" for one in data["environment"])
    method = " version ".join(one for one in (data["method"], data["method_version"]) if one)
    agreed = " Agreed with the customer." if data["decision_rule_agreed"] else ""
    judged = data["external"] is None and data["conformity_requested"]
    return [
        ("Method", method or ABSENT),
        ("Environment", climate or ABSENT),
        ("Decision rule", f"{data['decision_rule'] or ABSENT}{agreed}" if judged else ""),
        ("Deviations", data["deviations"]),
    ]


def standards_shown(data: Data, fmt: Formats) -> list[dict[str, str]]:
    """Returns the standards of a paper, their due dates as pages write days."""
    return [{**one, "due_on": day_shown(one["due_on"], fmt)} for one in data["standards"]]


def signatures_shown(data: Data, fmt: Formats) -> list[tuple[str, dict[str, str] | None]]:
    """Returns who answers for a paper, each with a label; ``at`` is empty for who did not sign."""
    first = "Performed by" if data["external"] is None else "Recorded by"
    found = ((first, data["performed_by"]), ("Authorised by", data["approved_by"]))
    return [(label, one and {**one, "at": day_shown(one["at"], fmt)}) for label, one in found]


def day_shown(text: str, fmt: Formats) -> str:
    """Returns a day of a paper as pages write it; what stands behind it stays.

    Args:
        text: an ISO 8601 day or a moment, or nothing.
        fmt: how days are written.
    """
    return f"{fmt.date(date.fromisoformat(text[:10]))}{text[10:]}" if text else ""
