"""The courier: brings deliveries to their webhooks, in threads of its own.

A delivery is claimed in a short transaction, sent outside of any, and its outcome is written in
another. Whoever dies in between leaves a lease that ends, and the same delivery goes out again
under the same ``webhook-id``.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, aliased
from standardwebhooks import Webhook as Signer

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_integration.domain.addresses import Refused
from calibrify_integration.domain.retries import granted_pause, pause_after
from calibrify_integration.models.delivery import (
    DEAD,
    DELIVERED,
    PENDING,
    UNTOLD,
    Attempt,
    Delivery,
)
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services.deliveries import content_of
from calibrify_integration.services.egress import Answer, Egress, Limits, Unreachable
from calibrify_integration.services.sight import PLUGIN, RuleFailed, ask, owner_unit
from calibrify_integration.services.webhooks import open_secrets

log = structlog.get_logger()
BECAUSE = "what is due goes out for every organisation"
THREADS = 4
LEASE = timedelta(seconds=60)
LIMITS = Limits(connect_seconds=5, total_seconds=15, most_bytes=2_048)
GIVEN_UP_AFTER = timedelta(days=5)
UNSEEN = "Its owner may not see this any more: it was not sent."
LOCKED = (
    "The secret of the webhook does not open: put the encryption key back that sealed it, or "
    "make a new secret."
)
GONE = 410
BUSY = frozenset({429, 503})
"""Answers whose ``Retry-After`` is meant for all that goes to the webhook."""

_d: Any = Delivery.__table__
_ATTEMPTS: Any = Attempt.__table__


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery, ready to be sent.

    Attributes:
        delivery_id: also its ``webhook-id``.
        organisation_id: whose it is.
        webhook_id: where it goes.
        tries: how often it was tried before.
        lease: until when it is claimed; whoever claims it later has another one.
        url: the address.
        body: what is sent; None where its owner may not see it any more.
        secrets: that sign.
        obstacle: why it cannot be sent this time; empty: nothing stands in its way.
    """

    delivery_id: uuid.UUID
    organisation_id: uuid.UUID
    webhook_id: uuid.UUID
    tries: int
    lease: datetime
    url: str
    body: bytes | None
    secrets: tuple[str, ...]
    obstacle: str = ""


def look_after(platform: Platform) -> None:
    """Chore: starts couriers where something is due; they end when nothing is."""
    with platform.session(write=False) as session:
        due = session.execute(unscoped(_due(utc_now()), Delivery, Webhook, because=BECAUSE)).first()
    if due is None:
        return
    places = _places(str(platform.database.writer.url))
    if not places.acquire(blocking=False):
        return

    def deliver() -> None:
        try:
            deliver_due(platform)
        except Exception:
            log.exception("a courier stumbled; what it carried goes out again")
        finally:
            places.release()

    threading.Thread(target=deliver, name="calibrify-courier", daemon=True).start()


@lru_cache(maxsize=16)
def _places(_database: str) -> threading.BoundedSemaphore:
    """Returns the places for couriers in this process."""
    return threading.BoundedSemaphore(THREADS)


def deliver_due(platform: Platform) -> int:
    """Sends what is due until nothing is; returns how many tries that took."""
    egress, count = Egress.of(platform), 0
    while (parcel := claim(platform)) is not None:
        deliver(platform, egress, parcel)
        count += 1
    return count


def _due(now: datetime) -> sa.Select[Any]:
    """Returns the select of what may be sent now, the one that waits longest first.

    What comes later to the same object waits for what came before it. A webhook that fails
    holds one courier at most: a receiver that hangs must not keep the others waiting.
    """
    earlier: Any = aliased(Delivery)
    other: Any = aliased(Delivery)
    carried = sa.exists().where(other.webhook_id == Delivery.webhook_id, other.lease_until >= now)
    before = (
        sa.exists()
        .where(earlier.webhook_id == Delivery.webhook_id, earlier.state == PENDING)
        .where(earlier.subject_id == Delivery.subject_id, earlier.position < Delivery.position)
    )
    return (
        sa.select(Delivery.id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Webhook.active, sa.or_(Webhook.held_until.is_(None), Webhook.held_until <= now))
        .where(Delivery.state == PENDING, Delivery.type != UNTOLD, Delivery.next_attempt_at <= now)
        .where(sa.or_(Delivery.lease_until.is_(None), Delivery.lease_until < now), ~before)
        .where(sa.or_(Webhook.failing_since.is_(None), ~carried))
        .order_by(Delivery.next_attempt_at, Delivery.position)
        .limit(1)
    )


