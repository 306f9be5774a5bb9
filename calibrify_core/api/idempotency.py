"""Idempotency keys: the same POST sent twice has one effect, and one answer.

The key is taken in the transaction of the change itself. Of two at the same time the second
waits for the first and then gets its answer; a refused request leaves no trace.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from pyramid.response import Response
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import Conflict, Invalid, Malformed
from calibrify_core.persistence.base import Base

KEPT = timedelta(hours=24)
TASK = "core.sweep_idempotency_keys"
EVERY_SECONDS = 3600
MAX_KEY = 255
CHUNK = 64 * 1024
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
    session = request.unit.session
    identity = _identity(request)
    fingerprint = _fingerprint(request)
    now = request.platform.clock.now()
    row = identity | {"fingerprint": fingerprint, "created_at": now, "headers": "[]", "body": b""}
    if not _take(session, row):
        kept = session.execute(sa.select(TABLE).filter_by(**identity)).one_or_none()
        if kept is not None and kept.created_at > now - KEPT:
            return _replay(kept, fingerprint)
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


def _take(session: Session, row: dict[str, Any]) -> bool:
    """Takes a key; waits if somebody holds it, and tells whether it is ours now."""
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(TABLE) if postgres else sqlite.insert(TABLE)
    statement = insert.values(**row).on_conflict_do_nothing().returning(TABLE.c.key)
    return session.execute(statement).first() is not None


def _identity(request: Request) -> dict[str, Any]:
    """Returns what a key is unique within."""
    key = request.environ["HTTP_IDEMPOTENCY_KEY"]
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Malformed(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    unit = request.unit
    return {
        "organisation_id": unit.organisation.id,
        "principal": str(unit.actor.user_id or unit.actor.credential_id or unit.actor.name)[:64],
        "method": request.method,
        "path": request.environ["PATH_INFO"][:500],
        "key": key,
    }


def _fingerprint(request: Request) -> str:
    """Returns the digest of a body, read in pieces; the retry policy made it seekable."""
    stream = request.rewound_body()
    digest = hashlib.sha256(request.environ.get("QUERY_STRING", "").encode())
    remaining = request.body_length
    while remaining > 0 and (piece := stream.read(min(CHUNK, remaining))):
        digest.update(piece)
        remaining -= len(piece)
    return digest.hexdigest()


def _replay(kept: Any, fingerprint: str) -> Response:
    """Returns the answer that was kept."""
    if kept.fingerprint != fingerprint:
        raise Invalid(detail="This Idempotency-Key was used with another body.")
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
