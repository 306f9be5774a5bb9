"""Webhooks: set up, changed, renewed, tested and removed."""

from __future__ import annotations

import base64
import contextlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import (
    ConfigurationError,
    Conflict,
    FieldError,
    Invalid,
    check_all,
)
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.event_types import is_pattern, matches
from calibrify_integration.models.delivery import PENDING, TEST, Delivery
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.services import ownership
from calibrify_integration.services.egress import Egress
from calibrify_integration.services.events import declared

PREFIX = "whsec_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
MOST = 100
BECAUSE = "they are counted, not shown"
NO_PERSON = "A webhook hears what a person may see: sign in to set it up."


def own(unit: Any, permission: str = WEBHOOK_VIEW) -> list[sa.ColumnElement[bool]]:
    """Returns the condition that leaves one's own webhooks, unless all may be seen."""
    return ownership.own(unit, Webhook.owner_id, permission)


def find_webhook(
    unit: UnitOfWork, webhook_id: uuid.UUID, permission: str = WEBHOOK_VIEW
) -> Webhook:
    """Returns a webhook.

    Raises:
        NotFound: it does not exist, or is somebody else's who reaches further.
    """
    found: Webhook = ownership.find_own(unit, Webhook, webhook_id, permission)
    return found


def create(unit: UnitOfWork, values: Mapping[str, Any]) -> tuple[Webhook, str]:
    """Sets a webhook up; the author becomes its owner.

    Args:
        unit: the unit of work.
        values: members as `schemas.webhook.WebhookIn` names them.

    Returns:
        The webhook, and its secret, which is shown this once.

    Raises:
        Forbidden: the author may not, or acts by a token.
        Invalid: with what does not fit; an address to which no request goes among it.
        Conflict: the organisation has as many as it may.
    """
    owner_id = ownership.person(unit, WEBHOOK_MANAGE, NO_PERSON)
    counted = sa.select(sa.func.count()).select_from(Webhook.__table__)
    counted = counted.where(Webhook.organisation_id == unit.organisation.id)
    if unit.session.execute(unscoped(counted, Webhook, because=BECAUSE)).scalar_one() >= MOST:
        raise Conflict(f"There are {MOST} webhooks already: remove one first.")
    _check(unit, values)
    webhook = Webhook(
        id=new_id(),
        organisation_id=unit.organisation.id,
        owner_id=owner_id,
        url=values["url"],
        description=values["description"],
        event_types=list(values["event_types"]),
        active=values["active"],
    )
    secret = _new_secret()
    webhook.secret = _sealed(unit.platform, webhook.id, secret)
    unit.add(webhook)
    unit.session.flush()
    return webhook, secret


def change(unit: UnitOfWork, webhook: Webhook, values: Mapping[str, Any]) -> Webhook:
    """Changes a webhook; the author becomes its owner.

    What waits goes to the new address. Switched on again, it goes on where it stopped.

    Raises:
        Forbidden: the author may not, or acts by a token.
        Invalid: with what does not fit.
    """
    webhook.owner_id = ownership.person(unit, WEBHOOK_MANAGE, NO_PERSON)
    _check(unit, values)
    for name in ("url", "description", "active"):
        if name in values:
            setattr(webhook, name, values[name])
    if "event_types" in values:
        webhook.event_types = list(values["event_types"])
    if webhook.active:
        webhook.disabled_reason, webhook.failing_since, webhook.held_until = "", None, None
    unit.session.flush()
    return webhook


def rotate_secret(unit: UnitOfWork, webhook: Webhook) -> str:
    """Gives a webhook a new secret; for a day both sign, so that the receiver can change over.

    A secret that does not open any more signs no more either.

    Returns:
        The new secret, which is shown this once.

    Raises:
        Forbidden: the author may not, or acts by a token.
    """
    ownership.person(unit, WEBHOOK_MANAGE, NO_PERSON)
    platform, secret = unit.platform, _new_secret()
    webhook.previous_secret, webhook.previous_until = None, None
    with contextlib.suppress(ConfigurationError):
        present = _opened(platform, webhook.id, webhook.secret)
        webhook.previous_secret = _sealed(platform, webhook.id, present)
        webhook.previous_until = utc_now() + OVERLAP
    webhook.secret = _sealed(platform, webhook.id, secret)
    unit.audit("rotate_secret", Webhook.__audit_type__, webhook.id, webhook.audit_label())
    unit.session.flush()
    return secret


def ask_test(unit: UnitOfWork, webhook: Webhook) -> Delivery:
    """Sends a test to a webhook, soon, whatever events it hears of.

    Raises:
        Forbidden: the author may not.
        Conflict: it is switched off.
    """
    unit.access.require(WEBHOOK_MANAGE)
    if not webhook.active:
        raise Conflict("It is switched off: switch it on first.")
    moment = utc_now()
    delivery = Delivery(
        id=new_id(),
        organisation_id=unit.organisation.id,
        webhook_id=webhook.id,
        event_id=None,
        type=TEST,
        subject_id=None,
        position=0,
        state=PENDING,
        tries=0,
        last_error="",
        next_attempt_at=moment,
        created_at=moment,
    )
    unit.add(delivery)
    unit.session.flush()
    return delivery


def remove(unit: UnitOfWork, webhook: Webhook) -> None:
    """Removes a webhook, with all that waits for it and the log of what it got.

    Raises:
        Forbidden: the author may not.
    """
    unit.access.require(WEBHOOK_MANAGE)
    unit.session.delete(webhook)
    unit.session.flush()


def open_secrets(platform: Platform, webhook: Any) -> list[str]:
    """Returns the secrets that sign just now: the present one, and one that still holds.

    Raises:
        ConfigurationError: one does not open: its encryption key was removed.
    """
    found = [_opened(platform, webhook.id, webhook.secret)]
    if webhook.previous_secret is not None and webhook.previous_until > utc_now():
        found.append(_opened(platform, webhook.id, webhook.previous_secret))
    return found


def _new_secret() -> str:
    """Returns a new secret in the form of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _sealed(platform: Platform, webhook_id: uuid.UUID, secret: str) -> str:
    return platform.vault.seal(secret, _place(webhook_id))


def _opened(platform: Platform, webhook_id: uuid.UUID, sealed: str) -> str:
    return platform.vault.open(sealed, _place(webhook_id))


def _place(webhook_id: uuid.UUID) -> str:
    """Returns the place for which a webhook's secrets are sealed."""
    return f"integration_webhook:secret:{webhook_id}"


def _check(unit: UnitOfWork, values: Mapping[str, Any]) -> None:
    """Checks address and types.

    Raises:
        Invalid: with what does not fit.
    """
    checks = []
    if "event_types" in values:
        checks.append(partial(_check_types, unit, values["event_types"]))
    if "url" in values:
        checks.append(partial(Egress.of(unit.platform).check, values["url"]))
    check_all(*checks)


def _check_types(unit: UnitOfWork, patterns: Sequence[str]) -> None:
    """Checks types of events, or beginnings of types.

    Raises:
        Invalid: with every one that is none.
    """
    known = [event.name for event in declared(unit.platform)]
    wrong = [
        FieldError(f"/event_types/{index}", f"{pattern} is no type of events.")
        for index, pattern in enumerate(patterns)
        if not is_pattern(pattern) or not any(matches([pattern], name) for name in known)
    ]
    if wrong:
        raise Invalid(wrong)