def claim(platform: Platform) -> Parcel | None:
    """Takes the next delivery that is due for a while; None if nothing is."""
    moment = utc_now()
    with platform.session(write=True) as session, session.begin():
        statement = _due(moment).with_for_update(of=Delivery, skip_locked=True)
        marked = unscoped(statement, Delivery, Webhook, because=BECAUSE)
        found = session.execute(marked).scalar_one_or_none()
        if found is None:
            return None
        delivery = _read(session, Delivery, found)
        webhook = _read(session, Webhook, delivery.webhook_id)
        _write(session, Delivery, found, lease_until=moment + LEASE)
        obstacle, body = "", None
        secrets: list[str] = []
        try:
            body = _body(platform, session, webhook, delivery)
            secrets = open_secrets(platform, webhook)
        except RuleFailed as failure:
            obstacle = str(failure)
        except ConfigurationError as failure:
            obstacle = LOCKED
            log.error("a delivery cannot be signed", webhook=str(webhook.id), why=failure.detail)
        return Parcel(
            delivery.id,
            delivery.organisation_id,
            webhook.id,
            delivery.tries,
            moment + LEASE,
            webhook.url,
            body,
            tuple(secrets),
            obstacle,
        )


def _body(
    platform: Platform, session: Session, webhook: Webhook, delivery: Delivery
) -> bytes | None:
    """Returns what is sent: the event as the feed shows it to the owner now, if it does.

    Raises:
        RuleFailed: it cannot be told whether the owner may see it.
    """
    unit = owner_unit(platform, session, webhook)
    if unit is None:
        return None
    content = ask(unit, (delivery.type,), partial(content_of, unit, delivery))
    return None if content is None else orjson.dumps(content, option=orjson.OPT_UTC_Z)


def deliver(platform: Platform, egress: Egress, parcel: Parcel) -> None:
    """Sends one delivery, and writes down what became of it."""
    if parcel.body is None and not parcel.obstacle:
        _finish(platform, parcel, {"state": DEAD, "last_error": UNSEEN}, None)
        return
    moment, headers = utc_now(), {}
    answer, error = None, parcel.obstacle
    if not error:
        headers = _headers(parcel, moment)
        answer, error = _send(egress, parcel, headers)
    pause = granted_pause(answer.headers.get("retry-after"), utc_now()) if answer else None
    attempt = {
        "id": new_id(),
        "organisation_id": parcel.organisation_id,
        "delivery_id": parcel.delivery_id,
        "at": moment,
        "request_headers": {
            name: value for name, value in headers.items() if name != "webhook-signature"
        },
        "response_status": answer.status if answer else None,
        "response_body": _text(answer),
        "error": error[:300],
        "duration_ms": int((utc_now() - moment).total_seconds() * 1000),
    }
    _finish(platform, parcel, _outcome(parcel, answer, error, pause), attempt, pause)


def _send(egress: Egress, parcel: Parcel, headers: Mapping[str, str]) -> tuple[Answer | None, str]:
    """Returns the answer to a delivery, and why it is no success; empty where it is one."""
    try:
        answer = egress.send("POST", parcel.url, headers=headers, body=parcel.body, limits=LIMITS)
    except (Refused, Unreachable) as failure:
        return None, str(failure)
    return answer, "" if 200 <= answer.status < 300 else _told(answer.status)


