"""The statements at the end of a certificate, in the words of its paper and of its page.

They follow from the stored data (``domain/certificate_data.py``) and are no part of it, so that an
old paper that is declared void says today what it said when it was issued.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Stated = list[tuple[str, str]]

VALIDITY = (
    "The results relate only to the item named above, in the condition in which it was calibrated. "
    "This document may be reproduced in full only, unless the laboratory agrees in writing."
)


def statements_of(data: Mapping[str, Any], day: Callable[[str], str] = str) -> Stated:
    """Returns the statements of a certificate with their labels, ISO/IEC 17025:2017, 7.8.

    Args:
        data: what the paper is printed from.
        day: how an ISO 8601 day is written; as it stands if nothing is given.
    """
    own, due = data["external"] is None, data["next_due_on"]
    judged = own and data["conformity_requested"]
    pairs = [
        ("Traceability", data["traceability"] or _untraced(data)),
        ("Uncertainty", _uncertainty(data) if own else ""),
        ("Conformity", _conformity(data) if judged else ""),
        ("Validity", VALIDITY),
        ("Next calibration", due and f"{day(due)}; the interval was agreed with the customer."),
        ("Limitation of use", data["limitation"]),
        ("Notes", data["notes"]),
        ("Not stated", _missing(data) if own else ""),
    ]
    return [(label, text) for label, text in pairs if text]


def _untraced(data: Mapping[str, Any]) -> str:
    """Returns what stands in the place of a statement of traceability."""
    said = f"This {data['title'].lower()} carries no statement of traceability."
    outside = data["external"] is not None
    return f"See the certificate of the external provider. {said}" if outside else said


def _uncertainty(data: Mapping[str, Any]) -> str:
    """Returns what the uncertainties mean."""
    if not data["any_uncertainty"]:
        return "The uncertainty of measurement was not evaluated."
    meant, probability = "k stated with it", data["coverage_probability"]
    if probability:
        factor = next(row["k"] for table in data["tables"] for row in table["rows"] if row["u"])
        meant = (
            f"k = {factor}, which for a normal distribution corresponds to a coverage "
            f"probability of approximately {probability}"
        )
    return (
        "U is the expanded uncertainty: the standard uncertainty multiplied by the coverage "
        f"factor {meant}. Where none is stated it was not evaluated."
    )


def _conformity(data: Mapping[str, Any]) -> str:
    """Returns what the results say of the limits."""
    said = (
        "The results state conformity with the limits shown, by the decision rule named above."
        if data["decision_rule"]
        else "The results compare the values with the limits shown; no decision rule is stated."
    )
    outside = ' Points marked "Not in scope" are not part of it.'
    return f"{said}{outside}" if data["any_out_of_scope"] else said


def _missing(data: Mapping[str, Any]) -> str:
    """Returns what keeps a record from being a certificate; nothing if nothing does."""
    if not data["missing"]:
        return ""
    named = ", ".join(data["missing"])
    return f"Issued as a record. Particulars of ISO/IEC 17025 that are missing: {named}."
