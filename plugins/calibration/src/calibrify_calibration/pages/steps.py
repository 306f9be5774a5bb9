"""What becomes of a record: submit, approve with a signature, reject, declare void, amend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.pages.point_rows import rows_of
from calibrify_calibration.pages.wording import KINDS, REPORTED, RESULTS
from calibrify_calibration.permissions import APPROVE, RECORD, VIEW, VOID
from calibrify_calibration.services import approvals
from calibrify_calibration.services.signatures import precheck
from calibrify_core.auth.confirmation import Confirmed, confirm
from calibrify_core.auth.policy import visit_of
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Invalid,
    TooManyRequests,
    Unauthenticated,
)
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.page import formats_of, reading_unit
from calibrify_equipment.parties import supplier_facts
from calibrify_equipment.public import find_equipment

CONFIRM = "calibrify/confirm.html"
LONGEST = 2_000
LONGEST_PASSWORD = 1_024
MEANINGS = (
    ("approved", "Approved: it may be issued"),
    ("reviewed", "Reviewed: the readings and the verdict are right"),
)
PERFORMED = (("performed", "Performed: these are my readings"),)


def crumbs_of(request: Any, record: Calibration) -> list[tuple[str, str | None]]:
    """Returns the way to a page below a record's own."""
    path = request.route_path
    return [
        ("Calibrations", path("calibration.calibration.list")),
        (record.number or "Imported", path("calibration.calibration.show", id=record.id)),
    ]


def statement_of(request: Any, record: Calibration) -> list[dict[str, str]]:
    """Returns what a signature is put to: the record restated, line by line."""
    unit, fmt = reading_unit(request), formats_of(request)
    equipment = find_equipment(unit, record.equipment_id, VIEW)
    rows = rows_of(record.points)
    out = sum(row.tone == "oot" for row in rows)
    lines = [
        ("Record", f"{record.number}, revision {record.revision}"),
        ("Instrument", f"{equipment.asset_tag} {equipment.name}"),
        ("Kind", KINDS[record.kind]),
    ]
    if record.provider_type != "external":
        done = f"{fmt.datetime(record.performed_at)} by {record.performed_by}"
        lines.append(("Performed", done))
    else:
        # Their certificate names a day; the time that is stored with it stands for none.
        lines.append(("Performed", f"{fmt.date(record.performed_on)} by {_outside(unit, record)}"))
        lines.append(("Recorded by", record.performed_by))
        reported = REPORTED.get(record.reported_result or "", ("", "", "not stated"))[2]
        lines.append(("Outside certificate", f"{record.certificate_number}, {reported.lower()}"))
    if rows:
        words = [RESULTS[str(one)][2].lower() for one in (record.as_found_result,
                 record.as_left_result) if one]  # fmt: skip
        lines.append(("Result", f"As found {words[0]}, as left {words[-1]}"))
        lines.append(("Points", f"{len(rows)}, {out} of them found or left out of tolerance"))
    return [{"label": label, "detail": detail} for label, detail in lines]


def _outside(unit: Any, record: Calibration) -> str:
    """Returns the name of the laboratory that an outside certificate is from."""
    found = None if record.supplier_id is None else supplier_facts(unit, record.supplier_id)
    return "an outside laboratory" if found is None else str(found.name)


def _signing_fields(meanings: Sequence[tuple[str, str]], meaning: str) -> list[dict[str, Any]]:
    """Returns what a signature asks for."""
    return [
        {"kind": "radio", "name": "meaning", "label": "Your signature means",
         "options": list(meanings), "value": meaning or meanings[0][0]},
        {"kind": "password", "name": "password", "label": "Your password",
         "extra": {"autocomplete": "current-password", "maxlength": LONGEST_PASSWORD}},
    ]  # fmt: skip


