"""The record form as its template needs it: rows, fields, and a verdict that is not kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from calibrify_calibration.domain.decimals import decimal_of, number_of
from calibrify_calibration.domain.limits import Limits
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.pages.entry import ENVIRONMENT, Entry, EntryPoint, point_body
from calibrify_calibration.pages.point_rows import BAD, limits_of, limits_text, name_of, row_of
from calibrify_calibration.pages.wording import KINDS, RESULTS, RULES, options

GUARDED = frozenset({"guard_band_u", "non_binary"})
WORDS = {
    "pass": "Pass",
    "fail": "Fail",
    "found": "Found out",
    "guard": "In guard band",
    "empty": "Not entered",
    "bad": "Not a number",
    "none": "No limits",
    "progress": "{n} of {total} points entered",
}
COLUMN_LABELS = {
    "as_found": "As found",
    "as_left": "As left",
    "parameter": "Parameter",
    "nominal": "Nominal",
    "unit": "Unit",
    "plus_minus": "± tolerance",
    "lower_limit": "Lower limit",
    "upper_limit": "Upper limit",
    "expanded_uncertainty": "U, expanded",
    "coverage_factor": "k",
    "section": "Section",
    "range": "Range",
    "reference_value": "Reference value",
    "reading_of": "What reads",
    "not_tested_reason": "Not measured because",
}
_POINT = re.compile(r"points\.(\d+)\.(\w+)")
_PROMOTED = {"tolerance": "plus_minus", "limits": "lower_limit"}


def problems_shown(problems: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Returns problems with the names of the form's controls, the first of each control.

    A reading may be text or more than that: when it is neither, both say so.

    >>> problems_shown([{"name": "points.2.as_found.0", "text": "x"}])
    [{'name': 'points.2.as_found', 'text': 'x'}]
    """
    found: dict[str, dict[str, str]] = {}
    for one in problems:
        name = control_of(one["name"])
        found.setdefault(name or one["text"], {"name": name, "text": one["text"]})
    return list(found.values())


