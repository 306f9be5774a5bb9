"""Idempotency keys: the same POST sent twice has one effect, and one answer.

The key is taken in the transaction of the change itself. Of two at the same time the second
waits for the first and then gets its answer; a refused request leaves no trace. Of the body a
keyed digest is kept: a password in it cannot be guessed from there.
"""

import hashlib
import hmac
import sys
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from pyramid.response import Response
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from calibrify_core.api.reply import respond
from calibrify_core.api.request import Request
from calibrify_core.api.upload import Upload
from calibrify_core.kernel.errors import Conflict, Invalid, Malformed
from calibrify_core.persistence.base import Base
from calibrify_core.work.unit import UnitOfWork

T = TypeVar("T")

KEPT = timedelta(hours=24)
TASK = "core.sweep_idempotency_keys"
EVERY_SECONDS = 3600
MAX_KEY = 255
CHUNK = 64 * 1024
PURPOSE = "idempotency"
HEADER = "/header/Idempotency-Key"
HEADERS = ("Content-Type", "Location", "ETag")


class IdempotencyKey(Base):
    """An answer that is kept for a while, in case that the same request comes again."""

    __tablename__ = "core_idempotency_key"

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_organisation.id"), primary_key=True
    )
    principal: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    method: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    path: Mapped[str] = mapped_column(sa.String(500), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(MAX_KEY), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None] = mapped_column(sa.Integer)
    headers: Mapped[str] = mapped_column(sa.Text, default="[]")
    body: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")
    created_at: Mapped[datetime] = mapped_column(index=True)


TABLE: Any = IdempotencyKey.__table__


def once(request: Request, answer: Callable[[], Response]) -> Response:
    """Answers a request with a key: once in truth, and again from what was kept.

    Args:
        request: with an ``Idempotency-Key``.
        answer: does the work; what it raises takes the key back with everything else.

    Raises:
        Malformed: the key is no short printable text.
        Invalid: the key was used for another body.
    """
    return _once(request, answer, request.unit, _fingerprint(request))


def _once(
    request: Request, answer: Callable[[], Response], unit: UnitOfWork, fingerprint: str
) -> Response:
    """Answers a request in a unit, given the digest of its body."""
    session = unit.session
    identity = _identity(request, unit)
    now = request.platform.clock.now()
    row = identity | {"fingerprint": fingerprint, "created_at": now, "headers": "[]", "body": b""}
    if not _take(session, row):
        kept = _kept(session, identity, fingerprint, now)
        if kept is not None:
            return kept
        session.execute(sa.delete(TABLE).filter_by(**identity))
        if not _take(session, row):
            raise Conflict("The same request is being answered just now.")
    response = answer()
    if 200 <= response.status_int < 300:
        headers = [(name, value) for name, value in response.headerlist if name in HEADERS]
        session.execute(
            sa.update(TABLE)
            .filter_by(**identity)
            .values(
                status=response.status_int,
                headers=orjson.dumps(headers).decode(),
                body=response.body,
            )
        )
    return response


def once_signed(
    request: Request, ask: Callable[[], T], write: Callable[[UnitOfWork, T], Any]
) -> Any:
    """Answers a step whose password is verified before its transaction; with a key, once.

    Args:
        request: to an address of `add_own_transactions`.
        ask: checks the state and the password, with no transaction open; what comes again with
            the same key is answered without it, whatever password comes along: an answer that
            told right ones from wrong ones could be asked as often as one likes.
        write: takes the step in a short unit, with what was asked for; returns as a view does.

    Raises:
        Malformed: the key is no short printable text.
        Invalid: the key was used for another body.
    """
    if "HTTP_IDEMPOTENCY_KEY" not in request.environ:
        asked = ask()
        with request.short_unit() as unit:
            return write(unit, asked)
    request.key_waits = False
    fingerprint = _digest(request, request.data.model_dump_json(exclude={"password"}).encode())
    with request.platform.session(write=False) as session:
        identity = _identity(request, request.unit_on(session))
        kept = _kept(session, identity, fingerprint, request.platform.clock.now())
    if kept is not None:
        return kept
    asked = ask()
    with request.short_unit() as unit:
        return _once(request, lambda: respond(request, write(unit, asked), 200), unit, fingerprint)


def _take(session: Session, row: dict[str, Any]) -> bool:
    """Takes a key; waits if somebody holds it, and tells whether it is ours now."""
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(TABLE) if postgres else sqlite.insert(TABLE)
    statement = insert.values(**row).on_conflict_do_nothing().returning(TABLE.c.key)
    return session.execute(statement).first() is not None


def _identity(request: Request, unit: UnitOfWork) -> dict[str, Any]:
    """Returns what a key is unique within."""
    key = request.environ["HTTP_IDEMPOTENCY_KEY"]
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Malformed(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return {
        "organisation_id": unit.organisation.id,
        "principal": str(unit.actor.user_id or unit.actor.credential_id or unit.actor.name)[:64],
        "method": request.method,
        "path": request.environ["PATH_INFO"][:500],
        "key": key,
    }


def _fingerprint(request: Request) -> str:
    """Returns the keyed digest of a body, read in pieces.

    Of a form the parts count: each sender draws a new boundary, and puts them in any order.
    """
    sent = request.data
    if isinstance(sent, Upload):
        parts = orjson.dumps([sent.name, sent.media_type, sorted(sent.fields.items())])
        found = _digest(request, parts, sent.stream)
        sent.stream.seek(0)
        return found
    return _digest(request, b"", request.rewound_body(), request.body_length)


def _digest(request: Request, text: bytes, stream: Any = None, remaining: int = sys.maxsize) -> str:
    """Returns the keyed digest of a query, a text and what a stream still holds."""
    digest = hmac.new(request.platform.keys.derive(PURPOSE), digestmod=hashlib.sha256)
    digest.update(request.environ.get("QUERY_STRING", "").encode())
    digest.update(text)
    while stream and remaining > 0 and (piece := stream.read(min(CHUNK, remaining))):
        digest.update(piece)
        remaining -= len(piece)
    return digest.hexdigest()


def _kept(
    session: Session, identity: dict[str, Any], fingerprint: str, now: datetime
) -> Response | None:
    """Returns the answer that is still kept for a key, None if there is none."""
    found = session.execute(sa.select(TABLE).filter_by(**identity)).one_or_none()
    if found is None or found.created_at <= now - KEPT:
        return None
    return _replay(found, fingerprint)


def _replay(kept: Any, fingerprint: str) -> Response:
    """Returns the answer that was kept."""
    if kept.fingerprint != fingerprint:
        raise Invalid.field(HEADER, "This Idempotency-Key was used with another body.")
    headers = [(str(name), str(value)) for name, value in orjson.loads(kept.headers)]
    return Response(
        body=kept.body,
        status=kept.status,
        headerlist=[*headers, ("Idempotent-Replayed", "true")],
    )


def forget_old(session: Session, now: datetime) -> int:
    """Deletes keys that are no longer kept; returns how many."""
    found: Any = session.execute(sa.delete(TABLE).where(TABLE.c.created_at < now - KEPT))
    return int(found.rowcount)


def sweep_keys(context: Any) -> None:
    """Task: forgets answers whose day is over.

    Args:
        context: the `TaskContext` of the run.
    """
    with context.unit() as unit:
        forget_old(unit.session, unit.clock.now())
