"""Sealing: one writer chains what was committed, a second later at most while it keeps up.

The entries themselves carry no chain, so that concurrent writers never wait for each other.
The window until an entry is sealed is the documented limit of what `verify` can prove.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from calibrify_core.audit.digest import GENESIS, entry_digest, seal_digest
from calibrify_core.audit.entry import AuditEntry, AuditSeal
from calibrify_core.kernel.ids import first_id
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.persistence.engine import Database

LOCK = 0x5345414C  # "SEAL"
BATCH = 5000
# An entry becomes visible only with its transaction: each look covers the short ones, which
# costs the same however much was written before, and one look a minute the longest.
SHORT_LOOK = timedelta(seconds=20)
LONG_LOOK = timedelta(minutes=30)
PAUSE, LONG_PAUSE = 0.5, 60.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the trail found.

    Attributes:
        entries: how many were checked.
        sealed: up to which position of the chain.
        head: digest of the last seal.
        broken: None, or what is wrong with the first bad entry, and where.
        entry_id: id of that entry, if it can be named.
    """

    entries: int
    sealed: int
    head: str
    broken: str | None = None
    entry_id: str | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken is None


class Sealer:
    """Seals as a chore of the relay: seldom enough to be no burden, however often it is called.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = self._next_long = 0.0

    def __call__(self) -> None:
        """Seals what is new, unless that was done just now."""
        now = time.monotonic()
        if now < self._next:
            return
        long = now >= self._next_long
        if long:
            self._next_long = now + LONG_PAUSE
        seal(self._database, LONG_LOOK if long else SHORT_LOOK)
        self._next = time.monotonic() + PAUSE


def seal(database: Database, look_back: timedelta | None = LONG_LOOK) -> int:
    """Chains the entries that are committed and not sealed yet; returns how many.

    Args:
        database: where.
        look_back: how old an unsealed entry may be; None: of any age.
    """
    total = 0
    while True:
        with database.writer.begin() as connection:
            if not _lock(connection):
                return total
            count = _seal_batch(connection, look_back)
        total += count
        if count < BATCH:
            return total


def _lock(connection: Connection) -> bool:
    """Makes sure that one sealer works at a time (SQLite's write lock says so already)."""
    if connection.dialect.name != "postgresql":
        return True
    locked = sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))
    return bool(connection.execute(locked).scalar_one())


def _seal_batch(connection: Connection, look_back: timedelta | None) -> int:
    """Chains one batch in the current transaction."""
    entry, link = AuditEntry.__table__.c, AuditSeal.__table__.c
    last = connection.execute(
        sa.select(link.position, link.digest).order_by(link.position.desc()).limit(1)
    ).first()
    position, previous = (last.position, last.digest) if last else (0, GENESIS)
    unsealed = (
        sa.select(entry.id, entry.digest)
        .where(~sa.exists().where(link.entry_id == entry.id))
        .order_by(entry.id)
        .limit(BATCH)
    )
    if look_back is not None and last:
        unsealed = unsealed.where(entry.id > first_id(datetime.now(UTC) - look_back))
    rows = []
    for found in connection.execute(unsealed):
        position += 1
        digest = seal_digest(position, found.id, found.digest, previous)
        rows.append(
            {
                "position": position,
                "entry_id": found.id,
                "entry_digest": found.digest,
                "previous": previous,
                "digest": digest,
            }
        )
        previous = digest
    table = AuditSeal.__table__
    assert isinstance(table, sa.Table)  # noqa: S101 - narrows the type
    insert_many(connection, table, rows)
    return len(rows)


def verify(database: Database, key: bytes) -> Verdict:
    """Seals the tail, then checks every seal and every entry, and names the first bad one.

    Args:
        database: where.
        key: key of the entries' digests.
    """
    seal(database, None)
    previous, position = GENESIS, 0
    with database.snapshot.connect() as connection:
        for row in _joined(connection):
            position += 1
            bad = _check(row, position, previous, key)
            if bad:
                return Verdict(position - 1, position - 1, previous, bad, str(row.entry_id))
            previous = row.seal_digest
        entries = connection.execute(
            sa.select(sa.func.count()).select_from(AuditEntry)
        ).scalar_one()
    return Verdict(entries, position, previous)


def _joined(connection: Connection) -> Iterator[Any]:
    """Yields seals with their entries, in the order of the chain, without holding them all."""
    link, entry = AuditSeal.__table__, AuditEntry.__table__
    statement = (
        sa.select(
            link.c.position,
            link.c.entry_id,
            link.c.entry_digest,
            link.c.previous,
            link.c.digest.label("seal_digest"),
            *entry.c,
        )
        .select_from(link.outerjoin(entry, entry.c.id == link.c.entry_id))
        .order_by(link.c.position)
    )
    yield from connection.execution_options(yield_per=1000).execute(statement)


def _check(row: Any, position: int, previous: str, key: bytes) -> str | None:
    """Returns what is wrong with one link and its entry, None if nothing is."""
    if row.position != position:
        return f"Seal {position} is missing."
    expected = seal_digest(position, row.entry_id, row.entry_digest, previous)
    if row.previous != previous or row.seal_digest != expected:
        return f"Seal {position} was changed."
    if row.id is None:
        return f"The entry of seal {position} was deleted."
    columns = {column.name: getattr(row, column.name) for column in AuditEntry.__table__.c}
    if row.digest != row.entry_digest or entry_digest(key, columns) != row.digest:
        return f"The entry of seal {position} was changed."
    return None