def _headers(parcel: Parcel, moment: datetime) -> dict[str, str]:
    """Returns the headers of a try, as Standard Webhooks names them."""
    assert parcel.body is not None  # noqa: S101 - what has none is not sent
    text, name = parcel.body.decode(), str(parcel.delivery_id)
    signatures = [Signer(secret).sign(name, moment, text) for secret in parcel.secrets]
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "Calibrify",
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _told(status: int) -> str:
    """Returns what an answer that is no success means."""
    if 300 <= status < 400:
        return f"It answered {status}; redirects are not followed."
    return f"It answered {status}."


def _text(answer: Answer | None) -> str:
    """Returns the beginning of an answer, as text that every database keeps."""
    if answer is None:
        return ""
    return answer.body.decode("utf-8", "replace").replace("\0", "\ufffd")


def _outcome(
    parcel: Parcel, answer: Answer | None, error: str, pause: timedelta | None
) -> dict[str, Any]:
    """Returns the columns of a delivery after a try."""
    tries, moment = parcel.tries + 1, utc_now()
    known = {"tries": tries, "last_status": answer.status if answer else None}
    if not error:
        return {**known, "state": DELIVERED, "last_error": ""}
    # Spreads the load; nobody's secret depends on it.
    wait = pause_after(tries, random.random(), pause)  # noqa: S311
    failed = {**known, "last_error": error[:300]}
    if wait is None:
        return {**failed, "state": DEAD}
    return {**failed, "next_attempt_at": moment + wait}


def _finish(
    platform: Platform,
    parcel: Parcel,
    outcome: Mapping[str, Any],
    attempt: Mapping[str, Any] | None,
    pause: timedelta | None = None,
) -> None:
    """Writes a try and what follows from it, unless somebody else carries it by now."""
    moment = utc_now()
    mine = sa.and_(_d.c.id == parcel.delivery_id, _d.c.lease_until == parcel.lease)
    if outcome.get("state") in {DEAD, DELIVERED}:
        outcome = {**outcome, "finished_at": moment}
    written = sa.update(_d).where(mine).values(lease_until=None, **outcome)
    with platform.session(write=True) as session, session.begin():
        changed: Any = session.connection().execute(written)
        if not changed.rowcount or attempt is None:
            return
        insert_many(session.connection(), _ATTEMPTS, [attempt])
        _note_health(session, parcel, outcome, attempt, pause)


def _note_health(
    session: Session,
    parcel: Parcel,
    outcome: Mapping[str, Any],
    attempt: Mapping[str, Any],
    pause: timedelta | None,
) -> None:
    """Keeps in mind since when a webhook fails, and until when its receiver asked for time.

    One that never answers is switched off.
    """
    if outcome.get("state") == DELIVERED:
        _write(session, Webhook, parcel.webhook_id, failing_since=None)
        return
    webhook, moment = _read(session, Webhook, parcel.webhook_id), utc_now()
    since = webhook.failing_since or moment
    values: dict[str, Any] = {"failing_since": since}
    if pause is not None and attempt["response_status"] in BUSY:
        values["held_until"] = max(moment + pause, webhook.held_until or moment)
    if attempt["response_status"] == GONE:
        values |= {"active": False, "disabled_reason": "The receiver said that it is gone (410)."}
    elif moment - since > GIVEN_UP_AFTER:
        reason = f"Every try failed for {GIVEN_UP_AFTER.days} days: {attempt['error']}"
        values |= {"active": False, "disabled_reason": reason[:300]}
    _write(session, Webhook, parcel.webhook_id, **values)
    if "active" in values:
        log.warning("a webhook was switched off", webhook=str(webhook.id), plugin=PLUGIN)


def _read(session: Session, model: Any, identifier: uuid.UUID) -> Any:
    """Returns the row of a delivery or a webhook."""
    statement = sa.select(model).where(model.id == identifier)
    return session.scalars(unscoped(statement, model, because=BECAUSE)).one()


def _write(session: Session, model: Any, identifier: uuid.UUID, **values: Any) -> None:
    """Writes columns past the version: nobody who edits a webhook is disturbed."""
    table = model.__table__
    session.connection().execute(sa.update(table).where(table.c.id == identifier).values(**values))
