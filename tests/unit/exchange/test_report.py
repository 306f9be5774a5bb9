from __future__ import annotations

import io
import json

from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.report import KEPT, ErrorFile, ImportReport, RowOutcome
from calibrify_core.exchange.tables import ReadOptions, RowProblem


def problem(row: int) -> RowProblem:
    return RowProblem(row, "State", "PR#", "No status.")


def test_outcomes_are_counted() -> None:
    report = ImportReport()
    report.count(
        [
            RowOutcome(1, "created", warnings=[problem(1)]),
            RowOutcome(2, "updated"),
            RowOutcome(4, "unchanged"),
            RowOutcome(5, "failed", errors=[problem(5), problem(5)]),
        ]
    )
    result = report.as_json()
    counters = ("rows", "created", "updated", "unchanged", "failed", "last_row")
    assert [result[name] for name in counters] == [4, 1, 1, 1, 1, 5]
    assert (
        result["errors"]
        == [{"row": 5, "column": "State", "value": "PR#", "detail": "No status."}] * 2
    )
    assert len(result["warnings"]) == 1


def test_lists_are_bounded_and_totals_are_not() -> None:
    report = ImportReport()
    for start in range(1, 3_001, 500):
        report.count(
            RowOutcome(n, "failed", errors=[problem(n)], warnings=[problem(n)])
            for n in range(start, start + 500)
        )
    result = report.as_json()
    assert len(result["errors"]) == len(result["warnings"]) == KEPT
    assert result["errors_total"] == result["warnings_total"] == 3_000
    assert result["errors"][-1]["row"] == KEPT


def test_it_survives_a_restart() -> None:
    report = ImportReport(notes=["The file is UTF-16."])
    report.count([RowOutcome(1, "created"), RowOutcome(2, "failed", errors=[problem(2)])])
    stored = json.loads(json.dumps(report.as_json()))
    resumed = ImportReport.from_json(stored)
    assert resumed == report
    resumed.count([RowOutcome(3, "failed", errors=[problem(3)])])
    assert len(stored["errors"]) == 1
    assert resumed.failed == 2


def test_the_error_file_can_be_put_right_and_imported_again() -> None:
    file = ErrorFile(["Tag", "Limit"])
    file.add(7, {"Tag": "'=A", "Limit": "-77.5DB+3"}, [problem(7), RowProblem(7, None, "", "Odd.")])
    file.add(9, {"Tag": "B", "Limit": ""}, [problem(9)])
    content = b"".join(file.read())
    assert b"'-77.5DB+3" in content
    table = open_table(io.BytesIO(content), "errors.csv", ReadOptions())
    first, second = table.rows()
    assert first.cells == {
        "Tag": "'=A",
        "Limit": "-77.5DB+3",
        "Import row": "7",
        "Import error": "State: No status. Odd.",
    }
    assert second.cells["Import row"] == "9"
    assert b"".join(file.read()) == content
    file.close()


def test_without_failed_rows_it_is_empty() -> None:
    file = ErrorFile(["Tag"])
    assert b"".join(file.read()) == b""
    file.close()
