"""What a certificate states at its end, whoever shows it."""

from __future__ import annotations

from typing import Any

import pytest

from calibrify_calibration.domain.statements import VALIDITY, statements_of

POINTS = {"rows": [{"u": "", "k": ""}, {"u": "0.2", "k": "2"}]}
DATA: dict[str, Any] = {
    "title": "Calibration certificate",
    "external": None,
    "traceability": "Traceable to the SI.",
    "any_uncertainty": True,
    "coverage_probability": "95 %",
    "tables": [POINTS],
    "conformity_requested": True,
    "decision_rule": "Simple acceptance",
    "any_out_of_scope": False,
    "next_due_on": "",
    "limitation": "",
    "notes": "",
    "missing": [],
}


def told(**changes: Any) -> dict[str, str]:
    return dict(statements_of({**DATA, **changes}))


def test_a_complete_one_states_what_the_standard_asks_for_in_its_order() -> None:
    assert list(told()) == ["Traceability", "Uncertainty", "Conformity", "Validity"]
    assert told()["Validity"] == VALIDITY
    everything = told(next_due_on="2027-01-02", limitation="Below 5 V", notes="Cold", missing=["x"])
    assert list(everything)[4:] == ["Next calibration", "Limitation of use", "Notes", "Not stated"]


@pytest.mark.parametrize(
    ("changes", "label", "words"),
    [
        ({"traceability": ""}, "Traceability", "This calibration certificate carries no"),
        ({"any_uncertainty": False}, "Uncertainty", "The uncertainty of measurement was not"),
        ({}, "Uncertainty", "k = 2, which for a normal distribution"),
        ({"coverage_probability": ""}, "Uncertainty", "factor k stated with it."),
        ({}, "Conformity", "by the decision rule named above."),
        ({"decision_rule": ""}, "Conformity", "no decision rule is stated."),
        ({"any_out_of_scope": True}, "Conformity", '"Not in scope" are not part of it.'),
        ({"missing": ["method", "customer"]}, "Not stated", "missing: method, customer."),
        ({"next_due_on": "2027-01-02"}, "Next calibration", "2027-01-02; the interval"),
    ],
)
def test_each_says_what_holds(changes: dict[str, Any], label: str, words: str) -> None:
    assert words in told(**changes)[label]


def test_of_an_outside_laboratory_nothing_is_stated_that_its_certificate_states() -> None:
    assert list(told(external={}, missing=["method"])) == ["Traceability", "Validity"]
    untraced = told(external={}, traceability="")["Traceability"]
    assert untraced.startswith("See the certificate of the external provider. This")


def test_a_page_writes_the_due_date_in_its_own_way() -> None:
    pairs = statements_of({**DATA, "next_due_on": "2027-01-02"}, lambda day: day.replace("-", "/"))
    assert dict(pairs)["Next calibration"].startswith("2027/01/02; the interval was agreed")
