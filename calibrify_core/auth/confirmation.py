"""Confirmation of a signature: whoever signs has just given their password again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from calibrify_core.auth.principal import Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.kernel.errors import Forbidden, Invalid
from calibrify_core.work.platform import Platform

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