def labels_of(points: Sequence[EntryPoint], fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Returns what the controls of the form are called, those of a point with its name.

    Args:
        points: what was typed.
        fields: of how and in which conditions the work was done.
    """
    labels = {str(field["name"]): str(field["label"]) for field in fields}
    labels["new_standard"] = "Add a standard"
    for index, point in enumerate(points):
        name = name_of(point_body(point))[1] or f"Point {index + 1}"
        labels |= {f"points.{index}.{column}": f"{name}, {label}"
                   for column, label in COLUMN_LABELS.items()}  # fmt: skip
    return labels


def control_of(name: str) -> str:
    """Returns the control that holds a member of the body.

    >>> control_of("points.0.tolerance.absolute"), control_of("environment.temperature_c")
    ('points.0.plus_minus', 'temperature_c')
    >>> control_of("standards.1.equipment_id"), control_of("kind")
    ('new_standard', 'kind')
    """
    matched = _POINT.match(name)
    if matched is not None:
        return f"points.{matched[1]}.{_PROMOTED.get(matched[2], matched[2])}"
    if name.startswith("standards"):
        return "new_standard"
    if name.startswith("environment."):
        known = name.split(".")[1]
        return known if known in ENVIRONMENT else ""
    return name if name != "points" else "points.0.parameter"


def rows_shown(
    points: Sequence[EntryPoint],
    errors: Mapping[str, str],
    judged: Sequence[Mapping[str, Any] | None] | None,
    rule: str,
) -> list[dict[str, Any]]:
    """Returns the rows of the readings grid.

    Args:
        points: what was typed.
        errors: by control.
        judged: the points with their evaluations, if they were judged.
        rule: the decision rule, for the acceptance limits of the preview.
    """
    rows: list[dict[str, Any]] = []
    before = ""
    for index, point in enumerate(points):
        body = point_body(point)
        prefix = f"points.{index}."
        own = {
            name[len(prefix) :]: text for name, text in errors.items() if name.startswith(prefix)
        }
        heading, name, detail = name_of(body)
        point_judged = judged[index] if judged is not None and index < len(judged) else None
        row = None if point_judged is None else row_of(point_judged)
        limits = limits_of(body)
        undefined = not (body.get("parameter") and body.get("nominal") and body.get("unit"))
        rows.append(
            {
                "index": index,
                "prefix": prefix,
                "name": name or "New point",
                "detail": detail,
                "heading": heading if heading != before else "",
                "texts": point.texts,
                "carried": point.carried_text,
                "opened": point.opened or undefined or bool(set(own) - {"as_found", "as_left"}),
                "errors": own,
                "limits": "" if undefined and limits.is_open else limits_text(body, limits),
                "data": grid_data(body, limits, rule),
                "row": row,
                "unread": bool(set(own) & {"as_found", "as_left"}),
                "failed": row is not None and row.tone == "oot",
                "tolerance_note": tolerance_note(point.carried.get("tolerance")),
            }
        )
        before = heading
    return rows


def grid_data(body: Mapping[str, Any], limits: Limits, rule: str) -> dict[str, str]:
    """Returns what the readings grid needs for its preview, in the unit of the point."""
    found = {"nominal": _plain(body.get("nominal")) or "0"}
    spread = _plain(body.get("expanded_uncertainty"))
    shown = {"lower": limits.lower_decimal, "upper": limits.upper_decimal}
    if spread:
        found["uncertainty"] = spread
        if rule in GUARDED:
            inner = limits.shrunk(Fraction(Decimal(spread)))
            shown |= {"accept-lower": inner.lower_decimal, "accept-upper": inner.upper_decimal}
    return found | {name: format(value, "f") for name, value in shown.items() if value is not None}


def _plain(text: Any) -> str:
    """Returns a number without an exponent; empty for what is none."""
    try:
        return format(decimal_of(Fraction(number_of(str(text)))), "f") if text else ""
    except RuleError:
        return ""


def tolerance_note(tolerance: Any) -> str:
    """Returns a specification in words; empty where limits are typed.

    >>> tolerance_note({"percent_of_reading": "0.5", "counts": "2"})
    'Tolerance from the specification: 0.5 % of reading + 2 counts. Typed limits replace it.'
    """
    if not isinstance(tolerance, Mapping):
        return ""
    units = {
        "absolute": "", "percent_of_reading": " % of reading", "percent_of_span": " % of span",
        "ppm": " ppm", "counts": " counts", "floor": " at least",
    }  # fmt: skip
    parts = [f"{tolerance[name]}{words}" for name, words in units.items() if tolerance.get(name)]
    told = " + ".join(parts) or "one for each side"
    return f"Tolerance from the specification: {told}. Typed limits replace it."


def result_shown(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the verdict on a record in a chip and sentences with their consequence.

    Args:
        columns: judged members: ``points``, both results, ``outcome`` and ``adjusted``.
    """
    found, left = str(columns["as_found_result"]), str(columns["as_left_result"])
    rows = [row_of(point) for point in columns["points"]]
    out = [row for row in rows if row.tone == "oot" and row.in_scope]
    tone, icon, word = RESULTS.get(left, RESULTS["not_tested"])
    if found in BAD and left not in BAD:
        tone, icon, word = "oot", "octagon-alert", "As found: out of tolerance"
    elif left == "pass":
        word = "In tolerance"
    elif left in BAD:
        word = "As left: out of tolerance"
    sentences = _told(rows, out, found, left)
    if columns["adjusted"] and left in {"not_evaluated", "not_tested"}:
        sentences.append("After an adjustment every point needs an as-left reading.")
    return {"tone": tone, "icon": icon, "word": word, "sentences": sentences}


def _told(rows: Sequence[Any], out: Sequence[Any], found: str, left: str) -> list[str]:
    """Returns what was found, and what submitting and approving leads to."""
    sentences = []
    if out:
        worst = out[0]
        rest = len(out) - 1
        more = (
            f" So {'was 1 more point' if rest == 1 else f'were {rest} more points'}."
            if rest
            else ""
        )
        how = f" at {worst.percent} of tolerance" if worst.percent else " out of tolerance"
        if worst.gauge is not None and abs(worst.gauge.found) <= 1:
            how += ", which is inside the limits but in the guard band"
        sentences.append(f"{worst.label} was found{how}.{more}")
    elif left == "pass":
        sentences.append(f"All {len(rows)} points are in tolerance." if len(rows) != 1 else
                         "The one point is in tolerance.")  # fmt: skip
    if left in BAD:
        sentences.append("Approval clears the due date and holds the instrument back from use.")
    elif left in {"pass", "conditional_pass"}:
        sentences.append("Approval sets the next due date and issues the certificate.")
    elif left in {"not_evaluated", "not_tested", "indeterminate"}:
        sentences.append(
            "This is no pass: the due date stays as it is. Enter the missing readings, limits or "
            "uncertainty, or say why a point was not measured."
        )
    if found in BAD and left not in BAD:
        sentences.append("What it measured since its last calibration has to be looked at.")
    return sentences


def how_fields(
    entry: Entry, errors: Mapping[str, str], schedules: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Returns the fields of how the work was done."""
    texts = entry.texts
    fields: list[dict[str, Any]] = [
        {"kind": "select", "name": "kind", "label": "Kind", "options": options(KINDS)},
        {"kind": "text", "name": "method", "label": "Method", "required": False,
         "hint": "Procedure with its revision"},
        {"kind": "select", "name": "decision_rule", "label": "Decision rule",
         "options": options(RULES)},
        {"kind": "decimal", "name": "guard_band_factor", "label": "Guard band factor r",
         "required": False, "hint": "For w = r × U only"},
        {"kind": "textarea", "name": "as_found_na_reason", "label": "No as-found readings because",
         "required": False, "rows": 2},
        {"kind": "textarea", "name": "limitation", "label": "Limitation of use",
         "required": False, "rows": 2},
        {"kind": "textarea", "name": "notes", "label": "Observations", "required": False,
         "wide": True, "rows": 3},
    ]  # fmt: skip
    if len(schedules) > 1:
        fields.insert(
            1,
            {"kind": "select", "name": "schedule_id", "label": "Fulfils", "required": False,
             "options": list(schedules), "blank": "The schedule of its kind"},
        )  # fmt: skip
    shown = [_field(item, texts, errors) for item in fields]
    shown.append(
        {
            "kind": "checkbox",
            "name": "adjusted",
            "label": "It was adjusted between as found and as left",
            "value": entry.flags.get("adjusted", False),
            "error": errors.get("adjusted", ""),
        }
    )
    return shown


def condition_fields(entry: Entry, errors: Mapping[str, str]) -> list[dict[str, Any]]:
    """Returns the fields of when and where the work was done."""
    fields: list[dict[str, Any]] = [
        {"kind": "datetime-local", "name": "performed_at", "label": "Calibrated at"},
        {"kind": "date", "name": "received_on", "label": "Received on", "required": False},
        {"kind": "decimal", "name": "temperature_c", "label": "Temperature", "unit": "°C",
         "required": False},
        {"kind": "decimal", "name": "relative_humidity_pct", "label": "Relative humidity",
         "unit": "%", "required": False},
        {"kind": "text", "name": "place", "label": "Place", "required": False},
        {"kind": "text", "name": "condition_received", "label": "Condition on receipt",
         "required": False},
    ]  # fmt: skip
    return [_field(item, entry.texts, errors) for item in fields]


def _field(
    item: Mapping[str, Any], texts: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, Any]:
    """Returns a field with what was typed and what is wrong with it."""
    name = item["name"]
    return {**item, "value": texts.get(name, ""), "error": errors.get(name, "")}
