"""Signatures at the API's door: the state first, then the password, then the transaction."""

from __future__ import annotations

import uuid

from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.services.signatures import precheck
from calibrify_core.api.request import Request
from calibrify_core.auth.confirmation import Confirmed, confirm
from calibrify_core.auth.policy import visit_of


def signed(
    request: Request, record_id: uuid.UUID, permission: str, wanted: RecordState, meaning: str
) -> Confirmed:
    """Returns the confirmation of whoever signs a step, asked for outside of any transaction.

    The password takes a fifth of a second to verify, and what a refusal must leave behind (the
    counters, the audit entry) is no part of the request's transaction, which is begun later.

    Args:
        request: with `schemas.calibration.SigningIn` as its body.
        record_id: which record.
        permission: what the step needs.
        wanted: the state it leads to.
        meaning: of the signature, unless the body says it.

    Raises:
        NotFound: the record does not exist for the caller.
        Conflict: its state does not allow the step.
        Forbidden: an API token can never sign.
        Invalid: there is no password.
        Unauthenticated: it is wrong.
    """
    check_state(request, record_id, permission, wanted)
    asked = request.data
    return confirm(
        request.platform,
        request.principal,
        asked.password,
        asked.meaning or meaning,
        visit_of(request),
    )


def check_state(
    request: Request, record_id: uuid.UUID, permission: str, wanted: RecordState
) -> None:
    """Checks that a record can take a step, in a short unit that only reads.

    Raises:
        NotFound: the record does not exist for the caller.
        Conflict: its state does not allow the step.
    """
    with request.platform.session(write=False) as session:
        precheck(request.unit_on(session), record_id, permission, wanted)
