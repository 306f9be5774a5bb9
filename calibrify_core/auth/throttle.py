"""The throttle on guessing: failed sign-ins per account and per address, with back-off.

An attempt is counted before its password is looked at and forgiven when it was right, so that
many attempts at the same moment cannot slip by. The counters live in the database: they hold
for all processes, and outlast a restart. What anybody may do so many times an hour, such as
reporting a fault, is counted by `admit` beside them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from calibrify_core.auth import address as addresses
from calibrify_core.auth.user import account_key
from calibrify_core.kernel.errors import TooManyRequests
from calibrify_core.persistence.base import Base

ACCOUNT_FREE = 5
ADDRESS_FREE = 30
FIRST_BLOCK = timedelta(seconds=30)
LONGEST_BLOCK = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)


class Throttle(Base):
    """Attempts for one account or from one address."""

    __tablename__ = "core_throttle"

    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    failures: Mapped[int] = mapped_column(sa.Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """Attempts that were counted and may be forgiven.

    Attributes:
        account: key of the account's counter.
        address: key of the address's counter.
        locked: whether this attempt used up what the account is allowed.
    """

    account: str
    address: str
    locked: bool


def claim(session: Session, account: str, address: str, now: datetime) -> Claim:
    """Counts an attempt to sign in.

    Args:
        session: a writing session of a short unit of its own.
        account: the account's id, or what was given if there is none; kept as a digest.
        address: the peer's.
        now: the real moment.

    Raises:
        TooManyRequests: the account or the address has to wait.
    """
    name = account_key(account).encode("utf-8", "replace")
    account = "account:" + hashlib.sha256(name).hexdigest()
    origin = addresses.throttle_key(address)
    rows = _locked(session, sorted((account, origin)), now)
    waits = [row.blocked_until - now for row in rows if row.blocked_until is not None]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        seconds = int(longest.total_seconds()) + 1
        raise TooManyRequests(seconds, f"Too many failed attempts. Try again in {seconds} seconds.")
    locked = False
    for row in rows:
        fresh = now - row.last_at < FORGOTTEN_AFTER
        failures = row.failures + 1 if fresh else 1
        free = ACCOUNT_FREE if row.key == account else ADDRESS_FREE
        blocked = _blocked_until(failures, free, now)
        locked = locked or (row.key == account and blocked is not None)
        _update(session, row.key, failures=failures, last_at=now, blocked_until=blocked)
    return Claim(account, origin, locked)


@dataclass(frozen=True, slots=True)
class Quota:
    """How often something may happen.

    Attributes:
        key: what is counted, at most 120 characters.
        most: how often within a window.
        window: its length, at most the time after which counters are forgotten.
    """

    key: str
    most: int
    window: timedelta


def admit(session: Session, quotas: Sequence[Quota], now: datetime) -> None:
    """Counts something that succeeds with the transaction, against all of its quotas.

    Args:
        session: a writing session; without its commit nothing was counted.
        quotas: each with a key of its own.
        now: the real moment.

    Raises:
        TooManyRequests: one of them is used up.
    """
    rows = {row.key: row for row in _locked(session, sorted(one.key for one in quotas), now)}
    for quota in quotas:
        row = rows[quota.key]
        fresh = now - row.last_at < quota.window
        if fresh and row.failures >= quota.most:
            seconds = int((row.last_at + quota.window - now).total_seconds()) + 1
            raise TooManyRequests(seconds, "Too many of these arrived lately. Try again later.")
        # The window begins with the first of its events.
        begin = row.last_at if fresh and row.failures else now
        count = row.failures + 1 if fresh else 1
        _update(session, quota.key, failures=count, last_at=begin)


def forgive(session: Session, claimed: Claim) -> None:
    """Takes an attempt back that was right: the account is free, the address has one less."""
    table: Any = Throttle.__table__
    connection = session.connection()
    connection.execute(
        sa.update(table)
        .where(table.c.key == claimed.address, table.c.failures > 0)
        .values(failures=table.c.failures - 1, blocked_until=None)
    )
    connection.execute(sa.delete(table).where(table.c.key == claimed.account))


def sweep(session: Session, now: datetime) -> int:
    """Deletes counters that no longer say anything; returns how many."""
    table: Any = Throttle.__table__
    found = session.connection().execute(
        sa.delete(table).where(table.c.last_at < now - FORGOTTEN_AFTER)
    )
    return int(found.rowcount)


def _blocked_until(failures: int, free: int, now: datetime) -> datetime | None:
    """Returns until when to wait: twice as long with every failure beyond the free ones."""
    if failures < free:
        return None
    doublings = min(failures - free, 10)
    return now + min(FIRST_BLOCK * (1 << doublings), LONGEST_BLOCK)


def _locked(session: Session, keys: Sequence[str], now: datetime) -> Sequence[Any]:
    """Returns the counters, made if they are new, locked in the order of their keys."""
    table: Any = Throttle.__table__
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(table).on_conflict_do_nothing(),
        [{"key": key, "failures": 0, "last_at": now, "blocked_until": None} for key in keys],
    )
    chosen = sa.select(table).where(table.c.key.in_(keys)).order_by(table.c.key)
    return connection.execute(chosen.with_for_update()).all()


def _update(session: Session, key: str, **values: Any) -> None:
    """Writes one counter."""
    table: Any = Throttle.__table__
    session.connection().execute(sa.update(table).where(table.c.key == key).values(**values))