def _page(
    request: Any, record: Calibration, title: str, confirm_: dict[str, Any]
) -> dict[str, Any]:
    """Returns what a confirming page needs."""
    shown = {
        "action": request.path,
        "label": "What it is about",
        "entries": statement_of(request, record),
        "cancel_href": request.route_path("calibration.calibration.show", id=record.id),
        "problems": [],
        **confirm_,
    }
    errors = {problem["name"]: problem["text"] for problem in shown["problems"]}
    for item in shown.get("fields", []):
        item.setdefault("error", errors.get(item["name"], ""))
    return {"title": title, "crumbs": crumbs_of(request, record), "confirm": shown}


def offer_submit(request: Any, problems: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """Shows what is handed in; with a signature where the organisation asks for one."""
    record = _checked(request, RECORD, RecordState.SUBMITTED)
    signed = approvals.needs_signature(reading_unit(request))
    return _page(
        request,
        record,
        f"Submit {record.number}",
        {
            "sentence": "It goes to review. Its readings do not change any more, unless it is "
            "sent back.",
            "fields": _signing_fields(PERFORMED, "") if signed else [],
            "submit_label": "Sign and submit" if signed else "Submit",
            "icon": "send",
            "problems": list(problems),
        },
    )


def submit(request: Any) -> Any:
    """Hands the record in."""
    signed: Confirmed | None = None
    try:
        if "password" in request.POST:
            signed = _signed(request, RECORD, RecordState.SUBMITTED)
        with request.short_unit() as unit:
            number = approvals.submit(unit, request.matchdict["id"], signed).number
    except (Invalid, Unauthenticated, TooManyRequests) as error:
        return offer_submit(request, _problems(error))
    flash(request, f"{number} is submitted for review.")
    return _back(request)


def offer_approval(
    request: Any, problems: Sequence[dict[str, str]] = (), meaning: str = ""
) -> dict[str, Any]:
    """Shows what is signed: the record restated, and its consequences."""
    record = _checked(request, APPROVE, RecordState.APPROVED)
    return _page(
        request,
        record,
        f"Approve {record.number}",
        {
            "sentence": "You sign what stands here. An approved record never changes; it can only "
            "be declared void or amended, with a reason.",
            "consequences": consequences_of(record),
            "fields": _signing_fields(MEANINGS, meaning),
            "submit_label": "Sign and approve",
            "icon": "shield-check",
            "problems": list(problems),
        },
    )


def consequences_of(record: Calibration) -> list[str]:
    """Returns what an approval leads to."""
    if record.outcome in {"fail", "conditional_fail"}:
        return [
            "The due date is cleared, and the instrument is out of tolerance.",
            "It is held back from use where the organisation says so.",
        ]
    if record.outcome in {"pass", "conditional_pass"}:
        found = ["The next due date is set.", "The certificate is numbered and issued."]
        return found[:1] if record.provider_type == "external" else found
    return ["This result is no pass: the due date stays as it is."]


def approve(request: Any) -> Any:
    """Signs the record and puts it in force."""
    try:
        signed = _signed(request, APPROVE, RecordState.APPROVED)
        with request.short_unit() as unit:
            record = approvals.approve(unit, request.matchdict["id"], signed)
            said = f"{record.number} is approved; certificate {record.issued_number} is issued."
    except (Invalid, Unauthenticated, TooManyRequests) as error:
        return offer_approval(request, _problems(error), request.POST.get("meaning", ""))
    flash(request, said)
    return _back(request)


def _signed(request: Any, permission: str, wanted: RecordState) -> Confirmed:
    """Asks for the password; the address opens its own transactions, so none is open yet."""
    _checked(request, permission, wanted)
    request.reader.session.rollback()
    password = request.POST.get("password", "")
    if not isinstance(password, str) or len(password) > LONGEST_PASSWORD:
        raise Invalid.field("password", "Give your password to sign.")
    return confirm(
        request.platform,
        request.principal,
        password,
        str(request.POST.get("meaning", "")),
        visit_of(request),
    )


def _checked(request: Any, permission: str, wanted: RecordState) -> Calibration:
    """Returns the record if it can take a step."""
    return precheck(reading_unit(request), request.matchdict["id"], permission, wanted)


def _problems(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of a refused step; a wrong password stands at its field."""
    if isinstance(error, Unauthenticated):
        return [{"name": "password", "text": "This is not your password."}]
    if isinstance(error, TooManyRequests):
        return [{"name": "password", "text": error.detail}]
    return problems_of(error)


def _back(request: Any) -> Any:
    """Leads back to the record."""
    return see_other(request, "calibration.calibration.show", id=request.matchdict["id"])


Step = Callable[[Any, Any, str], Calibration]
REASONED: dict[str, tuple[str, RecordState, str, str, str, Step]] = {
    "reject": (
        APPROVE,
        RecordState.REJECTED,
        "Reject",
        "It goes back to whoever recorded it; its readings are kept.",
        "is sent back",
        approvals.reject,
    ),
    "void": (
        VOID,
        RecordState.VOID,
        "Declare void",
        (
            "It stays readable and counts no more: the due date is derived without it, and its "
            "certificate says that it is void."
        ),
        "is void",
        approvals.void,
    ),
    "amend": (
        VOID,
        RecordState.SUPERSEDED,
        "Amend",
        (
            "A new draft opens with everything of this record. This record is superseded by it and "
            "stays readable."
        ),
        "is superseded",
        approvals.amend,
    ),
}


def offer_step(
    request: Any, verb: str, reason: str = "", problems: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    """Shows a step that needs a reason."""
    permission, wanted, title, sentence, _, _ = REASONED[verb]
    record = _checked(request, permission, wanted)
    return _page(
        request,
        record,
        f"{title} {record.number}",
        {
            "sentence": sentence,
            "fields": [
                {"kind": "textarea", "name": "reason", "label": "Reason", "value": reason,
                 "hint": "It stays in the history.", "rows": 3, "extra": {"maxlength": LONGEST}}
            ],
            "submit_label": title,
            "danger": verb == "void",
            "problems": list(problems),
        },
    )  # fmt: skip


def take_step(request: Any, verb: str) -> Any:
    """Takes a step that needs a reason."""
    _, _, _, _, said, run = REASONED[verb]
    reason = request.POST.get("reason", "")
    reason = reason.strip()[:LONGEST] if isinstance(reason, str) else ""
    if not reason:
        problems = [{"name": "reason", "text": "Say why."}]
        return offer_step(request, verb, reason, problems)
    record = run(request.unit, request.matchdict["id"], reason)
    if verb == "amend":
        flash(request, f"{record.number} amends it: change what was wrong, then submit it.")
        return see_other(request, "calibration.calibration.edit", id=record.id)
    flash(request, f"{record.number} {said}.")
    return _back(request)


def includeme(config: Any) -> None:
    """Adds the pages; what takes a password opens short transactions of its own."""
    config.add_own_transactions("/calibrations/*/submit", "/calibrations/*/approve")
    config.add_page(
        "calibration.calibration.submit",
        "/calibrations/{id:uuid}/submit",
        offer_submit,
        permission=RECORD,
        template=CONFIRM,
        post=submit,
    )
    config.add_page(
        "calibration.calibration.approve",
        "/calibrations/{id:uuid}/approve",
        offer_approval,
        permission=APPROVE,
        template=CONFIRM,
        post=approve,
    )
    for verb, (permission, *_) in REASONED.items():
        config.add_page(
            f"calibration.calibration.{verb}",
            f"/calibrations/{{id:uuid}}/{verb}",
            _bound(offer_step, verb),
            permission=permission,
            template=CONFIRM,
            post=_bound(take_step, verb),
        )


def _bound(view: Callable[[Any, str], Any], verb: str) -> Callable[[Any], Any]:
    """Returns a view of one step."""

    def bound(request: Any) -> Any:
        return view(request, verb)

    bound.__name__ = f"{view.__name__}_{verb}"
    return bound
