"""Signatures: whoever signs has just given their password again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from calibrify_core.auth.principal import Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.kernel.errors import Forbidden, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import Base
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

S = TypeVar("S", bound=Base)
MEANINGS = ("performed", "reviewed", "approved")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody who is signed in has just given their password again, to sign.

    Only `confirm` makes one.

    Attributes:
        user_id: who.
        meaning: ``performed``, ``reviewed`` or ``approved``.
    """

    user_id: uuid.UUID
    meaning: str


def confirm(
    platform: Platform, principal: Principal, password: str | None, meaning: str, visit: Visit
) -> Confirmed:
    """Checks the password of whoever wants to sign; no transaction may be open meanwhile.

    Args:
        platform: the application's shared services.
        principal: who asks.
        password: as it was typed.
        meaning: of the signature.
        visit: where the request comes from.

    Raises:
        Forbidden: an API token asks, which can never sign.
        Invalid: there is no password.
        Unauthenticated: it is wrong.
        TooManyRequests: too many failed attempts.
    """
    if principal.kind == "token":
        raise Forbidden("A signature needs a person: sign in, then sign with your password.")
    if not password:
        raise Invalid.field("password", "Give your password to sign.")
    if meaning not in MEANINGS:
        raise Invalid.field("meaning", f"Use {', '.join(MEANINGS)}.")
    SignIn(platform).confirm(principal, password, visit)
    return Confirmed(principal.user_id, meaning)


def sign(
    unit: UnitOfWork,
    confirmed: Confirmed,
    kind: type[S],
    record: Any,
    digest: str,
    **link: uuid.UUID,
) -> S:
    """Signs a record as it stands, and writes it into the trail.

    Args:
        unit: the unit of work.
        confirmed: who gave the password, and what the signature means.
        kind: the class of the plugin's signatures.
        record: what is signed; it is audited.
        digest: SHA-256 of all that the signature is bound to.
        link: the column of the signature that names the record.

    Raises:
        Forbidden: it was not the author who gave the password.
    """
    if unit.actor.user_id is None or unit.actor.user_id != confirmed.user_id:
        raise Forbidden("Nobody signs for somebody else.")
    signature = unit.add(
        kind(
            id=new_id(),
            organisation_id=unit.organisation.id,
            user_id=confirmed.user_id,
            printed_name=unit.actor.name[:200],
            meaning=confirmed.meaning,
            at=unit.clock.now(),
            record_hash=digest,
            **link,
        )
    )
    unit.session.flush()
    changes = {"meaning": [None, confirmed.meaning], "record_hash": [None, digest]}
    unit.audit("sign", record.__audit_type__, record.id, record.audit_label(), changes)
    return signature
